// A data directory is copied while events wait in it, of every kind of sender, and restored
// elsewhere: there they come, once, and what sends them is there. The server it was copied from
// sends its own.
#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "server/testing/test_server.hpp"
#include "store/sqlite/backup.hpp"

namespace lapwing::server {
namespace {

using hosting::testing::Answer;
using lapwing::testing::eventually;
using std::chrono::hours;
using testing::TestDir;
using testing::TestServer;

// def handler(event, context): return event
constexpr char kZip[] =
    "UEsDBBQAAAAAAAAAIVg1ODTkKgAAACoAAAAGAAAAYXBwLnB5ZGVmIGhhbmRsZXIoZXZlbnQsIGNvbnRleHQpOiByZXR1"
    "cm4gZXZlbnQKUEsBAhQDFAAAAAAAAAAhWDU4NOQqAAAAKgAAAAYAAAAAAAAAAAAAAKSBAAAAAGFwcC5weVBLBQYAAAAA"
    "AQABADQAAABOAAAAAAA=";
constexpr std::string_view kFunctionArn = "arn:aws:lambda:us-east-1:000000000000:function:f";
constexpr std::string_view kQueueArn = "arn:aws:sqs:us-east-1:000000000000:q";
constexpr std::string_view kTopicArn = "arn:aws:sns:us-east-1:000000000000:t";
constexpr std::string_view kUrl = "http://localhost:4566/000000000000/q";

// One server, and what its function was given, which fails there or does not.
class Place {
 public:
  Place(const std::string& data_dir, bool fails)
      : server_({.services = {"lambda", "sqs", "sns", "events", "scheduler"},
                 .data_dir = data_dir,
                 .script = [this, fails](const runtime::FunctionVersion&,
                                         const runtime::Invocation& invocation) {
                   const std::lock_guard lock(mutex_);
                   payloads_.emplace_back(invocation.payload);
                   runtime::Outcome out;
                   if (fails) out.kind = runtime::Outcome::Kind::kFunctionError;
                   out.body = "{}";
                   return out;
                 }}) {}

  Answer call(std::string_view service, std::string_view operation, const std::string& input) {
    Answer out = server_.call(service, operation, input);
    EXPECT_TRUE(out.ok()) << operation << ": " << out.error << " " << out.text;
    return out;
  }
  std::size_t runs_with(std::string_view text) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(
        payloads_, [&](const std::string& payload) { return payload.contains(text); }));
  }
  std::size_t runs() {
    const std::lock_guard lock(mutex_);
    return payloads_.size();
  }
  // Of the queue, taken out; sorted.
  std::vector<std::string> messages() {
    std::vector<std::string> out;
    while (true) {
      const Answer got = call("sqs", "ReceiveMessage", fmt::format(R"({{"QueueUrl":"{}"}})", kUrl));
      if (got.size("Messages") == 0) break;
      out.emplace_back(got.at("Messages.0.Body"));
      call("sqs", "DeleteMessage",
           fmt::format(R"({{"QueueUrl":"{}","ReceiptHandle":"{}"}})", kUrl,
                       got.at("Messages.0.ReceiptHandle")));
    }
    std::ranges::sort(out);
    return out;
  }
  TestServer& server() { return server_; }

 private:
  std::mutex mutex_;
  std::vector<std::string> payloads_;
  TestServer server_;
};

