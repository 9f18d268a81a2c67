// IoWatch: one descriptor's registration with a loop (edge-triggered, made once), and who
// waits on it. For the writers of streams; users meet Stream, Listener and FdWatcher.
// Writability joins the registration at the first wait for it: a Unix socket reports it
// whenever its peer reads, which would wake the loop for nothing after every message.
//
// How to use: try the system call first. On EAGAIN call clear_readable() and
// `co_await watch.wait_readable()`, then try again. After a short read of a stream socket
// drained() does the same without the EAGAIN.
//
// Thread-safety: the loop's thread.
#pragma once

#include <coroutine>
#include <cstdint>

#include "base/clock.hpp"
#include "base/unique_function.hpp"
#include "net/timer.hpp"
#include "net/wait.hpp"

namespace lapwing::net {

class Loop;

class IoWatch {
 public:
  // Borrows the descriptor, which must stay open for the life of the watch. One that epoll
  // cannot watch (a regular file) counts as always ready.
  IoWatch(Loop& loop, int fd);
  ~IoWatch();
  IoWatch(const IoWatch&) = delete;
  IoWatch& operator=(const IoWatch&) = delete;

  Loop& loop() const { return loop_; }
  int fd() const { return fd_; }

  enum class Outcome { kReady, kTimeout };
  class Awaiter;
  Awaiter wait_readable();
  Awaiter wait_writable();

  void clear_readable() { in_.ready = always_ready_; }
  void clear_writable() { out_.ready = always_ready_; }
  // A read returned less than asked for: nothing more is there, unless the end is.
  void drained() {
    if (!peer_closed_) clear_readable();
  }
  bool seems_readable() const { return in_.ready; }

  bool peer_closed() const { return peer_closed_; }
  void on_peer_closed(UniqueFunction<void()> callback);

  void set_read_deadline(MonoTime when) { in_.set_deadline(when); }
  void set_write_deadline(MonoTime when) { out_.set_deadline(when); }

  // From the loop: what epoll said.
  void dispatch(std::uint32_t events);

 private:
  friend class Loop;

  // One direction: whether it is ready, who waits, until when. The timer stays armed at an
  // earlier deadline and re-arms itself when it finds that the deadline has moved.
  class Side final : public TimerNode {
   public:
    explicit Side(Loop& loop) : TimerNode(loop) {}
    void set_deadline(MonoTime when);
    void start_waiting(Awaiter& awaiter);
    void wake();
    bool ready = true;
    Awaiter* waiter = nullptr;

   private:
    void on_timer() override;
    MonoTime deadline_ = MonoTime::max();
  };
  // The callback runs from here, never inside the one who asks for it.
  class CloseNotice final : public TimerNode {
   public:
    explicit CloseNotice(Loop& loop) : TimerNode(loop) {}
    UniqueFunction<void()> callback;
    void fire();

   private:
    void on_timer() override { fire(); }
  };

  void want_writable();

  Loop& loop_;
  int fd_;
  std::uint32_t slot_ = 0;
  bool registered_ = false;
  bool wants_writable_ = false;
  bool always_ready_ = false;
  bool peer_closed_ = false;
  Side in_;
  Side out_;
  CloseNotice close_notice_;
};

class IoWatch::Awaiter {
 public:
  explicit Awaiter(Side& side) : side_(side) {}
  ~Awaiter() {
    if (side_.waiter == this) side_.waiter = nullptr;
  }
  bool await_ready() const { return side_.ready; }
  void await_suspend(std::coroutine_handle<> handle) {
    node_.handle = handle;
    side_.start_waiting(*this);
  }
  Outcome await_resume() const { return timed_out_ ? Outcome::kTimeout : Outcome::kReady; }

 private:
  friend class Side;
  Side& side_;
  bool timed_out_ = false;
  WaitNode node_;
};

inline IoWatch::Awaiter IoWatch::wait_readable() { return Awaiter(in_); }
inline IoWatch::Awaiter IoWatch::wait_writable() {
  if (!out_.ready && !wants_writable_) want_writable();
  return Awaiter(out_);
}

}  // namespace lapwing::net
