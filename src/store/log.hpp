// Log: ordered shards of opaque records with a time, kept until trimmed, read any number of
// times. A stream is a name holding shards; both come into being with the first append.
// Positions of readers are the reader's to keep (in a record).
//
// An engine has two: Engine::log(), which takes part in transactions and is as durable as
// records, and Engine::bulk_log() for volume (function output), in its own file with its
// own writer, whose acknowledged records survive kill -9 but, on power loss, perhaps not
// the last moments. Commits of one never wait behind the other.
//
// Splitting and merging: seal() the parents and write to new shards; which parent covers
// which hash keys is for the service's own records.
//
// Thread-safety: any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/log_types.hpp"
#include "store/signal.hpp"
#include "store/store.hpp"

namespace lapwing::store {

struct ShardPage {
  std::vector<ShardInfo> shards;  // by name, bytewise
  bool more = false;
};

class Log {
 public:
  virtual ~Log() = default;

  // All or none; answers the first one's sequence, the others follow it one by one. With
  // `expected_next` set, kConflict unless it is the sequence the first would get. kConflict
  // on a sealed shard. An empty batch creates the shard.
  virtual Result<LogSequence> append(std::string_view stream, std::string_view shard,
                                     std::span<const LogInput> records,
                                     std::optional<LogSequence> expected_next = {},
                                     const TransactOptions& options = {}) = 0;

  // The same to several shards in one commit: all or none. The limits of a call hold for the
  // sum.
  virtual Status append_all(std::span<const LogAppend> parts,
                            const TransactOptions& options = {}) = 0;

  // A shard that does not exist reads as kNotFound.
  virtual Result<LogPage> read(const LogRead& read) = 0;
  virtual Result<LogPage> read_by_time(const LogTimeRead& read) = 0;
  virtual Result<ShardInfo> shard(std::string_view stream, std::string_view shard) = 0;
  virtual Result<ShardPage> shards(std::string_view stream, std::string_view after,
                                   std::size_t limit = kMaxShardPage) = 0;
  // Names of streams that have shards, by name, after `after`.
  virtual Result<std::vector<std::string>> streams(std::string_view after,
                                                   std::size_t limit = kMaxShardPage) = 0;

  // Both work in steps of kLogRemovalStep records, letting other writers in between, and
  // answer how many records went. What is appended meanwhile is not touched.
  virtual Result<std::uint64_t> trim_before(std::string_view stream, std::string_view shard,
                                            LogSequence sequence) = 0;
  virtual Result<std::uint64_t> trim_before_time(std::string_view stream, std::string_view shard,
                                                 std::int64_t time_ms) = 0;
  // No more appends; reading goes on.
  virtual Status seal(std::string_view stream, std::string_view shard) = 0;
  // Gone at once for every reader and after a restart; space is taken back in the
  // background. A later append starts a new shard from sequence 1.
  virtual Status drop_shard(std::string_view stream, std::string_view shard) = 0;
  virtual Status drop_stream(std::string_view stream) = 0;

  // Of the data of a stream's records.
  virtual Result<std::uint64_t> stream_bytes(std::string_view stream) = 0;
  // What all streams take of the disk, records about to be taken back included: of the bulk log,
  // whose file has nothing else. What a space takes in all is Space::used_bytes().
  virtual Result<std::uint64_t> used_bytes() = 0;

  // Waits until the shard has a record with a sequence > `after` (also one that does not
  // exist yet); answers false when `timeout` passed first.
  virtual Result<bool> wait_for(std::string_view stream, std::string_view shard, LogSequence after,
                                Duration timeout) = 0;
  // Called after commits that appended, to whatever stream.
  virtual Subscription subscribe(Listener& listener) = 0;
};

}  // namespace lapwing::store
