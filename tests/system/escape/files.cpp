#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "probe.hpp"

namespace escape {
namespace {

std::string opens_any(std::initializer_list<std::string> paths, int flags) {
  for (const std::string& path : paths) {
    if (path.empty()) return "no path given";
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
    if (fd < 0) continue;
    ::close(fd);
    return "opened " + path;
  }
  return {};
}

std::string reads_host_files() {
  return opens_any({"/etc/shadow", "/root", "/home/", "/var/lib/dpkg/status", "/etc/apt",
                    "/etc/ssh", "/boot", given("ESCAPE_HOST_FILE"), given("ESCAPE_HOST_DATA")},
                   O_RDONLY);
}

std::string reads_kernel_files() {
  for (const char* path : {"/proc/kcore", "/proc/kallsyms", "/proc/keys", "/proc/timer_list",
                           "/proc/interrupts", "/proc/kmsg", "/dev/kmsg", "/dev/mem",
                           "/proc/config.gz", "/sys/firmware", "/sys/kernel", "/sys/fs/cgroup"}) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) continue;
    char byte = 0;
    const bool got = ::read(fd, &byte, 1) > 0 || errno == EISDIR;
    ::close(fd);
    if (got) return std::string("read ") + path;
  }
  return {};
}

std::string writes_kernel_files() {
  return opens_any({"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
                    "/proc/sys/net/ipv4/ip_forward", "/proc/sys/vm/overcommit_memory",
                    "/proc/1/oom_score_adj", "/proc/1/uid_map"},
                   O_WRONLY);
}

std::string changes_id_maps() {
  for (const char* path : {"/proc/self/uid_map", "/proc/self/gid_map", "/proc/self/setgroups"}) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) continue;
    const bool written = ::write(fd, "0 0 1", 5) > 0;
    ::close(fd);
    if (written) return std::string("wrote ") + path;
  }
  return {};
}

std::string triggers_sysrq() {
  const int fd = ::open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return {};
  struct stat info{};
  const bool masked = ::fstat(fd, &info) == 0 && S_ISCHR(info.st_mode);
  ::close(fd);
  return masked ? "" : "opened /proc/sysrq-trigger";
}

// Every directory of the first levels, and every mount point.
std::string writes_outside_tmp() {
  std::vector<std::string> places = {
      "/",         "/etc",         "/usr",      "/usr/bin",       "/usr/lib", "/var",
      "/var/task", "/var/runtime", "/var/lang", "/opt",           "/mnt",     "/run",
      "/dev",      "/proc",        "/var/log",  "/usr/local/bin", "/etc/ssl"};
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string skip;
    std::string point;
    fields >> skip >> skip >> skip >> skip >> point;
    if (point != "/tmp") places.push_back(point);
  }
  for (const std::string& place : places) {
    const std::string path = place + "/escape-probe";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) continue;
    ::close(fd);
    return "wrote " + path;
  }
  return {};
}

std::string changes_root_files() {
  if (::chmod("/etc/passwd", 0666) == 0) return "chmod /etc/passwd";
  if (::rename("/usr/bin/sh", "/usr/bin/sh2") == 0) return "renamed /usr/bin/sh";
  if (::unlink("/etc/hosts") == 0) return "removed /etc/hosts";
  return opens_any({"/etc/passwd", "/usr/bin/sh", "/etc/hosts"}, O_WRONLY);
}

std::string finds_setuid_mounts() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string skip;
    std::string point;
    fields >> skip >> skip >> skip >> skip >> point;
    struct statvfs info{};
    if (::statvfs(point.c_str(), &info) == 0 && (info.f_flag & ST_NOSUID) == 0) {
      return point + " honours setuid";
    }
  }
  return {};
}

std::string makes_devices() {
  const std::string path = "/tmp/escape-device";
  const bool made = ::mknod(path.c_str(), S_IFBLK | 0600, makedev(7, 0)) == 0 ||
                    ::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 1)) == 0;
  return made && !opens_any({path}, O_RDONLY).empty() ? "made and opened a device" : "";
}

std::string follows_links_out() {
  (void)::symlink("/proc/1/root/etc/shadow", "/tmp/escape-link");
  (void)::symlink("../../../../../etc/shadow", "/tmp/escape-up");
  return opens_any({"/tmp/escape-link", "/tmp/escape-up"}, O_RDONLY);
}

std::string links_root_files() {
  return ::link("/etc/passwd", "/tmp/escape-hard") == 0 ? "hard link across file systems" : "";
}

std::string mounts() {
  if (::mount("none", "/tmp", "tmpfs", 0, nullptr) == 0) return "mounted a tmpfs";
  if (::mount("none", "/tmp", "cgroup2", 0, nullptr) == 0) return "mounted cgroup2";
  if (::mount("/", "/tmp", nullptr, MS_BIND, nullptr) == 0) return "bind mount";
  if (::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0) return "remounted /";
  if (::umount2("/proc", MNT_DETACH) == 0) return "unmounted /proc";
  // Raw: the wrappers came with glibc 2.36 only.
  if (::syscall(SYS_fsopen, "tmpfs", 0) >= 0) return "fsopen";
  if (::syscall(SYS_open_tree, AT_FDCWD, "/", 1) >= 0) return "open_tree";
  return {};
}

std::string changes_root() {
  if (::chroot("/tmp") == 0) return "chroot";
  if (::syscall(SYS_pivot_root, "/", "/tmp") == 0) return "pivot_root";
  return {};
}

std::string opens_by_handle() {
  struct {
    unsigned bytes = 8;
    int type = 1;
    unsigned inode = 2;  // the root directory of an ext4 file system
    unsigned generation = 0;
  } handle;
  const int near = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const long fd = ::syscall(SYS_open_by_handle_at, near, &handle, O_RDONLY);
  ::close(near);
  return fd >= 0 ? "opened a file by its handle" : "";
}

std::string sees_own_cgroup_path() {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.find("lapwing") != std::string::npos) return line;
  }
  return {};
}

}  // namespace

std::vector<Attempt> file_attempts() {
  return {{"read host files", reads_host_files},
          {"read kernel files", reads_kernel_files},
          {"write kernel files", writes_kernel_files},
          {"change id maps", changes_id_maps},
          {"trigger sysrq", triggers_sysrq},
          {"write outside /tmp", writes_outside_tmp},
          {"change the root", changes_root_files},
          {"find setuid mounts", finds_setuid_mounts},
          {"make devices", makes_devices},
          {"follow links out", follows_links_out},
          {"link root files", links_root_files},
          {"mount and unmount", mounts},
          {"change root directory", changes_root},
          {"open by handle", opens_by_handle},
          {"see the cgroup's place", sees_own_cgroup_path}};
}

}  // namespace escape
