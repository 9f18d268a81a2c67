#include "background/runner.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace lapwing::background {

// One registered task. Guarded by Runner::mutex_, but for what only its run looks at.
struct Task::Entry {
  // Of a run: never two at a time.
  Runner::Step step;  // periodic ones
  Duration period{};
  DueSource* source = nullptr;  // the others

  std::string name;
  std::optional<MonoTime> due;
  bool notified = false;  // runs now; of a source, next_due() is asked now
  MonoTime notified_at{};
  std::uint64_t last_run = 0;  // Runner::runs_ when it last began
  bool running = false;
  bool removed = false;
  std::uint64_t runs = 0;
  std::uint64_t failures = 0;
  std::uint64_t failures_in_row = 0;
  std::string last_failure;
  Duration longest{};
};

namespace {

constexpr Duration kForever = std::chrono::hours(24 * 365);

Duration wall_ahead(const Clock& clock) {
  return clock.wall().time_since_epoch() - clock.mono().time_since_epoch();
}

// What a task's own code answers, whatever way it takes.
template <class Fn>
auto guarded(Fn fn) -> decltype(fn()) {
  try {
    return fn();
  } catch (const std::exception& bug) {
    return fail(internal_error(bug.what()));
  }
}

// After so many failures one after another.
Duration retry_after(std::uint64_t failures, Duration longest) {
  Duration out = kBackgroundRetry;
  while (failures-- > 1 && out < longest) out *= 2;
  return std::clamp(longest, kBackgroundRetry, out);
}

}  // namespace

Task::Task(Runner& runner, std::shared_ptr<Entry> entry)
    : runner_(&runner), entry_(std::move(entry)) {}

Task::Task(Task&& other) noexcept
    : runner_(std::exchange(other.runner_, nullptr)), entry_(std::move(other.entry_)) {}

Task& Task::operator=(Task&& other) noexcept {
  if (this != &other) {
    reset();
    runner_ = std::exchange(other.runner_, nullptr);
    entry_ = std::move(other.entry_);
  }
  return *this;
}

void Task::notify() {
  if (entry_) runner_->notify(*entry_);
}

void Task::reset() {
  if (entry_) runner_->remove(entry_);
  entry_.reset();
}

Hold& Hold::operator=(Hold&& other) noexcept {
  if (this != &other) {
    reset();
    runner_ = std::move(other.runner_);
    ticket_ = other.ticket_;
  }
  return *this;
}

void Hold::reset() noexcept {
  const auto owner = std::exchange(runner_, nullptr);
  if (owner == nullptr) return;
  const std::lock_guard lock(owner->mutex);
  if (owner->runner != nullptr) owner->runner->drop(ticket_);
}

Runner::Runner(const Clock& clock, Logger& logger, const RunnerOptions& options)
    : clock_(clock),
      logger_(logger),
      options_(options),
      self_(std::make_shared<Hold::Owner>()),
      wall_ahead_(wall_ahead(clock)) {
  self_->runner = this;
}

Runner::~Runner() {
  stop();
  const std::lock_guard lock(self_->mutex);
  self_->runner = nullptr;
}

Task Runner::every(std::string name, Duration period, Step step) {
  auto entry = std::make_shared<Task::Entry>();
  entry->name = std::move(name);
  entry->period = period;
  entry->step = std::move(step);
  entry->due = clock_.mono() + period;
  return add(std::move(entry));
}

Task Runner::when_due(std::string name, DueSource& source) {
  auto entry = std::make_shared<Task::Entry>();
  entry->name = std::move(name);
  entry->source = &source;
  entry->notified = true;
  entry->notified_at = clock_.mono();
  return add(std::move(entry));
}

Task Runner::add(EntryPtr entry) {
  {
    const std::lock_guard lock(mutex_);
    entries_.push_back(entry);
  }
  changed_.notify_one();
  return Task(*this, std::move(entry));
}

