#include "sandbox/handle/handle.hpp"

#include <algorithm>
#include <signal.h>
#include <sys/wait.h>

#include "net/loop.hpp"
#include "net/timeout.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "sandbox/cgroup/resident_memory.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {

Handle::Handle(net::Loop& loop, std::string id, os::UniqueFd report, TmpMount tmp, const Plan& plan,
               Housekeeper& housekeeper, Outside& outside)
    : loop_(loop),
      id_(std::move(id)),
      housekeeper_(housekeeper),
      tmp_(std::move(tmp)),
      limits_(plan.limits),
      weakness_(plan.weakness),
      outside_(outside),
      report_(loop, std::move(report)),
      gone_(loop),
      tasks_(loop) {}

Handle::~Handle() {
  tasks_.cancel_all();
  end_pace();
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
      note_end();
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
        if (pid_ == 0) note_end();
        if (pid_ != 0) tasks_.spawn(follow());
        co_return fail(Error(static_cast<ErrorKind>(report->number), "Internal", "Internal error")
                           .with_detail(report->text));
      case ReportKind::kGone:
        note_end();
        co_return fail(internal_error("the sandbox ended while it was set up"));
      case ReportKind::kExited:
      case ReportKind::kDone:
      case ReportKind::kRefused:
        break;
    }
  }
}

void Handle::add_steps(Duration tmp, Duration total) {
  steps_.insert(steps_.begin(), {"take /tmp", tmp});
  steps_.push_back({"total", total});
}

Handle::Program& Handle::program(ProgramId id) {
  std::unique_ptr<Program>& known = programs_[id];
  if (!known) known = std::make_unique<Program>(loop_);
  return *known;
}

void Handle::note_exit(ProgramId id, int status, std::int64_t user_us, std::int64_t system_us) {
  Program& ended = program(id);
  ended.status.signalled = WIFSIGNALED(status);
  ended.status.code = ended.status.signalled ? WTERMSIG(status) : WEXITSTATUS(status);
  ended.status.cpu_user = std::chrono::microseconds(user_us);
  ended.status.cpu_system = std::chrono::microseconds(system_us);
  ended.status.out_of_memory =
      ended.status.signalled && ended.status.code == SIGKILL && ran_out_of_memory();
  ended.ended.set();
}

bool Handle::ran_out_of_memory() const {
  return !killed_ && housekeeper_.cgroups().oom_kills(id_) > oom_kills_before_;
}

// Everything is gone. Programs that were not heard of were killed with the first process: by
// us, by the kernel, or because the helper went.
void Handle::note_end() {
  program(kMainProgram);
  const bool out_of_memory = ran_out_of_memory();
  for (auto& [id, ended] : programs_) {
    if (ended->ended.is_set()) continue;
    ended->status.signalled = true;
    ended->status.code = SIGKILL;
    ended->status.out_of_memory = out_of_memory;
    ended->ended.set();
  }
  orders_.clear();
  gone_.set();
}

void Handle::answer_order(const Report& report) {
  auto found = orders_.extract(report.id);
  if (!found) return;
  if (report.kind == ReportKind::kDone) {
    found.mapped().send(std::move(received_));
    return;
  }
  found.mapped().send(
      fail(Error(static_cast<ErrorKind>(report.number), "Internal", "Internal error")
               .with_detail(report.text)));
}

net::Task<void> Handle::follow() {
  for (;;) {
    auto report = co_await next_report();
    if (!report || report->kind == ReportKind::kGone) {
      note_end();
      co_return;
    }
    switch (report->kind) {
      case ReportKind::kExited:
        note_exit(report->id, static_cast<int>(report->number), report->user_us, report->system_us);
        break;
      case ReportKind::kDone:
      case ReportKind::kRefused:
        answer_order(*report);
        break;
      default:
        break;
    }
  }
}

