// The system-call filter of every sandbox: an allow-list, compiled once.
//
// What runtimes need is allowed. Known dangers answer EPERM: mounts, new namespaces,
// tracing, keys, bpf, perf, io_uring, modules, clocks, raw sockets. Everything unknown
// answers ENOSYS, so that libraries fall back as on an older kernel; clone3 too, because a
// filter cannot look at the flags behind its pointer.
//
// Thread-safety: any thread.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "os/privileges.hpp"

namespace lapwing::sandbox {

// To be installed in this order.
Result<std::vector<os::FilterProgram>> compile_syscall_filters();

}  // namespace lapwing::sandbox
