// EventBridge Pipes through the whole server: from queues of SQS, through functions, to queues,
// buses and log groups, over failures and restarts. Functions are scripted; time is moved by hand.
#include <algorithm>
#include <map>
#include <mutex>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "server/testing/test_server.hpp"

namespace lapwing::server {
namespace {

using hosting::testing::Answer;
using hosting::testing::in_quotes;
using lapwing::testing::eventually;
using std::chrono::seconds;
using testing::TestDir;
using testing::TestServer;
using Texts = std::vector<std::string>;

// def handler(event, context): return event
constexpr char kZip[] =
    "UEsDBBQAAAAAAAAAIVg1ODTkKgAAACoAAAAGAAAAYXBwLnB5ZGVmIGhhbmRsZXIoZXZlbnQsIGNvbnRleHQpOiByZXR1"
    "cm4gZXZlbnQKUEsBAhQDFAAAAAAAAAAhWDU4NOQqAAAAKgAAAAYAAAAAAAAAAAAAAKSBAAAAAGFwcC5weVBLBQYAAAAA"
    "AQABADQAAABOAAAAAAA=";
constexpr char kQueueUrl[] = "http://localhost:4566/000000000000/";

std::string arn(std::string_view service, std::string_view resource) {
  return fmt::format("arn:aws:{}:us-east-1:000000000000:{}", service, resource);
}

class PipesOfServer : public ::testing::Test {
 protected:
  void begin(const std::string& data_dir = {}) {
    server_ = std::make_unique<TestServer>(testing::TestServerOptions{
        .services = {"sqs", "lambda", "events", "logs", "pipes"},
        .data_dir = data_dir,
        .script = [this](const runtime::FunctionVersion& function,
                         const runtime::Invocation& invocation) {
          const std::lock_guard lock(mutex_);
          given_[function.name.str()].push_back(invocation.payload);
          runtime::Outcome out;
          out.body = answers_.contains(function.name.str()) ? answers_[function.name.str()]
                                                            : invocation.payload;
          if (failures_left_ > 0) {
            --failures_left_;
            out.kind = runtime::Outcome::Kind::kFunctionError;
            out.body = R"({"errorMessage":"not today","errorType":"Weather"})";
          }
          return out;
        }});
  }
  Answer call(std::string_view service, std::string_view operation, const std::string& input) {
    const Answer out = server_->call(service, operation, input);
    EXPECT_TRUE(out.ok()) << operation << ": " << out.error << " " << out.text;
    return out;
  }
  void create_function(const std::string& name) {
    call("lambda", "CreateFunction",
         fmt::format(R"({{"FunctionName":"{}","Runtime":"python3.12","Handler":"app.handler",)"
                     R"("Role":"arn:aws:iam::000000000000:role/r","Code":{{"ZipFile":"{}"}}}})",
                     name, kZip));
    ASSERT_TRUE(eventually([&] {
      return call("lambda", "GetFunction", fmt::format(R"({{"FunctionName":"{}"}})", name))
                 .at("Configuration.State") == "Active";
    }));
  }
  void create_queue(const std::string& name, const std::string& attributes = "{}") {
    call("sqs", "CreateQueue",
         fmt::format(R"({{"QueueName":"{}","Attributes":{}}})", name, attributes));
  }
  void create_pipe(const std::string& target, const std::string& more = {},
                   const std::string& source = "q") {
    call("pipes", "CreatePipe",
         fmt::format(R"({{"Name":"p","Source":"{}","Target":"{}",)"
                     R"("RoleArn":"arn:aws:iam::000000000000:role/p"{}{}}})",
                     arn("sqs", source), target, more.empty() ? "" : ",", more));
    ASSERT_TRUE(comes_to("RUNNING"));
  }
  bool comes_to(std::string_view state) {
    return eventually([&] {
      return server_->call("pipes", "DescribePipe", R"({"Name":"p"})").at("CurrentState") == state;
    });
  }
  void send(const std::string& body, const std::string& more = {}, const std::string& queue = "q") {
    call("sqs", "SendMessage",
         fmt::format(R"({{"QueueUrl":"{}{}","MessageBody":{}{}}})", kQueueUrl, queue,
                     in_quotes(body), more));
  }
  int waiting(const std::string& queue) {
    const Answer out =
        call("sqs", "GetQueueAttributes",
             fmt::format(R"({{"QueueUrl":"{}{}","AttributeNames":["All"]}})", kQueueUrl, queue));
    return std::stoi(out.at("Attributes.ApproximateNumberOfMessages")) +
           std::stoi(out.at("Attributes.ApproximateNumberOfMessagesNotVisible"));
  }
  bool empties(const std::string& queue = "q") {
    return eventually([&] { return waiting(queue) == 0; });
  }
  // Bodies in the order they come; removed.
  Texts received(const std::string& queue, std::size_t count) {
    Texts out;
    EXPECT_TRUE(eventually([&] {
      const Answer got =
          call("sqs", "ReceiveMessage",
               fmt::format(R"({{"QueueUrl":"{}{}","MaxNumberOfMessages":10}})", kQueueUrl, queue));
      for (std::size_t i = 0; i < got.size("Messages"); ++i) {
        out.push_back(got.at(fmt::format("Messages.{}.Body", i)));
        call("sqs", "DeleteMessage",
             fmt::format(R"({{"QueueUrl":"{}{}","ReceiptHandle":"{}"}})", kQueueUrl, queue,
                         got.at(fmt::format("Messages.{}.ReceiptHandle", i))));
      }
      return out.size() >= count;
    }));
    return out;
  }
  Texts given(const std::string& function) {
    const std::lock_guard lock(mutex_);
    return given_[function];
  }

