// Streams as a source of events: what event source mappings (and pipes) read records from.
// Implemented by services that have streams, each for the ARNs of its own, and used by mappings/.
//
// A stream has shards, whose records are read in their order, any number of times, until they are
// trimmed. A shard that was split or merged is *closed*: it takes no more records, and those that
// came of it name it as a parent. How far they are, readers keep for themselves.
//
// Everything is done as an execution role, as far as roles are asked.
//
// Errors: kNotFound for a stream that is not there, and in read() for a shard that is not; kDenied
// for a role that may not; those of the store. Their code and message are what the stream's service
// answers.
//
// Thread-safety: any thread; tasks stay on the loop they are given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "store/signal.hpp"

namespace lapwing::ports {

// Which stream, and who asks.
struct StreamName {
  std::string arn;
  std::string role_arn;
};

struct StreamShard {
  std::string id;                         // "shardId-000000000000"
  std::vector<std::string> parents = {};  // two of a merge; perhaps not listed any more
  std::string last = {};                  // its newest record's sequence number; empty: it had none
  bool closed = false;
};

struct StreamPosition {
  enum class From : std::uint8_t {
    kHorizon,  // the oldest that is kept
    kTime,     // the first that arrived at `time_ms` or later
    kAfter,    // what stands behind `sequence`
  };
  From from = From::kHorizon;
  std::int64_t time_ms = 0;  // since the epoch
  std::string sequence = {};
};

struct StreamAsk {
  std::string shard;
  StreamPosition position = {};
  std::size_t records_max = 1;
  std::uint64_t bytes_max = UINT64_MAX;  // of their `record`s; one always comes
  bool filterable = false;
};

struct ShardRecord {
  std::string sequence;
  std::string key;              // records of one key are in order
  std::int64_t arrived_ms = 0;  // since the epoch; never less than of the one before
  // As one of the event's "Records": JSON.
  std::string record;
  // The same with data that are JSON as JSON, which filters look at; only where asked for.
  std::string filterable = {};
};

struct ShardBatch {
  std::vector<ShardRecord> records;
  bool more = false;     // there are some behind these now
  bool ended = false;    // the shard is closed, and there is nothing behind these
  bool trimmed = false;  // what stood behind the position is gone: these are the oldest
};

// Keeps a listener told: the shard has something new, was closed, or is gone. Its end waits for a
// call under way.
class StreamWatch {
 public:
  virtual ~StreamWatch() = default;
};

class StreamSource {
 public:
  virtual ~StreamSource() = default;
  // All that are not trimmed as a whole, parents before their children. Blocks on the store.
  virtual Result<std::vector<StreamShard>> describe(const StreamName& stream) const = 0;
  virtual net::Task<Result<std::vector<StreamShard>>> list(net::Loop& loop, StreamName stream) = 0;
  virtual net::Task<Result<ShardBatch>> read(net::Loop& loop, StreamName stream, StreamAsk ask) = 0;
  // Also of a shard that is not there. The listener is called on the store's thread and others.
  virtual std::unique_ptr<StreamWatch> watch(const std::string& arn, const std::string& shard,
                                             store::Listener& listener) = 0;
};

// By the service in the ARN ("kinesis"). Filled before anything is read.
class StreamSources {
 public:
  void add(std::string service, StreamSource& source) { by_service_[std::move(service)] = &source; }
  // Null: there are no such streams here.
  StreamSource* find(std::string_view service) const {
    const auto found = by_service_.find(service);
    return found != by_service_.end() ? found->second : nullptr;
  }

 private:
  std::map<std::string, StreamSource*, std::less<>> by_service_;
};

}  // namespace lapwing::ports
