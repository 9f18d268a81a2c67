#include "services/logs/sink.hpp"

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/testing/fixture.hpp"

namespace lapwing::logs {
namespace {

using lapwing::testing::eventually;

class Sink : public LogsFixture {
 protected:
  static std::vector<ports::LogEvent> lines(std::int64_t time_ms, std::vector<std::string> texts) {
    std::vector<ports::LogEvent> events;
    for (std::string& text : texts) events.push_back({wall_from_unix_ms(time_ms), std::move(text)});
    return events;
  }
  // Every message of a stream, page by page.
  Messages read_all(const std::string& group, const std::string& stream) {
    Messages all;
    model::GetLogEventsRequest in;
    in.start_from_head = true;
    while (true) {
      const auto page = get(group, stream, in);
      if (!page || page->events->empty()) return all;
      const Messages part = messages(*page);
      all.insert(all.end(), part.begin(), part.end());
      in.next_token = page->next_forward_token;
    }
  }
};

TEST_F(Sink, MakesGroupAndStreamAndIsVisibleAtOnce) {
  core_->sink.append(ref("/aws/lambda/f", "s"), lines(kNowMs, {"START", "hello", ""}));
  EXPECT_GT(core_->sink.backlog_bytes(), 0u);
  EXPECT_EQ(messages(*get("/aws/lambda/f", "s")), (Messages{"START\n", "hello\n", "\n"}));
  EXPECT_EQ(core_->sink.backlog_bytes(), 0u);
  core_->sink.append(ref("/aws/lambda/f", "s"), lines(kNowMs, {"END"}));
  EXPECT_EQ(filter("/aws/lambda/f")->events->size(), 4u);
  core_->sink.append(ref("/aws/lambda/f", "t"), lines(kNowMs, {"other"}));
  model::DescribeLogStreamsRequest in;
  in.log_group_name = "/aws/lambda/f";
  EXPECT_EQ(describe_log_streams(*core_, call_, in)->log_streams->size(), 2u);
}

TEST_F(Sink, UsesGroupsThatAreThere) {
  make("g", {"s"});
  ASSERT_TRUE(put_retention_policy(*core_, call_, {"g", 7}));
  core_->sink.append(ref("g", "s"), lines(kNowMs, {"x"}));
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"x\n"}));
  EXPECT_EQ(core_->repository.group(scope_of(call_.caller), "g")->retention_days, 7);
}

TEST_F(Sink, TheWriterThreadWritesWithoutAReader) {
  core_->sink.start();
  core_->sink.append(ref("g", "s"), lines(kNowMs, {"x"}));
  ASSERT_TRUE(eventually([&] { return core_->sink.backlog_bytes() == 0; }));
  EXPECT_EQ(engine_->bulk_log().streams("")->size(), 1u);
  core_->sink.append(ref("g", "s"), lines(kNowMs, {"last words"}));
  core_->sink.stop();
  EXPECT_EQ(core_->sink.backlog_bytes(), 0u);
  restart();
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"x\n", "last words\n"}));
}

TEST_F(Sink, WritesAnewWhatIsAppendedAfterADeletion) {
  core_->sink.append(ref("g", "s"), lines(kNowMs, {"before"}));
  ASSERT_TRUE(core_->sink.flush_all());
  ASSERT_TRUE(delete_log_group(*core_, call_, {"g"}));
  core_->sink.append(ref("g", "s"), lines(kNowMs, {"after"}));
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"after\n"}));
  ASSERT_TRUE(delete_log_stream(*core_, call_, {"g", "s"}));
  core_->sink.append(ref("g", "s"), lines(kNowMs, {"again"}));
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"again\n"}));
}

TEST_F(Sink, LongLinesKeepTheirLength) {
  const std::string longest(ports::kLogEventBytesMax, 'x');
  core_->sink.append(ref("g", "s"), lines(kNowMs, {longest, "y"}));
  EXPECT_EQ(messages(*get("g", "s")), (Messages{longest, "y\n"}));
}