net::Task<Result<Handle::Answer>> Handle::command(Order order, std::vector<int> fds) {
  auto [sender, receiver] = net::one_shot<Result<Answer>>(loop_);
  orders_.insert_or_assign(order.id, std::move(sender));
  const std::string bytes = encode_order(order);
  for (;;) {
    if (gone_.is_set()) {
      co_return fail(make_error(ErrorKind::kUnavailable, "the sandbox has ended"));
    }
    Status sent = os::send_message(report_.fd(), bytes, fds);
    if (sent) break;
    if (sent.error().kind() != ErrorKind::kUnavailable) {
      orders_.erase(order.id);
      co_return fail(std::move(sent).error());
    }
    co_await loop_.yield();  // the first process is behind; it takes orders one by one
  }
  Result<Result<Answer>> answered = co_await receiver;
  if (!answered) co_return fail(make_error(ErrorKind::kUnavailable, "the sandbox has ended"));
  co_return *std::move(answered);
}

net::Task<Status> Handle::assign(const Assignment& assignment) {
  LAPWING_CO_CHECK(validate(assignment));
  Order order;
  order.kind = OrderKind::kAssign;
  order.id = next_order_++;
  order.memory_bytes = assignment.limits.memory_bytes;
  order.processors = assignment.limits.processors_shown;
  LAPWING_CO_CHECK(housekeeper_.cgroups().set_limits(id_, assignment.limits));
  LAPWING_CO_TRY(const std::vector<os::UniqueFd> mounts,
                 co_await outside_.clone(loop_, assignment.binds));
  if (assignment.egress) {
    LAPWING_CO_CHECK(co_await outside_.limit_egress(loop_, {id_, assignment.egress}));
  }
  std::vector<int> fds;
  for (const os::UniqueFd& mount : mounts) fds.push_back(mount.get());
  for (const Bind& bind : assignment.binds) order.destinations.push_back(bind.destination);
  TmpMount tmp;
  if (assignment.limits.tmp_bytes != limits_.tmp_bytes) {
    LAPWING_CO_TRY(tmp, co_await housekeeper_.take_tmp(loop_, assignment.limits.tmp_bytes));
    order.tmp = tmp.mount.valid();
    if (order.tmp) fds.push_back(tmp.mount.get());
    // Without images the sandbox makes its own, like the one it was set up with.
    if (!order.tmp) order.number = static_cast<std::int64_t>(assignment.limits.tmp_bytes);
  }
  LAPWING_CO_CHECK(co_await command(std::move(order), std::move(fds)));
  if (tmp.mount) std::swap(tmp_, tmp);
  begin_pace();
  if (tmp.mount) housekeeper_.discard_tmp(std::move(tmp));
  limits_ = assignment.limits;
  co_return Status();
}

net::Task<Result<ProgramId>> Handle::start(const ProgramPlan& plan, std::vector<InheritedFd> fds) {
  LAPWING_CO_CHECK(validate(plan));
  LAPWING_CO_TRY(const os::UniqueFd file,
                 os::make_memory_file("lapwing-program", encode_program(plan)));
  Order order;
  order.kind = OrderKind::kStart;
  order.id = next_order_++;
  std::vector<int> raw = {file.get()};
  for (const InheritedFd& fd : fds) {
    order.targets.push_back(fd.target);
    raw.push_back(fd.fd.get());
  }
  const ProgramId id = order.id;
  program(id);
  if (pace_) pace_->come_back();
  auto started = co_await command(std::move(order), std::move(raw));
  if (!started) {
    programs_.erase(id);
    co_return fail(std::move(started).error());
  }
  co_return id;
}

bool Handle::running(ProgramId id) const {
  const auto found = programs_.find(id);
  return !gone_.is_set() && found != programs_.end() && !found->second->ended.is_set();
}

net::Task<ExitStatus> Handle::program_exited(ProgramId id) {
  Program& wanted = program(id);
  if (gone_.is_set() && !wanted.ended.is_set()) note_end();
  co_await wanted.ended.wait();
  co_return wanted.status;
}

net::Task<Result<os::UniqueFd>> Handle::socket(int family, int type) {
  Order order;
  order.kind = OrderKind::kSocket;
  order.id = next_order_++;
  order.number = family;
  order.type = type;
  LAPWING_CO_TRY(Answer answer, co_await command(std::move(order), {}));
  if (answer.size() != 1) co_return fail(internal_error("no socket in the answer"));
  co_return std::move(answer.front());
}

net::Task<ExitStatus> Handle::exited() {
  co_await gone_.wait();
  co_return program(kMainProgram).status;
}

void Handle::kill() {
  end_pace();
  if (gone_.is_set() || released_) return;
  killed_ = true;
  // The first process is enough (its pid namespace dies with it), but not when frozen.
  if (pidfd_) (void)os::signal_pidfd(pidfd_.get(), SIGKILL);
  housekeeper_.cgroups().kill(id_);
}

