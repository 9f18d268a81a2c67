#include "os/open_beneath.hpp"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lapwing::os {
namespace {

Result<UniqueFd> open_resolving(int directory, const char* path, int flags, unsigned mode,
                                std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  // The kernel refuses a mode where no file can be made.
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = resolve;
  for (;;) {
    // Raw: the C library of Debian 12 has no wrapper. Safe: `how` lives across the call.
    const long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno == EINTR || errno == EAGAIN) continue;
    if (errno == ENOSYS) {
      return fail(Error(ErrorKind::kUnsupported, "Internal", "the kernel has no openat2"));
    }
    return fail(errno_error("openat2"));
  }
}

}  // namespace

Result<UniqueFd> open_beneath(int directory, const char* path, int flags, unsigned mode) {
  return open_resolving(directory, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

Result<UniqueFd> open_in_root(int directory, const char* path, int flags, unsigned mode) {
  return open_resolving(directory, path, flags, mode,
                        RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
}

}  // namespace lapwing::os
