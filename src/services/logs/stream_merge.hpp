// Events of several streams in one order: time, then stream (by its uid), then arrival.
//
//   StreamMerge merge(core.events, group.uid);
//   for (...) merge.add(stream, range, first_ms);
//   LAPWING_CHECK(merge.begin());
//   while (!merge.done()) { ... merge.event() ...; LAPWING_CHECK(merge.pop()); }
//
// A stream is opened once the merge comes to when it begins, and reads ahead its part of what the
// merge may hold. Where single events are larger than that, only the place of a stream's next event
// is kept, and it is opened again when that is reached.
//
// Thread-safety: one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "services/logs/event_log.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/repository.hpp"

namespace lapwing::logs {

class StreamMerge {
 public:
  // `log` outlives it.
  StreamMerge(EventLog& log, std::string group_uid, std::uint64_t held_max = kMergeHeldBytesMax)
      : log_(log), group_uid_(std::move(group_uid)), held_max_(held_max) {}

  // `stream` outlives it; `range` is not backward. Nothing of the stream is older than `from_ms`.
  void add(const Stream& stream, const EventRange& range, std::int64_t from_ms);
  // Once all are added: goes to the first event.
  Status begin();

  bool done() const { return heads_.empty(); }
  const StoredEvent& event() const { return *lanes_[heads_.begin()->lane].event; }
  const Stream& stream() const { return *lanes_[heads_.begin()->lane].stream; }
  Status pop();

  // What was read so far, and what is held of it.
  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t held_bytes() const { return held_; }

 private:
  struct Lane {
    const Stream* stream = nullptr;
    EventRange range;
    std::optional<EventCursor> cursor = {};  // absent: not open
    const StoredEvent* event = nullptr;      // the cursor's next
  };
  // Where a lane's next event is; of one that is not open, it is not before that.
  struct Head {
    Place place;
    const std::string* uid;
    std::size_t lane;
    bool operator<(const Head& other) const;
  };

  // Opens lanes until the first is an event.
  Status settle();
  // Puts the lane where its next event is.
  Status look(std::size_t lane);
  void close(Lane& lane);
  // Closes an open one, and keeps the place.
  void park(const Head& head);

  EventLog& log_;
  const std::string group_uid_;
  const std::uint64_t held_max_;
  ReadAhead ahead_;         // of each lane
  std::deque<Lane> lanes_;  // heads point into its streams
  std::set<Head> heads_;
  std::set<Head> open_;  // of these, the open ones
  std::uint64_t bytes_read_ = 0;
  std::uint64_t held_ = 0;
};

}  // namespace lapwing::logs
