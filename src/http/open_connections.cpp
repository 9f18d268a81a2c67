#include "http/open_connections.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "http/limits.hpp"

namespace lapwing::http {

void OpenConnection::has_asked() {
  asked_ = true;
  if (list_ != nullptr) list_->has_asked(*this);
}

OpenConnections::Membership::Membership(OpenConnections& list, OpenConnection& connection,
                                        const ConnectionPlace& place)
    : list_(list), connection_(connection) {
  connection.list_ = &list;
  connection.place_ = &place;
  list.all_.push_back(&connection);
  connection.at_ = list.all_.size() - 1;
  list.swap(connection, *list.all_[list.unasked_++]);
}

void OpenConnections::put(OpenConnection& connection, std::size_t at) {
  all_[at] = &connection;
  connection.at_ = at;
}

void OpenConnections::swap(OpenConnection& one, OpenConnection& other) {
  const std::size_t at = one.at_;
  put(one, other.at_);
  put(other, at);
}

void OpenConnections::has_asked(OpenConnection& connection) {
  if (std::exchange(connection.leaves_, false)) --leaving_;
  swap(connection, *all_[--unasked_]);
}

void OpenConnections::remove(OpenConnection& connection) {
  if (!connection.asked_) has_asked(connection);
  swap(connection, *all_.back());
  all_.pop_back();
  connection.list_ = nullptr;
}

namespace {

// The order of being closed.
struct Cost {
  Idleness idleness;
  std::size_t others;  // fewer, the more its caller has
  bool kept;
  MonoTime since;

  bool operator<(const Cost& other) const {
    return std::tie(idleness, others, kept, since) <
           std::tie(other.idleness, other.others, other.kept, other.since);
  }
};

// Nothing: not to be closed.
std::optional<Cost> cost_of(const Waiting& waiting, std::size_t of_caller, bool has_many) {
  Cost cost{waiting.idleness, SIZE_MAX - of_caller, waiting.idleness == Idleness::kKept,
            waiting.since};
  if (cost.idleness == Idleness::kYoung && !has_many) return std::nullopt;
  if (cost.kept && has_many) cost.idleness = Idleness::kYoung;
  if (cost.idleness == Idleness::kDrips) {
    cost.idleness = has_many ? Idleness::kLong : Idleness::kAtWork;
  }
  return cost;
}

}  // namespace

OpenConnection* OpenConnections::close_cheapest(std::size_t many) {
  OpenConnection* found = nullptr;
  std::optional<Cost> least;
  const auto look = [&](std::size_t first, std::size_t count, std::size_t& from) {
    const std::size_t looks = std::min(count, kIdleLooks);
    for (std::size_t i = 0; i < looks; ++i) {
      OpenConnection* one = all_[first + (from + i) % count];
      if (one->leaves_) continue;
      const std::optional<Waiting> waiting = one->waiting();
      if (!waiting) continue;
      const std::size_t of_caller = one->place_->of_caller();
      const std::optional<Cost> cost = cost_of(*waiting, of_caller, of_caller > many);
      if (!cost || (least && !(*cost < *least))) continue;
      least = cost;
      found = one;
    }
    from += looks;
  };
  if (leaving_ < unasked_) look(0, unasked_, look_unasked_);
  look(unasked_, all_.size() - unasked_, look_asked_);
  if (found == nullptr || (least->kept && leaving_ > 0)) return nullptr;
  if (!found->asked_) {
    found->leaves_ = true;
    ++leaving_;
  }
  found->close_now();
  return found;
}

}  // namespace lapwing::http
