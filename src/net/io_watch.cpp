#include "net/io_watch.hpp"

#include <sys/epoll.h>
#include <utility>

#include "net/loop.hpp"

namespace lapwing::net {

IoWatch::IoWatch(Loop& loop, int fd)
    : loop_(loop), fd_(fd), in_(loop), out_(loop), close_notice_(loop) {
  registered_ = loop_.add_watch(*this, fd_);
  always_ready_ = !registered_;
}

IoWatch::~IoWatch() {
  if (registered_) loop_.remove_watch(*this, fd_);
}

void IoWatch::want_writable() {
  if (!registered_) return;
  wants_writable_ = true;
  loop_.watch_writable(*this, fd_);
}

void IoWatch::dispatch(std::uint32_t events) {
  constexpr std::uint32_t kGone = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if ((events & (EPOLLIN | kGone)) != 0) {
    in_.ready = true;
    in_.wake();
  }
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    out_.ready = true;
    out_.wake();
  }
  if ((events & kGone) != 0 && !peer_closed_) {
    peer_closed_ = true;
    // Last: it may destroy the waiter, though not this watch.
    close_notice_.fire();
  }
}

void IoWatch::on_peer_closed(UniqueFunction<void()> callback) {
  close_notice_.disarm();
  close_notice_.callback = std::move(callback);
  if (peer_closed_ && close_notice_.callback) close_notice_.arm_at(loop_.now());
}

void IoWatch::CloseNotice::fire() {
  // The callback leaves its place first, because it may set another one.
  if (UniqueFunction<void()> call = std::exchange(callback, nullptr)) call();
}

void IoWatch::Side::set_deadline(MonoTime when) {
  deadline_ = when;
  if (waiter == nullptr || deadline_ == MonoTime::max()) return;
  if (!armed() || this->when() > deadline_) arm_at(deadline_);
}

void IoWatch::Side::start_waiting(Awaiter& awaiter) {
  waiter = &awaiter;
  set_deadline(deadline_);
}

void IoWatch::Side::wake() {
  if (Awaiter* woken = std::exchange(waiter, nullptr)) loop().schedule(woken->node_);
}

void IoWatch::Side::on_timer() {
  if (waiter == nullptr || deadline_ == MonoTime::max()) return;
  if (deadline_ > loop().now()) {
    arm_at(deadline_);
    return;
  }
  waiter->timed_out_ = true;
  wake();
}

}  // namespace lapwing::net