  std::mutex mutex_;
  std::map<std::string, Texts> given_;
  std::map<std::string, std::string> answers_;
  int failures_left_ = 0;
  std::unique_ptr<TestServer> server_;
};

TEST_F(PipesOfServer, FromAQueueThroughAFunctionToAQueue) {
  begin();
  create_function("enrich");
  create_queue("q");
  create_queue("out");
  answers_["enrich"] = R"([{"city":"Ulm"}])";
  create_pipe(
      arn("sqs", "out"),
      fmt::format(R"("SourceParameters":{{"FilterCriteria":{{"Filters":[{{"Pattern":{}}}]}}}},)"
                  R"("Enrichment":"{}","TargetParameters":{{"InputTemplate":"<$.city>"}})",
                  in_quotes(R"({"body":{"kind":["order"]}})"), arn("lambda", "function:enrich")));
  send(R"({"kind":"other"})");
  send(R"({"kind":"order","n":1})");
  EXPECT_EQ(received("out", 1), Texts{"Ulm"});
  EXPECT_TRUE(empties());
  const Texts events = given("enrich");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].find(R"([{"messageId":")"), 0U) << events[0];
  EXPECT_NE(events[0].find(R"("eventSource":"aws:sqs")"), std::string::npos);
}

TEST_F(PipesOfServer, WhatAFunctionFailsGoesByTheQueuesRedrivePolicy) {
  begin();
  create_function("f");
  create_queue("dead");
  create_queue(
      "q",
      fmt::format(R"({{"VisibilityTimeout":"30","RedrivePolicy":{}}})",
                  in_quotes(fmt::format(R"({{"deadLetterTargetArn":"{}","maxReceiveCount":"2"}})",
                                        arn("sqs", "dead")))));
  create_pipe(arn("lambda", "function:f"));
  failures_left_ = 2;
  send("poison");
  ASSERT_TRUE(eventually([&] { return given("f").size() == 1; }));
  for (int i = 0; i < 3; ++i) server_->advance(seconds(40));
  ASSERT_TRUE(empties());
  EXPECT_EQ(given("f").size(), 2U);
  EXPECT_EQ(received("dead", 1), Texts{"poison"});
}

TEST_F(PipesOfServer, GroupsOfAFifoQueueArriveInOrder) {
  begin();
  create_queue("q.fifo", R"({"FifoQueue":"true","ContentBasedDeduplication":"true"})");
  create_queue("out.fifo", R"({"FifoQueue":"true"})");
  create_pipe(arn("sqs", "out.fifo"),
              R"("TargetParameters":{"InputTemplate":"<$.body>","SqsQueueParameters":)"
              R"({"MessageGroupId":"$.attributes.MessageGroupId"}})",
              "q.fifo");
  Texts sent;
  for (int i = 0; i < 25; ++i) {
    sent.push_back(fmt::format("{:02}", i));
    send(sent.back(), R"(,"MessageGroupId":"g")", "q.fifo");
  }
  EXPECT_EQ(received("out.fifo", 25), sent);
  EXPECT_TRUE(empties("q.fifo"));
}

TEST_F(PipesOfServer, AQueueThatComparesTextsTakesTheSameOnce) {
  begin();
  create_queue("q");
  create_queue("out.fifo", R"({"FifoQueue":"true","ContentBasedDeduplication":"true"})");
  create_pipe(arn("sqs", "out.fifo"),
              R"("TargetParameters":{"InputTemplate":"<$.body>","SqsQueueParameters":)"
              R"({"MessageGroupId":"g"}})");
  for (const char* const body : {"same", "same", "other"}) send(body);
  EXPECT_TRUE(empties());
  Texts got = received("out.fifo", 2);
  std::ranges::sort(got);
  EXPECT_EQ(got, (Texts{"other", "same"}));
  EXPECT_EQ(waiting("out.fifo"), 0);
}

TEST_F(PipesOfServer, ABusAndALogGroup) {
  begin();
  create_queue("q");
  call("logs", "CreateLogGroup", R"({"logGroupName":"/seen"})");
  call("logs", "PutResourcePolicy",
       R"({"policyName":"p","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{)"
       R"(\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},)"
       R"(\"Action\":[\"logs:CreateLogStream\",\"logs:PutLogEvents\"],\"Resource\":\"*\"}]}"})");
  call("events", "CreateEventBus", R"({"Name":"b"})");
  call("events", "PutRule",
       R"({"Name":"r","EventBusName":"b","EventPattern":"{\"source\":[\"Pipe p\"]}"})");
  call("events", "PutTargets",
       fmt::format(R"({{"Rule":"r","EventBusName":"b","Targets":[{{"Id":"t","Arn":"{}"}}]}})",
                   arn("logs", "log-group:/seen")));
  create_pipe(arn("events", "event-bus/b"), R"("TargetParameters":{"InputTemplate":"<$.body>"})");
  const auto seen = [&](std::string_view part) {
    return eventually([&] {
      return call("logs", "FilterLogEvents", R"({"logGroupName":"/seen"})").text.find(part) !=
             std::string::npos;
    });
  };
  send(R"({"n":1})");
  EXPECT_TRUE(seen("Event from aws:sqs"));
  // What is no event's detail is refused, and stays.
  send("text");
  server_->advance(seconds(1));
  EXPECT_EQ(waiting("q"), 1);
  call("pipes", "UpdatePipe",
       fmt::format(R"({{"Name":"p","RoleArn":"arn:aws:iam::000000000000:role/p","Target":"{}",)"
                   R"("TargetParameters":{{"CloudWatchLogsParameters":{{"LogStreamName":"s"}},)"
                   R"("InputTemplate":"got <$.body>"}}}})",
                   arn("logs", "log-group:/seen")));
  ASSERT_TRUE(comes_to("RUNNING"));
  server_->advance(seconds(31));
  EXPECT_TRUE(seen("got text"));
  EXPECT_TRUE(empties());
}

