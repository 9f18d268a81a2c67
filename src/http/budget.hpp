// Memory that callers can make the server hold, bounded over all of them and for each: bodies
// that are arriving, payloads of invocations at work, answers on their way, answers that nobody
// reads.
//
//   ByteBudget  a counter with a limit, or a share of one
//   Budget      one with shares for its callers, made when first met and forgotten when unused
//   Charge      what one holder has taken of it; given back when it goes
//   Memory      the budgets of a server, shared by all its listeners
//
// A share has its least, and beyond it as much as the others leave: a caller alone takes up to
// half, two a third each; however many take what they can, another gets some. Sandboxes together
// have such a share, of at least half. Where a caller's functions are told apart (CallerId::part),
// each has one of the caller's.
//
// Thread-safety: any thread; a Charge is one holder's.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "http/caller.hpp"
#include "http/limits.hpp"

namespace lapwing::http {

class ByteBudget {
 public:
  explicit ByteBudget(std::uint64_t limit) : limit_(limit) {}
  // A share of `of`, of `least` at least.
  ByteBudget(std::uint64_t least, std::shared_ptr<ByteBudget> of)
      : limit_(least), of_(std::move(of)) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // What is there already is counted whatever the limit says: ask room() before making more.
  void add(std::uint64_t bytes) {
    for (ByteBudget* each = this; each != nullptr; each = each->of_.get()) {
      each->held_.fetch_add(bytes, std::memory_order_relaxed);
    }
  }
  void give_back(std::uint64_t bytes) {
    for (ByteBudget* each = this; each != nullptr; each = each->of_.get()) {
      each->held_.fetch_sub(bytes, std::memory_order_relaxed);
    }
  }
  // What may be added. `beyond`: what these bytes may exceed the limits by.
  std::uint64_t room(std::uint64_t beyond = 0) const {
    if (of_ == nullptr) return left_of(limit_ + beyond);
    return std::min(of_->room(beyond), left_of(std::max(limit_, of_->room()) + beyond));
  }
  std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }
  std::uint64_t limit() const { return limit_; }
  // One large holder at a time: two that each wait for the other's room would both fail.
  bool take_turn() { return !turn_taken_.exchange(true, std::memory_order_acquire); }
  void end_turn() { turn_taken_.store(false, std::memory_order_release); }

 private:
  std::uint64_t left_of(std::uint64_t most) const { return most - std::min(most, held()); }

  std::atomic<std::uint64_t> held_{0};
  std::atomic<bool> turn_taken_{false};
  const std::uint64_t limit_;
  const std::shared_ptr<ByteBudget> of_;
};

// Holds bytes of a budget or share, and of all that it is a share of.
class Charge {
 public:
  Charge() = default;
  // `whole` outlives it. Counts nothing.
  explicit Charge(ByteBudget& whole) : of_(std::shared_ptr<void>(), &whole) {}
  explicit Charge(std::shared_ptr<ByteBudget> share) : of_(std::move(share)) {}
  Charge(Charge&& other) noexcept { swap(other); }
  Charge& operator=(Charge&& other) noexcept {
    Charge(std::move(other)).swap(*this);
    return *this;
  }
  ~Charge() { release(); }

  bool counts() const { return of_ != nullptr; }
  std::uint64_t bytes() const { return bytes_; }
  // With all others of its share.
  std::uint64_t share_held() const { return of_ == nullptr ? 0 : of_->held(); }
  std::uint64_t room(std::uint64_t beyond = 0) const {
    return of_ == nullptr ? UINT64_MAX : of_->room(beyond);
  }
  bool has_room(std::uint64_t beyond = 0) const { return room(beyond) > 0; }
  void add(std::uint64_t bytes) {
    if (of_ == nullptr) return;
    bytes_ += bytes;
    of_->add(bytes);
  }
  // The turn of the caller's large ones, until release(). True where nothing is counted.
  bool take_turn() {
    if (of_ == nullptr || has_turn_) return true;
    has_turn_ = of_->take_turn();
    return has_turn_;
  }
  void release() {
    if (std::exchange(has_turn_, false)) of_->end_turn();
    if (bytes_ != 0) of_->give_back(std::exchange(bytes_, 0));
  }
  void swap(Charge& other) noexcept {
    std::swap(of_, other.of_);
    std::swap(bytes_, other.bytes_);
    std::swap(has_turn_, other.has_turn_);
  }

 private:
  std::shared_ptr<ByteBudget> of_;
  std::uint64_t bytes_ = 0;
  bool has_turn_ = false;
};

class Budget {
 public:
  // `least_each`: of a caller. `least_part`: of one function a caller calls; 0: they are not told
  // apart.
  Budget(std::uint64_t limit, std::uint64_t least_each, std::uint64_t least_part = 0)
      : least_each_(least_each),
        least_part_(least_part),
        whole_(limit),
        inside_(limit / 2, std::shared_ptr<ByteBudget>(std::shared_ptr<void>(), &whole_)) {}

  std::uint64_t held() const { return whole_.held(); }
  std::uint64_t limit() const { return whole_.limit(); }
  bool has_room() const { return whole_.room() > 0; }
  // Both last no longer than this. Of the whole alone, without a lock:
  Charge charge() { return Charge(whole_); }
  Charge charge(const CallerId& caller);

 private:
  std::shared_ptr<ByteBudget> share(std::uint64_t key, std::uint64_t least,
                                    std::shared_ptr<ByteBudget> of);

  const std::uint64_t least_each_;
  const std::uint64_t least_part_;
  ByteBudget whole_;
  ByteBudget inside_;  // of all sandboxes
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::weak_ptr<ByteBudget>> known_;  // guarded by mutex_
  std::size_t forget_at_ = 64;  // so many known: those without a holder are dropped
};

struct MemoryLimits {
  std::uint64_t bodies = kBodiesInMemoryMax;
  std::uint64_t bodies_each = kBodiesOfCallerMax;
  std::uint64_t stalled = kStalledAnswersMax;
  std::uint64_t stalled_each = kStalledAnswersOfCallerMax;
  std::uint64_t payloads = kPayloadsInMemoryMax;
};

struct Memory {
  explicit Memory(const MemoryLimits& limits = {})
      : bodies(limits.bodies, limits.bodies_each),
        payloads(limits.payloads, std::min(kPayloadsOfCallerMin, limits.payloads)),
        answers(kAnswersInMemoryMax, kAnswersOfCallerMin, kAnswersOfFunctionMin),
        stalled(limits.stalled, limits.stalled_each) {}

  Budget bodies;    // request bodies and long heads, as they arrive and until they are used
  Budget payloads;  // of invocations, while their functions run or wait
  // Answers that did not fit their socket at once, and large replies of functions on their way
  // there: those wait for room, what is there already only counts.
  Budget answers;
  Budget stalled;  // answers among them of which nothing was taken for a while
  std::atomic<std::uint64_t> answers_cut{0};
  std::atomic<std::uint64_t> bodies_refused{0};
};

}  // namespace lapwing::http
