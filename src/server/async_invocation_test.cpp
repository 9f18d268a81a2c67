// Asynchronous invocation through the whole server: accepted, run, run again, told of, over
// crashes. Functions are scripted; time is moved by hand.
#include <atomic>
#include <mutex>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "server/testing/test_server.hpp"

namespace lapwing::server {
namespace {

using lapwing::testing::eventually;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HttpAnswer;
using testing::TestDir;
using testing::TestServer;
using testing::TestServerOptions;

// def handler(event, context): return event
constexpr char kZip[] =
    "UEsDBBQAAAAAAAAAIVg1ODTkKgAAACoAAAAGAAAAYXBwLnB5ZGVmIGhhbmRsZXIoZXZlbnQsIGNvbnRleHQpOiByZXR1"
    "cm4gZXZlbnQKUEsBAhQDFAAAAAAAAAAhWDU4NOQqAAAAKgAAAAYAAAAAAAAAAAAAAKSBAAAAAGFwcC5weVBLBQYAAAAA"
    "AQABADQAAABOAAAAAAA=";
constexpr char kFunctionArn[] = "arn:aws:lambda:us-east-1:000000000000:function:f";
constexpr char kQueueArn[] = "arn:aws:sqs:us-east-1:000000000000:";

// What a function was given, and how it takes it.
struct Runs {
  std::mutex mutex;
  std::vector<runtime::Invocation> seen;
  std::atomic<int> failures_left{0};

  std::size_t count() {
    const std::lock_guard lock(mutex);
    return seen.size();
  }
  runtime::Invocation at(std::size_t i) {
    const std::lock_guard lock(mutex);
    return i < seen.size() ? seen[i] : runtime::Invocation();
  }
  testing::Script script() {
    return [this](const runtime::FunctionVersion&, const runtime::Invocation& invocation) {
      const std::lock_guard lock(mutex);
      seen.push_back(invocation);
      runtime::Outcome out;
      out.body = "\"done\"";
      if (failures_left > 0) {
        --failures_left;
        out.kind = runtime::Outcome::Kind::kFunctionError;
        out.body = R"({"errorMessage":"not today","errorType":"Weather"})";
      }
      return out;
    };
  }
};

class AsyncInvocation : public ::testing::Test {
 protected:
  TestServerOptions options() {
    return {.services = {"lambda", "sqs"}, .data_dir = data_, .script = runs_.script()};
  }
  void begin(std::string data_dir = {}) {
    data_ = std::move(data_dir);
    server_ = std::make_unique<TestServer>(options());
  }
  void create(const std::string& more = {}) {
    const auto made = call(
        "lambda", "CreateFunction",
        fmt::format(R"({{"FunctionName":"f","Runtime":"python3.12","Handler":"app.handler","Role":)"
                    R"("arn:aws:iam::000000000000:role/r","Code":{{"ZipFile":"{}"}}{}}})",
                    kZip, more));
    ASSERT_TRUE(made.ok()) << made.text;
    ASSERT_TRUE(eventually([&] {
      return call("lambda", "GetFunction", R"({"FunctionName":"f"})").at("Configuration.State") ==
             "Active";
    }));
  }
  void create_queue(const std::string& name) {
    ASSERT_TRUE(call("sqs", "CreateQueue", fmt::format(R"({{"QueueName":"{}"}})", name)).ok());
  }
  hosting::testing::Answer call(std::string_view service, std::string_view operation,
                                std::string_view input) {
    const auto out = server_->call(service, operation, input);
    EXPECT_TRUE(out.ok()) << operation << ": " << out.error << " " << out.text;
    return out;
  }
  HttpAnswer send(std::string_view payload = R"({"a":1})", std::string_view qualifier = {},
                  std::string_view headers = {}) {
    return server_->request("POST",
                            fmt::format("/2015-03-31/functions/f/invocations{}{}",
                                        qualifier.empty() ? "" : "?Qualifier=", qualifier),
                            fmt::format("X-Amz-Invocation-Type: Event\r\n{}", headers), payload);
  }
  // The only message of a queue, which is waited for.
  hosting::testing::Answer message(const std::string& queue) {
    hosting::testing::Answer out;
    EXPECT_TRUE(eventually([&] {
      out = call("sqs", "ReceiveMessage",
                 fmt::format(R"({{"QueueUrl":"http://localhost:4566/000000000000/{}",)"
                             R"("MessageAttributeNames":["All"],"AttributeNames":["All"]}})",
                             queue));
      return out.size("Messages") == 1;
    }));
    return out;
  }
  std::string metric(const std::string& name) {
    const std::string all = server_->request("GET", "/_lapwing/metrics").body;
    const std::size_t at = all.find("\nlapwing_" + name + " ");
    if (at == std::string::npos) return {};
    const std::size_t value = all.find(' ', at) + 1;
    return all.substr(value, all.find('\n', value) - value);
  }

