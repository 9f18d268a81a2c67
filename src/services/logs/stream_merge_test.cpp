// Many streams read together, and one of which much is of one moment: in order, once, and holding
// little.
#include "services/logs/stream_merge.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/logs/testing/fixture.hpp"

namespace lapwing::logs {
namespace {

class Merging : public LogsFixture {
 protected:
  struct Seen {
    std::vector<std::string> messages;
    std::uint64_t held = 0;  // at most
  };

  std::string group_uid() { return core_->repository.group(aws::scope_of(call_.caller), "g")->uid; }
  std::vector<Stream> streams(const std::vector<std::string>& names) {
    std::vector<Stream> out;
    for (const std::string& name : names) {
      out.push_back(*core_->repository.stream(group_uid(), name));
    }
    return out;
  }
  Seen all_of(const std::vector<Stream>& streams, std::uint64_t held_max) {
    StreamMerge merge(core_->events, group_uid(), held_max);
    for (const Stream& stream : streams) merge.add(stream, {}, 0);
    Seen out;
    EXPECT_TRUE(merge.begin());
    while (!merge.done()) {
      out.held = std::max(out.held, merge.held_bytes());
      out.messages.emplace_back(merge.event().message);
      EXPECT_TRUE(merge.pop());
    }
    return out;
  }
  std::vector<std::string> all_of(EventRange range, const ReadAhead& ahead, const Stream& stream) {
    EventCursor cursor = core_->events.cursor({group_uid(), stream.uid}, range, ahead);
    std::vector<std::string> out;
    while (true) {
      const Result<const StoredEvent*> event = cursor.peek();
      EXPECT_TRUE(event);
      if (!event || *event == nullptr) return out;
      EXPECT_LE(cursor.held_bytes(), std::max<std::uint64_t>(ahead.held_bytes, 2'000));
      out.emplace_back((*event)->message);
      cursor.pop();
    }
  }
};

// All at once, or nearly: none can be told before all of it was looked at.
TEST_F(Merging, OneMomentOfAStreamIsReadInOrderHoldingLittle) {
  make("g", {"s"});
  std::vector<std::tuple<std::int64_t, int, std::string>> expected;
  for (int i = 0; i < 400; ++i) {
    const std::int64_t time = kNowMs + (i * 37) % 150;
    const std::string message = fmt::format("{:04}{}", i, std::string(600, 'x'));
    ASSERT_TRUE(put("g", "s", {{time, message}}));
    expected.emplace_back(time, i, message);
  }
  std::ranges::sort(expected);
  Messages forward;
  for (const auto& each : expected) forward.push_back(std::get<2>(each));
  const Stream stream = streams({"s"}).front();
  for (const std::uint64_t held : {1U, 10'000U, 50'000U, 8'000'000U}) {
    EXPECT_EQ(all_of({}, {.read_bytes = 4'000, .held_bytes = held}, stream), forward) << held;
    EventRange backward;
    backward.backward = true;
    Messages found = all_of(backward, {.read_bytes = 4'000, .held_bytes = held}, stream);
    std::ranges::reverse(found);
    EXPECT_EQ(found, forward) << held;
  }
}

TEST_F(Merging, ManyStreamsAreReadInOrderHoldingTheirPart) {
  make_group("g");
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back(fmt::format("s{:02}", i));
  for (const std::string& name : names) ASSERT_TRUE(create_log_stream(*core_, call_, {"g", name}));
  const std::vector<Stream> opened = streams(names);
  std::vector<std::tuple<std::int64_t, std::string, int, std::string>> expected;
  for (std::size_t s = 0; s < names.size(); ++s) {
    for (int i = 0; i < 30; ++i) {
      const std::int64_t time = kNowMs + (static_cast<int>(s) * 7 + i * 131) % 1'000;
      const std::string message = fmt::format("{} {} {}", s, i, std::string(900, 'x'));
      ASSERT_TRUE(put("g", names[s], {{time, message}}));
      expected.emplace_back(time, opened[s].uid, i, message);
    }
  }
  std::ranges::sort(expected);
  Messages wanted;
  for (const auto& each : expected) wanted.push_back(std::get<3>(each));
  for (const std::uint64_t held : {0U, 20'000U, 200'000U, 16'000'000U}) {
    const Seen seen = all_of(opened, held);
    EXPECT_EQ(seen.messages, wanted) << held;
    // One is open in any case.
    EXPECT_LE(seen.held, std::max<std::uint64_t>(held, kLaneHeldBytesMin)) << held;
  }
}

// What a page of one event takes of a group whose streams are all of one moment.
TEST_F(Merging, AWideGroupIsReadWithinItsMeasure) {
  make_group("g");
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) names.push_back(fmt::format("s{:02}", i));
  for (const std::string& name : names) {
    ASSERT_TRUE(create_log_stream(*core_, call_, {"g", name}));
    std::vector<std::pair<std::int64_t, std::string>> events;
    for (int i = 0; i < 100; ++i) events.emplace_back(kNowMs + i, std::string(8'000, 'x'));
    ASSERT_TRUE(put("g", name, events));
  }
  const std::vector<Stream> all = streams(names);
  StreamMerge merge(core_->events, group_uid());
  for (const Stream& stream : all) merge.add(stream, {}, kNowMs - kChunkSpanMsMax);
  ASSERT_TRUE(merge.begin());
  EXPECT_LE(merge.held_bytes(), kMergeHeldBytesMax);
}

TEST_F(Merging, StreamsThatBeginLaterAreNotOpenedYet) {
  make("g", {"a", "b", "c"});
  ASSERT_TRUE(put("g", "a", {{kNowMs, "a"}}));
  ASSERT_TRUE(put("g", "b", {{kNowMs + 60'000, std::string(50'000, 'b')}}));
  ASSERT_TRUE(put("g", "c", {{kNowMs + 70'000, std::string(50'000, 'c')}}));
  const std::vector<Stream> all = streams({"a", "b", "c"});
  const auto stats = core_->events.group_stats(group_uid());
  ASSERT_TRUE(stats);
  StreamMerge merge(core_->events, group_uid());
  for (const Stream& stream : all) merge.add(stream, {}, stats->first_ms.at(stream.uid));
  ASSERT_TRUE(merge.begin());
  EXPECT_EQ(merge.event().message, "a");
  EXPECT_LT(merge.bytes_read(), 1'000u);
  Messages seen;
  while (!merge.done()) {
    seen.push_back(merge.stream().name);
    ASSERT_TRUE(merge.pop());
  }
  EXPECT_EQ(seen, (Messages{"a", "b", "c"}));
  EXPECT_EQ(merge.held_bytes(), 0u);
}

}  // namespace
}  // namespace lapwing::logs
