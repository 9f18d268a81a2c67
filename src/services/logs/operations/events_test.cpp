#include <map>
#include <random>

#include <gtest/gtest.h>

#include "services/logs/limits.hpp"
#include "services/logs/testing/fixture.hpp"

namespace lapwing::logs {
namespace {

constexpr std::int64_t kHour = 3600LL * 1000;
constexpr std::int64_t kDay = 24 * kHour;

class Events : public LogsFixture {};

TEST_F(Events, PutNeedsGroupAndStream) {
  EXPECT_EQ(error_of(put("g", "s", {{kNowMs, "x"}})), kNoGroup);
  make_group("g");
  EXPECT_EQ(error_of(put("g", "s", {{kNowMs, "x"}})), kNoStream);
}

TEST_F(Events, PutRefusesABadBatchWhole) {
  make("g", {"s"});
  EXPECT_EQ(error_of(put("g", "s", {{kNowMs, "b"}, {kNowMs - 1, "a"}})),
            "InvalidParameterException: Log events in a single PutLogEvents request must be in "
            "chronological order.");
  EXPECT_EQ(error_of(put("g", "s", {{kNowMs - kDay - 1, "a"}, {kNowMs, "b"}})),
            "InvalidParameterException: The batch of log events in a single PutLogEvents request "
            "cannot span more than 24 hours.");
  EXPECT_EQ(error_of(put("g", "s", {{kNowMs, std::string(kEventBytesMax - 25, 'x')}})),
            "InvalidParameterException: Log event too large: 1048577 bytes exceeds limit of "
            "1048576");
  const std::string half(kBatchBytesMax / 2, 'x');
  EXPECT_EQ(error_of(put("g", "s", {{kNowMs, half}, {kNowMs, half}})),
            "InvalidParameterException: Upload too large: 1048628 bytes exceeds limit of 1048576");
  EXPECT_EQ(error_of(put("g", "s",
                         std::vector<std::pair<std::int64_t, std::string>>(kBatchEventsMax + 1,
                                                                           {kNowMs, "x"}))),
            "InvalidParameterException: 1 validation error detected: Value at 'logEvents' failed "
            "to satisfy constraint: Member must have length less than or equal to 10000");
  EXPECT_TRUE(get("g", "s")->events->empty());
}

// The service's clock is moved by hand, and is ahead of what functions and clients stamp by.
TEST_F(Events, WhereTheClockIsMovedRetentionCountsFromWhenTheyCame) {
  const ManualClock real(wall_from_unix_ms(kNowMs));
  real_ = &real;
  restart();
  make("g", {"s"});
  ASSERT_TRUE(put_retention_policy(*core_, call_, {"g", 3}));
  clock_.advance(std::chrono::hours(24 * 30));
  const std::int64_t ahead_ms = kNowMs + 30 * kDay;
  for (const std::int64_t time_ms : {kNowMs, ahead_ms}) {
    const auto kept = put("g", "s", {{time_ms, "kept"}});
    ASSERT_TRUE(kept);
    EXPECT_FALSE(kept->rejected_log_events_info) << time_ms;
  }
  EXPECT_TRUE(put("g", "s", {{kNowMs - 14 * kDay - 1, "x"}})->rejected_log_events_info);
  EXPECT_TRUE(put("g", "s", {{ahead_ms + 2 * kHour + 1, "x"}})->rejected_log_events_info);
  const auto kept = [&] {
    EXPECT_TRUE(expire_events(*core_));
    const std::size_t found = get("g", "s")->events->size();
    EXPECT_EQ(filter("g")->events->size(), found);
    return found;
  };
  EXPECT_EQ(kept(), 2u);
  clock_.advance(std::chrono::hours(24));
  ASSERT_TRUE(put("g", "s", {{kNowMs + 1, "later"}}));
  clock_.advance(std::chrono::hours(24 * 2 - 1));
  EXPECT_EQ(kept(), 3u);
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(kept(), 1u);
  clock_.advance(std::chrono::hours(24));
  EXPECT_EQ(kept(), 0u);
}

TEST_F(Events, PutTakesTheLargestBatches) {
  make("g", {"s"});
  const std::string largest(kEventBytesMax - kEventOverheadBytes, 'x');
  EXPECT_TRUE(put("g", "s", {{kNowMs - kDay, largest}}));
  const auto many =
      std::vector<std::pair<std::int64_t, std::string>>(kBatchEventsMax, {kNowMs - kDay / 2, "y"});
  EXPECT_TRUE(put("g", "s", many));
  EXPECT_TRUE(put("g", "s", {{kNowMs - kDay, "a"}, {kNowMs, "b"}}));
}

TEST_F(Events, PutReportsWhatItDoesNotKeep) {
  make("g", {"s"});
  const auto old = put("g", "s",
                       {{kNowMs - 14 * kDay - 2, "too old"},
                        {kNowMs - 14 * kDay - 1, "too old"},
                        {kNowMs - 14 * kDay, "kept"}});
  ASSERT_TRUE(old);
  ASSERT_TRUE(old->rejected_log_events_info);
  EXPECT_EQ(old->rejected_log_events_info->too_old_log_event_end_index, 2);
  EXPECT_EQ(old->rejected_log_events_info->expired_log_event_end_index, std::nullopt);
  EXPECT_EQ(old->next_sequence_token->size(), 56u);
  const auto ahead =
      put("g", "s", {{kNowMs + 2 * kHour, "kept too"}, {kNowMs + 2 * kHour + 1, "too new"}});
  EXPECT_EQ(ahead->rejected_log_events_info->too_new_log_event_start_index, 1);
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"kept", "kept too"}));

  ASSERT_TRUE(put_retention_policy(*core_, call_, {"g", 3}));
  const auto expired = put("g", "s", {{kNowMs - 3 * kDay - 1, "x"}, {kNowMs - 3 * kDay, "y"}});
  EXPECT_EQ(expired->rejected_log_events_info->expired_log_event_end_index, 1);
  EXPECT_FALSE(put("g", "s", {{kNowMs, "fine"}})->rejected_log_events_info);
}

