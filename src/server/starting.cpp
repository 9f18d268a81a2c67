#include "server/starting.hpp"

#include <algorithm>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/bytes.hpp"
#include "os/file.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/settings.hpp"
#include "sandbox/view/machine_view.hpp"
#include "server/network.hpp"

namespace lapwing::server {

// Of system calls there is only the detail.
int complain(const Error& error, const Config& config) {
  std::string text = error.detail();
  if (text.empty()) {
    text = error.message();
  } else if (error.code() != "Internal") {
    text = fmt::format("{} ({})", error.message(), error.detail());
  }
  if (error.detail().ends_with(strerror(ENOSPC))) {
    text += fmt::format(" (make room below {}, or say another directory with --data-dir)",
                        config.data_dir);
  }
  fmt::print(stderr, "lapwing: {}\n", text);
  return 1;
}

Error cannot_use_data_dir(const std::string& path, const char* why) {
  return make_error(ErrorKind::kInvalid,
                    fmt::format("cannot use {} as data directory: {} (say another directory with "
                                "--data-dir)",
                                path, why));
}

Status check_data_dir(const std::string& data_dir) {
  std::string near = data_dir;
  while (!os::exists(near) && near.size() > 1) {
    const std::size_t slash = near.rfind('/');
    near = slash == std::string::npos ? "." : near.substr(0, std::max<std::size_t>(slash, 1));
  }
  if (!os::is_directory(near)) {
    return fail(cannot_use_data_dir(
        data_dir, near == data_dir ? "it is not a directory" : "it is below a file"));
  }
  // Root may do everything by its modes, and yet not on every file system.
  std::string probe = near + "/.lapwing-probe-XXXXXX";
  if (mkdtemp(probe.data()) == nullptr) {
    return fail(cannot_use_data_dir(data_dir, strerror(errno)));
  }
  rmdir(probe.c_str());
  return {};
}

Status make_data_dir(const std::string& data_dir) {
  std::string path;
  for (std::size_t at = 1; at != std::string::npos;) {
    at = data_dir.find('/', at + 1);
    path = data_dir.substr(0, at);
    // Not listed by others; sandboxes of other user ids pass through it to their code.
    const mode_t mode = at == std::string::npos ? 0711 : 0755;
    if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
      return fail(cannot_use_data_dir(data_dir, strerror(errno)));
    }
  }
  if (!os::is_directory(data_dir))
    return fail(cannot_use_data_dir(data_dir, "it is not a directory"));
  if (access(data_dir.c_str(), W_OK | X_OK) != 0) {
    return fail(cannot_use_data_dir(data_dir, strerror(errno)));
  }
  return {};
}

Result<std::unique_ptr<sandbox::Launcher>> start_launcher(const Config& config,
                                                          LauncherPlace place) {
  sandbox::LauncherOptions options;
  options.data_dir = std::move(place.data_dir);
  options.stands_in_for = std::move(place.stands_in_for);
  options.space = std::move(place.space);
  const auto set = config.read<sandbox::Settings>();
  LAPWING_TRY(options.network, network_options(set));
  options.hide_processors =
      sandbox::processors_of_machine() > sandbox::processors_of(0, ~std::uint32_t{0});
  options.tmp_rates.each = static_cast<std::uint64_t>(set.tmp_mib_per_second) * kMiB;
  options.tmp_rates.all = set.tmp_all_mib_per_second != 0
                              ? static_cast<std::uint64_t>(set.tmp_all_mib_per_second) * kMiB
                              : sandbox::kTmpRateProcessorBytes * sandbox::processors_of_machine();
  options.processes_max = static_cast<std::uint64_t>(set.processes_max);
  return sandbox::Launcher::start(options);
}

}  // namespace lapwing::server
