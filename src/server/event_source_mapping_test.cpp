// Event source mappings through the whole server: a queue's messages become runs of a function,
// over failures, throttles and restarts. Functions are scripted; time is moved by hand.
#include <atomic>
#include <mutex>
#include <set>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "server/testing/test_server.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::server {
namespace {

using hosting::testing::Answer;
using lapwing::testing::eventually;
using std::chrono::seconds;
using testing::TestDir;
using testing::TestServer;
using Ids = std::vector<std::string>;

// def handler(event, context): return event
constexpr char kZip[] =
    "UEsDBBQAAAAAAAAAIVg1ODTkKgAAACoAAAAGAAAAYXBwLnB5ZGVmIGhhbmRsZXIoZXZlbnQsIGNvbnRleHQpOiByZXR1"
    "cm4gZXZlbnQKUEsBAhQDFAAAAAAAAAAhWDU4NOQqAAAAKgAAAAYAAAAAAAAAAAAAAKSBAAAAAGFwcC5weVBLBQYAAAAA"
    "AQABADQAAABOAAAAAAA=";
constexpr char kQueueArn[] = "arn:aws:sqs:us-east-1:000000000000:";
constexpr char kQueueUrl[] = "http://localhost:4566/000000000000/";

// What a function was given, and how it takes it.
class Runs {
 public:
  testing::Script script() {
    return [this](const runtime::FunctionVersion&, const runtime::Invocation& invocation) {
      const std::lock_guard lock(mutex_);
      events_.push_back(invocation.payload);
      runtime::Outcome out;
      out.body = failing.empty() ? answer : failures(invocation.payload);
      if (failures_left > 0) {
        --failures_left;
        out.kind = runtime::Outcome::Kind::kFunctionError;
        out.body = R"({"errorMessage":"not today","errorType":"Weather"})";
      }
      return out;
    };
  }
  Ids events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::size_t count() { return events().size(); }
  // Of each run, the bodies it was given.
  std::vector<Ids> bodies() {
    std::vector<Ids> out;
    for (const std::string& event : events()) {
      Ids& batch = out.emplace_back();
      const auto document = text::parse_json(event);
      if (!document) continue;
      for (const text::JsonValue& record : document->root().find("Records")->items()) {
        batch.emplace_back(record.find("body")->as_string());
      }
    }
    return out;
  }

  std::atomic<int> failures_left{0};
  std::string answer = "null";
  std::set<std::string> failing;  // bodies of those that are answered as failed

 private:
  std::string failures(const std::string& event) const {
    std::string out;
    const auto document = text::parse_json(event);
    for (const text::JsonValue& record : document->root().find("Records")->items()) {
      if (!failing.contains(std::string(record.find("body")->as_string()))) continue;
      out += fmt::format(R"({}{{"itemIdentifier":"{}"}})", out.empty() ? "" : ",",
                         record.find("messageId")->as_string());
    }
    return R"({"batchItemFailures":[)" + out + "]}";
  }

