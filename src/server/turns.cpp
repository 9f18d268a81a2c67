#include "server/turns.hpp"

#include <algorithm>

namespace lapwing::server {

net::Task<Turns::Turn> Turns::take(net::Loop& loop, std::uint64_t caller, std::stop_token gone) {
  if (gone.stop_requested()) co_return Turn();
  auto [sender, receiver] = net::one_shot<Turn>(loop);
  Place place;
  const Waiter* self = &place.emplace_back(caller, 0, std::move(sender));
  {
    const std::lock_guard lock(mutex_);
    if (!taken_) {
      taken_ = true;
      caller_ = caller;
      co_return Turn(*this);
    }
    place.front().round = next_round(caller);
    const auto before = std::ranges::find_if(
        waiting_, [&](const Waiter& other) { return other.round > self->round; });
    waiting_.splice(before, place);
  }
  struct Leave {
    Turns& turns;
    const Waiter* self;
    ~Leave() { turns.leave(self); }
  } leave{*this, self};
  const std::stop_callback on_gone(std::move(gone), [this, self] { this->leave(self); });
  Result<Turn> turn = co_await receiver;
  co_return turn ? *std::move(turn) : Turn();
}

std::size_t Turns::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

// After the last that this caller has, and not before the round that is at work.
std::uint64_t Turns::next_round(std::uint64_t caller) const {
  std::uint64_t round = caller == caller_ ? round_ + 1 : round_;
  for (const Waiter& other : waiting_) {
    if (other.caller == caller) round = std::max(round, other.round + 1);
  }
  return round;
}

void Turns::end() {
  Place next;
  {
    const std::lock_guard lock(mutex_);
    taken_ = !waiting_.empty();
    if (!taken_) return;
    next.splice(next.begin(), waiting_, waiting_.begin());
    caller_ = next.front().caller;
    round_ = next.front().round;
  }
  // Where nobody takes it any more, this ends it.
  next.front().turn.send(Turn(*this));
}

void Turns::leave(const Waiter* waiter) {
  Place left;
  const std::lock_guard lock(mutex_);
  const auto found =
      std::ranges::find_if(waiting_, [&](const Waiter& other) { return &other == waiter; });
  if (found != waiting_.end()) left.splice(left.begin(), waiting_, found);
}

}  // namespace lapwing::server
