// Preloaded into an interpreter, this turns its fork() into a server: the interpreter loads
// what every function needs, calls fork() once, and from then on each request on the control
// socket makes fork() return in a new child that already lives in a sandbox: in its
// namespaces and control groups, as its user, without power, behind its filter, holding the
// descriptors of the request. In the template itself fork() never returns.
//
// A child is made in two steps, because entering a user namespace is final: vfork gives a
// process that shares the template's memory but has an identity of its own; that one joins
// groups and namespaces and forks the child. The template adopts the child (it is a
// subreaper) and reports its end.
//
// No C++ runtime, no allocation after loading, one thread. The template holds no secrets and
// has no capabilities: it may enter the sandboxes only because it is the user who made them.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/fork_server/protocol.hpp"

namespace lapwing::sandbox {
namespace {

constexpr int kFdsMax = 2 + kForkNamespaces + kForkCgroupsMax + kForkTargetsMax;
constexpr int kChildrenMax = 4096;
constexpr int kInterpretersFdsMax = 64;
constexpr int kInterpretersFdNumberMax = 1024;
constexpr int kNamespaceKinds[kForkNamespaces] = {CLONE_NEWUSER,  CLONE_NEWNS,  CLONE_NEWPID,
                                                  CLONE_NEWNET,   CLONE_NEWIPC, CLONE_NEWUTS,
                                                  CLONE_NEWCGROUP};

using Fork = pid_t (*)();

struct Child {
  pid_t pid;
  int report;
};

// The state of the library: the interpreter knows nothing of it, so it has nowhere else to be.
int control = -1;
int filter_count = 0;
int child_signals = -1;
Fork real_fork = nullptr;
Child children[kChildrenMax];
int child_count = 0;
// What the interpreter has open for itself, ascending.
int interpreters_fds[kInterpretersFdsMax];
int interpreters_fd_count = 0;

// One request and what it brought.
struct Request {
  ForkRequest head;
  int fds[kFdsMax];
  int fd_count = 0;

