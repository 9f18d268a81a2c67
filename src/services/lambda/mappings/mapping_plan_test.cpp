#include "services/lambda/mappings/mapping_plan.hpp"

#include <gtest/gtest.h>

#include "mappings/limits.hpp"

namespace lapwing::lambda {
namespace {

using std::chrono_literals::operator""s;

MappingRecord of_queue() {
  MappingRecord out;
  out.function = {AccountId("000000000000"), Region("us-east-1"), FunctionName("f")};
  out.uuid = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
  out.source_arn = "arn:aws:sqs:us-east-1:000000000000:q";
  return out;
}

MappingRecord of_stream(const char* arn) {
  MappingRecord out = of_queue();
  out.source_arn = arn;
  out.stream.emplace();
  return out;
}

// Never asked.
class NoStreams final : public ports::StreamSource {
 public:
  Result<std::vector<ports::StreamShard>> describe(const ports::StreamName&) const override {
    return std::vector<ports::StreamShard>();
  }
  net::Task<Result<std::vector<ports::StreamShard>>> list(net::Loop&, ports::StreamName) override {
    co_return std::vector<ports::StreamShard>();
  }
  net::Task<Result<ports::ShardBatch>> read(net::Loop&, ports::StreamName,
                                            ports::StreamAsk) override {
    co_return ports::ShardBatch();
  }
  std::unique_ptr<ports::StreamWatch> watch(const std::string&, const std::string&,
                                            store::Listener&) override {
    return nullptr;
  }
};

struct PollersCase {
  std::optional<PollerRange> pollers;
  std::optional<std::int32_t> concurrency;
  std::uint32_t at_once;
};

TEST(MappingPlan, MostPollersBoundWhatRunsAtOnce) {
  const PollersCase cases[] = {
      {std::nullopt, std::nullopt, 0},
      {std::nullopt, 2, 2},
      {PollerRange{2, 2}, std::nullopt, 20},
      {PollerRange{std::nullopt, 7}, std::nullopt, 70},
      {PollerRange{5, std::nullopt}, std::nullopt, 2000},
  };
  for (const PollersCase& each : cases) {
    SCOPED_TRACE(&each - cases);
    MappingRecord record = of_queue();
    record.pollers = each.pollers;
    record.concurrency_max = each.concurrency;
    const auto plan = queue_mapping(record);
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->concurrency_max, each.at_once);
  }
}

TEST(MappingPlan, MeasuredIsWhatAsksForCounts) {
  MappingRecord record = of_queue();
  EXPECT_FALSE(queue_mapping(record)->measured);
  record.metrics = {"EventCount"};
  const auto plan = queue_mapping(record);
  ASSERT_TRUE(plan->measured);
  EXPECT_EQ(plan->measured->uuid, record.uuid);
}

TEST(MappingPlan, OfAStreamMinusOneIsNoLimit) {
  NoStreams source;
  MappingRecord record = of_stream("arn:aws:kinesis:us-east-1:000000000000:stream/s");
  const auto plan = stream_mapping(record, source);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->kind, mappings::StreamKind::kKinesis);
  EXPECT_FALSE(plan->rules.retries);
  EXPECT_FALSE(plan->rules.age_max);
  record.stream->retries = 0;
  record.stream->age_s = 60;
  EXPECT_EQ(stream_mapping(record, source)->rules.retries, 0U);
  EXPECT_EQ(stream_mapping(record, source)->rules.age_max, 60s);
}

TEST(MappingPlan, TheKindOfAStreamIsInItsArn) {
  NoStreams source;
  const MappingRecord record =
      of_stream("arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-01-01T00:00:00.000");
  EXPECT_EQ(record.source_service(), "dynamodb");
  EXPECT_EQ(stream_mapping(record, source)->kind, mappings::StreamKind::kDynamoDb);
}

TEST(MappingPlan, AnArnThatIsNoneHasNoService) {}

TEST(MappingPlan, OlderRecordsAreOfQueues) {
  const auto read = MappingRecords::decode(
      R"({"v":1,"account":"000000000000","region":"us-east-1","function":"f","uuid":"u",)"
      R"("source":"arn:aws:sqs:us-east-1:000000000000:q","state":2,"enabled":true})");
  ASSERT_TRUE(read) << read.error().to_log();
  EXPECT_FALSE(read->stream);
  const MappingRecord record = of_stream("arn:aws:kinesis:us-east-1:000000000000:stream/s");
  const auto again = MappingRecords::decode(MappingRecords::encode(record));
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->stream);
  EXPECT_EQ(again->stream->retries, -1);
}

}  // namespace
}  // namespace lapwing::lambda
