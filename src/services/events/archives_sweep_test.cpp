// What is swept of archives, while others are made.
#include <atomic>

#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "services/events/archives.hpp"
#include "services/events/intake.hpp"
#include "store/memory/memory_engine.hpp"

namespace lapwing::events {
namespace {

// Calls `meanwhile` before it lists its streams for the first time; the rest goes to the one below.
class BusyLog final : public store::Log {
 public:
  explicit BusyLog(store::Log& below) : below_(below) {}

  UniqueFunction<void()> meanwhile;
  std::atomic<int> listed = 0;

  Result<std::vector<std::string>> streams(std::string_view after, std::size_t limit) override {
    if (listed++ == 0) meanwhile();
    return below_.streams(after, limit);
  }
  Result<store::LogSequence> append(std::string_view stream, std::string_view shard,
                                    std::span<const store::LogInput> records,
                                    std::optional<store::LogSequence> expected_next,
                                    const store::TransactOptions& options) override {
    return below_.append(stream, shard, records, expected_next, options);
  }
  Status append_all(std::span<const store::LogAppend> parts,
                    const store::TransactOptions& options) override {
    return below_.append_all(parts, options);
  }
  Result<store::LogPage> read(const store::LogRead& read) override { return below_.read(read); }
  Result<store::LogPage> read_by_time(const store::LogTimeRead& read) override {
    return below_.read_by_time(read);
  }
  Result<store::ShardInfo> shard(std::string_view stream, std::string_view name) override {
    return below_.shard(stream, name);
  }
  Result<store::ShardPage> shards(std::string_view stream, std::string_view after,
                                  std::size_t limit) override {
    return below_.shards(stream, after, limit);
  }
  Result<std::uint64_t> trim_before(std::string_view stream, std::string_view shard,
                                    store::LogSequence sequence) override {
    return below_.trim_before(stream, shard, sequence);
  }
  Result<std::uint64_t> trim_before_time(std::string_view stream, std::string_view shard,
                                         std::int64_t time_ms) override {
    return below_.trim_before_time(stream, shard, time_ms);
  }
  Status seal(std::string_view stream, std::string_view shard) override {
    return below_.seal(stream, shard);
  }
  Status drop_shard(std::string_view stream, std::string_view shard) override {
    return below_.drop_shard(stream, shard);
  }
  Status drop_stream(std::string_view stream) override { return below_.drop_stream(stream); }
  Result<std::uint64_t> stream_bytes(std::string_view stream) override {
    return below_.stream_bytes(stream);
  }
  Result<std::uint64_t> used_bytes() override { return below_.used_bytes(); }
  Result<bool> wait_for(std::string_view stream, std::string_view shard, store::LogSequence after,
                        Duration timeout) override {
    return below_.wait_for(stream, shard, after, timeout);
  }
  store::Subscription subscribe(store::Listener& listener) override {
    return below_.subscribe(listener);
  }

 private:
  store::Log& below_;
};

ArchivePtr archive(std::string id) {
  auto out = std::make_shared<Archive>();
  out->scope = {AccountId("000000000000"), Region("us-east-1")};
  out->name = out->id = std::move(id);
  return out;
}

TEST(ArchiveSweep, LeavesWhatIsMadeMeanwhile) {
  ManualClock clock;
  const auto engine = store::make_memory_engine(clock);
  Shelf<ArchiveTable> shelf(engine->store());
  ASSERT_TRUE(shelf.load());
  BusyLog log(engine->log());
  const auto write = [&](const Archive& to) {
    const std::vector<store::LogInput> one{{.time_ms = 1, .data = "event"}};
    EXPECT_TRUE(engine->log().append(to.stream(), kArchiveShard, one));
  };
  const ArchivePtr deleted = archive("deleted");
  const ArchivePtr made = archive("made");
  write(*deleted);
  log.meanwhile = [&] {
    EXPECT_TRUE(
        shelf.change(made->key(), [&](const ArchivePtr&) -> Result<ArchivePtr> { return made; }));
    write(*made);
  };
  Archives archives(clock, log, shelf);
  background::Runner runner(clock, null_logger(), {});
  archives.begin(runner);
  runner.start();
  EXPECT_TRUE(lapwing::testing::eventually([&] { return log.listed >= 2; }));
  archives.stop();
  runner.stop();
  EXPECT_EQ(archives.facts(*deleted)->events, 0);
  EXPECT_EQ(archives.facts(*made)->events, 1);
}

}  // namespace
}  // namespace lapwing::events
