// Event source mappings of streams through the whole server, over a source of streams that a test
// publishes: the records' way to the function, to a destination, over a restart; what is refused.
#include <atomic>
#include <mutex>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "mappings/testing/memory_streams.hpp"
#include "server/testing/test_server.hpp"
#include "text/json.hpp"

namespace lapwing::server {
namespace {

using hosting::testing::Answer;
using lapwing::testing::eventually;
using mappings::testing::MemoryStreams;
using std::chrono::seconds;
using testing::TestDir;
using testing::TestServer;
using Ids = std::vector<std::string>;

// def handler(event, context): return event
constexpr char kZip[] =
    "UEsDBBQAAAAAAAAAIVg1ODTkKgAAACoAAAAGAAAAYXBwLnB5ZGVmIGhhbmRsZXIoZXZlbnQsIGNvbnRleHQpOiByZXR1"
    "cm4gZXZlbnQKUEsBAhQDFAAAAAAAAAAhWDU4NOQqAAAAKgAAAAYAAAAAAAAAAAAAAKSBAAAAAGFwcC5weVBLBQYAAAAA"
    "AQABADQAAABOAAAAAAA=";
constexpr char kStream[] = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
constexpr char kTable[] =
    "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-01-01T00:00:00.000";
constexpr char kShard[] = "shardId-000000000000";
constexpr char kInvalid[] = "InvalidParameterValueException";
constexpr char kFrom[] = R"("StartingPosition":"TRIM_HORIZON")";

class StreamMapping : public ::testing::Test {
 protected:
  StreamMapping() {
    streams_.create(kStream);
    streams_.create(kTable);
    published_.add("kinesis", streams_);
    published_.add("dynamodb", streams_);
  }
  void begin(std::string data_dir = {}) {
    server_ = std::make_unique<TestServer>(testing::TestServerOptions{
        .services = {"lambda", "sqs"},
        .data_dir = std::move(data_dir),
        .script = [this](const runtime::FunctionVersion&,
                         const runtime::Invocation& invocation) { return run(invocation); },
        .streams = published_});
  }
  runtime::Outcome run(const runtime::Invocation& invocation) {
    const std::lock_guard lock(mutex_);
    events_.push_back(invocation.payload);
    runtime::Outcome out;
    out.body = "null";
    if (failures_left > 0) {
      --failures_left;
      out.kind = runtime::Outcome::Kind::kFunctionError;
      out.body = R"({"errorMessage":"not today","errorType":"Weather"})";
    }
    return out;
  }
  Ids events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  bool comes_to_run(std::size_t times) {
    return eventually([&] { return events().size() >= times; });
  }
  void create_function() {
    call("lambda", "CreateFunction",
         fmt::format(R"({{"FunctionName":"f","Runtime":"python3.12","Handler":"app.handler",)"
                     R"("Role":"arn:aws:iam::000000000000:role/r","Code":{{"ZipFile":"{}"}}}})",
                     kZip));
    ASSERT_TRUE(eventually([&] {
      return call("lambda", "GetFunction", R"({"FunctionName":"f"})").at("Configuration.State") ==
             "Active";
    }));
  }
  Answer try_map(const std::string& more = kFrom, const std::string& arn = kStream) {
    return server_->call("lambda", "CreateEventSourceMapping",
                         fmt::format(R"({{"FunctionName":"f","EventSourceArn":"{}"{}{}}})", arn,
                                     more.empty() ? "" : ",", more));
  }
  std::string map(const std::string& more = kFrom) {
    const Answer made = try_map(more);
    EXPECT_TRUE(made.ok()) << made.error << " " << made.text;
    EXPECT_TRUE(comes_to(made.at("UUID"), "Enabled"));
    return made.at("UUID");
  }
  void begin_mapped(const std::string& more = kFrom) {
    begin();
    create_function();
    uuid_ = map(more);
  }
  std::string of(std::string_view member) {
    return server_
        ->call("lambda", "GetEventSourceMapping", fmt::format(R"({{"UUID":"{}"}})", uuid_))
        .at(member);
  }
  bool comes_to(const std::string& uuid, std::string_view state) {
    uuid_ = uuid;
    return eventually([&] { return of("State") == state; });
  }
  Answer update(const std::string& more) {
    return server_->call("lambda", "UpdateEventSourceMapping",
                         fmt::format(R"({{"UUID":"{}",{}}})", uuid_, more));
  }
  Answer call(std::string_view service, std::string_view operation, std::string_view input) {
    const Answer out = server_->call(service, operation, input);
    EXPECT_TRUE(out.ok()) << operation << ": " << out.error << " " << out.text;
    return out;
  }
  void put(const std::string& data) { streams_.put(kStream, kShard, "k", data); }

