#include "services/logs/event_log.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "services/logs/limits.hpp"

namespace lapwing::logs {
namespace {

// A chunk's events are numbered within its sequence: an event takes at least
// kEventBytes = 8 bytes, so a chunk of at most 1 MiB and 64 KiB has fewer than 2^20.
constexpr unsigned kOrderShift = 20;

}  // namespace

std::uint64_t first_order(store::LogSequence sequence) { return sequence << kOrderShift; }

std::string event_id(const Place& place, std::string_view stream_uid) {
  std::uint64_t stream = 0;
  std::from_chars(stream_uid.data(), stream_uid.data() + stream_uid.size(), stream, 16);
  return fmt::format("{:016}{:020}{:020}", place.time_ms, place.order, stream);
}

Result<const StoredEvent*> EventCursor::peek() {
  while (ready_.empty() && !exhausted_) LAPWING_CHECK(fill());
  return ready_.empty() ? nullptr : &ready_.front();
}

Status EventCursor::fill() {
  store::LogTimeRead read;
  read.stream = target_.group_uid;
  read.shard = target_.stream_uid;
  read.start_ms = range_.start_ms;
  read.end_ms = range_.end_ms;
  // A chunk is filed under its newest event: those that reach into the range from behind
  // its end are at most one span away.
  if (read.end_ms < INT64_MAX - kChunkSpanMsMax) read.end_ms += kChunkSpanMsMax;
  if (range_.beyond && !range_.backward)
    read.start_ms = std::max(read.start_ms, range_.beyond->time_ms);
  if (range_.beyond && range_.backward)
    read.end_ms = std::min(read.end_ms, range_.beyond->time_ms + kChunkSpanMsMax + 1);
  read.direction = range_.backward ? store::Direction::kBackward : store::Direction::kForward;
  read.beyond = at_;
  read.max_bytes = ahead_.read_bytes;
  LAPWING_TRY(store::LogPage page, or_empty(log_->read_by_time(read)));
  std::int64_t newest = 0;
  for (store::LogRecord& record : page.records) {
    newest = record.time_ms;
    at_ = store::LogPlace{record.time_ms, record.sequence};
    LAPWING_CHECK(take_record(record));
  }
  exhausted_ = !page.more;
  release(newest);
  if (held_ > ahead_.held_bytes) forget();
  return {};
}

Status EventCursor::take_record(store::LogRecord& record) {
  bytes_read_ += record.data.size();
  const auto chunk = std::make_shared<const std::string>(std::move(record.data));
  LAPWING_TRY(const ChunkHeader header, read_chunk_header(*chunk));
  if (header.ingestion_ms < range_.ingested_from_ms) return {};
  LAPWING_TRY(const std::vector<ChunkEvent> events, read_chunk(*chunk));
  std::uint64_t order = first_order(record.sequence);
  for (const ChunkEvent& event : events) {
    const Place place{event.time_ms, ++order};
    if (event.time_ms < range_.start_ms || event.time_ms >= range_.end_ms) continue;
    if (range_.beyond && (range_.backward ? place >= *range_.beyond : place <= *range_.beyond))
      continue;
    if (until_ && (range_.backward ? place < *until_ : place > *until_)) continue;
    fresh_.push_back({place, header.ingestion_ms, event.message, chunk});
    held_ += size_of(fresh_.back());
  }
  return {};
}

// Hands on what no unread chunk can come before. `last_newest_ms` is the filing time of the
// last chunk read: those to come are filed later, so hold nothing older than it less the
// span; going backward they hold nothing newer than it.
void EventCursor::release(std::int64_t last_newest_ms) {
  const auto before = [this](const StoredEvent& a, const StoredEvent& b) {
    return range_.backward ? a.place > b.place : a.place < b.place;
  };
  // Mostly what was read now simply follows what waits.
  if (!std::is_sorted(fresh_.begin(), fresh_.end(), before))
    std::sort(fresh_.begin(), fresh_.end(), before);
  const bool follows =
      waiting_.empty() || fresh_.empty() || !before(fresh_.front(), waiting_.back());
  std::move(fresh_.begin(), fresh_.end(), std::back_inserter(waiting_));
  fresh_.clear();
  if (!follows) std::sort(waiting_.begin(), waiting_.end(), before);
  auto end = waiting_.end();
  if (!exhausted_) {
    end = std::partition_point(waiting_.begin(), waiting_.end(), [&](const StoredEvent& event) {
      return range_.backward ? event.place.time_ms > last_newest_ms
                             : event.place.time_ms < last_newest_ms - kChunkSpanMsMax;
    });
  }
  std::move(waiting_.begin(), end, std::back_inserter(ready_));
  waiting_.erase(waiting_.begin(), end);
  // The last one was up to where something was forgotten: what comes now is read again.
  if (until_ && waiting_.empty()) go_back_to(*std::exchange(until_, std::nullopt));
}

// Events of one moment wait for each other, and there may be more of them than are to be held.
void EventCursor::forget() {
  if (!ready_.empty()) {
    waiting_.clear();
    until_.reset();
    return go_back_to(keep_first(ready_, ahead_.held_bytes));
  }
  // There is room then for some to come that are before these.
  until_ = keep_first(waiting_, ahead_.held_bytes / 2);
}

Place EventCursor::keep_first(std::deque<StoredEvent>& events, std::uint64_t most) {
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  std::size_t text = 0;
  do {
    bytes += size_of(events[count]);
    text += events[count].message.size();
    ++count;
  } while (count < events.size() && bytes + size_of(events[count]) <= most);
  events.erase(events.begin() + static_cast<std::ptrdiff_t>(count), events.end());
  const auto kept = std::make_shared<std::string>();
  kept->reserve(text);
  for (StoredEvent& event : events) {
    const std::size_t at = kept->size();
    kept->append(event.message);
    event.message = std::string_view(*kept).substr(at, event.message.size());
    event.chunk = kept;
  }
  held_ = bytes;
  return events.back().place;
}

void EventCursor::go_back_to(const Place& place) {
  range_.beyond = place;
  at_.reset();
  exhausted_ = false;
}

Status EventLog::append(const StreamTarget& target, std::span<const store::LogInput> chunks) {
  while (!chunks.empty()) {
    std::size_t count = 0;
    std::size_t bytes = 0;
    while (count < chunks.size() && count < store::kMaxAppendRecords &&
           bytes + chunks[count].data.size() <= store::kMaxAppendBytes)
      bytes += chunks[count++].data.size();
    LAPWING_CHECK(log_->append(target.group_uid, target.stream_uid, chunks.first(count)));
    chunks = chunks.subspan(count);
  }
  return {};
}

Status EventLog::append_all(std::span<const StreamChunks> parts) {
  std::vector<store::LogAppend> appends;
  appends.reserve(parts.size());
  for (const StreamChunks& part : parts) {
    appends.push_back({part.target->group_uid, part.target->stream_uid, part.chunks});
  }
  return log_->append_all(appends);
}

Result<StreamStats> EventLog::stats(const StreamTarget& target) {
  LAPWING_TRY(const store::ShardInfo info,
              or_empty(log_->shard(target.group_uid, target.stream_uid)));
  StreamStats stats;
  stats.bytes = info.bytes;
  stats.last_ms = info.last_time_ms;
  if (!info.last_time_ms) return stats;
  EventCursor oldest = cursor(target, {});
  LAPWING_TRY(const StoredEvent* first, oldest.peek());
  if (first != nullptr) stats.first_ms = first->place.time_ms;
  store::LogRead newest;
  newest.stream = target.group_uid;
  newest.shard = target.stream_uid;
  newest.from = store::LogRead::kLatest;
  newest.direction = store::Direction::kBackward;
  newest.max_records = 1;
  LAPWING_TRY(const store::LogPage page, or_empty(log_->read(newest)));
  if (!page.records.empty()) {
    LAPWING_TRY(const ChunkHeader header, read_chunk_header(page.records.front().data));
    stats.ingestion_ms = header.ingestion_ms;
  }
  return stats;
}

Result<EventLog::GroupStats> EventLog::group_stats(const std::string& group_uid) {
  GroupStats stats;
  std::string after;
  while (true) {
    LAPWING_TRY(const store::ShardPage page, or_empty(log_->shards(group_uid, after)));
    for (const store::ShardInfo& info : page.shards) {
      after = info.shard;
      stats.bytes += info.bytes;
      if (info.last_time_ms) stats.last_ms[info.shard] = *info.last_time_ms;
      // Of the chunks' newest events.
      if (info.first_time_ms) stats.first_ms[info.shard] = *info.first_time_ms - kChunkSpanMsMax;
    }
    if (!page.more) return stats;
  }
}

Result<std::uint64_t> EventLog::expire(const std::string& group_uid, std::int64_t cutoff_ms) {
  std::uint64_t removed = 0;
  std::string after;
  while (true) {
    LAPWING_TRY(const store::ShardPage page, or_empty(log_->shards(group_uid, after)));
    for (const store::ShardInfo& info : page.shards) {
      after = info.shard;
      if (!info.first_time_ms || *info.first_time_ms >= cutoff_ms) continue;
      LAPWING_TRY(const std::uint64_t count,
                  or_empty(log_->trim_before_time(group_uid, info.shard, cutoff_ms)));
      removed += count;
    }
    if (!page.more) return removed;
  }
}

// Chunks of a stream are appended as they come in.
Result<store::LogSequence> EventLog::first_ingested(const std::string& group_uid,
                                                    const std::string& shard,
                                                    std::int64_t cutoff_ms) {
  store::LogRead read;
  read.stream = group_uid;
  read.shard = shard;
  read.max_bytes = kReadAheadBytes;
  while (true) {
    LAPWING_TRY(const store::LogPage page, or_empty(log_->read(read)));
    for (const store::LogRecord& record : page.records) {
      LAPWING_TRY(const ChunkHeader header, read_chunk_header(record.data));
      if (header.ingestion_ms >= cutoff_ms) return record.sequence;
      read.from = record.sequence + 1;
    }
    if (!page.more || page.records.empty()) return read.from;
  }
}

Result<std::uint64_t> EventLog::expire_ingested(const std::string& group_uid,
                                                std::int64_t cutoff_ms) {
  std::uint64_t removed = 0;
  std::string after;
  while (true) {
    LAPWING_TRY(const store::ShardPage page, or_empty(log_->shards(group_uid, after)));
    for (const store::ShardInfo& info : page.shards) {
      after = info.shard;
      LAPWING_TRY(const store::LogSequence first, first_ingested(group_uid, info.shard, cutoff_ms));
      LAPWING_TRY(const std::uint64_t count,
                  or_empty(log_->trim_before(group_uid, info.shard, first)));
      removed += count;
    }
    if (!page.more) return removed;
  }
}

Status EventLog::drop(const std::string& mark) {
  const std::size_t slash = mark.find('/');
  Status dropped = slash == std::string::npos
                       ? log_->drop_stream(mark)
                       : log_->drop_shard(mark.substr(0, slash), mark.substr(slash + 1));
  if (!dropped && dropped.error().kind() == ErrorKind::kNotFound) return {};
  return dropped;
}

}  // namespace lapwing::logs