// A function, and everything that calls it.
void make(Place& place) {
  place.call("sqs", "CreateQueue", R"({"QueueName":"q"})");
  place.call("lambda", "CreateFunction",
             fmt::format(R"({{"FunctionName":"f","Runtime":"python3.12","Handler":"app.handler",)"
                         R"("Role":"arn:aws:iam::000000000000:role/r","Code":{{"ZipFile":"{}"}}}})",
                         kZip));
  ASSERT_TRUE(eventually([&] {
    return place.call("lambda", "GetFunction", R"({"FunctionName":"f"})")
               .at("Configuration.State") == "Active";
  }));
  for (const std::string_view service : {"sns", "events"}) {
    place.call("lambda", "AddPermission",
               fmt::format(R"({{"FunctionName":"f","StatementId":"{0}","Action":)"
                           R"("lambda:InvokeFunction","Principal":"{0}.amazonaws.com"}})",
                           service));
  }
  place.call("sns", "CreateTopic", R"({"Name":"t"})");
  place.call("sns", "Subscribe",
             fmt::format(R"({{"TopicArn":"{}","Protocol":"lambda","Endpoint":"{}"}})", kTopicArn,
                         kFunctionArn));
  place.call("events", "PutRule", R"({"Name":"r","EventPattern":"{\"source\":[\"app\"]}"})");
  place.call("events", "PutTargets",
             fmt::format(R"({{"Rule":"r","Targets":[{{"Id":"f","Arn":"{}"}}]}})", kFunctionArn));
}

// Due every two hours; its target is told so.
void schedule(Place& place, std::string_view name, std::string_view target) {
  place.call("scheduler", "CreateSchedule",
             fmt::format(R"x({{"Name":"{0}","ScheduleExpression":"rate(2 hours)",)x"
                         R"("FlexibleTimeWindow":{{"Mode":"OFF"}},"Target":{{"Arn":"{1}",)"
                         R"("Input":"\"scheduled for the {0}\"",)"
                         R"("RoleArn":"arn:aws:iam::000000000000:role/r"}}}})",
                         name, target));
}

void send(Place& place) {
  EXPECT_EQ(place.server()
                .request("POST", "/2015-03-31/functions/f/invocations",
                         "X-Amz-Invocation-Type: Event\r\n", R"({"said":"directly"})")
                .status,
            202);
  place.call("sns", "Publish",
             fmt::format(R"({{"TopicArn":"{}","Message":"by the topic"}})", kTopicArn));
  place.call(
      "events", "PutEvents",
      R"({"Entries":[{"Source":"app","DetailType":"t","Detail":"{\"said\":\"by the bus\"}"}]})");
  place.call(
      "sqs", "SendMessage",
      fmt::format(R"({{"QueueUrl":"{}","MessageBody":"delayed","DelaySeconds":900}})", kUrl));
  schedule(place, "function", kFunctionArn);
  schedule(place, "queue", kQueueArn);
}

TEST(Restored, WhatWaitedAtTheBackupComes) {
  const TestDir files;
  const std::string data = files.path() + "/data";
  const std::string copy = files.path() + "/copy";
  const std::string back = files.path() + "/back";
  {
    Place first(data, true);
    make(first);
    send(first);
    // They wait for their second attempt.
    ASSERT_TRUE(eventually([&] { return first.runs() == 3; }));
    const auto copied = store::back_up(data, copy, first.server().real);  // while it is in use
    ASSERT_TRUE(copied) << copied.error().to_log();
    first.server().stop();
  }
  SystemClock real;
  ASSERT_TRUE(store::restore(copy, back, real));
  Place second(back, false);
  // What failed is tried again after a minute; the schedules are due once.
  second.server().advance(hours(3));
  for (const std::string_view text :
       {"directly", "by the topic", "by the bus", "scheduled for the function"}) {
    EXPECT_TRUE(eventually([&] { return second.runs_with(text) == 1; })) << text;
  }
  EXPECT_EQ(second.runs(), 4U);
  EXPECT_EQ(second.messages(),
            (std::vector<std::string>{"\"scheduled for the queue\"", "delayed"}));
  // What sends is there as well.
  second.call("sns", "Publish",
              fmt::format(R"({{"TopicArn":"{}","Message":"afterwards"}})", kTopicArn));
  EXPECT_TRUE(eventually([&] { return second.runs_with("afterwards") == 1; }));
  EXPECT_EQ(second.call("events", "DescribeRule", R"({"Name":"r"})").at("State"), "ENABLED");
}

}  // namespace
}  // namespace lapwing::server
