// Waiting for one another.
//
//   Event       a flag with many waiters, within one loop
//   one_shot<T> a single value from anywhere (any thread) to one waiter on one loop
//   Channel<T>  a bounded queue from anywhere to one waiter at a time on one loop
//
// A value that goes from a loop to itself costs no system call: the waiter is put on the
// loop's ready list. From another thread it costs one post(). A waiter always resumes on its
// own loop, never inside send()/set(), and may be destroyed while it waits.
#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/wait.hpp"

namespace lapwing::net {

// Manual reset: set() lets everyone through until reset(). Thread-safety: the loop's thread.
class Event {
 public:
  explicit Event(Loop& loop, bool set = false) : loop_(&loop), set_(set) {}

  bool is_set() const { return set_; }
  void set() {
    set_ = true;
    while (!waiters_.empty()) loop_->schedule(waiters_.pop_front());
  }
  void reset() { set_ = false; }

  class Awaiter {
   public:
    explicit Awaiter(Event& event) : event_(event) {}
    bool await_ready() const { return event_.set_; }
    void await_suspend(std::coroutine_handle<> handle) {
      node_.handle = handle;
      event_.waiters_.push_back(node_);
    }
    void await_resume() const {}

   private:
    Event& event_;
    WaitNode node_;
  };
  // co_await event.wait(): the event may have been reset again by the time it resumes.
  Awaiter wait() { return Awaiter(*this); }

 private:
  Loop* loop_;
  bool set_;
  WaitList waiters_;
};

namespace detail {

// The place where one coroutine of `loop` waits for something done on any thread.
class WaitSlot {
 public:
  explicit WaitSlot(Loop& loop) : loop_(&loop) {}
  Loop& loop() const { return *loop_; }
  // All three with the owner's mutex held.
  void set(WaitNode& node) { waiter_ = &node; }
  void clear() { waiter_ = nullptr; }
  WaitNode* take() { return std::exchange(waiter_, nullptr); }
  bool waiting() const { return waiter_ != nullptr; }

 private:
  Loop* loop_;
  WaitNode* waiter_ = nullptr;
};

template <class T>
struct OneShotState {
  explicit OneShotState(Loop& loop) : slot(loop) {}

  // Any thread. False when there is nobody to take it.
  static bool finish(std::shared_ptr<OneShotState> state, std::optional<T> result) {
    bool post = false;
    {
      std::lock_guard lock(state->mutex);
      if (state->finished || state->abandoned) return false;
      state->finished = true;
      state->value = std::move(result);
      WaitSlot& slot = state->slot;
      if (!slot.waiting()) return true;
      if (slot.loop().in_loop_thread()) {
        slot.loop().schedule(*slot.take());
      } else {
        post = true;
      }
    }
    Loop& loop = state->slot.loop();
    if (post) loop.post([state = std::move(state)] { state->wake(); });
    return true;
  }
  void wake() {
    std::lock_guard lock(mutex);
    if (WaitNode* node = slot.take()) slot.loop().schedule(*node);
  }

  std::mutex mutex;
  std::optional<T> value;
  bool finished = false;
  bool abandoned = false;  // the receiver has gone
  WaitSlot slot;
};

}  // namespace detail

// The sending end; any thread, one at a time. Destroyed without send(), it makes the
// receiver get kCancelled.
template <class T>
class OneShotSender {
 public:
  using State = detail::OneShotState<T>;

  OneShotSender() = default;
  explicit OneShotSender(std::shared_ptr<State> state) : state_(std::move(state)) {}
  OneShotSender(OneShotSender&&) noexcept = default;
  OneShotSender& operator=(OneShotSender&& other) noexcept {
    drop();
    state_ = std::move(other.state_);
    return *this;
  }
  ~OneShotSender() { drop(); }

  bool valid() const { return state_ != nullptr; }
  // True when the receiver will see the value; false when it has gone. Sends once: the
  // sender is empty afterwards, and sending on an empty one is false too.
  bool send(T value) {
    auto state = std::move(state_);
    return state && State::finish(std::move(state), std::optional<T>(std::move(value)));
  }
  bool receiver_gone() const {
    if (!state_) return true;
    std::lock_guard lock(state_->mutex);
    return state_->abandoned;
  }

 private:
  void drop() {
    if (auto state = std::move(state_)) State::finish(std::move(state), std::nullopt);
  }
  std::shared_ptr<State> state_;
};

// The receiving end: `Result<T> r = co_await receiver;` once, on its loop.
template <class T>
class [[nodiscard]] OneShotReceiver {
 public:
  OneShotReceiver() = default;
  explicit OneShotReceiver(std::shared_ptr<detail::OneShotState<T>> state)
      : state_(std::move(state)) {}
  OneShotReceiver(OneShotReceiver&&) noexcept = default;
  OneShotReceiver& operator=(OneShotReceiver&& other) noexcept {
    abandon();
    state_ = std::move(other.state_);
    return *this;
  }
  ~OneShotReceiver() { abandon(); }

