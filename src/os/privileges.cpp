#include "os/privileges.hpp"

#include <algorithm>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/file.hpp"

namespace lapwing::os {

Status become(uid_t uid, gid_t gid) {
  // EPERM: the user namespace forbids setgroups (unprivileged maps); then there is no
  // group to gain either.
  if (::setgroups(0, nullptr) != 0 && errno != EPERM) return fail(errno_error("setgroups"));
  if (::setresgid(gid, gid, gid) != 0) return fail(errno_error("setresgid"));
  if (::setresuid(uid, uid, uid) != 0) return fail(errno_error("setresuid"));
  return {};
}

Status drop_bounding_set() {
  for (int capability = 0; capability <= 63; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;  // past the last one this kernel knows
    return fail(errno_error("drop bounding set"));
  }
  const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                             SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED | SECBIT_KEEP_CAPS_LOCKED;
  if (::prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) != 0) return fail(errno_error("secure bits"));
  return {};
}

Status drop_capabilities(std::uint32_t keep) {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return fail(errno_error("clear ambient capabilities"));
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{keep, keep, 0}, {0, 0, 0}};
  // glibc has no wrapper for capset.
  if (::syscall(SYS_capset, &header, sets) != 0) return fail(errno_error("capset"));
  return {};
}

Status set_no_new_privs() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(errno_error("no_new_privs"));
  return {};
}

Status set_parent_death_signal(int signal_number) {
  if (::prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0) {
    return fail(errno_error("parent death signal"));
  }
  return {};
}

Status set_undumpable() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail(errno_error("undumpable"));
  return {};
}

namespace {

// What seccomp(2) answers.
Result<int> install(const FilterProgram& program, unsigned flags) {
  std::vector<sock_filter> code(program.size() / sizeof(sock_filter));
  if (code.empty()) return fail(internal_error("empty system-call filter"));
  program.copy(reinterpret_cast<char*>(code.data()), code.size() * sizeof(sock_filter));
  sock_fprog fprog{};
  fprog.len = static_cast<unsigned short>(code.size());
  fprog.filter = code.data();
  // glibc has no wrapper for seccomp.
  const long done = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
  if (done < 0) return fail(errno_error("install system-call filter"));
  return static_cast<int>(done);
}

}  // namespace

Status install_filter(const FilterProgram& program) {
  LAPWING_CHECK(install(program, 0));
  return {};
}

Result<UniqueFd> install_listening_filter(const FilterProgram& program) {
  LAPWING_TRY(const int listener, install(program, SECCOMP_FILTER_FLAG_NEW_LISTENER));
  return UniqueFd(listener);
}

Status give_up_priority() {
  errno = 0;
  const int nice = ::getpriority(PRIO_PROCESS, 0);
  if (errno == 0 && nice < 0 && ::setpriority(PRIO_PROCESS, 0, 0) != 0) {
    return fail(errno_error("set priority"));
  }
  return {};
}

Status set_limits(const std::vector<ResourceLimit>& limits) {
  for (const ResourceLimit& limit : limits) {
    // The wrapper takes an enum in C++; the kernel takes the number.
    rlimit64 value{};
    if (::syscall(SYS_prlimit64, 0, limit.resource, nullptr, &value) != 0) {
      return fail(errno_error("read resource limit " + std::to_string(limit.resource)));
    }
    value.rlim_max = std::min<std::uint64_t>(value.rlim_max, limit.value);
    value.rlim_cur = value.rlim_max;
    if (::syscall(SYS_prlimit64, 0, limit.resource, &value, nullptr) != 0) {
      return fail(errno_error("resource limit " + std::to_string(limit.resource)));
    }
  }
  return {};
}

Status write_id_maps(int proc_fd, pid_t pid, const std::string& uid_map, const std::string& gid_map,
                     bool deny_setgroups) {
  const std::string base = std::to_string(pid) + "/";
  if (deny_setgroups) LAPWING_CHECK(write_existing_at(proc_fd, base + "setgroups", "deny"));
  LAPWING_CHECK(write_existing_at(proc_fd, base + "gid_map", gid_map));
  return write_existing_at(proc_fd, base + "uid_map", uid_map);
}

}  // namespace lapwing::os
