// A place for one invocation, held before it is known what it will be given: who takes something
// from a queue for it knows by then that it can be run.
//
//   std::vector<Reservation> places = co_await dispatcher.hold(here, function, 10, 5s);
//   co_await dispatcher.invoke(here, function, invocation, std::move(places.back()));
//
// It counts as an execution in flight, until it is used, its time is over, or it goes. Used later
// than that, an invocation is admitted as any other. For provisioned environments nothing needs to
// be held.
//
// Thread-safety: a plain value; it may go on any thread, before the loops do.
#pragma once

#include <cstdint>
#include <utility>

#include "net/loop.hpp"

namespace lapwing::engine {

class Shard;

class Reservation {
 public:
  Reservation() = default;
  // `id` 0: there is nothing to give back.
  Reservation(net::Loop& home, Shard& shard, std::uint64_t id)
      : home_(&home), shard_(&shard), id_(id) {}
  Reservation(Reservation&& other) noexcept
      : home_(other.home_), shard_(other.shard_), id_(std::exchange(other.id_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    if (this != &other) {
      give_back();
      home_ = other.home_;
      shard_ = other.shard_;
      id_ = std::exchange(other.id_, 0);
    }
    return *this;
  }
  ~Reservation() { give_back(); }

  // From here on it is the invocation's.
  std::uint64_t use() { return std::exchange(id_, 0); }

 private:
  void give_back() noexcept;

  net::Loop* home_ = nullptr;
  Shard* shard_ = nullptr;
  std::uint64_t id_ = 0;
};

}  // namespace lapwing::engine