void Runner::notify(Task::Entry& entry) {
  {
    const std::lock_guard lock(mutex_);
    if (entry.failures_in_row > 0 && !entry.running) return;  // it is due when it is tried again
    if (!entry.notified) entry.notified_at = clock_.mono();
    entry.notified = true;
  }
  changed_.notify_one();
}

void Runner::remove(const EntryPtr& entry) {
  std::unique_lock lock(mutex_);
  entry->removed = true;
  std::erase(entries_, entry);
  ended_.wait(lock, [&] { return !entry->running; });
}

void Runner::start() {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < options_.threads; ++i) begin_thread();
}

void Runner::begin_thread() {
  threads_.emplace_back([this] { work(); });
}

void Runner::stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
  ended_.notify_all();
}

// Of those that have something to do, the one that has waited longest; of several, the one that
// was not at work for longest.
Runner::EntryPtr Runner::pick(MonoTime now) const {
  EntryPtr best;
  MonoTime best_since{};
  for (const EntryPtr& entry : entries_) {
    const bool due = entry->due && *entry->due <= now;
    if (entry->running || (!entry->notified && !due)) continue;
    MonoTime since = entry->notified ? entry->notified_at : *entry->due;
    if (due) since = std::min(since, *entry->due);
    if (!best || std::pair(since, entry->last_run) < std::pair(best_since, best->last_run)) {
      best = entry;
      best_since = since;
    }
  }
  return best;
}

bool Runner::busy(const Task::Entry& entry, MonoTime now) {
  return entry.running || entry.notified || (entry.due && *entry.due <= now);
}

bool Runner::busy(MonoTime now) const {
  return std::ranges::any_of(entries_, [&](const EntryPtr& entry) { return busy(*entry, now); });
}

std::optional<MonoTime> Runner::earliest(bool sources_only) const {
  std::optional<MonoTime> out;
  for (const EntryPtr& entry : entries_) {
    if (entry->running || (sources_only && entry->source == nullptr)) continue;
    if (entry->due && (!out || *entry->due < *out)) out = entry->due;
  }
  return out;
}

void Runner::notice_step() {
  const Duration ahead = wall_ahead(clock_);
  if (std::chrono::abs(ahead - wall_ahead_) < kClockStep) return;
  wall_ahead_ = ahead;
  for (const EntryPtr& entry : entries_) {
    if (entry->source == nullptr || entry->notified || entry->failures_in_row > 0) continue;
    entry->notified = true;
    entry->notified_at = clock_.mono();
  }
}

void Runner::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (options_.pace == Pace::kReal) notice_step();
    const MonoTime now = clock_.mono();
    if (const EntryPtr entry = pick(now)) {
      entry->running = true;
      entry->last_run = ++runs_;
      // One that looks for what comes next is always left.
      if (++at_work_ == threads_.size() && at_work_ < options_.threads_max) begin_thread();
      changed_.notify_one();
      lock.unlock();
      run(*entry);
      lock.lock();
      entry->running = false;
      --at_work_;
      ended_.notify_all();
      continue;
    }
    const auto next = options_.pace == Pace::kReal ? earliest(false) : std::nullopt;
    next ? static_cast<void>(changed_.wait_for(lock, std::min(*next - now, options_.look)))
         : changed_.wait(lock);
  }
}