  ManualClock stream_clock_;
  MemoryStreams streams_{stream_clock_};
  ports::StreamSources published_;
  std::atomic<int> failures_left{0};
  std::mutex mutex_;
  Ids events_;
  std::string uuid_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(StreamMapping, ARecordRunsTheFunction) {
  begin_mapped();
  put("hello");
  ASSERT_TRUE(comes_to_run(1));
  const std::string event = events()[0];
  EXPECT_TRUE(event.starts_with(R"({"Records":[{"kinesis":{)")) << event;
  EXPECT_TRUE(event.contains(R"("data":"hello")"));
  EXPECT_TRUE(event.contains(R"("eventID":"shardId-000000000000:)"));
  EXPECT_TRUE(eventually([&] { return of("LastProcessingResult") == "OK"; }));
}

TEST_F(StreamMapping, ItIsShownWithWhatStreamsHave) {
  begin_mapped();
  EXPECT_EQ(of("BatchSize"), "100");
  EXPECT_EQ(of("MaximumBatchingWindowInSeconds"), "0");
  EXPECT_EQ(of("ParallelizationFactor"), "1");
  EXPECT_EQ(of("MaximumRetryAttempts"), "-1");
  EXPECT_EQ(of("MaximumRecordAgeInSeconds"), "-1");
  EXPECT_EQ(of("BisectBatchOnFunctionError"), "false");
  EXPECT_EQ(of("TumblingWindowInSeconds"), "0");
  EXPECT_EQ(of("DestinationConfig.OnFailure"), "{...}");
  EXPECT_EQ(of("FunctionResponseTypes"), "[...]");
  EXPECT_EQ(of("StartingPosition"), "TRIM_HORIZON");
  EXPECT_EQ(of("StateTransitionReason"), "User action");
  EXPECT_EQ(of("LastProcessingResult"), "No records processed");
}

TEST_F(StreamMapping, LatestIsWhatComesAfterItWasMade) {
  begin();
  create_function();
  put("before");
  map(R"("StartingPosition":"LATEST")");
  put("after");
  ASSERT_TRUE(comes_to_run(1));
  EXPECT_TRUE(events()[0].contains("after"));
  EXPECT_FALSE(events()[0].contains("before"));
}

TEST_F(StreamMapping, DisabledAndEnabledItGoesOnWhereItWas) {
  begin_mapped(R"("StartingPosition":"LATEST")");
  put("a");
  ASSERT_TRUE(comes_to_run(1));
  ASSERT_TRUE(update(R"("Enabled":false)").ok());
  ASSERT_TRUE(comes_to(uuid_, "Disabled"));
  put("b");
  server_->advance(seconds(60));
  EXPECT_EQ(events().size(), 1u);
  ASSERT_TRUE(update(R"("Enabled":true)").ok());
  ASSERT_TRUE(comes_to_run(2));
  EXPECT_TRUE(events()[1].contains(R"("data":"b")"));
  EXPECT_FALSE(events()[1].contains(R"("data":"a")"));
}

TEST_F(StreamMapping, DeletedAndMadeAgainItBeginsAnew) {
  begin_mapped();
  put("a");
  ASSERT_TRUE(comes_to_run(1));
  const std::string input = fmt::format(R"({{"UUID":"{}"}})", uuid_);
  call("lambda", "DeleteEventSourceMapping", input);
  ASSERT_TRUE(
      eventually([&] { return !server_->call("lambda", "GetEventSourceMapping", input).ok(); }));
  map();
  ASSERT_TRUE(comes_to_run(2));
  EXPECT_TRUE(events()[1].contains(R"("data":"a")"));
}

TEST_F(StreamMapping, ItGoesOnAfterARestart) {
  const TestDir dir;
  begin(dir.path());
  create_function();
  map(R"("StartingPosition":"TRIM_HORIZON","ParallelizationFactor":3,"MaximumRetryAttempts":7)");
  put("a");
  ASSERT_TRUE(comes_to_run(1));
  ASSERT_TRUE(eventually([&] { return of("LastProcessingResult") == "OK"; }));
  server_.reset();
  put("b");
  begin(dir.path());
  ASSERT_TRUE(comes_to_run(2));
  EXPECT_EQ(of("ParallelizationFactor"), "3");
  EXPECT_EQ(of("MaximumRetryAttempts"), "7");
  EXPECT_TRUE(events().back().contains(R"("data":"b")"));
}

TEST_F(StreamMapping, WhatIsGivenUpIsToldToItsDestination) {
  begin();
  create_function();
  call("sqs", "CreateQueue", R"({"QueueName":"failed"})");
  uuid_ = map(R"("StartingPosition":"TRIM_HORIZON","MaximumRetryAttempts":1,"DestinationConfig":)"
              R"({"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:000000000000:failed"}})");
  EXPECT_EQ(of("DestinationConfig.OnFailure.Destination"),
            "arn:aws:sqs:us-east-1:000000000000:failed");
  failures_left = 2;
  put("a");
  ASSERT_TRUE(comes_to_run(1));
  server_->advance(seconds(5));
  EXPECT_EQ(events().size(), 2u);
  Answer got;
  ASSERT_TRUE(eventually([&] {
    got = call("sqs", "ReceiveMessage",
               R"({"QueueUrl":"http://localhost:4566/000000000000/failed"})");
    return got.size("Messages") == 1;
  }));
  const std::string body = got.at("Messages.0.Body");
  EXPECT_TRUE(body.contains(R"("condition":"RetryAttemptsExhausted","approximateInvokeCount":2)"))
      << body;
  EXPECT_TRUE(body.contains(R"("functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f")"));
  EXPECT_TRUE(body.contains(R"("executedVersion":"$LATEST","functionError":"Unhandled")"));
  EXPECT_TRUE(body.contains(R"("KinesisBatchInfo":{"shardId":"shardId-000000000000")"));
  EXPECT_EQ(server_->request("GET", "/_lapwing/metrics")
                .body.contains("lapwing_mapping_events_dropped_total 1"),
            true);
}

TEST_F(StreamMapping, ReservedConcurrencyOfNoneLosesNothing) {
  begin();
  create_function();
  call("lambda", "PutFunctionConcurrency",
       R"({"FunctionName":"f","ReservedConcurrentExecutions":0})");
  map(R"("StartingPosition":"TRIM_HORIZON","MaximumRetryAttempts":0)");
  put("x");
  server_->advance(seconds(60));
  EXPECT_EQ(events().size(), 0u);
  call("lambda", "DeleteFunctionConcurrency", R"({"FunctionName":"f"})");
  server_->advance(seconds(10));
  EXPECT_EQ(events().size(), 1u);
}

TEST_F(StreamMapping, UpdatesAreShown) {
  begin_mapped();
  const Answer out = update(
      R"("BatchSize":10000,"MaximumRecordAgeInSeconds":60,"BisectBatchOnFunctionError":true,)"
      R"("FunctionResponseTypes":["ReportBatchItemFailures"],"MetricsConfig":)"
      R"({"Metrics":["EventCount"]})");
  ASSERT_TRUE(out.ok()) << out.text;
  ASSERT_TRUE(comes_to(uuid_, "Enabled"));
  EXPECT_EQ(of("BatchSize"), "10000");
  EXPECT_EQ(of("MaximumRecordAgeInSeconds"), "60");
  EXPECT_EQ(of("BisectBatchOnFunctionError"), "true");
  EXPECT_EQ(of("FunctionResponseTypes.0"), "ReportBatchItemFailures");
  EXPECT_EQ(of("MetricsConfig.Metrics.0"), "EventCount");
}

TEST_F(StreamMapping, Refusals) {
  begin();
  create_function();
  const auto refused = [&](const std::string& more, const std::string& message,
                           const std::string& arn = kStream) {
    const Answer out = try_map(more, arn);
    EXPECT_EQ(out.error, kInvalid) << more;
    EXPECT_EQ(out.text, message);
  };
  const auto with = [](const std::string& more) { return std::string(kFrom) + "," + more; };
  refused("",
          "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
          "constraint: Member must not be null.");
  refused(R"("StartingPosition":"AT_TIMESTAMP")", "Need to specify a timestamp");
  refused(R"("StartingPosition":"AT_TIMESTAMP","StartingPositionTimestamp":1700000000)",
          std::string("Unsupported starting position for arn type: ") + kTable, kTable);
  refused(with(R"("StartingPositionTimestamp":1700000000)"),
          "StartingPositionTimestamp is only for the starting position AT_TIMESTAMP");
  refused(with(R"("MaximumRecordAgeInSeconds":59)"),
          "MaximumRecordAgeInSeconds must be -1, or 60 at least");
  refused(with(R"("TumblingWindowInSeconds":60,"ParallelizationFactor":2)"),
          "With TumblingWindowInSeconds, ParallelizationFactor must be 1");
  refused(with(R"("ScalingConfig":{"MaximumConcurrency":2})"),
          "Unsupported ScalingConfig parameter for given event source mapping type.");
  refused(with(R"("Topics":["tt"])"),
          "Unsupported Topics parameter for given event source mapping type.");
  refused(
      with(
          R"("DestinationConfig":{"OnSuccess":{"Destination":"arn:aws:sqs:us-east-1:000000000000:d"}})"),
      "Unsupported DestinationConfig parameter for given event source mapping type.");
  refused(
      with(
          R"("DestinationConfig":{"OnFailure":{"Destination":"arn:aws:lambda:us-east-1:000000000000:function:d"}})"),
      "The on-failure destination must be a standard queue or topic: "
      "arn:aws:lambda:us-east-1:000000000000:function:d");
  refused(with(R"("MetricsConfig":{"Metrics":["KafkaMetrics"]})"),
          "Unsupported MetricsConfig parameter for given event source mapping type.");
  const std::string none = "arn:aws:kinesis:us-east-1:000000000000:stream/none";
  refused(kFrom, "Stream not found: " + none, none);
  refused(kFrom, "Unrecognized event source.", "arn:aws:dynamodb:us-east-1:000000000000:table/t");
  streams_.refuse(make_error(ErrorKind::kDenied, "no"));
  refused(kFrom, std::string("Cannot access stream ") + kStream +
                     ". Please ensure the role can perform the GetRecords, GetShardIterator, "
                     "DescribeStream, and ListStreams Actions on your stream in IAM.");
  streams_.refuse(std::nullopt);
  EXPECT_EQ(
      try_map(with(R"("DestinationConfig":{"OnFailure":{"Destination":"arn:aws:s3:::b"}})")).error,
      "NotImplemented");
  const std::string uuid = map();
  const Answer twice = try_map();
  EXPECT_EQ(twice.error, "ResourceConflictException");
  EXPECT_EQ(twice.text,
            std::string("The event source arn (\" ") + kStream +
                " \") and function (\" f \") provided mapping already exists. Please update or "
                "delete the existing mapping with UUID " +
                uuid);
}

TEST_F(StreamMapping, WhereNobodyHasStreamsTheyAreNotBuilt) {
  published_ = {};
  begin();
  create_function();
  EXPECT_EQ(try_map().error, "NotImplemented");
  EXPECT_EQ(try_map(kFrom, kTable).error, "NotImplemented");
}

TEST_F(StreamMapping, ATumblingWindowThroughTheServer) {
  begin_mapped(R"("StartingPosition":"TRIM_HORIZON","TumblingWindowInSeconds":60)");
  put("a");
  ASSERT_TRUE(comes_to_run(1));
  EXPECT_TRUE(events()[0].contains(R"("isFinalInvokeForWindow":false)"));
  EXPECT_TRUE(events()[0].contains(R"("eventSourceARN":"arn:aws:kinesis:us-east-1)"));
}

}  // namespace
}  // namespace lapwing::server
