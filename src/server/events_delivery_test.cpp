// EventBridge through the whole server: events go to queues and log groups of other services, by
// their policies, over a restart.
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "server/testing/test_server.hpp"

namespace lapwing::server {
namespace {

using hosting::testing::Answer;
using hosting::testing::in_quotes;
using lapwing::testing::eventually;
using testing::TestDir;
using testing::TestServer;

std::string arn(std::string_view service, std::string_view resource) {
  return fmt::format("arn:aws:{}:us-east-1:000000000000:{}", service, resource);
}

class EventsDelivery : public ::testing::Test {
 protected:
  void begin(const std::string& data_dir = {}) {
    server_ = std::make_unique<TestServer>(
        testing::TestServerOptions{.services = {"events", "sqs", "logs"}, .data_dir = data_dir});
  }
  Answer call(std::string_view service, std::string_view operation, const std::string& input) {
    const Answer out = server_->call(service, operation, input);
    EXPECT_TRUE(out.ok()) << operation << ": " << out.error << " " << out.text;
    return out;
  }
  // One that lets the rule "r" send.
  void create_queue(const std::string& name, bool open) {
    const std::string policy = fmt::format(
        R"({{"Version":"2012-10-17","Statement":[{{"Sid":"e","Effect":"Allow",)"
        R"("Principal":{{"Service":"events.amazonaws.com"}},"Action":"sqs:SendMessage",)"
        R"("Resource":"{}","Condition":{{"ArnEquals":{{"aws:SourceArn":"{}"}}}}}}]}})",
        arn("sqs", name), arn("events", "rule/r"));
    call("sqs", "CreateQueue",
         fmt::format(R"({{"QueueName":"{}","Attributes":{{{}}}}})", name,
                     open ? R"("Policy":)" + in_quotes(policy) : ""));
  }
  void route(const std::string& target, const std::string& more = {}) {
    call("events", "PutRule", R"({"Name":"r","EventPattern":"{\"source\":[\"app\"]}"})");
    call("events", "PutTargets",
         fmt::format(R"({{"Rule":"r","Targets":[{{"Id":"t","Arn":"{}"{}}}]}})", target, more));
  }
  void put(const std::string& detail) {
    call("events", "PutEvents",
         fmt::format(R"({{"Entries":[{{"Source":"app","DetailType":"t","Detail":{}}}]}})",
                     in_quotes(detail)));
  }
  Answer message(const std::string& queue) {
    Answer out;
    EXPECT_TRUE(eventually([&] {
      out = call("sqs", "ReceiveMessage",
                 fmt::format(R"({{"QueueUrl":"http://localhost:4566/000000000000/{}",)"
                             R"("MessageAttributeNames":["All"]}})",
                             queue));
      return out.size("Messages") == 1;
    }));
    return out;
  }

  std::unique_ptr<TestServer> server_;
};

TEST_F(EventsDelivery, GoesToAQueueThatLetsTheRule) {
  begin();
  create_queue("q", true);
  route(arn("sqs", "q"), R"(,"InputPath":"$.detail")");
  put(R"({"n":1})");
  EXPECT_EQ(message("q").at("Messages.0.Body"), R"({"n":1})");
}

TEST_F(EventsDelivery, WhereItIsNotLetIsADeadLetter) {
  begin();
  create_queue("closed", false);
  create_queue("dead", true);
  route(arn("sqs", "closed"),
        fmt::format(R"(,"DeadLetterConfig":{{"Arn":"{}"}})", arn("sqs", "dead")));
  put("{}");
  const Answer got = message("dead");
  EXPECT_EQ(got.at("Messages.0.MessageAttributes.ERROR_CODE.StringValue"), "NO_PERMISSIONS");
  route(arn("sqs", "none"),
        fmt::format(R"(,"DeadLetterConfig":{{"Arn":"{}"}})", arn("sqs", "dead")));
  put("{}");
  EXPECT_EQ(message("dead").at("Messages.0.MessageAttributes.ERROR_CODE.StringValue"),
            "NO_RESOURCE");
}

TEST_F(EventsDelivery, GoesToALogGroup) {
  begin();
  call("logs", "CreateLogGroup", R"({"logGroupName":"/aws/events/g"})");
  call("logs", "PutResourcePolicy",
       R"({"policyName":"events","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[)"
       R"({\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},)"
       R"(\"Action\":\"logs:PutLogEvents\",\"Resource\":\"*\"}]}"})");
  route(arn("logs", "log-group:/aws/events/g"), R"(,"InputPath":"$.detail")");
  put(R"({"n":1})");
  EXPECT_TRUE(eventually([&] {
    return call("logs", "FilterLogEvents", R"({"logGroupName":"/aws/events/g"})")
               .at("events.0.message") == R"({"n":1})";
  }));
}

TEST_F(EventsDelivery, SchedulesAndEventsOutliveTheServer) {
  const TestDir place;
  begin(place.path() + "/data");
  create_queue("q", true);
  route(arn("sqs", "q"));
  call("events", "PutRule", R"x({"Name":"r","ScheduleExpression":"rate(1 hour)"})x");
  server_.reset();
  begin(place.path() + "/data");
  server_->advance(std::chrono::hours(1));
  EXPECT_NE(message("q").at("Messages.0.Body").find("Scheduled Event"), std::string::npos);
}

}  // namespace
}  // namespace lapwing::server
