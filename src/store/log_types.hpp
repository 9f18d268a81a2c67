// Values of the Log (log.hpp), apart so that Txn can name them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lapwing::store {

// Strictly increasing within a shard from 1 on, never used again while the shard lives.
// Not dense for readers: trimmed records leave gaps.
using LogSequence = std::uint64_t;

struct LogInput {
  std::int64_t time_ms = 0;  // the caller's own time; need not increase
  std::string data;
};

// One shard's part of an append to several; the caller keeps what it views.
struct LogAppend {
  std::string_view stream;
  std::string_view shard;
  std::span<const LogInput> records;
};

struct LogRecord {
  LogSequence sequence = 0;
  std::int64_t time_ms = 0;
  std::string data;
};

enum class Direction { kForward, kBackward };

// Reading in the order of appending.
struct LogRead {
  std::string stream;
  std::string shard;
  // kForward: records with sequence >= from, oldest first; 1 is the oldest there is.
  // kBackward: records with sequence <= from, newest first; kLatest is the newest.
  LogSequence from = 1;
  Direction direction = Direction::kForward;
  std::size_t max_records = 1000;
  std::size_t max_bytes = 1024 * 1024;  // of data; at least one record is answered

  static constexpr LogSequence kLatest = INT64_MAX;
};

// A place in (time, sequence) order.
struct LogPlace {
  std::int64_t time_ms = 0;
  LogSequence sequence = 0;
  friend auto operator<=>(const LogPlace&, const LogPlace&) = default;
};

// Reading in (time, sequence) order.
struct LogTimeRead {
  std::string stream;
  std::string shard;
  std::int64_t start_ms = INT64_MIN;  // inclusive
  std::int64_t end_ms = INT64_MAX;    // exclusive
  Direction direction = Direction::kForward;
  // Strictly beyond this place in `direction`: the last record of the page before.
  std::optional<LogPlace> beyond = {};
  std::size_t max_records = 1000;
  std::size_t max_bytes = 1024 * 1024;
};

struct LogPage {
  std::vector<LogRecord> records;
  bool more = false;  // the page ended at a limit, not at the end
};

struct ShardInfo {
  std::string shard;
  LogSequence next_sequence = 1;              // of the next record appended
  std::uint64_t records = 0;                  // present now
  std::uint64_t bytes = 0;                    // of their data
  std::optional<std::int64_t> first_time_ms;  // least and greatest time among them
  std::optional<std::int64_t> last_time_ms;
  bool sealed = false;
};

}  // namespace lapwing::store
