#include "services/logs/stream_merge.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lapwing::logs {

bool StreamMerge::Head::operator<(const Head& other) const {
  return std::tie(place.time_ms, *uid, place.order) <
         std::tie(other.place.time_ms, *other.uid, other.place.order);
}

void StreamMerge::add(const Stream& stream, const EventRange& range, std::int64_t from_ms) {
  lanes_.push_back({.stream = &stream, .range = range});
  heads_.insert(Head{{from_ms, 0}, &stream.uid, lanes_.size() - 1});
}

Status StreamMerge::begin() {
  const std::uint64_t each = held_max_ / std::max<std::size_t>(1, lanes_.size());
  ahead_.held_bytes = std::clamp<std::uint64_t>(each, kLaneHeldBytesMin, ahead_.held_bytes);
  ahead_.read_bytes = std::clamp<std::uint64_t>(each, kChunkBytesMax, ahead_.read_bytes);
  return settle();
}

Status StreamMerge::settle() {
  while (!heads_.empty()) {
    const std::size_t at = heads_.begin()->lane;
    Lane& lane = lanes_[at];
    if (lane.event != nullptr) return {};
    heads_.erase(heads_.begin());
    lane.cursor.emplace(log_.cursor({group_uid_, lane.stream->uid}, lane.range, ahead_));
    LAPWING_CHECK(look(at));
  }
  return {};
}

Status StreamMerge::look(std::size_t at) {
  Lane& lane = lanes_[at];
  const std::uint64_t read_before = lane.cursor->bytes_read();
  const std::uint64_t held_before = lane.cursor->held_bytes();
  LAPWING_TRY(lane.event, lane.cursor->peek());
  bytes_read_ += lane.cursor->bytes_read() - read_before;
  held_ = held_ + lane.cursor->held_bytes() - held_before;
  if (lane.event == nullptr) {
    close(lane);
    return {};
  }
  const Head head{lane.event->place, &lane.stream->uid, at};
  heads_.insert(head);
  open_.insert(head);
  // Those that are needed last.
  while (held_ > held_max_ && open_.size() > 1) park(Head(*open_.rbegin()));
  return {};
}

void StreamMerge::close(Lane& lane) {
  held_ -= lane.cursor->held_bytes();
  lane.cursor.reset();
  lane.event = nullptr;
}

void StreamMerge::park(const Head& head) {
  Lane& lane = lanes_[head.lane];
  // Strictly before its next event, so that this is the first one again.
  lane.range.beyond = Place{head.place.time_ms, head.place.order - 1};
  close(lane);
  open_.erase(head);
}

Status StreamMerge::pop() {
  const std::size_t at = heads_.begin()->lane;
  open_.erase(*heads_.begin());
  heads_.erase(heads_.begin());
  Lane& lane = lanes_[at];
  const std::uint64_t held_before = lane.cursor->held_bytes();
  lane.cursor->pop();
  held_ = held_ + lane.cursor->held_bytes() - held_before;
  lane.event = nullptr;
  LAPWING_CHECK(look(at));
  return settle();
}

}  // namespace lapwing::logs