  std::mutex mutex_;
  Ids events_;
};

class EventSourceMapping : public ::testing::Test {
 protected:
  void begin(std::string data_dir = {}) {
    server_ = std::make_unique<TestServer>(testing::TestServerOptions{
        .services = {"lambda", "sqs"}, .data_dir = std::move(data_dir), .script = runs_.script()});
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
  void create_queue(const std::string& name, const std::string& attributes = "{}") {
    call("sqs", "CreateQueue",
         fmt::format(R"({{"QueueName":"{}","Attributes":{}}})", name, attributes));
  }
  Answer try_map(const std::string& queue, const std::string& more = {}) {
    return server_->call("lambda", "CreateEventSourceMapping",
                         fmt::format(R"({{"FunctionName":"f","EventSourceArn":"{}{}"{}{}}})",
                                     kQueueArn, queue, more.empty() ? "" : ",", more));
  }
  std::string map(const std::string& queue, const std::string& more = {}) {
    const Answer made = try_map(queue, more);
    EXPECT_TRUE(made.ok()) << made.error << " " << made.text;
    EXPECT_EQ(made.at("State"), "Creating");
    const std::string uuid = made.at("UUID");
    EXPECT_TRUE(comes_to(uuid, "Enabled"));
    return uuid;
  }
  // A world of one queue and a function that takes its messages.
  std::string begin_mapped(const std::string& queue = "q", const std::string& attributes = "{}",
                           const std::string& more = {}) {
    begin();
    create_function();
    create_queue(queue, attributes);
    return map(queue, more);
  }
  Answer update(const std::string& uuid, const std::string& more) {
    return server_->call("lambda", "UpdateEventSourceMapping",
                         fmt::format(R"({{"UUID":"{}",{}}})", uuid, more));
  }
  std::string of(const std::string& uuid, std::string_view member) {
    return server_->call("lambda", "GetEventSourceMapping", fmt::format(R"({{"UUID":"{}"}})", uuid))
        .at(member);
  }
  bool comes_to(const std::string& uuid, std::string_view state) {
    return eventually([&] { return of(uuid, "State") == state; });
  }
  void send(const std::string& queue, const std::string& body, const std::string& more = {}) {
    std::string text;
    text::append_json_string(text, body);
    call("sqs", "SendMessage",
         fmt::format(R"({{"QueueUrl":"{}{}","MessageBody":{}{}}})", kQueueUrl, queue, text, more));
  }
  // Messages in the queue, whatever their state.
  int waiting(const std::string& queue) {
    const Answer out =
        call("sqs", "GetQueueAttributes",
             fmt::format(R"({{"QueueUrl":"{}{}","AttributeNames":["All"]}})", kQueueUrl, queue));
    return std::stoi(out.at("Attributes.ApproximateNumberOfMessages")) +
           std::stoi(out.at("Attributes.ApproximateNumberOfMessagesNotVisible"));
  }
  bool empties(const std::string& queue) {
    return eventually([&] { return waiting(queue) == 0; });
  }
  Answer call(std::string_view service, std::string_view operation, std::string_view input) {
    const Answer out = server_->call(service, operation, input);
    EXPECT_TRUE(out.ok()) << operation << ": " << out.error << " " << out.text;
    return out;
  }

  Runs runs_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(EventSourceMapping, AMessageRunsTheFunctionAndGoes) {
  begin_mapped();
  send("q", R"(say "hello")",
       R"(,"MessageAttributes":{"n":{"DataType":"Number","StringValue":"7"},)"
       R"("b":{"DataType":"Binary","BinaryValue":"AAE="}})");
  ASSERT_TRUE(empties("q"));
  ASSERT_EQ(runs_.count(), 1u);
  const std::string event = runs_.events()[0];
  const auto document = text::parse_json(event);
  ASSERT_TRUE(document) << event;
  const text::JsonValue& record = document->root().find("Records")->items()[0];
  const auto text_of = [&](std::string_view member) {
    return std::string(record.find(member)->as_string());
  };
  EXPECT_EQ(text_of("body"), R"(say "hello")");
  EXPECT_EQ(text_of("eventSource"), "aws:sqs");
  EXPECT_EQ(text_of("eventSourceARN"), std::string(kQueueArn) + "q");
  EXPECT_EQ(text_of("awsRegion"), "us-east-1");
  EXPECT_EQ(text_of("messageId").size(), 36u);
  EXPECT_EQ(text_of("md5OfBody").size(), 32u);
  EXPECT_EQ(text_of("md5OfMessageAttributes").size(), 32u);
  const text::JsonValue& system = *record.find("attributes");
  EXPECT_EQ(system.find("ApproximateReceiveCount")->as_string(), "1");
  EXPECT_NE(system.find("SentTimestamp"), nullptr);
  EXPECT_NE(system.find("ApproximateFirstReceiveTimestamp"), nullptr);
  EXPECT_NE(event.find(R"("n":{"stringValue":"7","stringListValues":[],"binaryListValues":[],)"
                       R"("dataType":"Number"})"),
            std::string::npos)
      << event;
  EXPECT_NE(event.find(R"("b":{"binaryValue":"AAE=","stringListValues":[])"), std::string::npos);
}

TEST_F(EventSourceMapping, WithoutAttributesThereIsNoChecksumOfThem) {
  begin_mapped();
  send("q", "x");
  ASSERT_TRUE(empties("q"));
  EXPECT_NE(runs_.events()[0].find(R"("messageAttributes":{},)"), std::string::npos);
  EXPECT_NE(runs_.events()[0].find(R"("md5OfMessageAttributes":null)"), std::string::npos);
}

TEST_F(EventSourceMapping, AReceiptHandleOfAnEventCounts) {
  begin_mapped();
  runs_.failures_left = 1;
  send("q", "x");
  ASSERT_TRUE(eventually([&] { return runs_.count() == 1; }));
  const auto document = text::parse_json(runs_.events()[0]);
  const std::string event = runs_.events()[0];
  const std::size_t at = event.find(R"("receiptHandle":")") + 17;
  const std::string handle = event.substr(at, event.find('"', at) - at);
  call("sqs", "ChangeMessageVisibility",
       fmt::format(R"({{"QueueUrl":"{}q","ReceiptHandle":"{}","VisibilityTimeout":0}})", kQueueUrl,
                   handle));
  ASSERT_TRUE(eventually([&] { return runs_.count() == 2; }));
  EXPECT_TRUE(empties("q"));
}

TEST_F(EventSourceMapping, AWindowMakesBatchesOfTheSizeSaid) {
  begin_mapped("q", "{}", R"("BatchSize":20,"MaximumBatchingWindowInSeconds":1)");
  for (int i = 0; i < 30; ++i) send("q", fmt::format("m{}", i));
  server_->advance(seconds(1));
  ASSERT_TRUE(empties("q"));
  ASSERT_EQ(runs_.count(), 2u);
  EXPECT_EQ(runs_.bodies()[0].size(), 20u);
  EXPECT_EQ(runs_.bodies()[1].size(), 10u);
}

TEST_F(EventSourceMapping, WhatFailsTooOftenGoesToItsDeadLetterQueue) {
  begin();
  create_function();
  create_queue("dead");
  create_queue("q", fmt::format(R"({{"RedrivePolicy":"{{\"deadLetterTargetArn\":\"{}dead\",)"
                                R"(\"maxReceiveCount\":2}}"}})",
                                kQueueArn));
  map("q");
  runs_.failures_left = 5;
  send("q", "x");
  ASSERT_TRUE(eventually([&] { return runs_.count() == 1; }));
  server_->advance(seconds(29));
  EXPECT_EQ(runs_.count(), 1u);
  server_->advance(seconds(1));
  EXPECT_EQ(runs_.count(), 2u);
  EXPECT_NE(runs_.events()[1].find(R"("ApproximateReceiveCount":"2")"), std::string::npos);
  server_->advance(seconds(30));
  EXPECT_EQ(runs_.count(), 2u);
  EXPECT_EQ(waiting("q"), 0);
  EXPECT_EQ(waiting("dead"), 1);
}

TEST_F(EventSourceMapping, OfAFifoBatchWhatFailedComesBackInOrder) {
  begin_mapped("q.fifo", R"({"FifoQueue":"true","ContentBasedDeduplication":"true"})",
               R"("FunctionResponseTypes":["ReportBatchItemFailures"],"Enabled":true)");
  runs_.failing = {"2", "3", "4"};
  std::string entries;
  for (const char* const body : {"1", "2", "3", "4"}) {
    entries += fmt::format(R"({}{{"Id":"{}","MessageBody":"{}","MessageGroupId":"g"}})",
                           entries.empty() ? "" : ",", body, body);
  }
  call("sqs", "SendMessageBatch",
       fmt::format(R"({{"QueueUrl":"{}q.fifo","Entries":[{}]}})", kQueueUrl, entries));
  ASSERT_TRUE(eventually([&] { return waiting("q.fifo") == 3; }));
  server_->advance(seconds(29));
  EXPECT_EQ(runs_.count(), 1u);
  server_->advance(seconds(1));
  EXPECT_EQ(runs_.bodies(), (std::vector<Ids>{{"1", "2", "3", "4"}, {"2", "3", "4"}}));
  EXPECT_NE(runs_.events()[1].find(R"("ApproximateReceiveCount":"2")"), std::string::npos);
  EXPECT_NE(runs_.events()[0].find(R"("MessageGroupId":"g")"), std::string::npos);
  EXPECT_NE(runs_.events()[0].find(R"("SequenceNumber":")"), std::string::npos);
}

TEST_F(EventSourceMapping, AnAnswerWithAWrongNameFailsTheWholeBatch) {
  begin_mapped("q", "{}", R"("FunctionResponseTypes":["ReportBatchItemFailures"])");
  runs_.answer = R"({"batchItemFailures":[{"foo":"x"}]})";
  send("q", "x");
  ASSERT_TRUE(eventually([&] { return runs_.count() == 1; }));
  server_->advance(seconds(10));
  EXPECT_EQ(waiting("q"), 1);
  runs_.answer = "{}";
  server_->advance(seconds(30));
  EXPECT_EQ(waiting("q"), 0);
}

TEST_F(EventSourceMapping, WhatNoFilterWantsIsDeletedWithoutARun) {
  begin_mapped("q", "{}", R"("FilterCriteria":{"Filters":[{"Pattern":"{\"body\":{\"a\":[1]}}"}]})");
  send("q", R"({"a":2})");
  send("q", "plain");
  send("q", R"({"a":1})");
  ASSERT_TRUE(empties("q"));
  EXPECT_EQ(runs_.bodies(), (std::vector<Ids>{{R"({"a":1})"}}));
}

TEST_F(EventSourceMapping, DisabledItTakesNothing) {
  const std::string uuid = begin_mapped();
  const Answer off = update(uuid, R"("Enabled":false)");
  ASSERT_TRUE(off.ok()) << off.text;
  EXPECT_EQ(off.at("State"), "Disabling");
  ASSERT_TRUE(comes_to(uuid, "Disabled"));
  send("q", "x");
  server_->advance(seconds(60));
  EXPECT_EQ(runs_.count(), 0u);
  EXPECT_EQ(update(uuid, R"("Enabled":true)").at("State"), "Enabling");
  ASSERT_TRUE(comes_to(uuid, "Enabled"));
  EXPECT_TRUE(empties("q"));
}

TEST_F(EventSourceMapping, DeletedItIsGone) {
  const std::string uuid = begin_mapped();
  const std::string input = fmt::format(R"({{"UUID":"{}"}})", uuid);
  EXPECT_EQ(call("lambda", "DeleteEventSourceMapping", input).at("State"), "Deleting");
  ASSERT_TRUE(eventually([&] {
    return server_->call("lambda", "GetEventSourceMapping", input).error ==
           "ResourceNotFoundException";
  }));
  EXPECT_EQ(server_->call("lambda", "GetEventSourceMapping", input).text,
            "The resource you requested does not exist.");
  send("q", "x");
  server_->advance(seconds(60));
  EXPECT_EQ(runs_.count(), 0u);
}

TEST_F(EventSourceMapping, ThrottledNothingIsReceived) {
  begin();
  create_function();
  create_queue("q");
  call("lambda", "PutFunctionConcurrency",
       R"({"FunctionName":"f","ReservedConcurrentExecutions":0})");
  map("q");
  send("q", "x");
  server_->advance(seconds(60));
  EXPECT_EQ(runs_.count(), 0u);
  call("lambda", "DeleteFunctionConcurrency", R"({"FunctionName":"f"})");
  server_->advance(seconds(10));
  ASSERT_EQ(runs_.count(), 1u);
  EXPECT_NE(runs_.events()[0].find(R"("ApproximateReceiveCount":"1")"), std::string::npos);
}

TEST_F(EventSourceMapping, ItSurvivesARestart) {
  const TestDir dir;
  begin(dir.path());
  create_function();
  create_queue("q");
  const std::string uuid = map("q", R"("BatchSize":5,"Tags":{"a":"b"})");
  runs_.failures_left = 1;
  send("q", "x");
  ASSERT_TRUE(eventually([&] { return runs_.count() == 1; }));
  server_.reset();
  begin(dir.path());
  EXPECT_EQ(of(uuid, "State"), "Enabled");
  EXPECT_EQ(of(uuid, "BatchSize"), "5");
  server_->advance(seconds(30));
  ASSERT_EQ(runs_.count(), 2u);
  EXPECT_NE(runs_.events()[1].find(R"("ApproximateReceiveCount":"2")"), std::string::npos);
  EXPECT_EQ(waiting("q"), 0);
}

TEST_F(EventSourceMapping, AQueueThatIsMadeAgainIsPolled) {
  begin_mapped();
  call("sqs", "DeleteQueue", fmt::format(R"({{"QueueUrl":"{}q"}})", kQueueUrl));
  server_->advance(seconds(120));
  create_queue("q");
  send("q", "x");
  ASSERT_TRUE(empties("q"));
  EXPECT_EQ(runs_.count(), 1u);
}

TEST_F(EventSourceMapping, OfOneQueueAndFunctionThereIsOne) {
  const std::string uuid = begin_mapped();
  const Answer again = try_map("q");
  EXPECT_EQ(again.error, "ResourceConflictException");
  EXPECT_EQ(again.text,
            fmt::format("An event source mapping with SQS arn (\" {}q \") and function (\" f \") "
                        "already exists. Please update or delete the existing mapping with UUID {}",
                        kQueueArn, uuid));
}

TEST_F(EventSourceMapping, CreatedDisabledItIsSoAtOnce) {
  begin();
  create_function();
  create_queue("q");
  const Answer made = try_map("q", R"("Enabled":false)");
  EXPECT_EQ(made.at("State"), "Disabled");
  EXPECT_EQ(made.at("StateTransitionReason"), "USER_INITIATED");
  EXPECT_EQ(made.at("BatchSize"), "10");
  EXPECT_EQ(made.at("MaximumBatchingWindowInSeconds"), "0");
  EXPECT_EQ(made.at("FunctionArn"), "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(made.at("EventSourceMappingArn"),
            "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:" + made.at("UUID"));
}

TEST_F(EventSourceMapping, WhatCannotBeIsRefused) {
  begin();
  create_function();
  create_queue("q");
  create_queue("short", R"({"VisibilityTimeout":"2"})");
  create_queue("q.fifo", R"({"FifoQueue":"true"})");
  const auto refused = [&](const std::string& queue, const std::string& more,
                           std::string_view message) {
    const Answer out = try_map(queue, more);
    EXPECT_EQ(out.error, "InvalidParameterValueException") << queue << more;
    EXPECT_EQ(out.text, message);
  };
  refused("none", "",
          "Error occurred while ReceiveMessage. SQS Error Code: "
          "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does "
          "not exist.");
  refused("short", "",
          "Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds");
  refused("q", R"("BatchSize":11)",
          "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
          "than 10");
  refused("q.fifo", R"("MaximumBatchingWindowInSeconds":1)",
          "Batching window is not supported for FIFO queues");
  refused("q", R"("StartingPosition":"LATEST")",
          "StartingPosition is not valid for SQS event sources.");
  refused("q", R"("BisectBatchOnFunctionError":true)",
          "Unsupported BisectBatchOnFunctionError parameter for given event source mapping type.");
  refused(
      "q",
      R"("DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:000000000000:d"}})",
      "Unsupported DestinationConfig parameter for given event source mapping type.");
  refused("q", R"("FilterCriteria":{"Filters":[{"Pattern":"no"}]})",
          "Invalid filter pattern definition.");
  const auto source = [&](std::string_view function, std::string_view arn) {
    return server_->call(
        "lambda", "CreateEventSourceMapping",
        fmt::format(R"({{"FunctionName":"{}","EventSourceArn":"{}"}})", function, arn));
  };
  EXPECT_EQ(source("f", "arn:aws:s3:::bucket").text, "Unrecognized event source.");
  EXPECT_EQ(source("none", std::string(kQueueArn) + "q").text, "Function does not exist");
  EXPECT_EQ(source("f", "arn:aws:kinesis:us-east-1:000000000000:stream/s").error, "NotImplemented");
}

TEST_F(EventSourceMapping, ListsAndTags) {
  const std::string uuid = begin_mapped("q", "{}", R"("Tags":{"a":"1"})");
  create_queue("r");
  map("r");
  const auto listed = [&](const std::string& input) {
    return call("lambda", "ListEventSourceMappings", input).size("EventSourceMappings");
  };
  EXPECT_EQ(listed("{}"), 2u);
  EXPECT_EQ(listed(fmt::format(R"({{"EventSourceArn":"{}q"}})", kQueueArn)), 1u);
  EXPECT_EQ(listed(R"({"FunctionName":"f"})"), 2u);
  const Answer page = call("lambda", "ListEventSourceMappings", R"({"MaxItems":1})");
  EXPECT_EQ(page.size("EventSourceMappings"), 1u);
  EXPECT_EQ(listed(fmt::format(R"({{"Marker":"{}"}})", page.at("NextMarker"))), 1u);
  const std::string arn = of(uuid, "EventSourceMappingArn");
  call("lambda", "TagResource", fmt::format(R"({{"Resource":"{}","Tags":{{"b":"2"}}}})", arn));
  call("lambda", "UntagResource", fmt::format(R"({{"Resource":"{}","TagKeys":["a"]}})", arn));
  EXPECT_EQ(call("lambda", "ListTags", fmt::format(R"({{"Resource":"{}"}})", arn)).text,
            R"({"Tags":{"b":"2"}})");
  EXPECT_EQ(server_
                ->call("lambda", "ListTags",
                       R"({"Resource":"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:)"
                       R"(3f2504e0-4f89-41d3-9a0c-0305e82c3301"})")
                .error,
            "ResourceNotFoundException");
}

TEST_F(EventSourceMapping, UpdatesWhileItWorks) {
  const std::string uuid = begin_mapped();
  const Answer changed = update(uuid, R"("BatchSize":100,"MaximumBatchingWindowInSeconds":5,)"
                                      R"("ScalingConfig":{"MaximumConcurrency":2})");
  ASSERT_TRUE(changed.ok()) << changed.text;
  EXPECT_EQ(changed.at("State"), "Updating");
  ASSERT_TRUE(comes_to(uuid, "Enabled"));
  EXPECT_EQ(of(uuid, "ScalingConfig.MaximumConcurrency"), "2");
  send("q", "a");
  send("q", "b");
  server_->advance(seconds(4));
  EXPECT_EQ(runs_.count(), 0u);
  server_->advance(seconds(1));
  EXPECT_EQ(runs_.bodies(), (std::vector<Ids>{{"a", "b"}}));
  const Answer twice = update(uuid, R"("ProvisionedPollerConfig":{"MinimumPollers":3})");
  EXPECT_EQ(twice.error, "InvalidParameterValueException");
}

}  // namespace
}  // namespace lapwing::server
