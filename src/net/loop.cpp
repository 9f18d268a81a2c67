#include "net/loop.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

#include "net/io_watch.hpp"
#include "net/limits.hpp"
#include "net/task_group.hpp"

namespace lapwing::net {
namespace {

constexpr std::uint64_t kWakeupToken = ~std::uint64_t{0};

std::uint64_t make_token(std::uint32_t slot, std::uint32_t generation) {
  return (std::uint64_t{generation} << 32) | slot;
}

// No descriptor for a loop means a broken world, not an error to handle.
int must(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

}  // namespace

Loop::Loop(const Clock& clock, Logger& logger)
    : clock_(&clock),
      logger_(&logger),
      epoll_(must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wakeup_(must(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      tasks_(std::make_unique<TaskGroup>(*this)) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kWakeupToken;
  must(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.get(), &event), "epoll_ctl");
}

Loop::~Loop() { tasks_->cancel_all(); }

void Loop::run() {
  thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  while (!stopping_.load(std::memory_order_relaxed)) {
    run_ready();
    run_posted();
    if (!timers_.empty()) timers_.fire_due(now());
    poll_events(ready_.empty() && yielded_.empty() && local_.empty());
    yielded_.splice_to(ready_);
  }
  stopping_ = false;
  tasks_->cancel_all();
  thread_.store(std::thread::id(), std::memory_order_relaxed);
}

void Loop::stop() {
  stopping_ = true;
  wake();
}

void Loop::wake() {
  if (sleeping_.exchange(false)) {
    const std::uint64_t one = 1;
    // Cannot fail in a way that matters: a full counter wakes as well.
    [[maybe_unused]] ssize_t written = ::write(wakeup_.get(), &one, sizeof one);
  }
}

void Loop::post(UniqueFunction<void()> fn) {
  if (in_loop_thread()) {
    local_.push_back(std::move(fn));
    return;
  }
  {
    std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(fn));
    has_posted_.store(true);
  }
  wake();
}

void Loop::spawn(Task<void> task) { tasks_->spawn(std::move(task)); }

std::size_t Loop::spawned() const { return tasks_->size(); }

void Loop::log_uncaught(std::string_view where, std::exception_ptr error) {
  ++uncaught_exceptions_;
  std::string what = "not a std::exception";
  try {
    std::rethrow_exception(std::move(error));
  } catch (const std::exception& caught) {
    what = caught.what();
  } catch (...) {
  }
  logger_->error("net", "uncaught exception", {{"where", where}, {"what", what}});
}

void Loop::run_ready() {
  for (int i = 0; i < kResumesPerRound && !ready_.empty(); ++i) {
    ready_.pop_front().handle.resume();
  }
}

void Loop::run_posted() {
  if (has_posted_.load()) {
    std::lock_guard lock(posted_mutex_);
    has_posted_.store(false);
    if (local_.empty()) {
      local_.swap(posted_);
    } else {
      std::move(posted_.begin(), posted_.end(), std::back_inserter(local_));
      posted_.clear();
    }
  }
  if (local_.empty()) return;
  running_.swap(local_);
  for (UniqueFunction<void()>& fn : running_) {
    try {
      fn();
    } catch (...) {
      log_uncaught("post", std::current_exception());
    }
  }
  running_.clear();
}

int Loop::poll_timeout_ms() {
  if (timers_.empty()) return -1;
  const Duration left = timers_.earliest() - now();
  if (left <= Duration::zero()) return 0;
  // Rounded up: waking early would only mean going to sleep again.
  constexpr std::int64_t kLongest = 60'000;
  const std::int64_t ms = (left.count() + 999'999) / 1'000'000;
  return static_cast<int>(std::min(ms, kLongest));
}

int Loop::spin(std::span<epoll_event> events) {
  const MonoTime until = now() + spin_;
  int count = 0;
  do {
    count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  } while (count == 0 && !has_posted_.load() && now() < until);
  return count;
}

void Loop::poll_events(bool may_sleep) {
  int timeout_ms = 0;
  if (may_sleep) {
    // In this order: who posts (or moves the clock) after this store wakes us, and what was
    // done before it is seen here.
    sleeping_.store(true);
    timeout_ms = has_posted_.load() || stopping_.load() ? 0 : poll_timeout_ms();
  }
  epoll_event events[kEventsPerPoll];
  int count = 0;
  if (timeout_ms != 0 && spin_ > Duration::zero() && spinning_.try_now()) {
    count = spin(events);
    if (has_posted_.load()) timeout_ms = 0;
    spinning_.note(count > 0 || timeout_ms == 0);
  }
  if (count == 0) count = ::epoll_wait(epoll_.get(), events, kEventsPerPoll, timeout_ms);
  sleeping_.store(false);
  for (int i = 0; i < count; ++i) dispatch(events[i].data.u64, events[i].events);
}

void Loop::dispatch(std::uint64_t token, std::uint32_t events) {
  if (token == kWakeupToken) return;  // edge-triggered: nothing to drain
  const auto slot = static_cast<std::uint32_t>(token);
  const auto generation = static_cast<std::uint32_t>(token >> 32);
  // An event of a watch removed earlier in this batch finds another generation.
  if (slots_[slot].generation != generation || slots_[slot].watch == nullptr) return;
  slots_[slot].watch->dispatch(events);
}

bool Loop::add_watch(IoWatch& watch, int fd) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  event.data.u64 = make_token(slot, slots_[slot].generation);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    free_slots_.push_back(slot);
    return false;
  }
  slots_[slot].watch = &watch;
  watch.slot_ = slot;
  return true;
}

// epoll looks at the descriptor again: what it is ready for already is reported.
void Loop::watch_writable(IoWatch& watch, int fd) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = make_token(watch.slot_, slots_[watch.slot_].generation);
  must(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event), "epoll_ctl");
}

void Loop::remove_watch(IoWatch& watch, int fd) {
  Slot& slot = slots_[watch.slot_];
  slot.watch = nullptr;
  ++slot.generation;
  free_slots_.push_back(watch.slot_);
  // Needed even though the descriptor is about to be closed: a duplicate held by a child
  // process would keep the registration alive.
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

}  // namespace lapwing::net