TEST_F(Sink, DropsWhatNoStreamCanTakeAndGoesOn) {
  core_->sink.append(ref("g", std::string(4000, 's')), lines(kNowMs, {"x"}));
  core_->sink.append(ref("g", "s"), lines(kNowMs, {"y"}));
  EXPECT_TRUE(core_->sink.flush_all());
  EXPECT_EQ(core_->sink.backlog_bytes(), 0u);
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"y\n"}));
}

TEST_F(Sink, WritesManyStreamsInOneCommit) {
  for (int i = 0; i < 100; ++i) {
    core_->sink.append(ref("g", fmt::format("s{}", i)), lines(kNowMs, {fmt::format("{}", i)}));
  }
  core_->sink.append(ref("g", std::string(4000, 's')), lines(kNowMs, {"can never be"}));
  core_->sink.start();
  ASSERT_TRUE(eventually([&] { return core_->sink.backlog_bytes() == 0; }));
  EXPECT_EQ(disk_.commits_of_several, 1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(messages(*get("g", fmt::format("s{}", i))), (Messages{fmt::format("{}\n", i)}));
  }
}

TEST_F(Sink, ManyStreamsGatherLonger) {
  core_->sink.start();
  const auto time_for = [this](std::size_t streams) {
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < streams; ++i) {
      core_->sink.append(ref("g", fmt::format("s{}", i)), lines(kNowMs, {"x"}));
    }
    EXPECT_TRUE(eventually([&] { return core_->sink.backlog_bytes() == 0; }));
    return std::chrono::steady_clock::now() - begun;
  };
  EXPECT_GE(time_for(1), kFlushAfter);
  EXPECT_GE(time_for(kManyStreams), kFlushManyAfter);
}

TEST_F(Sink, ForgetsStreamsThatNobodyWritesTo) {
  core_->sink.start();
  const auto held = core_->sink.open(ref("g", "s8"));
  held->append(lines(kNowMs, {"first"}));
  for (int i = 0; i < 100; ++i) {
    if (i != 8) core_->sink.append(ref("g", fmt::format("s{}", i)), lines(kNowMs, {"first"}));
  }
  ASSERT_TRUE(eventually([&] { return core_->sink.backlog_bytes() == 0; }));
  EXPECT_EQ(core_->sink.streams(), 100u);
  clock_.advance(kStreamIdleAfter + kIdleStreamsLookEvery);
  core_->sink.append(ref("g", "new"), lines(kNowMs, {"x"}));
  ASSERT_TRUE(eventually([&] { return core_->sink.streams() == 1; }));
  core_->sink.append(ref("g", "s7"), lines(kNowMs, {"again"}));
  EXPECT_EQ(messages(*get("g", "s7")), (Messages{"first\n", "again\n"}));
  held->append(lines(kNowMs, {"still open"}));
  core_->sink.append(ref("g", "s8"), lines(kNowMs, {"by name"}));
  held->append(lines(kNowMs, {"in order"}));
  EXPECT_EQ(messages(*get("g", "s8")),
            (Messages{"first\n", "still open\n", "by name\n", "in order\n"}));
}

