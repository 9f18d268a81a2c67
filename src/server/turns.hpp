// One at a time may work on what is large; the others wait their turn. Callers take turns among
// each other, and what one caller has asked comes in order.
//
// Thread-safety: any thread. It outlives the turns it gives.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <stop_token>
#include <utility>

#include "net/sync.hpp"
#include "net/task.hpp"

namespace lapwing::server {

class Turns {
 public:
  // Given back when it goes.
  class Turn {
   public:
    Turn() = default;
    Turn(Turn&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Turn& operator=(Turn&& other) noexcept {
      if (Turns* before = std::exchange(of_, std::exchange(other.of_, nullptr))) before->end();
      return *this;
    }
    ~Turn() {
      if (of_ != nullptr) of_->end();
    }
    explicit operator bool() const { return of_ != nullptr; }

   private:
    friend class Turns;
    explicit Turn(Turns& of) : of_(&of) {}
    Turns* of_ = nullptr;
  };

  // Without a turn (false) when `gone` is triggered first. A task that is destroyed gives up its
  // place.
  net::Task<Turn> take(net::Loop& loop, std::uint64_t caller, std::stop_token gone);
  std::size_t waiting() const;

 private:
  struct Waiter {
    std::uint64_t caller;
    std::uint64_t round;
    net::OneShotSender<Turn> turn;
  };
  using Place = std::list<Waiter>;

  // With mutex_ held.
  std::uint64_t next_round(std::uint64_t caller) const;
  void end();
  // Takes the waiter out, if it waits still.
  void leave(const Waiter* waiter);

  mutable std::mutex mutex_;
  // All guarded by mutex_.
  bool taken_ = false;
  std::uint64_t caller_ = 0;  // whose turn it is or was
  std::uint64_t round_ = 0;   // and its round: a caller is at work once in each
  Place waiting_;             // by round, and in each as they came
};

}  // namespace lapwing::server
