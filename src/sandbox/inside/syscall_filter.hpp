// The system-call filter of every sandbox: an allow-list, compiled once.
//
// What runtimes need is allowed. Known dangers answer EPERM: mounts, new namespaces,
// tracing, keys, bpf, perf, io_uring, modules, clocks, raw sockets. Huge pages of the machine and
// merging of equal pages answer as a kernel without them. Everything unknown
// answers ENOSYS, so that libraries fall back as on an older kernel; clone3 too, because a
// filter cannot look at the flags behind its pointer.
//
// Thread-safety: any thread.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "os/privileges.hpp"

namespace lapwing::sandbox {

// To be installed in this order; the first is a listening one (system_answers.hpp), by which the
// caller's memory, and if `hide_processors` its processors, are told.
Result<std::vector<os::FilterProgram>> compile_syscall_filters(bool hide_processors);

}  // namespace lapwing::sandbox
