// Pollers of streams alone, in a unit test: a stream in memory, a consumer that does what it is
// told, checkpoints in a memory store, a clock that stands still, a loop that runs.
//
//   StreamStage stage;
//   stage.put("a");
//   stage.start({.batch_size = 10});
//   stage.settle();
//   EXPECT_EQ(stage.consumer->batches(), ...);
//   stage.restart();                              // the same store under new pollers
//
// Thread-safety: one thread; source and consumer are called on a loop.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mappings/checkpoint.hpp"
#include "mappings/testing/memory_streams.hpp"
#include "mappings/testing/poll_bench.hpp"

namespace lapwing::mappings::testing {

inline constexpr char kStream[] = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
inline constexpr char kShard[] = "shardId-000000000000";

// Keeps what it is given, as an outbox would.
class NotedGivenUp final : public GivenUpSink {
 public:
  Status tell(store::Txn& txn, const GivenUpNotice& notice) override;
  std::vector<GivenUpNotice> all() const;

 private:
  mutable std::mutex mutex_;
  std::vector<GivenUpNotice> all_;
};

class StreamStage {
 public:
  explicit StreamStage(int shards = 1);
  ~StreamStage();

  void put(const std::string& data, const std::string& key = "k",
           const std::string& shard = kShard) {
    streams.put(kStream, shard, key, data);
  }
  void put_all(const Ids& data, const std::string& key = "k", const std::string& shard = kShard);
  void start(StreamMapping mapping, const std::string& id = "m");
  void stop(const std::string& id = "m");
  void restart();
  void advance(Duration by) { EXPECT_TRUE(time_->advance(by)); }
  void settle() { advance(Duration::zero()); }
  std::vector<Ids> batches() const { return consumer->batches(); }
  Ids seen() const;  // of all batches
  const PollerCounts& counts() const { return pollers->counts(); }
  std::optional<Checkpoint> checkpoint(const std::string& shard = kShard);
  store::Store& store() { return (*engine->space("lambda"))->store(); }

  ManualClock clock;
  SystemClock real;
  SeededRandom random{7};
  std::unique_ptr<store::Engine> engine;
  MemoryStreams streams{clock};
  std::shared_ptr<ScriptedConsumer> consumer = std::make_shared<ScriptedConsumer>();
  NotedGivenUp given_up;
  NotedMetrics metrics;
  lapwing::testing::CapturedLog log;
  std::unique_ptr<Pollers> pollers;

 private:
  void begin();
  void end();

  Logger logger_{log, real, LogLevel::kWarn};
  std::unique_ptr<background::Runner> runner_;
  std::unique_ptr<net::LoopGroup> loops_;
  std::unique_ptr<hosting::ManualTime> time_;
};

}  // namespace lapwing::mappings::testing
