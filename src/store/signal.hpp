// In-process wake-ups. A Signal counts events; a waiter either blocks (wait) or is
// called back (Listener). Wake-ups are hints: they may coalesce, and a listener must look
// for itself what is there. Listeners are called on the engine's own thread right after a
// commit: they only note or post, never block, never call back into the store.
//
// Thread-safety: everything here from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace lapwing::store {

class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on_signal() noexcept = 0;
};

// What a listener can be subscribed to.
class SignalSource {
 public:
  // Returns when no call of it is under way. The source may go with its last listener.
  virtual void remove(Listener& listener) = 0;

 protected:
  ~SignalSource() = default;
};

// Keeps a listener subscribed. Its destructor returns only when no call is under way.
class [[nodiscard]] Subscription {
 public:
  Subscription() = default;
  Subscription(SignalSource& signal, Listener& listener) : signal_(&signal), listener_(&listener) {}
  Subscription(Subscription&& other) noexcept
      : signal_(std::exchange(other.signal_, nullptr)), listener_(other.listener_) {}
  Subscription& operator=(Subscription&& other) noexcept {
    if (this != &other) {
      reset();
      signal_ = std::exchange(other.signal_, nullptr);
      listener_ = other.listener_;
    }
    return *this;
  }
  ~Subscription() { reset(); }
  void reset();

 private:
  SignalSource* signal_ = nullptr;
  Listener* listener_ = nullptr;
};

class Signal final : private SignalSource {
 public:
  Subscription subscribe(Listener& listener);
  void raise();
  // After this every wait answers at once.
  void close();
  bool closed() const;

  std::uint64_t count() const;
  // Waits until more than `seen` events were raised, the signal is closed, or `timeout`
  // has passed; answers the count. Real time passes, whatever Clock the engine has.
  std::uint64_t wait(std::uint64_t seen, Duration timeout);

 private:
  void remove(Listener& listener) override;

  mutable std::mutex mutex_;
  std::mutex calling_;  // held while listeners are called
  std::condition_variable raised_;
  std::vector<Listener*> listeners_;
  std::uint64_t count_ = 0;
  bool closed_ = false;
};

}  // namespace lapwing::store