TEST_F(Sink, KeepsEverythingWhileTheDiskRefusesAndWritesItInOrderAfterwards) {
  core_->sink.append(ref("g", "s"), lines(kNowMs, {"before"}));
  ASSERT_TRUE(core_->sink.flush_all());
  disk_.refuse = true;
  core_->sink.append(ref("g", "s"), lines(kNowMs, {"one"}));
  EXPECT_FALSE(core_->sink.flush_all());
  EXPECT_GT(core_->sink.backlog_bytes(), 0u);
  core_->sink.append(ref("g", "s"), lines(kNowMs, {"two"}));
  // What is on disk can be read all the same; the API says that it cannot write.
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"before\n"}));
  EXPECT_EQ(error_of(put("g", "s", {{kNowMs, "x"}})),
            "ServiceUnavailableException: The service cannot complete the request.");
  core_->sink.start();
  ASSERT_TRUE(eventually([&] { return disk_.refused >= 5; }));  // the writer has tried, too
  EXPECT_EQ(captured_.count("not written yet"), 1U);
  clock_.advance(kFailureSaidEvery);
  EXPECT_TRUE(eventually([&] { return captured_.count("not written yet") == 2; }));
  disk_.refuse = false;
  ASSERT_TRUE(eventually([&] { return core_->sink.backlog_bytes() == 0; }));
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"before\n", "one\n", "two\n"}));
}

// Many producers, one reader polling by token, the writer thread between: each line once, in
// its producer's order.
TEST_F(Sink, ProducersAndReadersAtOnceLoseAndRepeatNothing) {
  constexpr int kProducers = 4;
  constexpr int kLines = 2000;
  core_->sink.start();
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kLines; ++i)
        core_->sink.append(ref("g", "s"), lines(kNowMs, {fmt::format("{}:{}", p, i)}));
    });
  }
  Messages seen;
  model::GetLogEventsRequest in;
  in.start_from_head = true;
  while (seen.size() < std::size_t{kProducers} * kLines) {
    const auto page = get("g", "s", in);
    if (!page) continue;  // not made yet
    const Messages part = messages(*page);
    seen.insert(seen.end(), part.begin(), part.end());
    in.next_token = page->next_forward_token;
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(read_all("g", "s"), seen);
  std::array<int, kProducers> next{};
  for (const std::string& line : seen) {
    const auto p = static_cast<std::size_t>(line[0] - '0');
    EXPECT_EQ(line, fmt::format("{}:{}\n", p, next[p]++));
  }
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), seen.size());
}

// A hundred megabytes on one stream: nothing lost, and a line printed on another meanwhile
// does not wait for the flood's end.
TEST_F(Sink, AFloodDelaysNobodyAndLosesNothing) {
  constexpr std::size_t kLine = 100;
  constexpr std::size_t kLines = 1'000'000;
  constexpr std::size_t kBatch = 1000;
  core_->sink.start();
  std::atomic<bool> flooding = true;
  std::thread flood([&] {
    const std::string line(kLine - 1, 'x');
    for (std::size_t sent = 0; sent < kLines; sent += kBatch) {
      while (core_->sink.backlog_bytes() > core_->sink.backlog_limit_bytes())
        std::this_thread::yield();
      const auto time_ms = kNowMs + static_cast<std::int64_t>(sent / kBatch);
      core_->sink.append(ref("g", "flood"), lines(time_ms, std::vector(kBatch, line)));
    }
    flooding = false;
  });
  int rounds = 0;
  Duration worst{};
  while (flooding) {
    const auto begin = std::chrono::steady_clock::now();
    core_->sink.append(ref("g", "quiet"), lines(kNowMs, {"line"}));
    const auto page = get("g", "quiet");
    ASSERT_TRUE(page);
    EXPECT_EQ(page->events->size(), static_cast<std::size_t>(++rounds));
    worst = std::max<Duration>(worst, std::chrono::steady_clock::now() - begin);
  }
  flood.join();
  EXPECT_GT(rounds, 0);
  EXPECT_LT(worst, std::chrono::seconds(1));
  ASSERT_TRUE(core_->sink.flush_all());
  std::size_t count = 0;
  auto cursor = core_->events.cursor(
      core_->repository.ensure_streams({{scope_of(call_.caller), "g", "flood"}}, 0)->front(), {});
  while (true) {
    const auto event = cursor.peek();
    ASSERT_TRUE(event);
    if (*event == nullptr) break;
    ++count;
    cursor.pop();
  }
  EXPECT_EQ(count, kLines);
}

}  // namespace
}  // namespace lapwing::logs