TEST_F(Events, SequenceTokensAreIgnoredAndEntitiesAnswered) {
  make("g", {"s"});
  model::PutLogEventsRequest in;
  in.log_group_name = "g";
  in.log_stream_name = "s";
  in.log_events = {{"x", kNowMs}};
  in.sequence_token = "whatever";
  in.entity.emplace();
  const auto out = put_log_events(*core_, call_, in);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->rejected_entity_info->error_type, "UnsupportedLogGroupType");
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"x"}));
}

TEST_F(Events, GetAnswersTheNewestPageByDefaultInOrderOfTime) {
  make("g", {"s"});
  ASSERT_TRUE(put("g", "s", {{kNowMs + 10, "3"}, {kNowMs + 500, "4"}}));
  ASSERT_TRUE(put("g", "s", {{kNowMs, "1"}, {kNowMs + 10, "3b"}}));
  ASSERT_TRUE(put("g", "s", {{kNowMs + 5, "2"}}));
  EXPECT_EQ(messages(*get("g", "s")), (Messages{"1", "2", "3", "3b", "4"}));
  model::GetLogEventsRequest in;
  in.limit = 2;
  const auto newest = get("g", "s", in);
  EXPECT_EQ(messages(*newest), (Messages{"3b", "4"}));
  EXPECT_EQ(newest->events->back().timestamp, kNowMs + 500);
  EXPECT_EQ(newest->events->back().ingestion_time, kNowMs);
  in.start_from_head = true;
  EXPECT_EQ(messages(*get("g", "s", in)), (Messages{"1", "2"}));
}

TEST_F(Events, GetTokensWalkBothWaysAndStandStillAtTheEnds) {
  make("g", {"s"});
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(put("g", "s", {{kNowMs + i / 2, "m" + std::to_string(i)}}));
  model::GetLogEventsRequest in;
  in.limit = 2;
  auto page = get("g", "s", in);
  EXPECT_EQ(messages(*page), (Messages{"m3", "m4"}));
  in.next_token = page->next_backward_token;
  page = get("g", "s", in);
  EXPECT_EQ(messages(*page), (Messages{"m1", "m2"}));
  // Forward again from the middle.
  auto forward = in;
  forward.next_token = page->next_forward_token;
  EXPECT_EQ(messages(*get("g", "s", forward)), (Messages{"m3", "m4"}));
  in.next_token = page->next_backward_token;
  page = get("g", "s", in);
  EXPECT_EQ(messages(*page), (Messages{"m0"}));
  in.next_token = page->next_backward_token;
  page = get("g", "s", in);
  EXPECT_TRUE(page->events->empty());
  EXPECT_EQ(page->next_backward_token, in.next_token);
  forward.next_token = page->next_forward_token;
  EXPECT_EQ(messages(*get("g", "s", forward)), (Messages{"m0", "m1"}));

  in = {};
  in.start_from_head = true;
  page = get("g", "s", in);
  EXPECT_EQ(page->events->size(), 5u);
  in.next_token = page->next_forward_token;
  page = get("g", "s", in);
  EXPECT_TRUE(page->events->empty());
  EXPECT_EQ(page->next_forward_token, in.next_token);
  // Of the same millisecond, and yet seen by who polls with the token.
  ASSERT_TRUE(put("g", "s", {{kNowMs + 2, "m5"}}));
  page = get("g", "s", in);
  EXPECT_EQ(messages(*page), (Messages{"m5"}));
  restart();
  EXPECT_EQ(messages(*get("g", "s", in)), (Messages{"m5"}));
  auto backward = in;
  backward.next_token = page->next_backward_token;
  EXPECT_EQ(get("g", "s", backward)->events->size(), 5u);
}

