// Giving up power: identities, capabilities, resource limits, no_new_privs, system-call
// filters; and the id maps of user namespaces.
//
// All of these act on the calling process, which must have one thread.
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

// Real, effective and saved, group first; supplementary groups are dropped where allowed.
Status become(uid_t uid, gid_t gid);
// Empties the bounding set (needs CAP_SETPCAP) and locks "root is nobody special".
Status drop_bounding_set();
// Empties permitted, effective, inheritable and ambient, but for the capabilities in `keep`
// (a bit each: 1 << CAP_KILL), which stay permitted and effective.
Status drop_capabilities(std::uint32_t keep = 0);
Status set_no_new_privs();
Status set_parent_death_signal(int signal_number);
Status set_undumpable();

// A compiled filter: struct sock_filter as raw bytes (8 each).
using FilterProgram = std::string;
// Installs it for this process and its children, forever. Needs no_new_privs.
Status install_filter(const FilterProgram& program);
// The same for one that hands calls over (SECCOMP_RET_USER_NOTIF): where they arrive.
Result<UniqueFd> install_listening_filter(const FilterProgram& program);

// A server run ahead of others (a negative nice value) does not hand that on.
Status give_up_priority();

struct ResourceLimit {
  int resource = 0;  // RLIMIT_*
  std::uint64_t value = 0;
};
// Soft and hard; a hard limit that is lower already stays.
Status set_limits(const std::vector<ResourceLimit>& limits);

// Writes the id maps of process `pid` (seen through `proc_fd`, a descriptor of /proc).
// `deny_setgroups` is what the kernel wants of an unprivileged writer.
Status write_id_maps(int proc_fd, pid_t pid, const std::string& uid_map, const std::string& gid_map,
                     bool deny_setgroups);

}  // namespace lapwing::os
