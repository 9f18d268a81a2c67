#include "sandbox/inside/supervise.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.hpp"
#include "os/mount.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "sandbox/inside/program.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

// Starting programs as their own user, signalling them and answering their calls; good for this
// sandbox only.
constexpr std::uint32_t kSupervising =
    1u << CAP_KILL | 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_SYS_PTRACE;

constexpr std::size_t kOwnWaits = 3;  // before those of SystemAnswers

constexpr const char* kNamespaceFiles[] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"};

std::int64_t microseconds(const timeval& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_usec;
}

Result<os::UniqueFd> open_namespace(const char* name) {
  return os::open_at(os::kCwd, std::string("/proc/self/ns/") + name, O_RDONLY);
}

}  // namespace

void send_report(int socket, const Report& report, const std::vector<int>& fds) {
  (void)os::send_message(socket, encode_report(report), fds);
}

Status give_tmp_away() {
  if (::chown("/tmp", kInnerUid, kInnerGid) != 0 || ::chmod("/tmp", 0700) != 0) {
    return fail(errno_error("give /tmp away"));
  }
  return {};
}

Result<std::string> read_memory_file(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return fail(errno_error("stat plan"));
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t got = ::pread(fd, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return fail(errno_error("read plan"));
    at += static_cast<std::size_t>(got);
  }
  return bytes;
}

Supervisor::Supervisor(const Inside& inside) : inside_(inside) {
  const Limits& limits = inside.head->plan.limits;
  answers_.set(limits.memory_shown != 0 ? limits.memory_shown : limits.memory_bytes,
               limits.processors_shown);
}

Status Supervisor::listen_to_children() {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  child_signals_.reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!child_signals_) return fail(errno_error("signalfd"));
  return {};
}

Result<pid_t> Supervisor::start(std::uint64_t id, const ProgramPlan& plan,
                                const std::vector<int>& targets, const std::vector<int>& sources) {
  ProgramStart program;
  program.plan = &plan;
  program.targets = targets;
  program.sources = sources;
  program.filters = inside_.filters;
  program.weakness = inside_.head->plan.weakness;
  LAPWING_TRY(StartedProgram started, start_program(program));
  programs_.emplace_back(started.pid, id);
  if (started.listener) answers_.add(std::move(started.listener));
  return started.pid;
}

Status Supervisor::start_main(const ProgramPlan& plan) {
  LAPWING_CHECK(start(kMainProgram, plan, inside_.head->targets, inside_.inherited));
  for (const int fd : inside_.inherited) ::close(fd);
  return {};
}

void Supervisor::seal() { (void)os::drop_capabilities(kSupervising); }

Status Supervisor::assign(const Order& order, const std::vector<os::UniqueFd>& fds) {
  if (fds.size() != order.destinations.size() + (order.tmp ? 1 : 0)) {
    return fail(internal_error("wrong number of mounts"));
  }
  for (std::size_t i = 0; i < order.destinations.size(); ++i) {
    LAPWING_CHECK(os::attach_mount(fds[i].get(), os::kCwd, order.destinations[i]));
  }
  if (order.tmp) {
    LAPWING_CHECK(os::attach_mount(fds.back().get(), os::kCwd, "/tmp"));
    LAPWING_CHECK(give_tmp_away());
  }
  if (order.number > 0) {
    LAPWING_TRY(const os::UniqueFd tmp,
                os::make_filesystem("tmpfs", {{"size", std::to_string(order.number)}},
                                    os::kMountNoSuid | os::kMountNoDev));
    LAPWING_CHECK(os::attach_mount(tmp.get(), os::kCwd, "/tmp"));
    LAPWING_CHECK(give_tmp_away());
  }
  answers_.set(order.memory_bytes, order.processors);
  seal();
  return {};
}

Status Supervisor::start_ordered(const Order& order, const std::vector<os::UniqueFd>& fds) {
  if (fds.size() != order.targets.size() + 1) {
    return fail(internal_error("wrong number of descriptors"));
  }
  LAPWING_TRY(const std::string file, read_memory_file(fds[0].get()));
  LAPWING_TRY(const ProgramPlan plan, decode_program(file));
  std::vector<int> sources;
  for (std::size_t i = 1; i < fds.size(); ++i) sources.push_back(fds[i].get());
  LAPWING_CHECK(start(order.id, plan, order.targets, sources));
  return {};
}

void Supervisor::signal(std::uint64_t id, int number) {
  for (const auto& [pid, program] : programs_) {
    if (program == id) ::kill(pid, number);
  }
}