Status Handle::signal(int signal_number, ProgramId program) {
  end_pace();
  if (const auto found = programs_.find(program); found != programs_.end()) {
    if (found->second->pidfd) return os::signal_pidfd(found->second->pidfd.get(), signal_number);
  }
  Order order;
  order.kind = OrderKind::kSignal;
  order.id = program;
  order.number = signal_number;
  return os::send_message(report_.fd(), encode_order(order), {});
}

net::Task<Status> Handle::clear() {
  end_pace();
  Order order;
  order.kind = OrderKind::kClear;
  order.id = next_order_++;
  // A first process that is frozen, or cannot run, does not answer.
  LAPWING_CO_CHECK(co_await net::with_timeout(loop_, 2 * kClearMax, command(std::move(order), {})));
  const CgroupMemory left = housekeeper_.cgroups().memory(id_);
  if (tmp_.mount && left.anonymous_bytes + left.shared_bytes > kClearedBytesMax) {
    co_return fail(make_error(ErrorKind::kTooLarge, "memory that outlives its programs"));
  }
  // What a template says of its children's ends may still be on its way; it goes with the next.
  std::erase_if(programs_, [](const auto& entry) { return entry.second->ended.is_set(); });
  oom_kills_before_ = housekeeper_.cgroups().oom_kills(id_);
  co_return Status();
}

const CgroupTree::Files& Handle::files() {
  if (!files_) files_ = housekeeper_.cgroups().open_files(id_);
  return *files_;
}

// From when it is a function's: one that waits does nothing.
void Handle::begin_pace() {
  if (!pace_ && tmp_.mount) pace_ = housekeeper_.tmp_pace().add(id_, tmp_.mount.get());
}

// What is to end must not wait for its turn.
void Handle::end_pace() {
  if (pace_) pace_->leave();
}

Status Handle::set_frozen(bool frozen) {
  if (pace_) return pace_->rest(frozen, files());
  const CgroupTree& cgroups = housekeeper_.cgroups();
  return files().freezer ? cgroups.set_frozen(files(), frozen) : cgroups.set_frozen(id_, frozen);
}

Status Handle::freeze() { return set_frozen(true); }
Status Handle::thaw() { return set_frozen(false); }

// What the largest of the programs has in memory and the sandbox's groups do not count: pages of
// the template that it has not written to, and those of libraries and executables. Others share
// most of that with it. When none is left, as it was when one was seen last.
std::uint64_t Handle::uncounted_memory(const CgroupMemory& counted) const {
  ResidentMemory largest;
  for (const int pid : housekeeper_.cgroups().members(id_)) {
    if (pid == pid_) continue;
    const ResidentMemory one = resident_memory(pid).value_or(ResidentMemory());
    if (one.all_bytes() > largest.all_bytes()) largest = one;
  }
  if (largest.all_bytes() == 0) return uncounted_bytes_;
  const auto less = [](std::uint64_t from, std::uint64_t what) {
    return from - std::min(from, what);
  };
  return less(largest.own_bytes, counted.anonymous_bytes) +
         less(largest.mapped_bytes, counted.shared_bytes);
}

// What the use is made of takes three more files to read: not each time that the highest has grown
// by a little, all of which then counts.
MemoryUse Handle::memory() {
  const CgroupTree& cgroups = housekeeper_.cgroups();
  const std::uint64_t raw =
      files().memory_peak ? cgroups.raw_memory_peak(files()) : cgroups.raw_memory_peak(id_);
  const MonoTime now = loop_.now();
  const std::uint64_t grown = raw - std::min(raw, raw_memory_peak_);
  if (memory_seen_ != MonoTime{} && now - memory_seen_ < kMemoryLookEvery &&
      grown < kMemoryLittle) {
    return {memory_.current_bytes + grown, memory_.peak_bytes + grown};
  }
  const CgroupMemory memory = cgroups.memory(id_);
  uncounted_bytes_ = uncounted_memory(memory);
  memory_ = {memory.current_bytes + uncounted_bytes_, memory.peak_bytes + uncounted_bytes_};
  raw_memory_peak_ = raw;
  memory_seen_ = now;
  return memory_;
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