  Runs runs_;
  std::string data_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(AsyncInvocation, IsAcceptedAndRun) {
  begin();
  create();
  const HttpAnswer answer = send(R"({"order":7})");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "");
  ASSERT_TRUE(eventually([&] { return runs_.count() == 1; }));
  const runtime::Invocation run = runs_.at(0);
  EXPECT_EQ(run.payload, R"({"order":7})");
  EXPECT_EQ(run.invoked_arn, kFunctionArn);
  EXPECT_TRUE(run.trace_id.starts_with("Root=1-"));
  EXPECT_NE(answer.head.find("x-amzn-RequestId: " + run.request_id), std::string::npos);
  EXPECT_NE(answer.head.find("X-Amzn-Trace-Id: " + run.trace_id), std::string::npos);
  ASSERT_TRUE(eventually([&] { return metric("async_event_runs_total") == "1"; }));
  server_->advance(hours(12));
  EXPECT_EQ(runs_.count(), 1u);
}

TEST_F(AsyncInvocation, AnEmptyBodyIsAnEmptyObjectAndOthersAreRefused) {
  begin();
  create();
  EXPECT_EQ(send("").status, 202);
  ASSERT_TRUE(eventually([&] { return runs_.count() == 1; }));
  EXPECT_EQ(runs_.at(0).payload, "{}");
  EXPECT_EQ(send("{not json").status, 400);
  const std::string most = "\"" + std::string(1024 * 1024 - 2, 'x') + "\"";
  EXPECT_EQ(send(most).status, 202);
  EXPECT_EQ(send(most + " ").status, 413);
  EXPECT_EQ(server_
                ->request("POST", "/2015-03-31/functions/none/invocations",
                          "X-Amz-Invocation-Type: Event\r\n", "{}")
                .status,
            404);
  ASSERT_TRUE(eventually([&] { return runs_.count() == 2; }));
}

TEST_F(AsyncInvocation, AFunctionThatFailsIsRunAgainAfterOneMinuteAndTwo) {
  begin();
  create_queue("dead");
  create(fmt::format(R"(,"DeadLetterConfig":{{"TargetArn":"{}dead"}})", kQueueArn));
  runs_.failures_left = 3;
  ASSERT_EQ(send(R"({"order":7})").status, 202);
  ASSERT_TRUE(eventually([&] { return metric("async_event_failed_runs_total") == "1"; }));
  server_->advance(seconds(59));
  EXPECT_EQ(runs_.count(), 1u);
  server_->advance(seconds(1));
  EXPECT_EQ(runs_.count(), 2u);
  server_->advance(seconds(119));
  EXPECT_EQ(runs_.count(), 2u);
  server_->advance(seconds(1));
  EXPECT_EQ(runs_.count(), 3u);
  EXPECT_EQ(runs_.at(0).request_id, runs_.at(2).request_id);
  EXPECT_EQ(runs_.at(0).trace_id, runs_.at(2).trace_id);
  const auto buried = message("dead");
  EXPECT_EQ(buried.at("Messages.0.Body"), R"({"order":7})");
  EXPECT_EQ(buried.at("Messages.0.MessageAttributes.RequestID.StringValue"),
            runs_.at(0).request_id);
  EXPECT_EQ(buried.at("Messages.0.MessageAttributes.ErrorCode.StringValue"), "200");
  EXPECT_EQ(buried.at("Messages.0.MessageAttributes.ErrorMessage.StringValue"), "not today");
  server_->advance(hours(12));
  EXPECT_EQ(runs_.count(), 3u);
  EXPECT_EQ(metric("async_events_dropped_total"), "1");
}

TEST_F(AsyncInvocation, DestinationsAreToldOfSuccessAndFailure) {
  begin();
  create_queue("good");
  create_queue("bad");
  create();
  call("lambda", "PutFunctionEventInvokeConfig",
       fmt::format(R"({{"FunctionName":"f","MaximumRetryAttempts":0,"DestinationConfig":)"
                   R"({{"OnSuccess":{{"Destination":"{0}good"}},)"
                   R"("OnFailure":{{"Destination":"{0}bad"}}}}}})",
                   kQueueArn));
  ASSERT_EQ(send().status, 202);
  const std::string told = message("good").at("Messages.0.Body");
  EXPECT_NE(told.find(R"("condition":"Success","approximateInvokeCount":1)"), std::string::npos);
  EXPECT_NE(told.find(fmt::format(R"("functionArn":"{}:$LATEST")", kFunctionArn)),
            std::string::npos);
  EXPECT_NE(told.find(R"("requestPayload":{"a":1})"), std::string::npos);
  EXPECT_NE(told.find(R"("responsePayload":"done")"), std::string::npos);
  runs_.failures_left = 1;
  ASSERT_EQ(send().status, 202);
  const std::string failed = message("bad").at("Messages.0.Body");
  EXPECT_NE(failed.find(R"("condition":"RetriesExhausted","approximateInvokeCount":1)"),
            std::string::npos);
  EXPECT_NE(failed.find(R"("functionError":"Unhandled")"), std::string::npos);
}

TEST_F(AsyncInvocation, AnEventThatIsTooOldForItsRetryEnds) {
  begin();
  create_queue("bad");
  create();
  call("lambda", "PutFunctionEventInvokeConfig",
       fmt::format(R"({{"FunctionName":"f","MaximumEventAgeInSeconds":60,"DestinationConfig":)"
                   R"({{"OnFailure":{{"Destination":"{}bad"}}}}}})",
                   kQueueArn));
  runs_.failures_left = 3;
  ASSERT_EQ(send().status, 202);
  EXPECT_NE(message("bad").at("Messages.0.Body").find("\"EventAgeExceeded\""), std::string::npos);
  server_->advance(hours(1));
  EXPECT_EQ(runs_.count(), 1u);
}

TEST_F(AsyncInvocation, WithNothingReservedEventsEndAtOnce) {
  begin();
  create_queue("dead");
  create(fmt::format(R"(,"DeadLetterConfig":{{"TargetArn":"{}dead"}})", kQueueArn));
  call("lambda", "PutFunctionConcurrency",
       R"({"FunctionName":"f","ReservedConcurrentExecutions":0})");
  ASSERT_EQ(send().status, 202);
  EXPECT_EQ(message("dead").at("Messages.0.MessageAttributes.ErrorCode.StringValue"), "429");
  EXPECT_EQ(runs_.count(), 0u);
}

TEST_F(AsyncInvocation, AVersionsEventsRunItAndAnAliassWhereItLeads) {
  begin();
  create();
  ASSERT_EQ(call("lambda", "PublishVersion", R"({"FunctionName":"f"})").at("Version"), "1");
  call("lambda", "CreateAlias", R"({"FunctionName":"f","Name":"live","FunctionVersion":"1"})");
  ASSERT_EQ(send("{}", "live").status, 202);
  ASSERT_TRUE(eventually([&] { return runs_.count() == 1; }));
  EXPECT_EQ(runs_.at(0).invoked_arn, std::string(kFunctionArn) + ":live");
  EXPECT_EQ(send("{}", "none").status, 404);
}

TEST_F(AsyncInvocation, TheOlderOperationAcceptsToo) {
  begin();
  create();
  const HttpAnswer answer =
      server_->request("POST", "/2014-11-13/functions/f/invoke-async", {}, R"({"old":true})");
  EXPECT_EQ(answer.status, 202);
  ASSERT_TRUE(eventually([&] { return runs_.count() == 1; }));
  EXPECT_EQ(runs_.at(0).payload, R"({"old":true})");
}

TEST_F(AsyncInvocation, WhatWasAcceptedIsRunByTheNextServer) {
  const TestDir place;
  begin(place.path() + "/data");
  create();
  call("lambda", "PutFunctionConcurrency",
       R"({"FunctionName":"f","ReservedConcurrentExecutions":1})");
  runs_.failures_left = 1;
  ASSERT_EQ(send(R"({"order":7})").status, 202);
  ASSERT_TRUE(eventually([&] { return metric("async_event_failed_runs_total") == "1"; }));
  ASSERT_TRUE(eventually([&] { return runs_.count() == 1; }));
  server_->advance(seconds(1));  // it waits for its minute now
  server_->stop();
  server_ = std::make_unique<TestServer>(options());
  EXPECT_EQ(runs_.count(), 1u);
  server_->advance(minutes(2));
  EXPECT_EQ(runs_.count(), 2u);
  EXPECT_EQ(runs_.at(1).payload, R"({"order":7})");
  EXPECT_EQ(runs_.at(1).request_id, runs_.at(0).request_id);
}

TEST_F(AsyncInvocation, TheEventsOfADeletedFunctionGoWithIt) {
  begin();
  create();
  runs_.failures_left = 1;
  ASSERT_EQ(send().status, 202);
  ASSERT_TRUE(eventually([&] { return metric("async_event_failed_runs_total") == "1"; }));
  call("lambda", "DeleteFunction", R"({"FunctionName":"f"})");
  create();
  server_->advance(hours(7));
  EXPECT_EQ(runs_.count(), 1u);
}

TEST_F(AsyncInvocation, AFunctionInALoopIsStopped) {
  begin();
  create_queue("dead");
  create(fmt::format(R"(,"DeadLetterConfig":{{"TargetArn":"{}dead"}})", kQueueArn));
  std::string trace;
  for (int run = 0; run < 16; ++run) {
    ASSERT_EQ(send("{}", {}, trace.empty() ? "" : "X-Amzn-Trace-Id: " + trace + "\r\n").status,
              202);
    ASSERT_TRUE(eventually([&] { return runs_.count() == static_cast<std::size_t>(run) + 1; }));
    trace = runs_.at(static_cast<std::size_t>(run)).trace_id;
  }
  ASSERT_EQ(send("{}", {}, "X-Amzn-Trace-Id: " + trace + "\r\n").status, 202);
  EXPECT_EQ(message("dead").at("Messages.0.Body"), "{}");
  EXPECT_EQ(runs_.count(), 16u);
  EXPECT_EQ(metric("recursive_invocations_dropped_total"), "1");
  call("lambda", "PutFunctionRecursionConfig", R"({"FunctionName":"f","RecursiveLoop":"Allow"})");
  ASSERT_EQ(send("{}", {}, "X-Amzn-Trace-Id: " + trace + "\r\n").status, 202);
  ASSERT_TRUE(eventually([&] { return runs_.count() == 17; }));
}

TEST_F(AsyncInvocation, ARecordThatNobodyTakesIsCounted) {
  begin();
  create();
  call("lambda", "PutFunctionEventInvokeConfig",
       fmt::format(R"({{"FunctionName":"f","DestinationConfig":)"
                   R"({{"OnSuccess":{{"Destination":"{}none"}}}}}})",
                   kQueueArn));
  ASSERT_EQ(send().status, 202);
  EXPECT_TRUE(eventually([&] { return metric("destination_delivery_failures_total") == "1"; }));
}

TEST_F(AsyncInvocation, ManyEventsOfOneFunctionAllRun) {
  begin();
  create();
  for (int i = 0; i < 300; ++i) ASSERT_EQ(send(std::to_string(i)).status, 202);
  ASSERT_TRUE(eventually([&] { return runs_.count() == 300; }));
  std::vector<bool> seen(300);
  for (std::size_t i = 0; i < 300; ++i) seen[std::stoul(runs_.at(i).payload)] = true;
  EXPECT_EQ(std::ranges::count(seen, true), 300);
}

}  // namespace
}  // namespace lapwing::server
