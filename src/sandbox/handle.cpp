#include "sandbox/handle.hpp"

#include <algorithm>
#include <signal.h>
#include <sys/wait.h>

#include "net/loop.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"

namespace lapwing::sandbox {

Handle::Handle(net::Loop& loop, std::string id, os::UniqueFd report, TmpMount tmp,
               Housekeeper& housekeeper)
    : loop_(loop),
      id_(std::move(id)),
      housekeeper_(housekeeper),
      tmp_(std::move(tmp)),
      report_(loop, std::move(report)),
      gone_(loop),
      tasks_(loop) {}

Handle::~Handle() {
  tasks_.cancel_all();
  if (released_) return;
  kill();
  housekeeper_.release_later(id_, std::move(tmp_));
}

net::Task<Result<Report>> Handle::next_report() {
  for (;;) {
    auto message = os::receive_message(report_.fd(), kReportBytesMax);
    if (!message) {
      if (message.error().kind() != ErrorKind::kUnavailable) {
        co_return fail(std::move(message).error());
      }
      LAPWING_CO_CHECK(co_await report_.readable());
      continue;
    }
    if (message->end) {
      co_return fail(make_error(ErrorKind::kUnavailable, "the sandbox helper has gone"));
    }
    received_ = std::move(message->fds);
    co_return decode_report(message->bytes);
  }
}

net::Task<Status> Handle::started(const std::vector<ListenerPlan>& listeners) {
  for (;;) {
    auto report = co_await next_report();
    if (!report) {
      gone_.set();
      co_return fail(std::move(report).error());
    }
    switch (report->kind) {
      case ReportKind::kStarted:
        pid_ = static_cast<int>(report->number);
        steps_ = std::move(report->steps);
        if (!received_.empty()) pidfd_ = std::move(received_.front());
        break;
      case ReportKind::kReady:
        std::move(report->steps.begin(), report->steps.end(), std::back_inserter(steps_));
        for (std::size_t i = 0; i < std::min(listeners.size(), received_.size()); ++i) {
          listeners_.push_back({listeners[i].name, std::move(received_[i])});
        }
        tasks_.spawn(follow());
        co_return Status();
      case ReportKind::kFailed:
        // The helper refused: there is no process whose end could be waited for.
        if (pid_ == 0) gone_.set();
        if (pid_ != 0) tasks_.spawn(follow());
        co_return fail(Error(static_cast<ErrorKind>(report->number), "Internal", "Internal error")
                           .with_detail(report->text));
      case ReportKind::kGone:
        gone_.set();
        co_return fail(internal_error("the sandbox ended while it was set up"));
      case ReportKind::kExited:
      case ReportKind::kSignal:
        break;
    }
  }
}

void Handle::add_steps(Duration tmp, Duration total) {
  steps_.insert(steps_.begin(), {"take /tmp", tmp});
  steps_.push_back({"total", total});
}

void Handle::note_exit(const Report& report) {
  const int status = static_cast<int>(report.number);
  status_.signalled = WIFSIGNALED(status);
  status_.code = status_.signalled ? WTERMSIG(status) : WEXITSTATUS(status);
  status_.cpu_user = std::chrono::microseconds(report.user_us);
  status_.cpu_system = std::chrono::microseconds(report.system_us);
}

net::Task<void> Handle::follow() {
  for (;;) {
    auto report = co_await next_report();
    const bool lost = !report;
    if (!lost && report->kind == ReportKind::kExited) {
      note_exit(*report);
      program_reported_ = true;
    }
    if (!lost && report->kind != ReportKind::kGone) continue;
    if (!program_reported_) {
      // The first process was killed with the program: by us, by the kernel, or because
      // the helper went.
      status_.signalled = true;
      status_.code = SIGKILL;
    }
    status_.out_of_memory = status_.signalled && status_.code == SIGKILL && !killed_ &&
                            housekeeper_.cgroups().oom_kills(id_) > 0;
    gone_.set();
    co_return;
  }
}

net::Task<ExitStatus> Handle::exited() {
  co_await gone_.wait();
  co_return status_;
}

void Handle::kill() {
  if (gone_.is_set() || released_) return;
  killed_ = true;
  // The first process is enough (its pid namespace dies with it), but not when frozen.
  if (pidfd_) (void)os::signal_pidfd(pidfd_.get(), SIGKILL);
  housekeeper_.cgroups().kill(id_);
}

Status Handle::signal(int signal_number) {
  Report order;
  order.kind = ReportKind::kSignal;
  order.number = signal_number;
  return os::send_message(report_.fd(), encode_report(order), {});
}

Status Handle::freeze() { return housekeeper_.cgroups().set_frozen(id_, true); }
Status Handle::thaw() { return housekeeper_.cgroups().set_frozen(id_, false); }

MemoryUse Handle::memory() const {
  const CgroupMemory memory = housekeeper_.cgroups().memory(id_);
  return {memory.current_bytes, memory.peak_bytes};
}

Duration Handle::cpu_time() const { return housekeeper_.cgroups().cpu_time(id_); }
std::uint64_t Handle::oom_kills() const { return housekeeper_.cgroups().oom_kills(id_); }

net::Task<void> Handle::destroy() {
  kill();
  co_await gone_.wait();
  if (std::exchange(released_, true)) co_return;
  co_await housekeeper_.release(loop_, id_, std::move(tmp_));
}

}  // namespace lapwing::sandbox
