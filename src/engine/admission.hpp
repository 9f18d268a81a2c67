// Admission: how many executions an account may have in flight in a region.
//
// Thread-safety: any thread. A Ticket may be released on another thread than it was taken.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace lapwing::engine {

class Admission {
 public:
  explicit Admission(std::uint32_t account_concurrency) : limit_(account_concurrency) {}

  // One execution in flight; given back on destruction.
  class Ticket {
   public:
    Ticket() = default;
    explicit Ticket(std::atomic<std::uint32_t>* in_flight) : in_flight_(in_flight) {}
    Ticket(Ticket&& other) noexcept : in_flight_(std::exchange(other.in_flight_, nullptr)) {}
    Ticket& operator=(Ticket&& other) noexcept {
      if (this != &other) {
        release();
        in_flight_ = std::exchange(other.in_flight_, nullptr);
      }
      return *this;
    }
    ~Ticket() { release(); }

   private:
    void release() {
      if (in_flight_ != nullptr) in_flight_->fetch_sub(1, std::memory_order_relaxed);
      in_flight_ = nullptr;
    }
    std::atomic<std::uint32_t>* in_flight_ = nullptr;
  };

  // kThrottled, as AWS's TooManyRequestsException, at the limit.
  Result<Ticket> enter(const AccountId& account, const Region& region);

  std::uint32_t in_flight(const AccountId& account, const Region& region) const;

 private:
  using Key = std::pair<AccountId, Region>;

  std::uint32_t limit_;
  mutable std::mutex mutex_;
  // Nodes stay where they are, so tickets may point at them; an entry an account that was
  // seen once is a few bytes.
  std::map<Key, std::unique_ptr<std::atomic<std::uint32_t>>> counters_;
};

// TooManyRequestsException with the Reason AWS gives.
Error throttled(std::string_view reason);

}  // namespace lapwing::engine