// As their pid namespace's first process we reach all of them at once, whichever made them; none
// is missed that is just being made, which the kernel sees to. Children of a template are not ours
// to reap, so the question is whether any process is left, not whether any child is.
Status Supervisor::clear() {
  const Plan& plan = inside_.head->plan;
  // Elsewhere "all" would be all of the machine's.
  if (inside_.head->has_program || plan.weakness == Weakness::kHostPidNamespace) {
    return fail(make_error(ErrorKind::kUnsupported, "the sandbox ends with its program"));
  }
  const auto deadline = std::chrono::steady_clock::now() + kClearMax;
  while (::kill(-1, SIGKILL) == 0 || errno != ESRCH) {
    reap();
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(make_error(ErrorKind::kUnavailable, "programs that do not end"));
    }
    ::poll(nullptr, 0, 1);
  }
  reap();
  return {};
}

Status Supervisor::obey(const Order& order, const std::vector<os::UniqueFd>& fds,
                        std::vector<os::UniqueFd>& answer) {
  switch (order.kind) {
    case OrderKind::kSignal:
      signal(order.id, static_cast<int>(order.number));
      return {};
    case OrderKind::kAssign:
      return assign(order, fds);
    case OrderKind::kStart:
      return start_ordered(order, fds);
    case OrderKind::kSocket: {
      answer.emplace_back(::socket(static_cast<int>(order.number),
                                   static_cast<int>(order.type) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      if (!answer.back()) return fail(errno_error("socket"));
      return {};
    }
    case OrderKind::kNamespaces:
      for (const char* name : kNamespaceFiles) {
        LAPWING_TRY(os::UniqueFd ns, open_namespace(name));
        answer.push_back(std::move(ns));
      }
      {
        LAPWING_TRY(os::UniqueFd listener_goes_to, answers_.expect());
        answer.push_back(std::move(listener_goes_to));
      }
      return {};
    case OrderKind::kClear:
      return clear();
  }
  return fail(internal_error("unknown order"));
}

bool Supervisor::take_order() {
  auto message = os::receive_message(inside_.report, kOrderBytesMax);
  if (!message) return true;
  if (message->end) return false;
  const auto order = decode_order(message->bytes);
  if (!order) return true;
  std::vector<os::UniqueFd> answer;
  Status done = obey(*order, message->fds, answer);
  if (order->kind == OrderKind::kSignal) return true;
  Report report;
  report.kind = done ? ReportKind::kDone : ReportKind::kRefused;
  report.id = order->id;
  std::vector<int> fds;
  if (!done) {
    report.number = static_cast<std::int64_t>(done.error().kind());
    report.text = done.error().detail().empty() ? done.error().message() : done.error().detail();
  } else {
    for (const os::UniqueFd& fd : answer) fds.push_back(fd.get());
  }
  send_report(inside_.report, report, fds);
  return true;
}

bool Supervisor::reap() {
  signalfd_siginfo info;
  while (::read(child_signals_.get(), &info, sizeof info) > 0) {
  }
  for (;;) {
    const os::Reaped reaped = os::reap_any();
    if (reaped.pid == 0) return true;
    const auto it = std::find_if(programs_.begin(), programs_.end(),
                                 [&](const auto& program) { return program.first == reaped.pid; });
    if (it == programs_.end()) continue;
    Report exited;
    exited.kind = ReportKind::kExited;
    exited.id = it->second;
    exited.number = reaped.status;
    exited.user_us = microseconds(reaped.usage.ru_utime);
    exited.system_us = microseconds(reaped.usage.ru_stime);
    programs_.erase(it);
    send_report(inside_.report, exited, {});
    if (exited.id == kMainProgram && inside_.head->has_program) return false;
  }
}

void Supervisor::serve() {
  std::vector<pollfd> waits;
  for (;;) {
    waits = {{inside_.lifeline, POLLIN, 0},
             {inside_.report, POLLIN, 0},
             {child_signals_.get(), POLLIN, 0}};
    answers_.wait_for(waits);
    if (::poll(waits.data(), waits.size(), -1) < 0) {
      if (errno != EINTR) return;
      continue;
    }
    if (waits[0].revents != 0) return;
    answers_.serve(waits.data() + kOwnWaits);
    // An order that started a program is answered before its end is told.
    if (waits[1].revents != 0 && !take_order()) return;
    if (waits[2].revents != 0 && !reap()) return;
  }
}

}  // namespace lapwing::sandbox