  int report() const { return fds[0]; }
  const int* namespaces() const { return fds + 1; }
  int answers() const { return namespaces()[kForkNamespaces]; }
  const int* cgroups() const { return namespaces() + kForkNamespaces + 1; }
  const int* targets() const { return cgroups() + head.cgroups; }
  bool complete() const {
    return head.version == kForkVersion && head.cgroups <= kForkCgroupsMax &&
           head.targets <= kForkTargetsMax && targets_fit() &&
           fd_count == 2 + kForkNamespaces + static_cast<int>(head.cgroups + head.targets);
  }
  bool targets_fit() const {
    for (std::uint32_t i = 0; i < head.targets; ++i) {
      if (head.target[i] < 0 || head.target[i] >= kForkReservedFds) return false;
    }
    return true;
  }
  void close_all() {
    for (int i = 0; i < fd_count; ++i) ::close(fds[i]);
    fd_count = 0;
  }
};

void send(int socket, const ForkReport& report) {
  while (::send(socket, &report, sizeof report, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void send_failure(int socket, const char* step) {
  ForkReport report;
  report.kind = ForkReportKind::kFailed;
  report.number = errno;
  for (size_t i = 0; step[i] != '\0' && i + 1 < sizeof report.step; ++i) report.step[i] = step[i];
  send(socket, report);
}

// False when the server has gone.
bool receive(Request& request) {
  char room[CMSG_SPACE(sizeof(int) * kFdsMax)];
  iovec part{&request.head, sizeof request.head};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  ssize_t got = 0;
  while ((got = ::recvmsg(control, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got <= 0) return false;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    request.fd_count = static_cast<int>((each->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(request.fds, CMSG_DATA(each), sizeof(int) * static_cast<size_t>(request.fd_count));
  }
  if (got != static_cast<ssize_t>(sizeof request.head)) request.head.version = 0;
  return true;
}

// ---- in the process between template and child: same memory, own identity.

const char* enter(const Request& request) {
  for (std::uint32_t i = 0; i < request.head.cgroups; ++i) {
    if (::write(request.cgroups()[i], "0", 1) != 1) return "join control group";
  }
  for (int i = 0; i < kForkNamespaces; ++i) {
    if (::setns(request.namespaces()[i], kNamespaceKinds[i]) != 0) return "enter namespace";
  }
  return nullptr;
}

// ---- in the child.

bool set_limit(int resource, rlim_t value) {
  // The wrapper takes an enum in C++; the kernel takes the number. A hard limit that is lower
  // already stays.
  rlimit64 limit{};
  if (::syscall(SYS_prlimit64, 0, resource, nullptr, &limit) != 0) return false;
  if (value < limit.rlim_max) limit.rlim_max = value;
  limit.rlim_cur = limit.rlim_max;
  return ::syscall(SYS_prlimit64, 0, resource, &limit, nullptr) == 0;
}

const char* limit_resources(const ForkRequest& head) {
  if ((head.weakness & kForkNoLimits) != 0) return nullptr;
  const bool done = set_limit(RLIMIT_NOFILE, head.open_files) &&
                    set_limit(RLIMIT_NPROC, head.processes) && set_limit(RLIMIT_CORE, kCoreLimit) &&
                    set_limit(RLIMIT_SIGPENDING, kPendingSignals) &&
                    set_limit(RLIMIT_MEMLOCK, 64 * 1024) && set_limit(RLIMIT_RTPRIO, 0) &&
                    set_limit(RLIMIT_MSGQUEUE, 819'200);
  return done ? nullptr : "resource limits";
}

// Every descriptor at its number, nothing else open. The sources are copied above every
// target first, so that none overwrites another.
const char* arrange_descriptors(const Request& request, int& report, int& answers, int* filters) {
  int above = 3;
  for (std::uint32_t i = 0; i < request.head.targets; ++i) {
    if (request.head.target[i] >= above) above = request.head.target[i] + 1;
  }
  int raised[kForkTargetsMax];
  for (std::uint32_t i = 0; i < request.head.targets; ++i) {
    raised[i] = ::fcntl(request.targets()[i], F_DUPFD_CLOEXEC, above);
    if (raised[i] < 0) return "descriptors";
  }
  const auto move = [above](int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, above); };
  report = move(report);
  answers = move(answers);
  for (int i = 0; i < filter_count; ++i) filters[i] = move(kTemplateFd + 1 + i);
  const int nothing = move(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (report < 0 || answers < 0 || nothing < 0) return "descriptors";
  for (int fd = 0; fd < above; ++fd) {
    int source = fd < 3 ? nothing : -1;
    for (std::uint32_t i = 0; i < request.head.targets; ++i) {
      if (request.head.target[i] == fd) source = raised[i];
    }
    if (source < 0) {
      ::close(fd);
    } else if (::dup2(source, fd) < 0) {
      return "descriptors";
    }
  }
  // The interpreter closes what it had open, or goes on to use it: it finds something, and shares
  // it with nobody.
  for (int i = 0; i < interpreters_fd_count; ++i) {
    if (::dup3(nothing, interpreters_fds[i], O_CLOEXEC) < 0) return "descriptors";
  }
  // What was raised stays until the end of the way; the last step closes it.
  return nullptr;
}

const char* take_identity(const ForkRequest& head) {
  // EPERM: the user namespace forbids setgroups; then there is no group to gain either.
  if (::setgroups(0, nullptr) != 0 && errno != EPERM) return "groups";
  if ((head.weakness & kForkKeepPower) != 0) return nullptr;
  if (::setresgid(head.gid, head.gid, head.gid) != 0) return "identity";
  for (int capability = 0; capability <= 63; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) {
      return "bounding set";
    }
  }
  const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                             SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED | SECBIT_KEEP_CAPS_LOCKED;
  if (::prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) != 0) return "secure bits";
  if (::setresuid(head.uid, head.uid, head.uid) != 0) return "identity";
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
      ::syscall(SYS_capset, &header, none) != 0) {
    return "capabilities";
  }
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? nullptr : "no_new_privs";
}

bool hand_over(int socket, int fd) {
  char room[CMSG_SPACE(sizeof(int))] = {};
  char byte = 'l';
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
  ssize_t sent = 0;
  while ((sent = ::sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
  }
  return sent == 1;
}

// The first one hands calls over to the sandbox's first process.
const char* install_filters(const int* filters, int answers) {
  int listener = -1;
  for (int i = 0; i < filter_count; ++i) {
    struct stat info{};
    if (::fstat(filters[i], &info) != 0) return "filter file";
    const auto size = static_cast<size_t>(info.st_size);
    void* code = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, filters[i], 0);
    if (code == MAP_FAILED) return "filter file";
    sock_fprog program{};
    program.len = static_cast<unsigned short>(size / sizeof(sock_filter));
    program.filter = static_cast<sock_filter*>(code);
    const long done = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                i == 0 ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0, &program);
    ::munmap(code, size);
    if (done < 0) return "system-call filter";
    if (i == 0) listener = static_cast<int>(done);
  }
  if (!hand_over(answers, listener)) return "listener";
  ::close(listener);
  return nullptr;
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction now{};
    // What the interpreter has handlers for stays: its own fork would leave them, too.
    if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN && number != SIGPIPE &&
        number != SIGXFSZ) {
      ::signal(number, SIG_DFL);
    }
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// All from `first` on but the interpreter's.
void close_from(int first) {
  for (int i = 0; i < interpreters_fd_count; ++i) {
    const int kept = interpreters_fds[i];
    if (kept > first) ::syscall(SYS_close_range, first, kept - 1, 0);
    if (kept >= first) first = kept + 1;
  }
  ::syscall(SYS_close_range, first, ~0u, 0);
}

// The random bytes the kernel gave the template. The C library made canaries and the guard of its
// pointers of them long ago, and frames that stand on the stack depend on those: they stay, but
// what reads the bytes from here on reads its own.
const char* renew_random_bytes() {
  constexpr size_t kBytes = 16;
  auto* bytes = reinterpret_cast<char*>(::getauxval(AT_RANDOM));  // an address, by its definition
  if (bytes == nullptr) return nullptr;
  char fresh[kBytes];
  if (::getrandom(fresh, kBytes, 0) != static_cast<ssize_t>(kBytes)) return "random bytes";
  std::memcpy(bytes, fresh, kBytes);
  return nullptr;
}

const char* settle(const Request& request, int& report) {
  int filters[kForkFiltersMax];
  int answers = request.answers();
  // Until the walls stand: where only one user id is mapped, other programs of the sandbox are
  // the same user and may open what a dumpable process holds.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::setsid();
  // The template holds a descriptor a living child: with the child's own limit already in force
  // there would be no number left to move through, nor for the listener.
  if (const char* failed = arrange_descriptors(request, report, answers, filters)) return failed;
  if (const char* failed = take_identity(request.head)) return failed;
  if (::chdir("/var/task") != 0) return "working directory";
  reset_signals();
  if ((request.head.weakness & kForkNoFilters) == 0) {
    if (const char* failed = install_filters(filters, answers)) return failed;
  }
  if (const char* failed = limit_resources(request.head)) return failed;
  int last = 2;
  for (std::uint32_t i = 0; i < request.head.targets; ++i) {
    if (request.head.target[i] > last) last = request.head.target[i];
  }
  if ((request.head.weakness & kForkKeepDescriptors) == 0) {
    close_from(last + 1);
  }
  if (const char* failed = renew_random_bytes()) return failed;
  // Whose siblings are alive is nobody's business.
  ::explicit_bzero(children, sizeof(Child) * static_cast<size_t>(child_count));
  child_count = 0;
  // As after an execve: the process may look at itself.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  return nullptr;
}

void become_child(const Request& request) {
  int report = request.report();
  if (const char* failed = settle(request, report)) {
    send_failure(report, failed);
    ::_exit(127);
  }
}

// ---- in the template.

void reap() {
  signalfd_siginfo info;
  while (::read(child_signals, &info, sizeof info) > 0) {
  }
  for (;;) {
    int status = 0;
    rusage usage{};
    const pid_t pid = ::wait4(-1, &status, WNOHANG, &usage);
    if (pid <= 0) return;
    for (int i = 0; i < child_count; ++i) {
      if (children[i].pid != pid) continue;
      ForkReport report;
      report.kind = ForkReportKind::kExited;
      report.number = status;
      report.user_us = usage.ru_utime.tv_sec * 1'000'000 + usage.ru_utime.tv_usec;
      report.system_us = usage.ru_stime.tv_sec * 1'000'000 + usage.ru_stime.tv_usec;
      send(children[i].report, report);
      ::close(children[i].report);
      children[i] = children[--child_count];
      break;
    }
  }
}

// True in the child. A function of its own: after vfork the frame is shared.
[[gnu::noinline]] bool make_child(Request& request) {
  volatile pid_t made = -1;
  const char* volatile failed = nullptr;
  volatile int error = 0;
  const pid_t between = ::vfork();
  if (between == 0) {
    if (const char* step = enter(request)) {
      failed = step;
      error = errno;
      ::_exit(1);
    }
    const pid_t child = real_fork();
    if (child == 0) {
      become_child(request);
      return true;
    }
    made = child;
    error = errno;
    ::_exit(0);
  }
  int status = 0;
  while (between > 0 && ::waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  if (made <= 0) {
    if (error != 0) errno = error;
    send_failure(request.report(), failed != nullptr ? failed : "fork");
    request.close_all();
    return false;
  }
  ForkReport started;
  started.kind = ForkReportKind::kStarted;
  started.number = made;
  children[child_count++] = {made, ::fcntl(request.report(), F_DUPFD_CLOEXEC, kTemplateFd + 1)};
  send(request.report(), started);
  request.close_all();
  return false;
}

// Returns in children only.
void serve() {
  ForkReport ready;
  ready.number = ::getpid();
  send(control, ready);
  for (;;) {
    pollfd waits[] = {{control, POLLIN, 0}, {child_signals, POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0 && errno != EINTR) ::_exit(1);
    if (waits[1].revents != 0) reap();
    if (waits[0].revents == 0) continue;
    Request request;
    if (!receive(request)) ::_exit(0);
    if (!request.complete() || child_count == kChildrenMax) {
      errno = EINVAL;
      if (request.fd_count > 0) send_failure(request.report(), "request");
      request.close_all();
      continue;
    }
    if (make_child(request)) return;
  }
}

void note_interpreters_descriptors() {
  for (int fd = kTemplateFd + 1 + filter_count; fd < kForkReservedFds; ++fd) ::close(fd);
  for (int fd = kForkReservedFds; fd < kInterpretersFdNumberMax; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) continue;
    if (interpreters_fd_count == kInterpretersFdsMax) ::_exit(1);
    interpreters_fds[interpreters_fd_count++] = fd;
  }
}

void prepare() {
  note_interpreters_descriptors();
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  child_signals = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  // One descriptor a living child.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

[[gnu::constructor]] void load() {
  real_fork = reinterpret_cast<Fork>(::dlsym(RTLD_NEXT, "fork"));  // how dlsym hands out functions
  const char* number = ::getenv(kTemplateVariable);
  if (number == nullptr) return;
  if (number[0] < '0' || number[0] > '0' + kForkFiltersMax || number[1] != '\0') return;
  filter_count = number[0] - '0';
  control = kTemplateFd;
  // Whatever the interpreter starts while it loads is no business of the server's.
  for (int fd = kTemplateFd; fd <= kTemplateFd + filter_count; ++fd) {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  ::unsetenv(kTemplateVariable);
  ::unsetenv("LD_PRELOAD");
}

}  // namespace

pid_t served_fork() {
  if (control < 0 || ::getenv(kForkNowVariable) == nullptr) return real_fork();
  ::unsetenv(kForkNowVariable);
  prepare();
  serve();
  control = -1;  // a child: its own forks are ordinary ones
  return 0;
}

}  // namespace lapwing::sandbox

extern "C" [[gnu::visibility("default")]] pid_t fork() { return lapwing::sandbox::served_fork(); }
