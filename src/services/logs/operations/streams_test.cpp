#include <gtest/gtest.h>

#include "services/logs/testing/fixture.hpp"

namespace lapwing::logs {
namespace {

class Streams : public LogsFixture {
 protected:
  Result<model::DescribeLogStreamsResponse> describe(model::DescribeLogStreamsRequest in = {}) {
    if (!in.log_group_identifier) in.log_group_name = "g";
    return describe_log_streams(*core_, call_, in);
  }
  static Messages names(const model::DescribeLogStreamsResponse& response) {
    Messages out;
    for (const auto& stream : *response.log_streams) out.push_back(*stream.log_stream_name);
    return out;
  }
};

TEST_F(Streams, CreateAndDelete) {
  EXPECT_EQ(error_of(create_log_stream(*core_, call_, {"g", "s"})), kNoGroup);
  make("g", {"s"});
  EXPECT_EQ(error_of(create_log_stream(*core_, call_, {"g", "s"})),
            "ResourceAlreadyExistsException: The specified log stream already exists");
  ASSERT_TRUE(put("g", "s", {{kNowMs, "x"}}));
  ASSERT_TRUE(delete_log_stream(*core_, call_, {"g", "s"}));
  EXPECT_EQ(error_of(delete_log_stream(*core_, call_, {"g", "s"})), kNoStream);
  EXPECT_EQ(error_of(delete_log_stream(*core_, call_, {"none", "s"})), kNoGroup);
  ASSERT_TRUE(create_log_stream(*core_, call_, {"g", "s"}));
  EXPECT_TRUE(get("g", "s")->events->empty());
  EXPECT_TRUE(filter("g")->events->empty());
}

TEST_F(Streams, DescribeTellsTimesAndArn) {
  make("g", {"2026/11/20/[$LATEST]0123", "empty"});
  const std::string stream = "2026/11/20/[$LATEST]0123";
  clock_.advance(std::chrono::seconds(5));
  ASSERT_TRUE(put("g", stream, {{kNowMs - 2000, "a"}, {kNowMs - 1990, "b"}}));
  clock_.advance(std::chrono::seconds(5));
  ASSERT_TRUE(put("g", stream, {{kNowMs - 5000, "late"}, {kNowMs + 3000, "c"}}));
  restart();
  const auto described = describe();
  ASSERT_TRUE(described);
  ASSERT_EQ(described->log_streams->size(), 2u);
  const model::LogStream& full = described->log_streams->front();
  EXPECT_EQ(full.log_stream_name, stream);
  EXPECT_EQ(full.arn, "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:" + stream);
  EXPECT_EQ(full.creation_time, kNowMs);
  EXPECT_EQ(full.first_event_timestamp, kNowMs - 5000);
  EXPECT_EQ(full.last_event_timestamp, kNowMs + 3000);
  EXPECT_EQ(full.last_ingestion_time, kNowMs + 10'000);
  EXPECT_EQ(full.upload_sequence_token->size(), 56u);
  EXPECT_EQ(full.stored_bytes, 0);
  const model::LogStream& empty = described->log_streams->back();
  EXPECT_EQ(empty.first_event_timestamp, std::nullopt);
  EXPECT_EQ(empty.last_event_timestamp, std::nullopt);
  EXPECT_EQ(empty.last_ingestion_time, std::nullopt);
  EXPECT_EQ(empty.upload_sequence_token, std::nullopt);
}

TEST_F(Streams, DescribeByNamePagesBothWays) {
  make("g", {"a1", "a2", "a3", "b1"});
  model::DescribeLogStreamsRequest in;
  in.limit = 2;
  in.log_stream_name_prefix = "a";
  auto page = describe(in);
  EXPECT_EQ(names(*page), (Messages{"a1", "a2"}));
  in.next_token = page->next_token;
  page = describe(in);
  EXPECT_EQ(names(*page), (Messages{"a3"}));
  EXPECT_FALSE(page->next_token);

  in = {};
  in.limit = 3;
  in.descending = true;
  page = describe(in);
  EXPECT_EQ(names(*page), (Messages{"b1", "a3", "a2"}));
  in.next_token = page->next_token;
  EXPECT_EQ(names(*describe(in)), (Messages{"a1"}));
  in.next_token = "time:0:x";
  EXPECT_EQ(error_of(describe(in)),
            "InvalidParameterException: The specified nextToken is invalid.");
}

TEST_F(Streams, DescribeByLastEventTime) {
  make("g", {"a", "b", "c", "empty"});
  ASSERT_TRUE(put("g", "a", {{kNowMs - 1000, "x"}}));
  ASSERT_TRUE(put("g", "b", {{kNowMs - 3000, "x"}}));
  ASSERT_TRUE(put("g", "c", {{kNowMs - 2000, "x"}}));
  model::DescribeLogStreamsRequest in;
  in.order_by = "LastEventTime";
  EXPECT_EQ(names(*describe(in)), (Messages{"empty", "b", "c", "a"}));
  in.descending = true;
  in.limit = 3;
  auto page = describe(in);
  EXPECT_EQ(names(*page), (Messages{"a", "c", "b"}));
  in.next_token = page->next_token;
  page = describe(in);
  EXPECT_EQ(names(*page), (Messages{"empty"}));
  EXPECT_FALSE(page->next_token);
  in.next_token = "stream:a";
  EXPECT_EQ(error_of(describe(in)),
            "InvalidParameterException: The specified nextToken is invalid.");
  in = {};
  in.order_by = "LastEventTime";
  in.log_stream_name_prefix = "a";
  EXPECT_EQ(error_of(describe(in)),
            "InvalidParameterException: Cannot order by LastEventTime with a "
            "logStreamNamePrefix.");
}

TEST_F(Streams, TheGroupIsNamedOnceAndRightly) {
  make("g", {"s"});
  model::DescribeLogStreamsRequest in;
  EXPECT_EQ(error_of(describe_log_streams(*core_, call_, in)),
            "InvalidParameterException: Either logGroupName or logGroupIdentifier must be "
            "specified.");
  in.log_group_identifier = "arn:aws:logs:us-east-1:000000000000:log-group:g";
  EXPECT_EQ(names(*describe(in)), (Messages{"s"}));
  in.log_group_name = "g";
  EXPECT_EQ(error_of(describe_log_streams(*core_, call_, in)),
            "ValidationException: LogGroup name and LogGroup ARN are mutually exclusive "
            "parameters.");
  const std::string both =
      "ValidationException: LogGroup name and LogGroup ARN are mutually exclusive parameters.";
  model::GetLogEventsRequest events;
  events.log_group_identifier = "g";
  EXPECT_EQ(error_of(get("g", "s", events)), both);
  model::FilterLogEventsRequest filtered;
  filtered.log_group_identifier = "g";
  EXPECT_EQ(error_of(filter("g", filtered)), both);
  in.log_group_name.reset();
  in.log_group_identifier = "arn:aws:logs:us-east-1:111111111111:log-group:g";
  EXPECT_EQ(error_of(describe(in)), kNoGroup);
}

}  // namespace
}  // namespace lapwing::logs
