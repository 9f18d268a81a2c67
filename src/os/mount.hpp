// The mount API of Linux 5.2 and later: mounts are descriptors until they are attached.
//
// Thread-safety: any thread; attaching and unmounting act on the caller's mount namespace.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/unique_fd.hpp"

namespace lapwing::os {

enum MountFlags : std::uint64_t {
  kMountReadOnly = 1,
  kMountNoSuid = 2,
  kMountNoDev = 4,
  kMountNoExec = 8,
};

// A copy of the mount at `path` (and below, when recursive), not attached anywhere: a bind
// mount in waiting. Closing the descriptor unattached drops it.
Result<UniqueFd> clone_mount(int directory, const std::string& path, bool recursive);
// Sets attributes of a mount descriptor (MountFlags), of everything below it too.
Status set_mount_flags(int mount, std::uint64_t flags, bool recursive);
// Likewise, and owners are shown as the user namespace `id_map` maps them. Only of mounts that are
// not attached yet, by root, and where the file system can.
Status set_mount_flags_and_owners(int mount, std::uint64_t flags, bool recursive, int id_map);
// A new file system instance, unattached: make_filesystem("tmpfs", {{"size", "16m"}}, ...).
// A key with an empty value is a flag.
using MountOptions = std::vector<std::pair<std::string, std::string>>;
Result<UniqueFd> make_filesystem(const char* type, const MountOptions& options,
                                 std::uint64_t flags);
// Attaches at `path`, which must exist, relative to `directory`.
Status attach_mount(int mount, int directory, const std::string& path);

// All mounts of this namespace: changes here stay here; unmounts outside still arrive.
Status make_mounts_slave();
// Makes `path` (a mount point) the root of this mount namespace and lets go of the old one.
Status pivot_into(const std::string& path);
Status unmount(const std::string& path);

}  // namespace lapwing::os
