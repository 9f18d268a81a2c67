// What a program may have been left by those who started it, and what it may reach through
// memory, descriptors and interprocess communication.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <mqueue.h>
#include <signal.h>
#include <sstream>
#include <string>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "probe.hpp"

namespace escape {
namespace {

std::string link_of(const std::string& path) {
  char target[256] = {};
  return ::readlink(path.c_str(), target, sizeof target - 1) > 0 ? target : "";
}

std::string has_descriptors() {
  DIR* open = ::opendir("/proc/self/fd");
  if (open == nullptr) return "no /proc/self/fd";
  std::string found;
  while (const dirent* entry = ::readdir(open)) {
    const long fd = std::strtol(entry->d_name, nullptr, 10);
    if (entry->d_name[0] == '.' || fd <= 2 || fd == ::dirfd(open)) continue;
    found += std::string(" ") + entry->d_name + "=" +
             link_of("/proc/self/fd/" + std::string(entry->d_name));
  }
  ::closedir(open);
  return found;
}

// The first three are what the test gave: nothing to climb along.
std::string has_directories() {
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) continue;
    if (!S_ISFIFO(info.st_mode) && !S_ISCHR(info.st_mode)) return std::to_string(fd);
  }
  return {};
}

std::string has_variables() {
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string variable = *each;
    bool known = false;
    for (const char* prefix : {"ESCAPE_", "PATH=", "ASAN_OPTIONS=", "PWD=", "SHLVL=", "_="}) {
      known = known || variable.starts_with(prefix);
    }
    if (!known) return variable;
  }
  return {};
}

std::string signals_everybody() { return ::kill(-1, 0) == 0 ? "there is somebody to signal" : ""; }

std::string opens_host_process() {
  const std::string pid = given("ESCAPE_HOST_PID");
  if (pid.empty()) return "no host pid given";
  const long fd = ::syscall(SYS_pidfd_open, std::strtol(pid.c_str(), nullptr, 10), 0);
  if (fd < 0) return {};
  ::close(static_cast<int>(fd));
  return "opened host process " + pid;
}

// Its parent is either the first process, or outside of the namespace and has no number here.
// Its session is its own, so that nobody's terminal or group is in reach.
std::string reaches_parent() {
  const pid_t parent = ::getppid();
  if (parent > 1) return "parent " + std::to_string(parent);
  return ::getsid(0) == ::getpid() ? "" : "session " + std::to_string(::getsid(0));
}

std::string writes_executables() {
  for (const char* path : {"/proc/self/exe", "/proc/1/exe", "/var/task/probe"}) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ::close(fd);
    return std::string("opened ") + path;
  }
  return {};
}

// Through /proc/self/mem protections of private pages are overlooked; shared ones must hold.
std::string writes_through_memory() {
  const int file = ::open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file, 0);
  const int memory = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  // Addresses are offsets of that file.
  const ssize_t put = ::pwrite(memory, "x", 1, reinterpret_cast<off_t>(page));
  ::munmap(page, 4096);
  ::close(memory);
  ::close(file);
  return put == 1 ? "wrote a page of /etc/passwd" : "";
}

// A page of a file put into a pipe must not take what is written into the pipe next.
std::string writes_through_pipes() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return {};
  char block[4096] = {};
  while (::write(ends[1], block, sizeof block) > 0) {
  }
  while (::read(ends[0], block, sizeof block) > 0) {
  }
  const int file = ::open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  loff_t at = 0;
  (void)!::splice(file, &at, ends[1], nullptr, 1, 0);
  (void)!::write(ends[1], "\1", 1);
  char second = 0;
  (void)!::pread(file, &second, 1, 1);
  for (const int fd : {file, ends[0], ends[1]}) ::close(fd);
  return second == '\1' ? "wrote a page of /etc/passwd" : "";
}

std::string gives_files_rights() {
  const char* path = "/tmp/escape-rights";
  ::close(::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700));
  const unsigned value[5] = {0x02000001, ~0u, 0, ~0u, 0};
  if (::setxattr(path, "security.capability", value, sizeof value, 0) == 0) return "capabilities";
  if (::setxattr(path, "trusted.escape", "x", 1, 0) == 0) return "trusted attribute";
  return ::chown(path, 0, 0) == 0 ? "gave a file to root" : "";
}

