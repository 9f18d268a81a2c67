// Admission: how many executions may be in flight.
//
//   Account   one account in one region: what functions without a reservation share
//   Load      one function, all its versions: what it runs now, and its rates
//   Ticket    one execution in flight; given back on destruction
//
// A function with reserved concurrency has that for itself; it never touches the account's
// share. Executions on provisioned environments were paid for when those were allocated and
// are always admitted; what the provisioned environments of a function leave of its
// reservation is for the others.
//
// The way of an invocation takes no lock: a function's Load is found once, with its pools,
// and knows its Account.
//
// Thread-safety: Account and Admission any thread; Load and its tickets one loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "engine/limits.hpp"
#include "engine/stats.hpp"
#include "engine/token_bucket.hpp"

namespace lapwing::engine {

class Account {
 public:
  explicit Account(std::uint32_t unreserved) : unreserved_(unreserved) {}

  // `about_to_leave` of those in flight have answered already.
  bool enter(std::uint32_t about_to_leave) {
    const std::uint32_t limit = unreserved_.load(std::memory_order_relaxed) + about_to_leave;
    if (in_flight_.fetch_add(1, std::memory_order_relaxed) < limit) return true;
    leave();
    return false;
  }
  void leave() { in_flight_.fetch_sub(1, std::memory_order_relaxed); }
  void set_unreserved(std::uint32_t limit) { unreserved_.store(limit, std::memory_order_relaxed); }
  std::uint32_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> unreserved_;
  std::atomic<std::uint32_t> in_flight_{0};
};

class Admission {
 public:
  explicit Admission(std::uint32_t account_concurrency) : limit_(account_concurrency) {}

  // The same one for as long as somebody holds it.
  std::shared_ptr<Account> account(const AccountId& account, const Region& region);
  // What reservations and provisioned concurrency leave of the account's limit.
  void set_unreserved(const AccountId& account, const Region& region, std::uint32_t limit);
  // Those that are remembered: no more than twice those that run something or have less than the
  // whole limit, and a few.
  std::size_t accounts() const;

 private:
  struct Entry {
    std::weak_ptr<Account> running;
    std::uint32_t unreserved;

    bool needed(std::uint32_t limit) const { return unreserved != limit || !running.expired(); }
  };
  // Under mutex_.
  Entry& entry(const AccountId& account, const Region& region);

  static constexpr std::size_t kAccountsMin = 64;

  std::uint32_t limit_;
  mutable std::mutex mutex_;
  std::map<std::pair<AccountId, Region>, Entry> accounts_;
  std::size_t accounts_max_ = kAccountsMin;  // those that nobody needs go where there are as many
};

struct Load {
  std::shared_ptr<Account> account;
  ShardStats* stats = nullptr;
  std::optional<std::uint32_t> reserved;
  std::uint32_t provisioned = 0;  // allocated, all versions
  std::uint32_t on_demand_in_flight = 0;
  std::uint32_t provisioned_in_flight = 0;
  TokenBucket requests;
  TokenBucket scaling;

  std::uint32_t in_flight() const { return on_demand_in_flight + provisioned_in_flight; }
};

class Ticket {
 public:
  enum class Kind { kProvisioned, kReserved, kUnreserved };

  Ticket() = default;
  Ticket(Load& load, Kind kind);
  Ticket(Ticket&& other) noexcept
      : load_(std::exchange(other.load_, nullptr)), kind_(other.kind_) {}
  Ticket& operator=(Ticket&& other) noexcept {
    if (this != &other) {
      release();
      load_ = std::exchange(other.load_, nullptr);
      kind_ = other.kind_;
    }
    return *this;
  }
  ~Ticket() { release(); }
  Kind kind() const { return kind_; }

 private:
  void release();

  Load* load_ = nullptr;
  Kind kind_ = Kind::kUnreserved;
};

// A place for an execution on demand. `about_to_leave` of the function's executions have
// answered already and count no more.
std::expected<Ticket, Throttle> admit_on_demand(Load& load, std::uint32_t about_to_leave);
// Whether the function's reservation allows one more request in this second.
bool admit_request(Load& load, const EngineOptions& options, MonoTime now);

// TooManyRequestsException with the Reason AWS gives. AWS sends no Retry-After with these.
Error throttled(Throttle reason);

}  // namespace lapwing::engine
