// The contract of Log (both of an engine's) and BlobStore, for every engine.
#include <thread>

#include "store/testing/engines.hpp"

namespace lapwing::store::testing {
namespace {

class LogContract : public ContractTest {
 protected:
  // Every check runs against both logs of the engine.
  std::vector<Log*> logs() { return {&engine_->log(), &engine_->bulk_log()}; }
  static Result<LogSequence> add(Log& log, std::vector<LogInput> records,
                                 std::string_view shard = "0") {
    return log.append("s", shard, records);
  }
  static std::string data_of(const Result<LogPage>& page) {
    EXPECT_TRUE(succeeded(page));
    std::string out;
    if (page) {
      for (const LogRecord& record : page->records) out += record.data;
    }
    return out;
  }
};

TEST_P(LogContract, ReadsInOrderFromAnywhere) {
  for (Log* log : logs()) {
    EXPECT_EQ(*add(*log, {{10, "a"}, {20, "b"}}), 1u);
    EXPECT_EQ(*add(*log, {{15, "c"}}), 3u);
    EXPECT_EQ(data_of(log->read({"s", "0"})), "abc");
    EXPECT_EQ(data_of(log->read({"s", "0", 2})), "bc");
    EXPECT_EQ(data_of(log->read({"s", "0", 4})), "");
    EXPECT_EQ(data_of(log->read({"s", "0", LogRead::kLatest, Direction::kBackward})), "cba");
    EXPECT_EQ(data_of(log->read({"s", "0", 2, Direction::kBackward})), "ba");
    const auto page = log->read({"s", "0"});
    EXPECT_EQ(page->records[1].sequence, 2u);
    EXPECT_EQ(page->records[1].time_ms, 20);
    EXPECT_FALSE(page->more);
    EXPECT_TRUE(failed_with(log->read({"s", "1"}), ErrorKind::kNotFound));
  }
}

TEST_P(LogContract, SaysHowMuchAStreamHolds) {
  for (Log* log : logs()) {
    EXPECT_EQ(*log->stream_bytes("s"), 0u);
    ASSERT_TRUE(add(*log, {{1, "aaaa"}, {2, "bb"}}));
    ASSERT_TRUE(add(*log, {{3, "c"}}, "1"));
    ASSERT_TRUE(log->append("other", "0", std::vector<LogInput>{{1, "dddddddd"}}));
    EXPECT_EQ(*log->stream_bytes("s"), 7u);
    EXPECT_GE(*log->used_bytes(), 15u);
    ASSERT_TRUE(log->trim_before("s", "0", 2));
    EXPECT_EQ(*log->stream_bytes("s"), 3u);
    ASSERT_TRUE(log->drop_shard("s", "0"));
    EXPECT_EQ(*log->stream_bytes("s"), 1u);
  }
}

TEST_P(LogContract, PagesEndAtTheirLimits) {
  for (Log* log : logs()) {
    ASSERT_TRUE(add(*log, {{1, "aaaa"}, {2, "bbbb"}, {3, "cccc"}}));
    auto page = log->read({"s", "0", 1, Direction::kForward, 2});
    EXPECT_EQ(data_of(page), "aaaabbbb");
    EXPECT_TRUE(page->more);
    page = log->read({"s", "0", 1, Direction::kForward, 10, 9});
    EXPECT_EQ(data_of(page), "aaaabbbb");
    EXPECT_TRUE(page->more);
    page = log->read({"s", "0", 1, Direction::kForward, 10, 1});  // one at least
    EXPECT_EQ(data_of(page), "aaaa");
    EXPECT_FALSE(log->read({"s", "0", 1, Direction::kForward, 3, 12})->more);
    EXPECT_TRUE(failed_with(log->read({"s", "0", 1, Direction::kForward, 0}), ErrorKind::kInvalid));
    EXPECT_TRUE(failed_with(log->read({"s", "0", 1, Direction::kForward, kMaxLogReadRecords + 1}),
                            ErrorKind::kInvalid));
  }
}

TEST_P(LogContract, ReadsByTimeInBothDirections) {
  for (Log* log : logs()) {
    ASSERT_TRUE(add(*log, {{30, "d"}, {10, "a"}, {20, "b"}, {20, "c"}, {-5, "z"}}));
    LogTimeRead read{"s", "0"};
    EXPECT_EQ(data_of(log->read_by_time(read)), "zabcd");
    read.start_ms = 10;
    read.end_ms = 30;
    EXPECT_EQ(data_of(log->read_by_time(read)), "abc");
    read.direction = Direction::kBackward;
    EXPECT_EQ(data_of(log->read_by_time(read)), "cba");
    read = {"s", "0"};
    for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
      read.direction = direction;
      read.beyond.reset();
      read.max_records = 2;
      std::string all;
      for (int guard = 0; guard < 10; ++guard) {
        const auto page = log->read_by_time(read);
        all += data_of(page);
        if (!page->more) break;
        read.beyond = {page->records.back().time_ms, page->records.back().sequence};
      }
      EXPECT_EQ(all, direction == Direction::kForward ? "zabcd" : "dcbaz");
    }
    // A place outside the window is before or behind all of it.
    read = {"s", "0", 10, 30};
    read.beyond = {0, 1};
    EXPECT_EQ(data_of(log->read_by_time(read)), "abc");
    read.beyond = {30, 1};
    EXPECT_EQ(data_of(log->read_by_time(read)), "");
    read.direction = Direction::kBackward;
    read.beyond = {100, 1};
    EXPECT_EQ(data_of(log->read_by_time(read)), "cba");
    read.beyond = {5, 1};
    EXPECT_EQ(data_of(log->read_by_time(read)), "");
    read = {"s", "0", 30, 10};
    EXPECT_EQ(data_of(log->read_by_time(read)), "");
  }
}

TEST_P(LogContract, DescribesStreamsAndShards) {
  for (Log* log : logs()) {
    ASSERT_TRUE(add(*log, {{30, "abc"}, {10, "de"}}, "b"));
    ASSERT_TRUE(add(*log, {}, "a"));
    ASSERT_TRUE(log->append("t", "c", std::vector<LogInput>{{1, "x"}}));
    const auto page = log->shards("s", "");
    ASSERT_TRUE(succeeded(page));
    ASSERT_EQ(page->shards.size(), 2u);
    EXPECT_FALSE(page->more);
    EXPECT_EQ(page->shards[0].shard, "a");
    EXPECT_EQ(page->shards[0].records, 0u);
    EXPECT_EQ(page->shards[0].first_time_ms, std::nullopt);
    const ShardInfo& b = page->shards[1];
    EXPECT_EQ(b.records, 2u);
    EXPECT_EQ(b.bytes, 5u);
    EXPECT_EQ(b.next_sequence, 3u);
    EXPECT_EQ(b.first_time_ms, 10);
    EXPECT_EQ(b.last_time_ms, 30);
    EXPECT_TRUE(log->shards("s", "", 1)->more);
    EXPECT_EQ(log->shards("s", "a")->shards.size(), 1u);
    EXPECT_EQ(*log->streams(""), (std::vector<std::string>{"s", "t"}));
    EXPECT_EQ(*log->streams("s"), (std::vector<std::string>{"t"}));
    EXPECT_EQ(log->streams("", 1)->size(), 1u);
  }
}

TEST_P(LogContract, AppendsExpectWhatTheySay) {
  for (Log* log : logs()) {
    const std::vector<LogInput> one{{1, "a"}};
    EXPECT_TRUE(failed_with(log->append("s", "0", one, 2), ErrorKind::kConflict));
    EXPECT_TRUE(failed_with(log->shard("s", "0"), ErrorKind::kNotFound));
    EXPECT_TRUE(succeeded(log->append("s", "0", one, 1)));
    EXPECT_TRUE(failed_with(log->append("s", "0", one, 1), ErrorKind::kConflict));
    ASSERT_TRUE(log->seal("s", "0"));
    EXPECT_TRUE(failed_with(log->append("s", "0", one), ErrorKind::kConflict));
    EXPECT_TRUE(log->shard("s", "0")->sealed);
    EXPECT_EQ(data_of(log->read({"s", "0"})), "a");
    EXPECT_TRUE(failed_with(log->seal("s", "1"), ErrorKind::kNotFound));
    const MonoTime past = clock_.mono() - std::chrono::milliseconds(1);
    EXPECT_TRUE(failed_with(log->append("s", "9", one, {}, {past, {}}), ErrorKind::kTimeout));
  }
}

TEST_P(LogContract, AppendsToSeveralShardsAllOrNone) {
  for (Log* log : logs()) {
    const std::vector<LogInput> one{{1, "a"}};
    const std::vector<LogInput> two{{2, "b"}, {3, "c"}};
    ASSERT_TRUE(succeeded(log->append_all(std::vector<LogAppend>{
        {"s", "0", one}, {"t", "0", two}, {"s", "1", two}, {"s", "0", two}})));
    EXPECT_EQ(data_of(log->read({"s", "0"})), "abc");
    EXPECT_EQ(data_of(log->read({"s", "1"})), "bc");
    EXPECT_EQ(data_of(log->read({"t", "0"})), "bc");
    EXPECT_EQ(log->shard("s", "0")->next_sequence, 4u);

    ASSERT_TRUE(log->seal("s", "1"));
    EXPECT_TRUE(failed_with(
        log->append_all(std::vector<LogAppend>{{"s", "0", one}, {"u", "0", one}, {"s", "1", one}}),
        ErrorKind::kConflict));
    EXPECT_EQ(data_of(log->read({"s", "0"})), "abc");
    EXPECT_TRUE(failed_with(log->shard("u", "0"), ErrorKind::kNotFound));

    const std::vector<LogInput> many(kMaxAppendRecords / 2 + 1, {1, "x"});
    EXPECT_TRUE(
        failed_with(log->append_all(std::vector<LogAppend>{{"s", "0", many}, {"u", "0", many}}),
                    ErrorKind::kTooLarge));
    EXPECT_TRUE(
        failed_with(log->append_all(std::vector<LogAppend>{{"", "0", one}}), ErrorKind::kInvalid));
    const MonoTime past = clock_.mono() - std::chrono::milliseconds(1);
    EXPECT_TRUE(failed_with(log->append_all(std::vector<LogAppend>{{"s", "0", one}}, {past, {}}),
                            ErrorKind::kTimeout));
    EXPECT_TRUE(succeeded(log->append_all({})));
  }
}

TEST_P(LogContract, RefusesWhatIsBeyondTheLimits) {
  for (Log* log : logs()) {
    EXPECT_TRUE(succeeded(add(*log, {{1, std::string(kMaxLogRecordBytes, 'x')}})));
    EXPECT_EQ(log->read({"s", "0"})->records.at(0).data.size(), kMaxLogRecordBytes);
    EXPECT_TRUE(failed_with(add(*log, {{1, std::string(kMaxLogRecordBytes + 1, 'x')}}),
                            ErrorKind::kTooLarge));
    EXPECT_TRUE(failed_with(add(*log, std::vector<LogInput>(kMaxAppendRecords + 1, {1, ""})),
                            ErrorKind::kTooLarge));
    EXPECT_TRUE(failed_with(
        add(*log, std::vector<LogInput>(kMaxAppendBytes / kMiB + 1, {1, std::string(kMiB, 'x')})),
        ErrorKind::kTooLarge));
    EXPECT_TRUE(failed_with(add(*log, {}, ""), ErrorKind::kInvalid));
    EXPECT_TRUE(
        failed_with(add(*log, {}, std::string(kMaxShardBytes + 1, 's')), ErrorKind::kTooLarge));
    EXPECT_EQ(log->shard("s", "0")->next_sequence, 2u);
  }
}

TEST_P(LogContract, TrimsBySequenceAndByTime) {
  for (Log* log : logs()) {
    std::vector<LogInput> many;
    const auto count = static_cast<std::int64_t>(kLogRemovalStep) + 100;
    for (std::int64_t i = 1; i <= count; ++i) many.push_back({count - i, "x"});
    ASSERT_TRUE(add(*log, many));
    const auto records = static_cast<std::uint64_t>(count);
    EXPECT_EQ(*log->trim_before("s", "0", records - 9), records - 10);  // the last ten stay
    auto info = log->shard("s", "0");
    EXPECT_EQ(info->records, 10u);
    EXPECT_EQ(info->bytes, 10u);
    EXPECT_EQ(info->next_sequence, records + 1);
    EXPECT_EQ(info->last_time_ms, 9);
    EXPECT_EQ(*log->trim_before_time("s", "0", 4), 4u);  // times 9..0: 3, 2, 1, 0 go
    EXPECT_EQ(log->shard("s", "0")->first_time_ms, 4);
    EXPECT_EQ(*log->trim_before_time("s", "0", 100), 6u);
    info = log->shard("s", "0");
    EXPECT_EQ(info->records, 0u);
    EXPECT_EQ(info->bytes, 0u);
    EXPECT_EQ(*add(*log, {{1, "y"}}), records + 1);
    EXPECT_TRUE(failed_with(log->trim_before("s", "1", 1), ErrorKind::kNotFound));
  }
}

TEST_P(LogContract, WhatIsDroppedIsGoneAtOnce) {
  for (Log* log : logs()) {
    ASSERT_TRUE(add(*log, std::vector<LogInput>(kMaxAppendRecords, {1, "x"})));
    ASSERT_TRUE(add(*log, {{1, "kept"}}, "1"));
    ASSERT_TRUE(succeeded(log->drop_shard("s", "0")));
    EXPECT_TRUE(failed_with(log->read({"s", "0"}), ErrorKind::kNotFound));
    EXPECT_TRUE(failed_with(log->drop_shard("s", "0"), ErrorKind::kNotFound));
    EXPECT_EQ(log->shards("s", "")->shards.size(), 1u);
    EXPECT_EQ(*add(*log, {{1, "new"}}), 1u);  // a new shard of the same name
    EXPECT_EQ(data_of(log->read({"s", "0"})), "new");
    ASSERT_TRUE(log->append("t", "0", std::vector<LogInput>{{1, "other"}}));
    ASSERT_TRUE(log->drop_stream("s"));
    EXPECT_TRUE(log->shards("s", "")->shards.empty());
    EXPECT_EQ(*log->streams(""), std::vector<std::string>{"t"});
  }
  if (!GetParam().durable) return;
  reopen();
  for (Log* log : logs()) {
    EXPECT_EQ(*log->streams(""), std::vector<std::string>{"t"});
    EXPECT_EQ(data_of(log->read({"t", "0"})), "other");
  }
}

TEST_P(LogContract, WakesWhoWaits) {
  for (Log* log : logs()) {
    EXPECT_FALSE(*log->wait_for("s", "0", 0, std::chrono::milliseconds(1)));
    std::thread writer([&] { EXPECT_TRUE(add(*log, {{1, "a"}})); });
    EXPECT_TRUE(*log->wait_for("s", "0", 0, std::chrono::seconds(30)));
    writer.join();
    EXPECT_TRUE(*log->wait_for("s", "0", 0, Duration::zero()));
    EXPECT_FALSE(*log->wait_for("s", "0", 1, Duration::zero()));
  }
  std::thread closer([&] { engine_->shut_down(); });
  EXPECT_FALSE(*logs()[1]->wait_for("s", "0", 1, std::chrono::hours(1)));
  closer.join();
}

TEST_P(LogContract, BothLogsAreApart) {
  ASSERT_TRUE(add(engine_->log(), {{1, "one"}}));
  EXPECT_TRUE(failed_with(engine_->bulk_log().read({"s", "0"}), ErrorKind::kNotFound));
}

TEST_P(LogContract, ConcurrentAppendsKeepTheirBatchesWhole) {
  constexpr int kThreads = 4;
  constexpr int kBatches = 20;
  Log& log = engine_->bulk_log();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&log, t] {
      const std::string mark(1, static_cast<char>('a' + t));
      for (int i = 0; i < kBatches; ++i) EXPECT_TRUE(add(log, {{i, mark}, {i, mark}, {i, mark}}));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string all = data_of(log.read({"s", "0"}));
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kThreads * kBatches * 3));
  for (std::size_t i = 0; i < all.size(); i += 3) {
    EXPECT_EQ(all.substr(i, 3), std::string(3, all[i]));
  }
}

