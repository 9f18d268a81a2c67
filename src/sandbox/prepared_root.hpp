// A mount namespace whose root is a RootPlan's root file system and nothing else, made once
// and kept by descriptor. The helper enters it to clone a sandbox, so the new process finds
// itself in its root already: what is left to mount is what belongs to one function.
//
// Built in the helper (one thread): building and entering change the mount namespace of the
// calling process.
#pragma once

#include "base/result.hpp"
#include "os/unique_fd.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::sandbox {

// Leaves the caller in the namespace `home_ns`, whatever happens. `proc_fd` is a descriptor
// of the helper's /proc.
Result<os::UniqueFd> prepare_root(const RootPlan& plan, int home_ns, int proc_fd);

Status enter_mount_namespace(int ns_fd);

// A bind mount in waiting: read-only, nosuid, nodev.
Result<os::UniqueFd> clone_read_only(const std::string& source);

}  // namespace lapwing::sandbox
