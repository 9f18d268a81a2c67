#include "os/mount.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>

namespace lapwing::os {
namespace {

std::uint64_t attributes(std::uint64_t flags) {
  std::uint64_t result = 0;
  if ((flags & kMountReadOnly) != 0) result |= MOUNT_ATTR_RDONLY;
  if ((flags & kMountNoSuid) != 0) result |= MOUNT_ATTR_NOSUID;
  if ((flags & kMountNoDev) != 0) result |= MOUNT_ATTR_NODEV;
  if ((flags & kMountNoExec) != 0) result |= MOUNT_ATTR_NOEXEC;
  return result;
}

}  // namespace

Result<UniqueFd> clone_mount(int directory, const std::string& path, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u);
  const int fd = ::open_tree(directory, path.c_str(), flags);
  if (fd < 0) return fail(errno_error("open_tree " + path));
  return UniqueFd(fd);
}

namespace {

Status set_attributes(int mount, mount_attr attr, bool recursive) {
  const unsigned how = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u);
  if (::mount_setattr(mount, "", how, &attr, sizeof attr) != 0) {
    return fail(errno_error("mount_setattr"));
  }
  return {};
}

}  // namespace

Status set_mount_flags(int mount, std::uint64_t flags, bool recursive) {
  mount_attr attr{};
  attr.attr_set = attributes(flags);
  return set_attributes(mount, attr, recursive);
}

Status set_mount_flags_and_owners(int mount, std::uint64_t flags, bool recursive, int id_map) {
  mount_attr attr{};
  attr.attr_set = attributes(flags) | MOUNT_ATTR_IDMAP;
  attr.userns_fd = static_cast<std::uint64_t>(id_map);
  return set_attributes(mount, attr, recursive);
}

Result<UniqueFd> make_filesystem(const char* type, const MountOptions& options,
                                 std::uint64_t flags) {
  const UniqueFd context(::fsopen(type, FSOPEN_CLOEXEC));
  if (!context) return fail(errno_error(std::string("fsopen ") + type));
  for (const auto& [key, value] : options) {
    const int done =
        value.empty()
            ? ::fsconfig(context.get(), FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0)
            : ::fsconfig(context.get(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0);
    if (done != 0) return fail(errno_error(std::string(type) + " option " + key));
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return fail(errno_error(std::string("create ") + type));
  }
  const int fd =
      ::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes(flags)));
  if (fd < 0) return fail(errno_error(std::string("fsmount ") + type));
  return UniqueFd(fd);
}

Status attach_mount(int mount, int directory, const std::string& path) {
  if (::move_mount(mount, "", directory, path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return fail(errno_error("move_mount " + path));
  }
  return {};
}

Status make_mounts_slave() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return fail(errno_error("make mounts slave"));
  }
  return {};
}

Status pivot_into(const std::string& path) {
  if (::chdir(path.c_str()) != 0) return fail(errno_error("chdir " + path));
  // With both arguments "." the old root ends up on top of the new one (pivot_root(2)), so
  // no directory is needed to put it, and unmounting "." takes it away.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return fail(errno_error("pivot_root " + path));
  if (::umount2(".", MNT_DETACH) != 0) return fail(errno_error("unmount old root"));
  if (::chdir("/") != 0) return fail(errno_error("chdir /"));
  return {};
}

Status unmount(const std::string& path) {
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
    return fail(errno_error("unmount " + path));
  }
  return {};
}

}  // namespace lapwing::os
