#include "server/open_files.hpp"

#include <algorithm>
#include <optional>
#include <sys/resource.h>

#include "server/limits.hpp"

namespace lapwing::server {
namespace {

// Nothing where there is no limit.
std::optional<std::uint64_t> open_files_max() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return files.rlim_cur;
}

// Nobody asked for the default: that it is less here is news to nobody.
void say(Logger& logger, bool asked, std::string_view setting, std::uint64_t fit,
         std::uint64_t wanted, std::uint64_t files) {
  logger.log(asked ? LogLevel::kWarn : LogLevel::kDebug, "server",
             "fewer at once than set: the limit of open files (ulimit -n, LimitNOFILE=)",
             {{"setting", setting}, {"set", wanted}, {"now", fit}, {"open_files", files}});
}

}  // namespace

void fit_open_files(engine::EngineOptions& options, bool asked, Logger& logger) {
  const auto files = open_files_max();
  if (!files) return;
  // An eighth is left for connections and files.
  const std::uint64_t fit = std::max<std::uint64_t>(1, *files / 8 * 7 / kFilesPerEnvironment);
  if (fit >= options.environments_max) return;
  say(logger, asked, "engine.environments_max", fit, options.environments_max, *files);
  options.environments_max = static_cast<std::uint32_t>(fit);
}

std::size_t fit_connections(const engine::EngineOptions& options, std::size_t wanted, bool asked,
                            Logger& logger) {
  const auto files = open_files_max();
  if (!files) return wanted;
  const std::uint64_t taken = options.environments_max * kFilesPerEnvironment +
                              std::max(*files / kFilesReservePart, kFilesReserveMin);
  const std::uint64_t fit =
      std::max(kConnectionsMin, *files - std::min<std::uint64_t>(*files, taken));
  if (fit >= wanted) return wanted;
  say(logger, asked, "server.connections_max", fit, wanted, *files);
  return fit;
}

}  // namespace lapwing::server
