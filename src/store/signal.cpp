#include "store/signal.hpp"

#include <algorithm>

namespace lapwing::store {

void Subscription::reset() {
  if (signal_ != nullptr) std::exchange(signal_, nullptr)->remove(*listener_);
}

Subscription Signal::subscribe(Listener& listener) {
  const std::scoped_lock lock(calling_);
  listeners_.push_back(&listener);
  return {*this, listener};
}

void Signal::remove(Listener& listener) {
  const std::scoped_lock lock(calling_);
  const auto found = std::ranges::find(listeners_, &listener);
  if (found != listeners_.end()) listeners_.erase(found);
}

void Signal::raise() {
  {
    const std::scoped_lock lock(mutex_);
    ++count_;
  }
  raised_.notify_all();
  const std::scoped_lock lock(calling_);
  for (Listener* listener : listeners_) listener->on_signal();
}

void Signal::close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  raised_.notify_all();
}

bool Signal::closed() const {
  const std::scoped_lock lock(mutex_);
  return closed_;
}

std::uint64_t Signal::count() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

std::uint64_t Signal::wait(std::uint64_t seen, Duration timeout) {
  // Capped so that now + timeout cannot overflow.
  const auto until =
      std::chrono::steady_clock::now() + std::min<Duration>(timeout, std::chrono::hours(24 * 365));
  std::unique_lock lock(mutex_);
  raised_.wait_until(lock, until, [&] { return closed_ || count_ > seen; });
  return count_;
}

}  // namespace lapwing::store