TEST_F(Events, GetFromAnEmptyStreamCanBePolled) {
  make("g", {"s"});
  const auto page = get("g", "s");
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->events->empty());
  model::GetLogEventsRequest in;
  in.next_token = page->next_forward_token;
  ASSERT_TRUE(put("g", "s", {{kNowMs, "x"}}));
  EXPECT_EQ(messages(*get("g", "s", in)), (Messages{"x"}));
}

TEST_F(Events, GetTimesAreHalfOpenAndFilterTimesAreClosed) {
  make("g", {"s"});
  ASSERT_TRUE(put("g", "s", {{kNowMs, "a"}, {kNowMs + 1, "b"}, {kNowMs + 2, "c"}}));
  model::GetLogEventsRequest in;
  in.start_time = kNowMs + 1;
  in.end_time = kNowMs + 2;
  EXPECT_EQ(messages(*get("g", "s", in)), (Messages{"b"}));
  model::FilterLogEventsRequest search;
  search.start_time = kNowMs + 1;
  search.end_time = kNowMs + 2;
  EXPECT_EQ(messages(*filter("g", search)), (Messages{"b", "c"}));
  search.start_time = kNowMs + 3;
  search.end_time.reset();
  EXPECT_TRUE(filter("g", search)->events->empty());
}

TEST_F(Events, GetRefusesForeignTokens) {
  make("g", {"s"});
  for (const char* token :
       {"x", "f/1", "g/00000000000000000000000000000000000000000000000000000000",
        "f/0000000000000000000000000000000000000000000000000000000",
        "f/000000000000000x0000000000000000000000000000000000000000",
        "f/-000000000000000x000000000000000000000000000000000000000"}) {
    model::GetLogEventsRequest in;
    in.next_token = token;
    EXPECT_EQ(error_of(get("g", "s", in)),
              "InvalidParameterException: The specified nextToken is invalid.")
        << token;
  }
  EXPECT_EQ(error_of(get("g", "none")), kNoStream);
  EXPECT_EQ(error_of(get("none", "s")), kNoGroup);
}

TEST_F(Events, PagesEndAtAMebibyte) {
  make("g", {"s"});
  const std::string message(200'000, 'x');
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(put("g", "s", {{kNowMs + i * 500, message}}));
  model::GetLogEventsRequest in;
  in.start_from_head = true;
  std::size_t seen = 0;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = get("g", "s", in);
    EXPECT_LE(page->events->size(), 5u);
    seen += page->events->size();
    in.next_token = page->next_forward_token;
  }
  EXPECT_EQ(seen, 12u);
  EXPECT_EQ(filter("g")->events->size(), 5u);
}

// Random batches, compared with a plain sorted list, read in pages of every size both ways.
TEST_F(Events, EveryOrderOfArrivalReadsInOrderOfTime) {
  make("g", {"s", "t"});
  std::mt19937 random(3);
  std::multimap<std::int64_t, std::string> all;  // equal keys stay in order of insertion
  for (int batch = 0; batch < 60; ++batch) {
    std::multimap<std::int64_t, std::string> sorted;
    const std::int64_t base = kNowMs - static_cast<std::int64_t>(random() % 2000);
    for (int i = 0; i < 20; ++i)
      sorted.emplace(base + static_cast<std::int64_t>(random() % 400),
                     std::to_string(batch) + "." + std::to_string(i));
    ASSERT_TRUE(put("g", "s", {sorted.begin(), sorted.end()}));
    all.insert(sorted.begin(), sorted.end());
  }
  Messages expected;
  for (const auto& [time, message] : all) expected.push_back(message);
  for (const int limit : {1, 7, 100, 10'000}) {
    for (const bool forward : {true, false}) {
      Messages read;
      model::GetLogEventsRequest in;
      in.limit = limit;
      in.start_from_head = forward;
      while (true) {
        const auto page = get("g", "s", in);
        ASSERT_TRUE(page);
        if (page->events->empty()) break;
        const Messages part = messages(*page);
        read.insert(forward ? read.end() : read.begin(), part.begin(), part.end());
        in.next_token = forward ? page->next_forward_token : page->next_backward_token;
      }
      EXPECT_EQ(read, expected) << limit << forward;
    }
    Messages read;
    model::FilterLogEventsRequest search;
    search.limit = limit;
    do {
      const auto page = filter("g", search);
      ASSERT_TRUE(page);
      const Messages part = messages(*page);
      read.insert(read.end(), part.begin(), part.end());
      search.next_token = page->next_token;
    } while (search.next_token);
    EXPECT_EQ(read, expected) << limit;
  }
}

}  // namespace
}  // namespace lapwing::logs
