// Schedules through the whole server: to queues, functions and any operation, over a restart on
// disk. Functions are scripted; time is moved by hand.
#include <atomic>
#include <mutex>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "server/testing/test_server.hpp"
#include "text/json_writer.hpp"

namespace lapwing::server {
namespace {

using lapwing::testing::eventually;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::TestDir;
using testing::TestServer;

constexpr std::string_view kQueue = "arn:aws:sqs:us-east-1:000000000000:";

class SchedulesOfTheServer : public ::testing::Test {
 protected:
  void begin(const std::string& data_dir = {}) {
    server_ = std::make_unique<TestServer>(
        testing::TestServerOptions{.services = {"scheduler", "sqs", "logs"}, .data_dir = data_dir});
  }
  hosting::testing::Answer call(std::string_view service, std::string_view operation,
                                std::string_view input) {
    auto out = server_->call(service, operation, input);
    EXPECT_TRUE(out.ok()) << operation << ": " << out.error << " " << out.text;
    return out;
  }
  void create_queue(const std::string& name, const std::string& attributes = {}) {
    call("sqs", "CreateQueue",
         fmt::format(R"({{"QueueName":"{}","Attributes":{{{}}}}})", name, attributes));
  }
  // `target`: its members but for the role.
  void create(std::string_view name, std::string_view expression, const std::string& target,
              const std::string& more = {}) {
    call("scheduler", "CreateSchedule",
         fmt::format(R"({{"Name":"{}","ScheduleExpression":"{}","FlexibleTimeWindow":)"
                     R"({{"Mode":"OFF"}},"Target":{{{},"RoleArn":)"
                     R"("arn:aws:iam::000000000000:role/r"}}{}}})",
                     name, expression, target, more));
  }
  // What is in it, taken out.
  std::vector<std::string> messages(const std::string& queue) {
    std::vector<std::string> out;
    while (true) {
      const auto got =
          call("sqs", "ReceiveMessage",
               fmt::format(R"({{"QueueUrl":"http://localhost:4566/000000000000/{}",)"
                           R"("MessageAttributeNames":["All"],"MaxNumberOfMessages":10}})",
                           queue));
      const std::size_t count = got.size("Messages");
      if (count == 0) return out;
      for (std::size_t i = 0; i < count; ++i) {
        out.push_back(got.at(fmt::format("Messages.{}.Body", i)));
        last_error_ =
            got.at(fmt::format("Messages.{}.MessageAttributes.ERROR_CODE.StringValue", i));
        call("sqs", "DeleteMessage",
             fmt::format(R"({{"QueueUrl":"http://localhost:4566/000000000000/{}",)"
                         R"("ReceiptHandle":"{}"}})",
                         queue, got.at(fmt::format("Messages.{}.ReceiptHandle", i))));
      }
    }
  }

  std::unique_ptr<TestServer> server_;
  std::string last_error_;
};

TEST_F(SchedulesOfTheServer, FillQueues) {
  begin();
  create_queue("q");
  create_queue("q.fifo", R"("FifoQueue":"true")");
  create("s", "rate(1 hour)", fmt::format(R"("Arn":"{}q","Input":"tick")", kQueue));
  create("f", "rate(1 hour)",
         fmt::format(R"("Arn":"{}q.fifo","Input":"<aws.scheduler.scheduled-time>",)"
                     R"("SqsParameters":{{"MessageGroupId":"g"}})",
                     kQueue));
  server_->advance(hours(5));
  EXPECT_EQ(messages("q").size(), 5U);
  const auto in_order = messages("q.fifo");
  ASSERT_EQ(in_order.size(), 5U);
  EXPECT_TRUE(std::ranges::is_sorted(in_order));
}

TEST_F(SchedulesOfTheServer, DeadLettersSayWhy) {
  begin();
  create_queue("dead");
  create(
      "s", "rate(1 hour)",
      fmt::format(R"("Arn":"{0}none","Input":"x","DeadLetterConfig":{{"Arn":"{0}dead"}})", kQueue));
  server_->advance(hours(1));
  EXPECT_EQ(messages("dead"), (std::vector<std::string>{"x"}));
  EXPECT_NE(last_error_, "");
}

TEST_F(SchedulesOfTheServer, CallOperations) {
  begin();
  create_queue("q");
  create("s", "rate(1 hour)",
         R"("Arn":"arn:aws:scheduler:::aws-sdk:sqs:sendMessage","Input":)"
         R"("{\"QueueUrl\":\"http://localhost:4566/000000000000/q\",\"MessageBody\":\"tick\"}")");
  create("l", "rate(1 hour)",
         R"("Arn":"arn:aws:scheduler:::aws-sdk:cloudwatchlogs:createLogGroup","Input":)"
         R"("{\"LogGroupName\":\"made\"}")");
  server_->advance(hours(1));
  ASSERT_TRUE(eventually([&] { return messages("q").size() == 1; }));
  EXPECT_EQ(call("logs", "DescribeLogGroups", "{}").at("logGroups.0.logGroupName"), "made");
}

TEST_F(SchedulesOfTheServer, GoOnAfterARestart) {
  const TestDir place;
  begin(place.path() + "/data");
  create_queue("q");
  create("hourly", "rate(1 hour)", fmt::format(R"("Arn":"{}q","Input":"hourly")", kQueue));
  create("once", "rate(2 hours)", fmt::format(R"("Arn":"{}q","Input":"twice")", kQueue),
         R"(,"State":"DISABLED")");
  server_->advance(minutes(90));
  EXPECT_EQ(messages("q").size(), 1U);
  server_->stop();
  server_ = std::make_unique<TestServer>(testing::TestServerOptions{
      .services = {"scheduler", "sqs", "logs"}, .data_dir = place.path() + "/data"});
  server_->advance(minutes(29));
  EXPECT_EQ(messages("q").size(), 0U);
  server_->advance(minutes(1));
  EXPECT_EQ(messages("q").size(), 1U);
  EXPECT_EQ(call("scheduler", "GetSchedule", R"({"Name":"hourly"})").at("State"), "ENABLED");
}

}  // namespace
}  // namespace lapwing::server
