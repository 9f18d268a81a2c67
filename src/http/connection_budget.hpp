// How many connections the server has open, over all its listeners: the API's, and in every
// sandbox those of the Runtime API and of the API inside. Each holds a descriptor, so the limit is
// also what keeps descriptors for everything else.
//
// Sandboxes together get half of all, and one of them no more than a quarter of what is then still
// free: however many take what they can, another gets some. A few each are always granted, as a
// runtime without a connection cannot work.
//
// Thread-safety: any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "http/budget.hpp"
#include "http/limits.hpp"

namespace lapwing::http {

class ConnectionBudget {
 public:
  explicit ConnectionBudget(std::size_t max) : max_(max), callers_(max, 0) {}

  // A place among the open connections, given back when it goes.
  class Place;

  // Of the API, from that network (network_of()). No place (false) at the limit.
  Place open(std::uint64_t network = 0);
  // Of one sandbox, which counts its own in `own`; `own_max` is its limit.
  Place open_inside(const std::shared_ptr<std::atomic<std::size_t>>& own, std::size_t own_max);

  std::size_t open_count() const { return clients_.load() + inside_.load(); }
  std::size_t inside_count() const { return inside_.load(); }
  std::size_t max() const { return max_; }

 private:
  bool room_for_client() const {
    const std::size_t clients = clients_.load(std::memory_order_relaxed);
    return clients < max_ / 2 || clients + inside_.load(std::memory_order_relaxed) < max_;
  }

  const std::size_t max_;
  std::atomic<std::size_t> clients_{0};
  std::atomic<std::size_t> inside_{0};
  Budget callers_;  // of clients: only counts, for the choice of whose is closed
};

class ConnectionBudget::Place {
 public:
  Place() = default;
  Place(Place&& other) noexcept { swap(other); }
  Place& operator=(Place&& other) noexcept {
    Place(std::move(other)).swap(*this);
    return *this;
  }
  ~Place() {
    if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_relaxed);
    if (own_) own_->fetch_sub(1, std::memory_order_relaxed);
  }
  explicit operator bool() const { return count_ != nullptr; }
  // How many its caller has, this one included.
  std::size_t of_caller() const { return caller_.share_held(); }

 private:
  friend class ConnectionBudget;
  explicit Place(std::atomic<std::size_t>& count,
                 std::shared_ptr<std::atomic<std::size_t>> own = nullptr)
      : count_(&count), own_(std::move(own)) {
    count_->fetch_add(1, std::memory_order_relaxed);
    if (own_) own_->fetch_add(1, std::memory_order_relaxed);
  }
  void swap(Place& other) noexcept {
    std::swap(count_, other.count_);
    std::swap(own_, other.own_);
    caller_.swap(other.caller_);
  }
  std::atomic<std::size_t>* count_ = nullptr;
  std::shared_ptr<std::atomic<std::size_t>> own_;
  Charge caller_;
};

using ConnectionPlace = ConnectionBudget::Place;

inline ConnectionPlace ConnectionBudget::open(std::uint64_t network) {
  if (!room_for_client()) return Place();
  Place place(clients_);
  place.caller_ = callers_.charge(CallerId{.hash = network});
  place.caller_.add(1);
  return place;
}

inline ConnectionPlace ConnectionBudget::open_inside(
    const std::shared_ptr<std::atomic<std::size_t>>& own, std::size_t own_max) {
  const std::size_t mine = own->load(std::memory_order_relaxed);
  const std::size_t inside = inside_.load(std::memory_order_relaxed);
  const std::size_t all =
      std::min(max_ / 2, max_ - std::min(max_, clients_.load(std::memory_order_relaxed)));
  const std::size_t free = all - std::min(all, inside);
  const bool fair = mine < std::max(kConnectionsAlwaysGranted, free / 4);
  return mine < own_max && fair ? Place(inside_, own) : Place();
}

}  // namespace lapwing::http