LAPWING_CONTRACT_SUITE(LogContract);

class BlobContract : public ContractTest {
 protected:
  BlobStore& blobs() { return engine_->blobs(); }
  BlobId put(std::string_view text) {
    const auto info = blobs().put(as_bytes(text));
    EXPECT_TRUE(succeeded(info));
    return info ? info->id : BlobId{};
  }
};

TEST_P(BlobContract, IsNamedByItsSha256) {
  const auto info = blobs().put(as_bytes("abc"));
  ASSERT_TRUE(succeeded(info));
  EXPECT_EQ(info->size, 3u);
  EXPECT_EQ(info->id.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(*BlobId::from_hex(info->id.hex()), info->id);
  EXPECT_EQ(*blobs().read_all(info->id), "abc");
  EXPECT_TRUE(*blobs().exists(info->id));
  EXPECT_EQ(put("abc"), info->id);
  EXPECT_EQ(*blobs().read_all(put("")), "");
  EXPECT_TRUE(failed_with(BlobId::from_hex("ABC"), ErrorKind::kInvalid));
  EXPECT_TRUE(failed_with(BlobId::from_hex(std::string(64, 'g')), ErrorKind::kInvalid));
}

TEST_P(BlobContract, StreamsInAndOut) {
  const std::string piece(100'000, 'p');
  const auto writer = blobs().begin();
  ASSERT_TRUE(succeeded(writer));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE((*writer)->write(as_bytes(piece)));
  const auto info = (*writer)->finish();
  ASSERT_TRUE(succeeded(info));
  EXPECT_EQ(info->size, 1'000'000u);
  const auto read = [&](std::uint64_t offset, std::uint64_t length) {
    const auto reader = blobs().open(info->id, offset, length);
    EXPECT_TRUE(succeeded(reader));
    std::string out;
    std::array<std::byte, 777> buffer{};
    while (true) {
      const auto got = (*reader)->read(buffer);
      EXPECT_TRUE(succeeded(got));
      if (*got == 0) return out;
      out += as_text(std::span(buffer).first(*got));
    }
  };
  EXPECT_EQ(read(0, UINT64_MAX).size(), 1'000'000u);
  EXPECT_EQ(read(999'990, 100), std::string(10, 'p'));
  EXPECT_EQ(read(5, 1000).size(), 1000u);
  EXPECT_EQ(read(2'000'000, 1), "");
  EXPECT_TRUE(failed_with(blobs().read_all(info->id, 1000), ErrorKind::kTooLarge));
}

TEST_P(BlobContract, WhatIsNotFinishedIsNotThere) {
  {
    const auto writer = blobs().begin();
    ASSERT_TRUE((*writer)->write(as_bytes("abc")));
  }
  BlobId absent = put("other");
  absent.sha256[0] ^= std::byte{1};
  EXPECT_FALSE(*blobs().exists(absent));
  EXPECT_TRUE(failed_with(blobs().open(absent), ErrorKind::kNotFound));
  EXPECT_TRUE(failed_with(blobs().read_all(absent), ErrorKind::kNotFound));
}

TEST_P(BlobContract, SweepsWhatIsOldAndUnmarked) {
  const BlobId marked = put("marked");
  const BlobId old = put("old");
  const BlobId used_again = put("used again");
  clock_.advance(std::chrono::hours(2));
  const BlobId fresh = put("fresh");
  put("used again");
  const auto reader = blobs().open(old);
  const auto swept = blobs().gc({marked}, std::chrono::hours(1));
  ASSERT_TRUE(succeeded(swept));
  EXPECT_EQ(swept->removed, 1u);
  EXPECT_EQ(swept->bytes, 3u);
  EXPECT_FALSE(*blobs().exists(old));
  for (const BlobId& id : {marked, used_again, fresh}) EXPECT_TRUE(*blobs().exists(id));
  std::array<std::byte, 3> buffer{};
  EXPECT_EQ(*(*reader)->read(buffer), 3u);  // who reads it reads on
}

TEST_P(BlobContract, SurvivesARestart) {
  if (!GetParam().durable) GTEST_SKIP() << "this engine keeps nothing";
  const BlobId id = put("abc");
  reopen();
  EXPECT_EQ(*blobs().read_all(id), "abc");
}

LAPWING_CONTRACT_SUITE(BlobContract);

}  // namespace
}  // namespace lapwing::store::testing