std::string joins_groups() {
  const gid_t zero = 0;
  if (::setgroups(1, &zero) == 0) return "setgroups";
  if (::setresgid(0, 0, 0) == 0) return "setresgid";
  for (const uid_t user : {1u, 1000u, 65'534u}) {
    if (user != ::getuid() && ::setresuid(user, user, user) == 0) return std::to_string(user);
  }
  return {};
}

std::string fakes_credentials() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) return {};
  char room[CMSG_SPACE(sizeof(ucred))] = {};
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_CREDENTIALS;
  head->cmsg_len = CMSG_LEN(sizeof(ucred));
  const ucred root{1, 0, 0};
  std::memcpy(CMSG_DATA(head), &root, sizeof root);
  const bool sent = ::sendmsg(ends[0], &message, 0) == 1;
  ::close(ends[0]);
  ::close(ends[1]);
  return sent ? "sent the credentials of process 1 and user 0" : "";
}

std::string reaches_shared_memory() {
  const std::string key = given("ESCAPE_HOST_SHM");
  if (key.empty()) return "no key given";
  return ::shmget(static_cast<key_t>(std::strtol(key.c_str(), nullptr, 10)), 1, 0) >= 0
             ? "found System V memory of the machine"
             : "";
}

std::string reaches_message_queues() {
  const std::string name = given("ESCAPE_HOST_QUEUE");
  if (name.empty()) return "no queue given";
  const mqd_t queue = ::mq_open(name.c_str(), O_RDONLY | O_NONBLOCK);
  if (queue < 0) return {};
  ::mq_close(queue);
  return "found a message queue of the machine";
}

std::string opens_devices() {
  for (const char* path :
       {"/dev/mem", "/dev/port", "/dev/kmsg", "/dev/console", "/dev/tty", "/dev/ptmx", "/dev/fuse",
        "/dev/kvm", "/dev/net/tun", "/dev/loop0", "/dev/loop-control", "/dev/vda", "/dev/sda",
        "/dev/nvme0n1", "/dev/cpu/0/msr", "/dev/userfaultfd", "/dev/vhost-vsock"}) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) continue;
    ::close(fd);
    return std::string("opened ") + path;
  }
  return {};
}

std::string reads_physical_pages() {
  for (const char* path :
       {"/proc/kpageflags", "/proc/kpagecount", "/proc/kpagecgroup", "/proc/slabinfo",
        "/proc/vmallocinfo", "/proc/pagetypeinfo", "/proc/vmcore", "/proc/self/stack"}) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    char bytes[8];
    const bool got = ::read(fd, bytes, sizeof bytes) > 0;
    ::close(fd);
    if (got) return std::string("read ") + path;
  }
  return {};
}

std::string finds_kernel_file_systems() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const std::size_t dash = line.find(" - ");
    std::istringstream fields(line.substr(dash == std::string::npos ? 0 : dash + 3));
    std::string type;
    fields >> type;
    for (const char* closed : {"sysfs", "debugfs", "tracefs", "bpf", "cgroup", "cgroup2",
                               "configfs", "securityfs", "efivarfs", "devpts"}) {
      if (type == closed) return line;
    }
  }
  return ::access("/sys/kernel", F_OK) == 0 ? "/sys/kernel" : "";
}

std::string writes_control_groups() {
  for (const std::string& base : {"/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/proc/1/root/sys"}) {
    for (const char* name : {"/cgroup.procs", "/release_agent", "/notify_on_release", "/tasks",
                             "/memory.limit_in_bytes", "/memory.max", "/cgroup.subtree_control"}) {
      const int fd = ::open((base + name).c_str(), O_WRONLY | O_CLOEXEC);
      if (fd < 0) continue;
      ::close(fd);
      return "opened " + base + name;
    }
  }
  return {};
}

// After an execve of its own, too.
std::string sheds_walls_by_exec() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/var/task/probe", "probe", "walled", nullptr);
    ::_exit(2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : "walls are gone after execve";
}

}  // namespace

std::vector<Attempt> inherited_attempts() {
  return {{"inherit descriptors", has_descriptors},
          {"climb along descriptors", has_directories},
          {"inherit variables", has_variables},
          {"signal everybody", signals_everybody},
          {"open a host process", opens_host_process},
          {"reach the parent", reaches_parent},
          {"write executables", writes_executables},
          {"write files through memory", writes_through_memory},
          {"write files through pipes", writes_through_pipes},
          {"give files rights", gives_files_rights},
          {"join groups", joins_groups},
          {"fake credentials", fakes_credentials},
          {"reach shared memory", reaches_shared_memory},
          {"reach message queues", reaches_message_queues},
          {"open devices", opens_devices},
          {"read physical pages", reads_physical_pages},
          {"find kernel file systems", finds_kernel_file_systems},
          {"write control groups", writes_control_groups},
          {"shed walls by exec", sheds_walls_by_exec}};
}

}  // namespace escape
