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
Result<os::UniqueFd> prepare_root(const RootPlan& plan, int home_ns, int proc_fd, int root_id);

Status enter_mount_namespace(int ns_fd);

// A user namespace by which mounts show files of the machine's root as the sandboxes' root's
// (kRootUid). Root only, in a process of one thread.
Result<os::UniqueFd> make_root_id();

// A bind mount in waiting: read-only, nosuid, nodev. With `root_id` >= 0, and where the file system
// can, root's files belong to root inside; otherwise to nobody.
Result<os::UniqueFd> clone_read_only(const std::string& source, int root_id);

}  // namespace lapwing::sandbox
