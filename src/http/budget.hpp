// Memory that callers can make the server hold, bounded over all of them and for each: bodies
// that are arriving, answers that nobody reads.
//
//   ByteBudget   a counter with a limit
//   CallerShares the same for each caller, made when first met and forgotten when unused
//   Charge       what one holder has taken of both; given back when it goes
//   Memory       the budgets of a server, shared by all its listeners
//
// Thread-safety: ByteBudget and CallerShares from any thread; a Charge is one holder's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "http/limits.hpp"

namespace lapwing::http {

class ByteBudget {
 public:
  explicit ByteBudget(std::uint64_t limit) : limit_(limit) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // What is there already is counted whatever the limit says: ask has_room() before making more.
  void add(std::uint64_t bytes) { held_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(std::uint64_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  // `beyond`: what these bytes may exceed the limit by.
  bool has_room(std::uint64_t beyond = 0) const { return held() < limit_ + beyond; }
  std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }
  std::uint64_t limit() const { return limit_; }
  // One large holder at a time: two that each wait for the other's room would both fail.
  bool take_turn() { return !turn_taken_.exchange(true, std::memory_order_acquire); }
  void end_turn() { turn_taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<std::uint64_t> held_{0};
  std::atomic<bool> turn_taken_{false};
  const std::uint64_t limit_;
};

// Who is charged: an address, a key, a function, hashed. Collisions share a share.
using CallerId = std::uint64_t;

class CallerShares {
 public:
  explicit CallerShares(std::uint64_t limit_each) : limit_each_(limit_each) {}

  std::shared_ptr<ByteBudget> of(CallerId caller);

 private:
  const std::uint64_t limit_each_;
  std::mutex mutex_;
  std::unordered_map<CallerId, std::weak_ptr<ByteBudget>> known_;  // guarded by mutex_
  std::size_t forget_at_ = 64;  // so many known: those without a holder are dropped
};

// Holds bytes of a budget and, where there is one, of a caller's share.
class Charge {
 public:
  Charge() = default;
  Charge(ByteBudget& whole, std::shared_ptr<ByteBudget> share)
      : whole_(&whole), share_(std::move(share)) {}
  Charge(Charge&& other) noexcept { swap(other); }
  Charge& operator=(Charge&& other) noexcept {
    Charge(std::move(other)).swap(*this);
    return *this;
  }
  ~Charge() { release(); }

  bool counts() const { return whole_ != nullptr; }
  std::uint64_t bytes() const { return bytes_; }
  bool has_room(std::uint64_t beyond = 0) const {
    return whole_ == nullptr ||
           (whole_->has_room(beyond) && (share_ == nullptr || share_->has_room(beyond)));
  }
  void add(std::uint64_t bytes) {
    if (whole_ == nullptr) return;
    bytes_ += bytes;
    whole_->add(bytes);
    if (share_) share_->add(bytes);
  }
  // The turn of the caller's large ones, until release(). True where nothing is counted.
  bool take_turn() {
    if (share_ == nullptr || has_turn_) return true;
    has_turn_ = share_->take_turn();
    return has_turn_;
  }
  void release() {
    if (std::exchange(has_turn_, false)) share_->end_turn();
    if (bytes_ == 0) return;
    whole_->give_back(bytes_);
    if (share_) share_->give_back(bytes_);
    bytes_ = 0;
  }
  void swap(Charge& other) noexcept {
    std::swap(whole_, other.whole_);
    std::swap(share_, other.share_);
    std::swap(bytes_, other.bytes_);
    std::swap(has_turn_, other.has_turn_);
  }

 private:
  ByteBudget* whole_ = nullptr;
  std::shared_ptr<ByteBudget> share_;
  std::uint64_t bytes_ = 0;
  bool has_turn_ = false;
};

struct MemoryLimits {
  std::uint64_t bodies = kBodiesInMemoryMax;
  std::uint64_t bodies_each = kBodiesOfCallerMax;
  std::uint64_t stalled = kStalledAnswersMax;
  std::uint64_t stalled_each = kStalledAnswersOfCallerMax;
};

struct Memory {
  explicit Memory(const MemoryLimits& limits = {})
      : bodies(limits.bodies),
        body_shares(limits.bodies_each),
        answers(UINT64_MAX / 2),
        stalled(limits.stalled),
        stalled_shares(limits.stalled_each) {}

  ByteBudget bodies;  // request bodies and long heads, as they arrive and until they are used
  CallerShares body_shares;
  ByteBudget answers;  // those that did not fit their socket at once: counted, not bounded
  ByteBudget stalled;  // those among them of which nothing was taken for a while
  CallerShares stalled_shares;
  std::atomic<std::uint64_t> answers_cut{0};
  std::atomic<std::uint64_t> bodies_refused{0};
};

}  // namespace lapwing::http
