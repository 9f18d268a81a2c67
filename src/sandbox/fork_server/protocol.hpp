// What a template process (an interpreter, loaded and waiting) hears and says. Plain
// structures over SOCK_SEQPACKET: the other end is a library preloaded into somebody else's
// interpreter, which brings no C++ runtime.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>

namespace lapwing::sandbox {

// The template's control socket; memory files with the system-call filters of its children
// follow it. The variable, removed at once, tells the library that it serves: how many.
inline constexpr int kTemplateFd = 3;
inline constexpr char kTemplateVariable[] = "_LAPWING_TEMPLATE_FILTERS";

// In the interpreter's environment from when its next fork() is the one to serve: it may fork
// for its own ends while it loads.
inline constexpr char kForkNowVariable[] = "_LAPWING_FORK_NOW";

inline constexpr std::uint32_t kForkVersion = 2;
inline constexpr int kForkNamespaces = 7;  // user mnt pid net ipc uts cgroup, user first
inline constexpr int kForkTargetsMax = 16;
inline constexpr int kForkCgroupsMax = 8;
inline constexpr int kForkFiltersMax = 4;
// Numbers below are the children's (a target is one of them): the interpreter finds them taken
// while it loads, so that what it opens for itself, and closes after fork(), lies above.
inline constexpr int kForkReservedFds = 16;

// Limits that every program of a sandbox has. Zero would still feed cores to a machine's handler
// (a core_pattern with a pipe); one byte feeds nothing to anybody.
inline constexpr std::uint64_t kCoreLimit = 1;
inline constexpr std::uint64_t kPendingSignals = 1024;  // timers count as well

// Tests alone: walls a child does without, so that the escape suite can show that it sees it.
inline constexpr std::uint32_t kForkKeepPower = 1;
inline constexpr std::uint32_t kForkNoFilters = 2;
inline constexpr std::uint32_t kForkNoLimits = 4;
inline constexpr std::uint32_t kForkKeepDescriptors = 8;

// A child for one sandbox. Descriptors, in this order: the socket for ForkReports, the
// namespaces, a socket to which the child sends the listener of its first filter (one byte with a
// descriptor), `cgroups` files to write "0" to, and one for each target.
struct ForkRequest {
  std::uint32_t version = kForkVersion;
  std::uint32_t cgroups = 0;
  std::uint32_t targets = 0;
  std::int32_t target[kForkTargetsMax] = {};  // numbers the descriptors get in the child
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t open_files = 0;  // RLIMIT_NOFILE and RLIMIT_NPROC
  std::uint32_t processes = 0;
  std::uint32_t weakness = 0;
};

enum class ForkReportKind : std::uint32_t {
  kReady = 1,    // on the control socket, once: the template waits for requests
  kStarted = 2,  // `number`: the child's pid on the host
  kFailed = 3,   // `number`: errno, `step`: what failed; from the child or the template
  kExited = 4,   // `number`: wait status
};

struct ForkReport {
  ForkReportKind kind = ForkReportKind::kReady;
  std::int32_t number = 0;
  std::int64_t user_us = 0;
  std::int64_t system_us = 0;
  char step[32] = {};
};

}  // namespace lapwing::sandbox