void Runner::run(Task::Entry& entry) {
  bool only_asked = false;
  {
    const std::lock_guard lock(mutex_);
    only_asked = entry.source != nullptr && !(entry.due && *entry.due <= clock_.mono());
    entry.notified = false;
  }
  const MonoTime began = clock_.mono();
  Status done;
  if (!only_asked) {
    done =
        guarded([&] { return entry.source != nullptr ? entry.source->run_due() : entry.step(); });
  }
  const MonoTime ended = clock_.mono();
  std::optional<MonoTime> due = ended + entry.period;
  if (entry.source != nullptr) {
    const auto next = guarded([&] { return entry.source->next_due(); });
    if (done && !next) done = fail(next.error());
    due = done ? *next : std::nullopt;
  }
  report(entry, done);
  const std::lock_guard lock(mutex_);
  entry.runs += only_asked ? 0 : 1;
  entry.longest = std::max<Duration>(entry.longest, ended - began);
  entry.failures_in_row = done ? 0 : entry.failures_in_row + 1;
  if (!done) {
    ++entry.failures;
    entry.last_failure = done.error().to_log();
    entry.notified = false;
    due = ended + retry_after(entry.failures_in_row,
                              entry.source != nullptr ? kBackgroundRetryMax : entry.period);
  }
  entry.due = due;
}

// Once where it begins to fail, and once where that is over.
void Runner::report(const Task::Entry& entry, const Status& done) {
  const bool failed_before = entry.failures_in_row > 0;  // changed by the task's own run alone
  if (!done && !failed_before) {
    logger_.warn("background", "a task fails",
                 {{"task", entry.name}, {"error", done.error().to_log()}});
  } else if (done && failed_before) {
    logger_.info("background", "a task works again",
                 {{"task", entry.name}, {"failures", entry.failures_in_row}});
  }
}

void Runner::settle() { (void)settle(kForever, {}); }

bool Runner::settle(Duration most, const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + most;
  // Goes behind the lock, which it takes itself.
  const std::stop_callback wake(stop, [this] {
    {
      const std::lock_guard lock(mutex_);
    }
    ended_.notify_all();
  });
  std::unique_lock lock(mutex_);
  changed_.notify_all();
  const auto over = [&] { return stopping_ || !settling_ || stop.stop_requested(); };
  while (!over()) {
    if (!ended_.wait_until(lock, until, [&] { return over() || !busy(clock_.mono()); })) {
      return false;
    }
    // Those taken from here on belong to somebody who came by.
    const std::uint64_t before = next_hold_;
    if (!ended_.wait_until(lock, until,
                           [&] { return over() || busy(clock_.mono()) || !held(before); })) {
      return false;
    }
    if (!busy(clock_.mono())) return true;
  }
  return true;
}

std::string Runner::at_work() const {
  const std::lock_guard lock(mutex_);
  const MonoTime now = clock_.mono();
  std::string out;
  for (const EntryPtr& entry : entries_) {
    if (busy(*entry, now)) out += (out.empty() ? "" : ", ") + entry->name;
  }
  if (holds_.empty()) return out;
  return (out.empty() ? "" : out + ", ") + "operations under way: " + std::to_string(holds_.size());
}

void Runner::end_settling() {
  {
    const std::lock_guard lock(mutex_);
    settling_ = false;
  }
  ended_.notify_all();
}

Hold Runner::hold() {
  if (options_.pace == Pace::kReal) return {};
  const std::lock_guard lock(mutex_);
  holds_.insert(next_hold_);
  return {self_, next_hold_++};
}

std::uint64_t Runner::holds_taken() const {
  const std::lock_guard lock(mutex_);
  return next_hold_;
}

void Runner::drop(std::uint64_t ticket) noexcept {
  {
    const std::lock_guard lock(mutex_);
    holds_.erase(ticket);
  }
  ended_.notify_all();
}

std::optional<MonoTime> Runner::next_due() const {
  const std::lock_guard lock(mutex_);
  return earliest(false);
}

std::optional<MonoTime> Runner::next_source_due() const {
  const std::lock_guard lock(mutex_);
  return earliest(true);
}

std::vector<TaskFacts> Runner::tasks() const {
  const std::lock_guard lock(mutex_);
  std::vector<TaskFacts> out;
  for (const EntryPtr& entry : entries_) {
    out.push_back({entry->name, entry->runs, entry->failures, entry->failures_in_row,
                   entry->last_failure, entry->longest, entry->running, entry->due});
  }
  return out;
}

}  // namespace lapwing::background
