// Streams in memory, for tests: they split, merge, trim, and fail when told.
//
//   MemoryStreams streams(clock);
//   streams.create("arn:aws:kinesis:us-east-1:000000000000:stream/s", 2);
//   streams.put(arn, "shardId-000000000000", "key", "data");
//   auto [left, right] = streams.split(arn, "shardId-000000000000");
//
// Records look as those of Kinesis, but their data is text as it is, not base64.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "ports/stream_source.hpp"

namespace lapwing::mappings::testing {

class MemoryStreams final : public ports::StreamSource {
 public:
  explicit MemoryStreams(const Clock& clock) : clock_(clock) {}

  Result<std::vector<ports::StreamShard>> describe(const ports::StreamName& stream) const override;
  net::Task<Result<std::vector<ports::StreamShard>>> list(net::Loop& loop,
                                                          ports::StreamName stream) override;
  net::Task<Result<ports::ShardBatch>> read(net::Loop& loop, ports::StreamName stream,
                                            ports::StreamAsk ask) override;
  std::unique_ptr<ports::StreamWatch> watch(const std::string& arn, const std::string& shard,
                                            store::Listener& listener) override;

  void create(const std::string& arn, int shards = 1);
  void remove(const std::string& arn);
  // Answers its sequence number.
  std::string put(const std::string& arn, const std::string& shard, const std::string& key,
                  const std::string& data);
  std::pair<std::string, std::string> split(const std::string& arn, const std::string& shard);
  std::string merge(const std::string& arn, const std::string& one, const std::string& other);
  void close(const std::string& arn, const std::string& shard);
  // All up to and with this one.
  void trim(const std::string& arn, const std::string& shard, const std::string& sequence);
  // As if all of it had been trimmed long ago; who watches it is told.
  void drop(const std::string& arn, const std::string& shard);
  // Reads and lists answer this.
  void refuse(std::optional<Error> error);
  // Lists alone.
  void refuse_lists(std::optional<Error> error);
  int reads() const;
  int lists() const;
  // The most records that a read has asked for.
  std::size_t most_asked() const;

 private:
  struct Record {
    std::string sequence;
    std::string key;
    std::int64_t arrived_ms = 0;
    std::string data;
  };
  struct Shard {
    ports::StreamShard facts;
    std::vector<Record> records;
    std::string trimmed;  // the last that is gone
  };
  struct Stream {
    std::vector<Shard> shards;
  };
  class Watch;

  Shard* find(const std::string& arn, const std::string& shard);
  std::string add_shard(Stream& stream, std::vector<std::string> parents);
  Result<ports::ShardBatch> read_now(const ports::StreamName& stream, const ports::StreamAsk& ask);
  void tell(const std::string& arn, const std::string& shard);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Stream> streams_;
  std::map<std::string, std::unique_ptr<store::Signal>> signals_;  // by ARN and shard
  std::optional<Error> error_;
  std::optional<Error> list_error_;
  std::uint64_t next_sequence_ = 1;
  int next_shard_ = 0;
  int reads_ = 0;
  int lists_ = 0;
  std::size_t most_asked_ = 0;
};

}  // namespace lapwing::mappings::testing
