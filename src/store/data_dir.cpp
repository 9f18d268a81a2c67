#include "store/data_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

namespace lapwing::store {
namespace {

Error cannot_use(const std::string& dir, std::string_view what) {
  const Error cause = errno_error(what);
  return make_error(ErrorKind::kUnavailable,
                    fmt::format("The data directory {} cannot be used: {}.", dir, cause.detail()))
      .with_detail(cause.to_log());
}

}  // namespace

Status make_dirs(const std::string& path) {
  if (path.empty()) {
    return fail(make_error(ErrorKind::kInvalid, "The data directory's name is empty."));
  }
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end != path.size() && path[end] != '/') continue;
    const std::string part = path.substr(0, end);
    // EROFS may come before EEXIST is looked at.
    struct stat found{};
    if (::stat(part.c_str(), &found) == 0) continue;
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return fail(cannot_use(path, "mkdir " + part));
    }
  }
  return {};
}

Result<os::UniqueFd> lock_data_dir(const std::string& dir) {
  const std::string path = dir + "/lock";
  os::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail(cannot_use(dir, "open " + path));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(cannot_use(dir, "flock " + path));
    char holder[32] = {};
    const ssize_t got = ::pread(fd.get(), holder, sizeof holder - 1, 0);
    return fail(make_error(
        ErrorKind::kConflict,
        fmt::format("The data directory {} is in use by another Lapwing (process {}). Stop it, or "
                    "use another data directory.",
                    dir, got > 0 ? holder : "unknown")));
  }
  const std::string pid = std::to_string(::getpid());
  // Only for the message above; a failure to write it (disk full) is no reason to refuse.
  if (::ftruncate(fd.get(), 0) == 0) (void)!::pwrite(fd.get(), pid.data(), pid.size(), 0);
  return fd;
}

}  // namespace lapwing::store