TEST_F(PipesOfServer, AQueueDeletedUnderItShowsAndComesBack) {
  begin();
  create_queue("q");
  create_queue("out");
  create_pipe(arn("sqs", "out"));
  const auto reason = [&] {
    return server_->call("pipes", "DescribePipe", R"({"Name":"p"})").at("StateReason");
  };
  call("sqs", "DeleteQueue", fmt::format(R"({{"QueueUrl":"{}q"}})", kQueueUrl));
  EXPECT_TRUE(eventually([&] { return reason().find("does not exist") != std::string::npos; }));
  server_->advance(seconds(61));
  create_queue("q");
  EXPECT_TRUE(eventually([&] { return reason().empty(); }));
  send("a");
  EXPECT_TRUE(empties());
}

TEST_F(PipesOfServer, OutlivesTheServer) {
  const TestDir place;
  begin(place.path() + "/data");
  create_queue("q");
  create_queue("out");
  create_pipe(arn("sqs", "out"), R"("TargetParameters":{"InputTemplate":"<$.body>"})");
  server_.reset();
  begin(place.path() + "/data");
  EXPECT_TRUE(comes_to("RUNNING"));
  send("a");
  EXPECT_EQ(received("out", 1), Texts{"a"});
}

}  // namespace
}  // namespace lapwing::server
