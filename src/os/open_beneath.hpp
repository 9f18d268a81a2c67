// Opening a path that outsiders chose, below a directory we trust: openat2(2) with
// RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS, so that neither "..", an absolute path, a link nor a
// magic link of /proc leads out.
//
// open_in_root() is for trees that have links of their own, as a root file system has: links and
// ".." are followed as a process would whose root `directory` is (RESOLVE_IN_ROOT), so that they
// end inside; magic links and other mounts are refused.
//
// Thread-safety: any thread.
#pragma once

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

// `flags` as for open(2); O_CLOEXEC is added. Where the kernel has no openat2 (before 5.6, or
// forbidden by a filter) kUnsupported: there is no silent fallback.
Result<UniqueFd> open_beneath(int directory, const char* path, int flags, unsigned mode = 0);
Result<UniqueFd> open_in_root(int directory, const char* path, int flags, unsigned mode = 0);

}  // namespace lapwing::os
