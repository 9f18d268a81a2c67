// Each service alone in the whole server: it boots, settles on a clock that stands still, and what
// it keeps survives a backup and its restoring.
#include "server/testing/test_server.hpp"

#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "store/sqlite/backup.hpp"

namespace lapwing::server {
namespace {

using lapwing::testing::eventually;
using testing::HttpAnswer;
using testing::TestDir;
using testing::TestServer;

constexpr auto kYear = std::chrono::hours(24 * 365);

// def handler(event, context): return event
constexpr char kZip[] =
    "UEsDBBQAAAAAAAAAIVg1ODTkKgAAACoAAAAGAAAAYXBwLnB5ZGVmIGhhbmRsZXIoZXZlbnQsIGNvbnRleHQpOiByZXR1"
    "cm4gZXZlbnQKUEsBAhQDFAAAAAAAAAAhWDU4NOQqAAAAKgAAAAYAAAAAAAAAAAAAAKSBAAAAAGFwcC5weVBLBQYAAAAA"
    "AQABADQAAABOAAAAAAA=";

struct Kept {
  std::string service;
  std::string make;  // an operation that keeps something, and its input
  std::string make_input;
  std::string read;  // one that shows it
  std::string read_input;
  std::string at;
  std::string shown;
};

std::ostream& operator<<(std::ostream& out, const Kept& kept) { return out << kept.service; }

const Kept kKept[] = {
    {"sqs", "CreateQueue", R"({"QueueName":"orders"})", "GetQueueUrl", R"({"QueueName":"orders"})",
     "QueueUrl", "http://localhost:4566/000000000000/orders"},
    {"logs", "CreateLogGroup", R"({"logGroupName":"group"})", "DescribeLogGroups", "{}",
     "logGroups.0.logGroupName", "group"},
    {"iam", "CreateUser", R"({"UserName":"somebody"})", "GetUser", R"({"UserName":"somebody"})",
     "User.UserName", "somebody"},
    {"events", "PutRule", R"({"Name":"r","EventPattern":"{\"source\":[\"app\"]}"})", "DescribeRule",
     R"({"Name":"r"})", "EventPattern", R"({"source":["app"]})"},
    {"sns", "CreateTopic", R"({"Name":"orders"})", "ListTopics", "{}", "Topics.0.TopicArn",
     "arn:aws:sns:us-east-1:000000000000:orders"},
    {"scheduler", "CreateScheduleGroup", R"({"Name":"nightly"})", "GetScheduleGroup",
     R"({"Name":"nightly"})", "Name", "nightly"},
    {"sts", "GetCallerIdentity", "{}", "GetCallerIdentity", "{}", "Account", "000000000000"},
    {"lambda", "CreateFunction",
     std::string(R"({"FunctionName":"echo","Runtime":"python3.12","Handler":"app.handler",)") +
         R"("Role":"arn:aws:iam::000000000000:role/r","Code":{"ZipFile":")" + kZip + R"("}})",
     "GetFunction", R"({"FunctionName":"echo"})", "Configuration.FunctionName", "echo"},
};

class EachService : public ::testing::TestWithParam<Kept> {};

TEST_P(EachService, BootsAloneAndSettles) {
  const Kept& kept = GetParam();
  TestServer server({.services = {kept.service}});
  // With IAM, which others ask.
  ASSERT_LE(server.instance().services().all().size(), 2u);
  const auto made = server.call(kept.service, kept.make, kept.make_input);
  EXPECT_TRUE(made.ok()) << made.error << ": " << made.text;
  server.advance(kYear);
  EXPECT_EQ(server.call(kept.service, kept.read, kept.read_input).at(kept.at), kept.shown);
}

TEST_P(EachService, SurvivesBackupAndRestore) {
  const Kept& kept = GetParam();
  const TestDir place;
  const std::string data = place.path() + "/data";
  const std::string copy = place.path() + "/copy";
  const std::string back = place.path() + "/back";
  TestServer first({.services = {kept.service}, .data_dir = data});
  ASSERT_TRUE(first.call(kept.service, kept.make, kept.make_input).ok());
  const auto copied = store::back_up(data, copy, first.real);  // while it is in use
  ASSERT_TRUE(copied) << copied.error().to_log();
  first.stop();
  ASSERT_TRUE(store::restore(copy, back, first.real));
  TestServer second({.services = {kept.service}, .data_dir = back});
  EXPECT_EQ(second.call(kept.service, kept.read, kept.read_input).at(kept.at), kept.shown);
}

INSTANTIATE_TEST_SUITE_P(Services, EachService, ::testing::ValuesIn(kKept),
                         [](const auto& info) { return info.param.service; });

// Its package is unpacked in the background.
void wait_until_active(TestServer& server) {
  const auto state = [&server] {
    return server.call("lambda", "GetFunction", R"({"FunctionName":"echo"})")
        .at("Configuration.State");
  };
  ASSERT_TRUE(eventually([&] { return state() != "Pending"; }));
  ASSERT_EQ(state(), "Active");
}

TEST(TestServer, LambdaRunsScriptedFunctions) {
  TestServer server({.services = {"lambda"},
                     .script = [](const runtime::FunctionVersion& function,
                                  const runtime::Invocation& invocation) {
                       runtime::Outcome out;
                       out.body = "\"" + std::string(function.name.view()) + " got " +
                                  std::to_string(invocation.payload.size()) + " bytes\"";
                       return out;
                     }});
  const Kept& kept = kKept[std::size(kKept) - 1];
  ASSERT_TRUE(server.call("lambda", kept.make, kept.make_input).ok());
  wait_until_active(server);
  const HttpAnswer answer =
      server.request("POST", "/2015-03-31/functions/echo/invocations", {}, R"({"a":1})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "\"echo got 7 bytes\"");
  EXPECT_EQ(server.machine().made(), 1u);
  EXPECT_EQ(server.request("POST", "/2015-03-31/functions/none/invocations").status, 404);
  const std::string metrics = server.request("GET", "/_lapwing/metrics").body;
  EXPECT_NE(metrics.find("lapwing_operations_total{service=\"lambda\",operation=\"Invoke\","
                         "outcome=\"refused\"} 1\n"),
            std::string::npos);
  EXPECT_NE(metrics.find("lapwing_functions 1\n"), std::string::npos);
}

TEST(TestServer, WhatTheClockHasWokenHasAnswered) {
  TestServer server({.services = {"sqs"}});
  ASSERT_TRUE(server.call("sqs", "CreateQueue", R"({"QueueName":"q"})").ok());
  const std::string queue = R"("QueueUrl":"http://localhost:4566/000000000000/q")";
  ASSERT_TRUE(
      server.call("sqs", "SendMessage", "{" + queue + R"(,"MessageBody":"late","DelaySeconds":10})")
          .ok());
  auto poll = server.begin("sqs", "ReceiveMessage", "{" + queue + R"(,"WaitTimeSeconds":20})");
  // It waits once it is counted.
  while (server.request("GET", "/_lapwing/metrics").body.find("lapwing_sqs_polls_waiting 1\n") ==
         std::string::npos) {
  }
  const HttpAnswer moved =
      server.request("POST", "/_lapwing/clock", {}, R"({"advance_seconds":10})");
  EXPECT_EQ(moved.status, 200);
  EXPECT_TRUE(poll.done());
  EXPECT_EQ(poll.get().at("Messages.0.Body"), "late");
}

TEST(TestServer, SettingsReachTheServiceThatDeclaresThem) {
  const std::string queue = R"({"QueueName":"q"})";
  const std::string url = R"({"QueueUrl":"http://localhost:4566/000000000000/q"})";
  for (const bool strict : {false, true}) {
    TestServer server(
        {.services = {"sqs"},
         .settings = {strict ? "sqs.strict_deletion=true" : "sqs.strict_deletion=false"}});
    ASSERT_TRUE(server.call("sqs", "CreateQueue", queue).ok());
    ASSERT_TRUE(server.call("sqs", "DeleteQueue", url).ok());
    EXPECT_EQ(server.call("sqs", "CreateQueue", queue).ok(), !strict);
  }
}

TEST(TestServer, TheClockEndsBeforeTimeDoes) {
  TestServer server({.services = {"sts"}});
  const std::string decade = R"({"advance_seconds":315360000})";
  int status = 200;
  int decades = 0;
  for (; status == 200 && decades < 100; ++decades) {
    status = server.request("POST", "/_lapwing/clock", {}, decade).status;
  }
  EXPECT_EQ(status, 400);
  EXPECT_GT(decades, 20);
  EXPECT_EQ(server.request("GET", "/_lapwing/clock").status, 200);
}

}  // namespace
}  // namespace lapwing::server