  bool valid() const { return state_ != nullptr; }
  // Whether co_await would not wait.
  bool ready() const {
    std::lock_guard lock(state_->mutex);
    return state_->finished;
  }

  class Awaiter {
   public:
    explicit Awaiter(detail::OneShotState<T>& state) : state_(state) {}
    ~Awaiter() {
      if (!node_.handle) return;
      std::lock_guard lock(state_.mutex);
      state_.slot.clear();
    }
    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      std::lock_guard lock(state_.mutex);
      if (state_.finished) return false;
      node_.handle = handle;
      state_.slot.set(node_);
      return true;
    }
    Result<T> await_resume() {
      std::lock_guard lock(state_.mutex);
      if (!state_.value) return fail(make_error(ErrorKind::kCancelled, "nobody will answer"));
      return *std::move(state_.value);
    }

   private:
    detail::OneShotState<T>& state_;
    WaitNode node_;
  };
  Awaiter operator co_await() { return Awaiter(*state_); }

 private:
  void abandon() {
    if (!state_) return;
    std::optional<T> unwanted;  // destroyed outside the lock
    std::lock_guard lock(state_->mutex);
    state_->abandoned = true;
    std::swap(unwanted, state_->value);
  }
  std::shared_ptr<detail::OneShotState<T>> state_;
};

template <class T>
struct OneShot {
  OneShotSender<T> sender;
  OneShotReceiver<T> receiver;
};

// auto [sender, receiver] = one_shot<Answer>(loop); `loop` is where the receiver waits.
template <class T>
OneShot<T> one_shot(Loop& loop) {
  auto state = std::make_shared<detail::OneShotState<T>>(loop);
  return {OneShotSender<T>(state), OneShotReceiver<T>(state)};
}

// A handle: copies share the queue. try_push() and close() from any thread; pop() on the
// loop, by one coroutine at a time.
template <class T>
class Channel {
 public:
  Channel(Loop& loop, std::size_t capacity) : state_(std::make_shared<State>(loop, capacity)) {}

  // False when the queue is full or closed; `value` is then untouched.
  bool try_push(T&& value) {
    {
      std::lock_guard lock(state_->mutex);
      if (state_->closed || state_->queue.size() >= state_->capacity) return false;
      state_->queue.push_back(std::move(value));
    }
    State::notify(state_);
    return true;
  }
  // What is queued already can still be popped.
  void close() {
    {
      std::lock_guard lock(state_->mutex);
      state_->closed = true;
    }
    State::notify(state_);
  }
  std::size_t size() const {
    std::lock_guard lock(state_->mutex);
    return state_->queue.size();
  }

 private:
  struct State {
    State(Loop& loop, std::size_t limit) : capacity(limit), slot(loop) {}
    static void notify(const std::shared_ptr<State>& state) {
      Loop& loop = state->slot.loop();
      bool here = loop.in_loop_thread();
      {
        std::lock_guard lock(state->mutex);
        if (!state->slot.waiting()) return;
        if (here) loop.schedule(*state->slot.take());
      }
      if (here) return;
      loop.post([state] {
        std::lock_guard lock(state->mutex);
        // The value may have been popped meanwhile, and the one who waits now be a later one.
        if (state->queue.empty() && !state->closed) return;
        if (WaitNode* node = state->slot.take()) state->slot.loop().schedule(*node);
      });
    }
    std::mutex mutex;
    std::deque<T> queue;
    std::size_t capacity;
    bool closed = false;
    detail::WaitSlot slot;
  };

 public:
  class Awaiter {
   public:
    explicit Awaiter(std::shared_ptr<State> state) : state_(std::move(state)) {}
    ~Awaiter() {
      if (!node_.handle) return;
      std::lock_guard lock(state_->mutex);
      state_->slot.clear();
    }
    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      std::lock_guard lock(state_->mutex);
      if (!state_->queue.empty() || state_->closed) return false;
      node_.handle = handle;
      state_->slot.set(node_);
      return true;
    }
    std::optional<T> await_resume() {
      std::lock_guard lock(state_->mutex);
      if (state_->queue.empty()) return std::nullopt;
      std::optional<T> value(std::move(state_->queue.front()));
      state_->queue.pop_front();
      return value;
    }

   private:
    std::shared_ptr<State> state_;
    WaitNode node_;
  };
  // co_await channel.pop(): the oldest value, or nothing when closed and empty.
  Awaiter pop() { return Awaiter(state_); }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace lapwing::net
