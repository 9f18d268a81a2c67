#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.hpp"

namespace escape {
namespace {

// Only this one, not even the sandbox's first process.
std::string sees_processes() {
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return {};
  std::string found;
  while (const dirent* entry = ::readdir(proc)) {
    const long pid = std::strtol(entry->d_name, nullptr, 10);
    if (pid > 0 && pid != ::getpid()) found += std::string(" ") + entry->d_name;
  }
  ::closedir(proc);
  return found;
}

std::string signals_host() {
  const std::string pid = given("ESCAPE_HOST_PID");
  if (pid.empty()) return "no host pid given";
  const int target = static_cast<int>(std::strtol(pid.c_str(), nullptr, 10));
  return ::kill(target, 0) == 0 || errno == EPERM ? "host process " + pid + " is there" : "";
}

// Its death would take us along: then the lines after this one are missing.
std::string kills_first() {
  const bool sent = ::kill(1, SIGKILL) == 0;
  return sent && ::kill(1, 0) != 0 ? "killed process 1" : "";
}

std::string opens(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  ::close(fd);
  return std::string("opened ") + path;
}

std::string reads_first_process() {
  for (const char* path : {"/proc/1/mem", "/proc/1/environ", "/proc/1/maps", "/proc/1/fd/3",
                           "/proc/1/root/etc", "/proc/1/cwd/etc"}) {
    const std::string found = opens(path);
    if (!found.empty()) return found;
  }
  return {};
}

std::string traces_first() {
  return ::ptrace(PTRACE_ATTACH, 1, nullptr, nullptr) == 0 ? "attached to process 1" : "";
}

// Of its own child: allowed for debuggers, closed here because ptrace undoes filters.
std::string traces_child() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 1 : 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "" : "ptrace works";
}

std::string reads_memory() {
  char byte = 0;
  iovec local{&byte, 1};
  iovec remote{&byte, 1};  // our own address: the call itself must be closed
  return ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0) == 1 ? "read memory" : "";
}

std::string holds_capabilities() {
  for (int capability = 0; capability < 64; ++capability) {
    if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1) {
      return "capability " + std::to_string(capability) + " is in the bounding set";
    }
  }
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Cap") && line.find_first_of("123456789abcdef", 7) != std::string::npos) {
      return line;
    }
  }
  return {};
}

std::string may_gain_privileges() {
  return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "" : "no_new_privs is not set";
}

std::string unfiltered() {
  return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2 ? "" : "no system-call filter";
}

std::string is_root() {
  return ::setresuid(0, 0, 0) == 0 || ::getuid() == 0 ? "became user 0" : "";
}

std::string makes_namespaces() {
  for (const int flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC,
                         CLONE_NEWUTS, CLONE_NEWCGROUP}) {
    if (::unshare(flag) == 0) return "unshare " + std::to_string(flag);
    // Raw: to reach the kernel without the library's own checks.
    const long child = ::syscall(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) ::_exit(0);
    if (child > 0) return "clone " + std::to_string(flag);
    clone_args arguments{};
    arguments.flags = static_cast<unsigned long long>(flag);
    arguments.exit_signal = SIGCHLD;
    const long other = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (other == 0) ::_exit(0);
    if (other > 0) return "clone3 " + std::to_string(flag);
  }
  return {};
}

std::string enters_namespaces() {
  for (const char* name : {"mnt", "pid", "net", "user", "ipc", "uts", "cgroup"}) {
    for (const char* whose : {"/proc/1/ns/", "/proc/self/ns/"}) {
      const int fd = ::open((std::string(whose) + name).c_str(), O_RDONLY | O_CLOEXEC);
      if (fd < 0) continue;
      const bool entered = ::setns(fd, 0) == 0;
      ::close(fd);
      if (entered) return std::string("entered ") + whose + name;
    }
  }
  return {};
}

// Of a process of the same user: its memory and what it holds open.
void look_at(const std::string& process) {
  const int memory = ::open((process + "/mem").c_str(), O_RDWR | O_CLOEXEC);
  if (memory >= 0) ::close(memory);
  std::string unfiltered_line;
  std::ifstream status(process + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Seccomp:") && line.find('2') == std::string::npos) unfiltered_line = line;
  }
  if (memory >= 0 && !unfiltered_line.empty()) {
    std::printf("CAUGHT memory of an unfiltered process\n");
  }
  DIR* open = ::opendir((process + "/fd").c_str());
  if (open == nullptr) return;
  while (const dirent* entry = ::readdir(open)) {
    char target[128] = {};
    const std::string path = process + "/fd/" + entry->d_name;
    if (::readlink(path.c_str(), target, sizeof target - 1) <= 0) continue;
    const std::string what = target;
    if (what.starts_with("pipe:") || what == "/dev/null" || what.starts_with("/proc")) continue;
    std::printf("CAUGHT descriptor %s\n", target);
  }
  ::closedir(open);
}

}  // namespace

bool walled() {
  return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2 && holds_capabilities().empty() &&
         ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && makes_namespaces().empty();
}

void watch_starts() {
  std::printf("watching\n");
  for (;;) {
    for (pid_t pid = 2; pid < 400; ++pid) {
      if (pid != ::getpid() && ::kill(pid, 0) == 0) look_at("/proc/" + std::to_string(pid));
    }
  }
}

std::vector<Attempt> process_attempts() {
  return {{"see other processes", sees_processes},
          {"signal a host process", signals_host},
          {"kill the first process", kills_first},
          {"read the first process", reads_first_process},
          {"trace the first process", traces_first},
          {"trace a child", traces_child},
          {"read memory of a process", reads_memory},
          {"hold capabilities", holds_capabilities},
          {"gain privileges by exec", may_gain_privileges},
          {"call unfiltered", unfiltered},
          {"become root", is_root},
          {"make namespaces", makes_namespaces},
          {"enter namespaces", enters_namespaces}};
}

}  // namespace escape
