#include <set>

#include <gtest/gtest.h>

#include "services/logs/limits.hpp"
#include "services/logs/testing/fixture.hpp"

namespace lapwing::logs {
namespace {

class Filter : public LogsFixture {};

TEST_F(Filter, InterleavesStreamsByTime) {
  make("g", {"a", "b"});
  ASSERT_TRUE(put("g", "a", {{kNowMs, "a0"}, {kNowMs + 20, "a1"}}));
  ASSERT_TRUE(put("g", "b", {{kNowMs + 10, "b0"}, {kNowMs + 30, "b1"}}));
  const auto found = filter("g");
  ASSERT_TRUE(found);
  EXPECT_EQ(messages(*found), (Messages{"a0", "b0", "a1", "b1"}));
  EXPECT_EQ(found->events->at(1).log_stream_name, "b");
  EXPECT_EQ(found->events->at(1).timestamp, kNowMs + 10);
  EXPECT_EQ(found->events->at(1).ingestion_time, kNowMs);
  EXPECT_FALSE(found->next_token);
  EXPECT_TRUE(found->searched_log_streams->empty());
}

TEST_F(Filter, SelectsStreams) {
  make("g", {"a1", "a2", "b"});
  for (const char* stream : {"a1", "a2", "b"}) ASSERT_TRUE(put("g", stream, {{kNowMs, stream}}));
  model::FilterLogEventsRequest in;
  in.log_stream_names = {"b", "a1", "b"};
  auto found = messages(*filter("g", in));
  EXPECT_EQ(std::set(found.begin(), found.end()), (std::set<std::string>{"a1", "b"}));
  EXPECT_EQ(found.size(), 2u);
  in.log_stream_name_prefix = "a";
  EXPECT_EQ(error_of(filter("g", in)),
            "InvalidParameterException: logStreamNames and logStreamNamePrefix are mutually "
            "exclusive parameters.");
  in.log_stream_names.reset();
  found = messages(*filter("g", in));
  EXPECT_EQ(std::set(found.begin(), found.end()), (std::set<std::string>{"a1", "a2"}));
  in = {};
  in.log_stream_names = {"none"};
  EXPECT_EQ(error_of(filter("g", in)), kNoStream);
  EXPECT_EQ(error_of(filter("none")), kNoGroup);
}

TEST_F(Filter, AppliesPatternsAndRefusesBadOnes) {
  make("g", {"s"});
  ASSERT_TRUE(put("g", "s",
                  {{kNowMs, "[ERROR] disk"},
                   {kNowMs + 1, "{\"level\":\"error\",\"n\":5}"},
                   {kNowMs + 2, "[INFO] ok"}}));
  model::FilterLogEventsRequest in;
  in.filter_pattern = "ERROR";
  EXPECT_EQ(messages(*filter("g", in)), (Messages{"[ERROR] disk"}));
  in.filter_pattern = "{ $.level = \"error\" && $.n > 4 }";
  EXPECT_EQ(messages(*filter("g", in)).size(), 1u);
  in.filter_pattern = "{ $.level";
  EXPECT_FALSE(filter("g", in));
  in.filter_pattern = "{ $.level ! 3 }";
  EXPECT_EQ(error_of(filter("g", in)), "InvalidParameterException: Invalid filter pattern");
  in = {};
  in.start_from_head = false;
  EXPECT_FALSE(filter("g", in));
}

// What `aws logs tail --follow` does: page through, then ask again from the newest time seen,
// telling events apart by their ids.
TEST_F(Filter, FollowingMissesNothingAndRepeatsNothing) {
  make("g", {"a", "b", "c"});
  std::set<std::string> ids;
  std::vector<std::string> seen;
  std::int64_t newest = 0;
  const auto poll = [&] {
    model::FilterLogEventsRequest in;
    in.limit = 3;
    in.start_time = newest;
    do {
      const auto page = filter("g", in);
      ASSERT_TRUE(page);
      for (const auto& event : *page->events) {
        newest = std::max(newest, *event.timestamp);
        if (ids.insert(*event.event_id).second) seen.push_back(*event.message);
      }
      in.next_token = page->next_token;
    } while (in.next_token);
  };
  std::set<std::string> expected;
  for (int round = 0; round < 10; ++round) {
    // All within one millisecond, in every stream, some between two polls.
    for (const char* stream : {"c", "a", "b"}) {
      const std::string message = fmt::format("{}{}", stream, round);
      ASSERT_TRUE(put("g", stream, {{kNowMs + round / 4, message}}));
      expected.insert(message);
      if (round % 3 == 0) poll();
    }
    poll();
    if (round == 5) restart();
  }
  EXPECT_EQ(seen.size(), expected.size());
  EXPECT_EQ(std::set(seen.begin(), seen.end()), expected);
  for (const std::string& id : ids) EXPECT_EQ(id.size(), 56u);
}

TEST_F(Filter, AnswersATokenWhenItHasReadEnough) {
  make("g", {"s"});
  const std::string message(1'000'000, 'x');
  const int count = 40;  // more than one scan's worth
  constexpr std::int64_t kApartMs =
      200;  // what is near in time is put in order, read more than once
  for (int i = 0; i < count; ++i) ASSERT_TRUE(put("g", "s", {{kNowMs + i * kApartMs, message}}));
  ASSERT_TRUE(put("g", "s", {{kNowMs + count * kApartMs, "needle"}}));
  model::FilterLogEventsRequest in;
  in.filter_pattern = "needle";
  auto page = filter("g", in);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->events->empty());
  ASSERT_TRUE(page->next_token);
  in.next_token = page->next_token;
  page = filter("g", in);
  EXPECT_EQ(messages(*page), (Messages{"needle"}));
  EXPECT_FALSE(page->next_token);
  // A token holds for its own group.
  make("other", {"s"});
  EXPECT_EQ(error_of(filter("other", in)),
            "InvalidParameterException: The specified nextToken is invalid.");
  for (const char* token : {"x", "-000000000000001", "000000000000000000000000000000000000z"}) {
    in.next_token = token;
    EXPECT_EQ(error_of(filter("g", in)),
              "InvalidParameterException: The specified nextToken is invalid.");
  }
}

TEST_F(Filter, ByIdentifier) {
  make("g", {"s"});
  ASSERT_TRUE(put("g", "s", {{kNowMs, "x"}}));
  model::FilterLogEventsRequest in;
  in.log_group_identifier = "arn:aws:logs:us-east-1:000000000000:log-group:g";
  EXPECT_EQ(messages(*filter_log_events(*core_, call_, in)), (Messages{"x"}));
}

}  // namespace
}  // namespace lapwing::logs
