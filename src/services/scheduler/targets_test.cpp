// What targets get, again and again, and what goes to the dead-letter queue.
#include <algorithm>
#include <map>

#include "services/scheduler/api_target.hpp"
#include "services/scheduler/tables.hpp"
#include "services/scheduler/testing/host.hpp"

namespace lapwing::scheduler::testing {
namespace {

constexpr std::string_view kOnce = "at(2024-01-01T01:00:00)";
constexpr std::string_view kArn = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/s";

Delivered later() {
  return {.kind = Delivered::Kind::kLater, .code = "Throttled", .message = "not now"};
}
Delivered refused() {
  return {.kind = Delivered::Kind::kRefused, .code = "NoSuchQueue", .message = "gone"};
}

std::map<std::string, std::string> attributes(const ports::Parcel& parcel) {
  std::map<std::string, std::string> out;
  for (const ports::ParcelAttribute& each : parcel.attributes) out[each.name] = each.value;
  return out;
}

TEST(SchedulerTargets, GetTheInputUnderTheRole) {
  Host host;
  ASSERT_TRUE(
      host.create("s", kOnce, "", R"("Input":"{\"a\":1}","SqsParameters":{"MessageGroupId":"g"})")
          .ok());
  host.advance(hours(2));
  ASSERT_EQ(host.targets.all().size(), 1U);
  const ports::Parcel parcel = host.targets.all()[0].parcel;
  EXPECT_EQ(parcel.target, queue_arn("q"));
  EXPECT_EQ(parcel.body, R"({"a":1})");
  EXPECT_EQ(parcel.group, "g");
  EXPECT_EQ(parcel.as.role_arn, kRole);
  EXPECT_EQ(parcel.as.service, "");
  EXPECT_EQ(parcel.as.source_arn, kArn);
  EXPECT_EQ(parcel.as.source_account.view(), "000000000000");
}

TEST(SchedulerTargets, WhatCannotBeSentHoldsUpNothingBehindIt) {
  Host host;
  ASSERT_TRUE(host.create("s", kOnce).ok());
  // A name that no request can have; it is due first.
  const std::string key = schedule_key({host.caller.account, host.caller.region}, "default", "s");
  const auto made =
      (*host.engine->space("scheduler"))->store().transact([&](store::Txn& txn) -> Status {
        LAPWING_TRY(const auto schedule, Schedules::find(txn, key));
        LAPWING_TRY(const auto due, Dues::find(txn, key));
        Schedule long_named = schedule->record;
        Due first = due->record;
        long_named.name = first.name = std::string(500, 'n');
        first.due_ms -= 1;
        LAPWING_CHECK(Schedules::put(txn, long_named));
        LAPWING_CHECK(Dues::put(txn, first));
        return {};
      });
  ASSERT_TRUE(made);
  host.restart();
  host.advance(hours(2));
  ASSERT_EQ(host.targets.all().size(), 1U);
  EXPECT_EQ(host.targets.all()[0].parcel.as.source_arn, kArn);
}

TEST(SchedulerTargets, GetANotificationWithoutAnInput) {
  Host host;
  ASSERT_TRUE(host.create("s", kOnce).ok());
  host.advance(hours(2));
  ASSERT_EQ(host.targets.all().size(), 1U);
  const Answer body{host.targets.all()[0].parcel.body, ""};
  EXPECT_EQ(body.at("version"), "0");
  EXPECT_EQ(body.at("detail-type"), "Scheduled Event");
  EXPECT_EQ(body.at("source"), "aws.scheduler");
  EXPECT_EQ(body.at("account"), "000000000000");
  EXPECT_EQ(body.at("time"), "2024-01-01T01:00:00Z");
  EXPECT_EQ(body.at("region"), "us-east-1");
  EXPECT_EQ(body.at("resources.0"), kArn);
  EXPECT_EQ(body.at("detail"), "{}");
  EXPECT_EQ(body.at("id").size(), 36U);
}

TEST(SchedulerTargets, AnEventBusGetsAnEvent) {
  Host host;
  ASSERT_TRUE(host.create("s", kOnce, "",
                          R"("Input":"{\"a\":1}","EventBridgeParameters":)"
                          R"({"DetailType":"tick","Source":"mine"})")
                  .ok());
  host.advance(hours(2));
  ASSERT_EQ(host.targets.all().size(), 1U);
  const ports::Parcel parcel = host.targets.all()[0].parcel;
  EXPECT_EQ(parcel.source, "mine");
  EXPECT_EQ(parcel.detail_type, "tick");
  ASSERT_EQ(parcel.resources.size(), 1U);
  EXPECT_EQ(parcel.resources[0], kArn);
}

TEST(SchedulerTargets, VariablesAreFilledInAtEachAttempt) {
  Host host;
  host.targets.answers({later(), later()});
  ASSERT_TRUE(host.create("s", kOnce, "",
                          R"("Input":"<aws.scheduler.schedule-arn> <aws.scheduler.scheduled-time> )"
                          R"(<aws.scheduler.attempt-number> <aws.scheduler.other> )"
                          R"(<aws.scheduler.execution-id>")")
                  .ok());
  host.advance(hours(2));
  const auto bodies = host.targets.bodies();
  ASSERT_EQ(bodies.size(), 3U);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const std::string begins =
        fmt::format("{} 2024-01-01T01:00:00Z {} <aws.scheduler.other> ", kArn, i + 1);
    EXPECT_TRUE(bodies[i].starts_with(begins)) << bodies[i];
    EXPECT_EQ(bodies[i].size(), begins.size() + 36) << bodies[i];
    EXPECT_EQ(bodies[i].substr(begins.size()), bodies[0].substr(begins.size()));
  }
}

constexpr std::string_view kDead =
    R"("Input":"x","DeadLetterConfig":{"Arn":"arn:aws:sqs:us-east-1:000000000000:dead"})";

TEST(SchedulerTargets, WhatIsRefusedGoesToTheDeadLetterQueueAtOnce) {
  Host host;
  host.targets.answers({refused()});
  ASSERT_TRUE(host.create("s", kOnce, "", kDead).ok());
  host.advance(hours(1));
  ASSERT_EQ(host.targets.all().size(), 2U);
  const ports::Parcel dead = host.targets.all()[1].parcel;
  EXPECT_EQ(host.targets.all()[1].at, "2024-01-01T01:00:00Z");
  EXPECT_EQ(dead.target, queue_arn("dead"));
  EXPECT_EQ(dead.body, "x");
  EXPECT_EQ(dead.as.role_arn, kRole);
  auto said = attributes(dead);
  EXPECT_EQ(said["EXECUTION_ID"].size(), 36U);
  said.erase("EXECUTION_ID");
  EXPECT_EQ(said, (std::map<std::string, std::string>{{"ERROR_CODE", "NoSuchQueue"},
                                                      {"ERROR_MESSAGE", "gone"},
                                                      {"EXECUTION_TIME", "2024-01-01T01:00:00Z"},
                                                      {"IS_PAYLOAD_TRUNCATED", "false"},
                                                      {"RETRY_ATTEMPTS", "0"},
                                                      {"SCHEDULE_ARN", std::string(kArn)},
                                                      {"TARGET_ARN", queue_arn("q")}}));
}

struct Exhausted {
  std::string policy;
  std::string condition;
  std::string retries;  // empty: any
};

TEST(SchedulerTargets, WhatFailsIsTriedAsThePolicySays) {
  const Exhausted cases[] = {
      {R"({"MaximumRetryAttempts":0})", "MaximumRetryAttempts", "0"},
      {R"({"MaximumRetryAttempts":3})", "MaximumRetryAttempts", "3"},
      {R"({"MaximumEventAgeInSeconds":60})", "MaximumEventAgeInSeconds", ""},
  };
  for (const Exhausted& each : cases) {
    SCOPED_TRACE(each.policy);
    Host host;
    std::deque<Delivered> script(each.retries.empty() ? 1 : std::stoul(each.retries) + 1, later());
    if (each.retries.empty()) {
      // As many as there are: the dead letter is told by its target.
      host.targets.always(later());
    } else {
      host.targets.answers(script);
    }
    ASSERT_TRUE(
        host.create("s", kOnce, "", fmt::format("{},\"RetryPolicy\":{}", kDead, each.policy)).ok());
    host.advance(hours(1) + minutes(5));
    const auto all = host.targets.all();
    const auto dead = std::ranges::find_if(
        all, [](const Taker::Taken& one) { return one.parcel.target == queue_arn("dead"); });
    ASSERT_NE(dead, all.end());
    auto said = attributes(dead->parcel);
    EXPECT_EQ(said["EXHAUSTED_RETRY_CONDITION"], each.condition);
    EXPECT_EQ(said["ERROR_CODE"], "Throttled");
    if (!each.retries.empty()) {
      EXPECT_EQ(said["RETRY_ATTEMPTS"], each.retries);
      EXPECT_EQ(dead - all.begin(), std::stol(each.retries) + 1);
    } else {
      EXPECT_GT(dead - all.begin(), 2);
    }
  }
}

TEST(SchedulerTargets, AreAnyOperationOfAnyService) {
  Host host;
  ASSERT_TRUE(
      host.create("s", kOnce, "",
                  R"("Arn":"arn:aws:scheduler:::aws-sdk:lambda:invoke","Input":)" +
                      in_quotes(R"({"FunctionName":"f","InvocationType":"Event",)"
                                R"("Payload":"{\"at\":\"<aws.scheduler.scheduled-time>\"}"})"))
          .ok());
  ASSERT_TRUE(host.create("l", kOnce, "",
                          R"("Arn":"arn:aws:scheduler:::aws-sdk:cloudwatchlogs:createLogGroup",)"
                          R"("Input":"{\"LogGroupName\":\"g\",\"Tags\":{\"Key\":\"v\"}}")")
                  .ok());
  host.advance(hours(2));
  auto all = host.api_script.all();
  ASSERT_EQ(all.size(), 2U);
  if (all[0].service == "logs") std::swap(all[0], all[1]);
  EXPECT_EQ(all[0].service, "lambda");
  EXPECT_EQ(all[0].operation, "Invoke");
  // {"at":"2024-01-01T01:00:00Z"} as bytes
  EXPECT_EQ(all[0].input, R"({"FunctionName":"f","InvocationType":"Event",)"
                          R"("Payload":"eyJhdCI6IjIwMjQtMDEtMDFUMDE6MDA6MDBaIn0="})");
  EXPECT_EQ(all[0].call.caller.principal_arn,
            "arn:aws:sts::000000000000:assumed-role/s/EventBridgeScheduler");
  EXPECT_EQ(all[0].call.caller.region.view(), "us-east-1");
  EXPECT_EQ(all[1].service, "logs");
  EXPECT_EQ(all[1].operation, "CreateLogGroup");
  EXPECT_EQ(all[1].input, R"({"logGroupName":"g","tags":{"Key":"v"}})");
}

TEST(SchedulerTargets, AnOperationThatRefusesIsNotTriedAgain) {
  Host host;
  host.api_script.fails(Error(ErrorKind::kNotFound, "ResourceNotFoundException", "no such function")
                            .with_status(404));
  ASSERT_TRUE(host.create("s", kOnce, "",
                          R"("Arn":"arn:aws:scheduler:::aws-sdk:lambda:invoke",)"
                          R"("DeadLetterConfig":{"Arn":"arn:aws:sqs:us-east-1:000000000000:dead"},)"
                          R"("Input":"{\"FunctionName\":\"f\"}")")
                  .ok());
  host.advance(days(2));
  EXPECT_EQ(host.api_script.all().size(), 1U);
  ASSERT_EQ(host.targets.all().size(), 1U);
  auto said = attributes(host.targets.all()[0].parcel);
  EXPECT_EQ(said["ERROR_CODE"], "ResourceNotFoundException");
  EXPECT_EQ(said["TARGET_ARN"], "arn:aws:scheduler:::aws-sdk:lambda:invoke");
}

TEST(SchedulerTargets, AnOperationThatFailsIs) {
  Host host;
  host.api_script.fails(
      Error(ErrorKind::kThrottled, "TooManyRequestsException", "rate").with_status(429));
  ASSERT_TRUE(host.create("s", kOnce, "",
                          R"("Arn":"arn:aws:scheduler:::aws-sdk:lambda:invoke",)"
                          R"("RetryPolicy":{"MaximumRetryAttempts":2},)"
                          R"("Input":"{\"FunctionName\":\"f\"}")")
                  .ok());
  host.advance(days(2));
  EXPECT_EQ(host.api_script.all().size(), 3U);
}

}  // namespace
}  // namespace lapwing::scheduler::testing
