#include "server/embedded_files.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include "crypto/sha256.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::server {
namespace {

Status make_dir(const std::string& path) {
  if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return fail(errno_error(fmt::format("mkdir {}", path)));
  }
  // The umask of the user who started us must not hide bootstraps from sandboxes.
  if (chmod(path.c_str(), 0755) != 0) return fail(errno_error(fmt::format("chmod {}", path)));
  return {};
}

Status write_file(const std::string& path, std::string_view content) {
  const os::UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (fd.get() < 0) return fail(errno_error(fmt::format("create {}", path)));
  while (!content.empty()) {
    const ssize_t n = write(fd.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error(fmt::format("write {}", path)));
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  if (fchmod(fd.get(), 0755) != 0 || fsync(fd.get()) != 0) {
    return fail(errno_error(fmt::format("finish {}", path)));
  }
  return {};
}

std::string hash_of(std::span<const EmbeddedFile> files) {
  crypto::Sha256 hash;
  for (const EmbeddedFile& file : files) {
    hash.update(fmt::format("{}\n{}\n", file.path, file.content.size()));
    hash.update(file.content);
  }
  return crypto::to_hex(hash.finish()).substr(0, 16);
}

}  // namespace

Result<std::string> install_files(const std::string& data_dir,
                                  std::span<const EmbeddedFile> files) {
  const std::string parent = data_dir + "/runtimes";
  const std::string target = fmt::format("{}/{}", parent, hash_of(files));
  struct stat st{};
  if (stat(target.c_str(), &st) == 0) return target;
  LAPWING_CHECK(make_dir(parent));
  std::string temporary = parent + "/new-XXXXXX";
  if (mkdtemp(temporary.data()) == nullptr) return fail(errno_error("mkdtemp in " + parent));
  LAPWING_CHECK(make_dir(temporary));
  for (const EmbeddedFile& file : files) {
    for (std::size_t at = 0; (at = file.path.find('/', at)) != std::string_view::npos; ++at) {
      LAPWING_CHECK(make_dir(fmt::format("{}/{}", temporary, file.path.substr(0, at))));
    }
    LAPWING_CHECK(write_file(fmt::format("{}/{}", temporary, file.path), file.content));
  }
  // Complete or absent: a crash before this leaves only a directory nobody looks at.
  if (rename(temporary.c_str(), target.c_str()) != 0 && errno != EEXIST && errno != ENOTEMPTY) {
    return fail(errno_error(fmt::format("rename {} to {}", temporary, target)));
  }
  return target;
}

}  // namespace lapwing::server
