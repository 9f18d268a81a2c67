// Events of streams over store::Log: a group is a log stream there, a stream one of its
// shards, a chunk (chunk.hpp) one record.
//
// Every event has a place: its time, then the order of arrival within its stream. Places
// never change and never repeat, so page tokens and event ids are made of them.
//
// Thread-safety: EventLog any thread; a cursor one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "services/logs/chunk.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/repository.hpp"
#include "store/log.hpp"

namespace lapwing::logs {

// Of the store's log: what does not exist (yet) holds nothing.
template <class T>
Result<T> or_empty(Result<T> result) {
  if (!result && result.error().kind() == ErrorKind::kNotFound) return T{};
  return result;
}

struct Place {
  std::int64_t time_ms = 0;
  std::uint64_t order = 0;  // of arrival in the stream; 0 is before all
  friend auto operator<=>(const Place&, const Place&) = default;
};

// Before the orders of a chunk's events, which follow one by one.
std::uint64_t first_order(store::LogSequence sequence);
// Unique in the group forever: places never repeat within a stream's uid.
std::string event_id(const Place& place, std::string_view stream_uid);

struct StoredEvent {
  Place place;
  std::int64_t ingestion_ms = 0;
  std::string_view message;  // kept alive by `chunk`
  std::shared_ptr<const std::string> chunk;
};

// Which events of one stream a cursor yields, and in which direction.
struct EventRange {
  std::int64_t start_ms = 0;          // inclusive
  std::int64_t end_ms = INT64_MAX;    // exclusive
  std::int64_t ingested_from_ms = 0;  // inclusive
  bool backward = false;
  std::optional<Place> beyond;  // strictly after it, or before it going backward
};

// Chunks are read until so much has come, one at least. What is then more than may be held is
// forgotten, but for the next event, and read again when its turn comes.
struct ReadAhead {
  std::uint64_t read_bytes = kReadAheadBytes;
  std::uint64_t held_bytes = kStreamHeldBytesMax;
};

// Yields events in order of their places, reading ahead little.
class EventCursor {
 public:
  EventCursor(store::Log& log, StreamTarget target, EventRange range, const ReadAhead& ahead)
      : log_(&log), target_(std::move(target)), range_(range), ahead_(ahead) {}

  // The next event, or nullptr at the end. Valid until pop().
  Result<const StoredEvent*> peek();
  void pop() {
    held_ -= size_of(ready_.front());
    ready_.pop_front();
  }
  std::uint64_t bytes_read() const { return bytes_read_; }
  // Of events that were read and not popped.
  std::uint64_t held_bytes() const { return held_; }

 private:
  Status fill();
  Status take_record(store::LogRecord& record);
  void release(std::int64_t last_newest_ms);
  void forget();
  // Keeps the first of these, up to so many bytes, but one at least, and nothing of their chunks;
  // answers the place of the last.
  Place keep_first(std::deque<StoredEvent>& events, std::uint64_t most);
  // From behind this place on as if nothing had been read.
  void go_back_to(const Place& place);
  static std::uint64_t size_of(const StoredEvent& event) {
    return sizeof(StoredEvent) + event.message.size();
  }

  store::Log* log_;
  StreamTarget target_;
  EventRange range_;
  ReadAhead ahead_;
  std::deque<StoredEvent> ready_;    // in order, none can come before
  std::deque<StoredEvent> waiting_;  // in order, but an unread chunk may hold an earlier one
  std::vector<StoredEvent> fresh_;   // of the page being read
  std::optional<store::LogPlace> at_;
  std::optional<Place> until_;  // what is behind it was forgotten
  bool exhausted_ = false;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t held_ = 0;
};

struct StreamStats {
  std::optional<std::int64_t> first_ms;
  std::optional<std::int64_t> last_ms;
  std::optional<std::int64_t> ingestion_ms;  // of the newest chunk
  std::uint64_t bytes = 0;
};

class EventLog {
 public:
  explicit EventLog(store::Log& log) : log_(&log) {}

  store::Log& log() { return *log_; }

  // Returns when they are on disk.
  Status append(const StreamTarget& target, std::span<const store::LogInput> chunks);

  // The same for several streams in one commit, all or none; within the limits of the store's
  // Log for one call.
  struct StreamChunks {
    const StreamTarget* target = nullptr;
    std::span<const store::LogInput> chunks;
  };
  Status append_all(std::span<const StreamChunks> parts);

  EventCursor cursor(const StreamTarget& target, const EventRange& range,
                     const ReadAhead& ahead = {}) {
    return EventCursor(*log_, target, range, ahead);
  }
  Result<StreamStats> stats(const StreamTarget& target);
  // Of every stream of a group that has any events, by stream uid: the time of the newest, and
  // one that no event is older than; and the bytes they hold together.
  struct GroupStats {
    std::map<std::string, std::int64_t> last_ms;
    std::map<std::string, std::int64_t> first_ms;
    std::uint64_t bytes = 0;
  };
  Result<GroupStats> group_stats(const std::string& group_uid);

  Result<std::uint64_t> group_bytes(const std::string& group_uid) {
    return log_->stream_bytes(group_uid);
  }
  // Of all groups, on disk.
  Result<std::uint64_t> used_bytes() { return log_->used_bytes(); }

  // Removes chunks whose newest event is older than `cutoff_ms`.
  Result<std::uint64_t> expire(const std::string& group_uid, std::int64_t cutoff_ms);
  // Removes chunks that came before `cutoff_ms`.
  Result<std::uint64_t> expire_ingested(const std::string& group_uid, std::int64_t cutoff_ms);
  // `mark` as Repository::dropped() gives it.
  Status drop(const std::string& mark);

 private:
  // Where what was ingested at or after `cutoff_ms` begins; nothing where all came before.
  Result<store::LogSequence> first_ingested(const std::string& group_uid, const std::string& shard,
                                            std::int64_t cutoff_ms);

  store::Log* log_;
};

}  // namespace lapwing::logs
