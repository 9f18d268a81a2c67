#include <gtest/gtest.h>

#include "services/lambda/async/event.hpp"
#include "services/lambda/async/invocation_record.hpp"
#include "services/lambda/async/next_step.hpp"

namespace lapwing::lambda {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Event an_event() {
  return {.request_id = "0d6b7d1c-2c5e-4f0e-8f3a-1f0c8a3c9a11",
          .account = AccountId("111122223333"),
          .region = Region("eu-central-1"),
          .function = FunctionName("f"),
          .qualifier = "live",
          .invoked_arn = "arn:aws:lambda:eu-central-1:111122223333:function:f:live",
          .trace = "Root=1-5759e988-bd862e3fe1be46a994272793",
          .payload = R"({"a":1})",
          .tenant_id = "blue",
          .accepted_ms = 1'771'716'361'000,
          .failures = 1};
}

TEST(Event, IsKeptAsBytesInTheQueueOfItsFunction) {
  const Event event = an_event();
  const std::string queue = queue_of(event.account, event.region, event.function);
  EXPECT_EQ(queue, "async/111122223333/eu-central-1/f");
  const auto again = decode_event(queue, encode(event));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->request_id, event.request_id);
  EXPECT_EQ(again->tenant_id, event.tenant_id);
  EXPECT_EQ(again->account, event.account);
  EXPECT_EQ(again->region, event.region);
  EXPECT_EQ(again->function, event.function);
  EXPECT_EQ(again->qualifier, event.qualifier);
  EXPECT_EQ(again->invoked_arn, event.invoked_arn);
  EXPECT_EQ(again->trace, event.trace);
  EXPECT_EQ(again->payload, event.payload);
  EXPECT_EQ(again->accepted_ms, event.accepted_ms);
  EXPECT_EQ(again->failures, 1U);
  EXPECT_FALSE(decode_event("async/1/2", encode(event)));
  EXPECT_FALSE(decode_event(queue, "\2"));
  EXPECT_FALSE(decode_event(queue, encode(event).substr(0, 40)));
}

struct RunCase {
  bool failed;
  std::uint32_t failures;
  Duration age;
  RetryLimits limits;
  NextStep::Kind kind;
  Condition condition;
  Duration delay;
};

TEST(NextStep, AfterARun) {
  using Kind = NextStep::Kind;
  const RunCase cases[] = {
      {false, 0, hours(9), {}, Kind::kEnd, Condition::kSuccess, {}},
      {true, 1, seconds(3), {}, Kind::kTryAgain, {}, minutes(1)},
      {true, 2, seconds(70), {}, Kind::kTryAgain, {}, minutes(2)},
      {true, 3, minutes(4), {}, Kind::kEnd, Condition::kRetriesExhausted, {}},
      {true, 1, seconds(0), {.retries = 0}, Kind::kEnd, Condition::kRetriesExhausted, {}},
      {true, 2, seconds(70), {.retries = 1}, Kind::kEnd, Condition::kRetriesExhausted, {}},
      // One attempt only where the event would be too old for the second.
      {true, 1, seconds(0), {.age = seconds(60)}, Kind::kEnd, Condition::kEventAgeExceeded, {}},
      {true, 1, seconds(1), {.age = seconds(62)}, Kind::kTryAgain, {}, minutes(1)},
      {true, 2, hours(6), {}, Kind::kEnd, Condition::kEventAgeExceeded, {}},
  };
  for (const RunCase& each : cases) {
    const NextStep next = after_run(each.failed, each.failures, each.age, each.limits);
    SCOPED_TRACE(&each - cases);
    EXPECT_EQ(next.kind, each.kind);
    if (each.kind == Kind::kEnd) EXPECT_EQ(next.condition, each.condition);
    EXPECT_EQ(next.delay, each.delay);
  }
}

TEST(NextStep, WhatCouldNotBeRunWaitsLongerEachTime) {
  SeededRandom random(1);
  Duration most = seconds(1);
  for (std::uint32_t refusals = 1; refusals < 40; ++refusals) {
    const NextStep next = after_refusal(refusals, minutes(5), {}, random);
    ASSERT_EQ(next.kind, NextStep::Kind::kTryLater);
    EXPECT_LE(next.delay, most);
    EXPECT_GE(next.delay, most * 3 / 4);
    most = std::min<Duration>(most * 2, minutes(5));
  }
  EXPECT_EQ(after_refusal(9, hours(6) - minutes(1), {}, random).condition,
            Condition::kEventAgeExceeded);
}

WallTime now() { return wall_from_unix_ms(1'573'754'885'568); }

TEST(InvocationRecord, OfASuccess) {
  const Event event = an_event();
  const Ended ended{event, event.invoked_arn, Condition::kSuccess, 1,
                    LastAnswer{200, "3", "", R"({"ok":true})"}};
  EXPECT_EQ(
      invocation_record(ended, now(), 1'000'000),
      R"({"version":"1.0","timestamp":"2019-11-14T18:08:05.568Z","requestContext":{)"
      R"("requestId":"0d6b7d1c-2c5e-4f0e-8f3a-1f0c8a3c9a11",)"
      R"("functionArn":"arn:aws:lambda:eu-central-1:111122223333:function:f:live",)"
      R"("condition":"Success","approximateInvokeCount":1},"requestPayload":{"a":1},)"
      R"("responseContext":{"statusCode":200,"executedVersion":"3"},"responsePayload":{"ok":true}})");
  EXPECT_EQ(detail_type_of(ended.condition), "Lambda Function Invocation Result - Success");
}

TEST(InvocationRecord, OfAFailure) {
  const Event event = an_event();
  const Ended ended{event, event.invoked_arn, Condition::kRetriesExhausted, 3,
                    LastAnswer{200, "$LATEST", "Unhandled", "not \"JSON\""}};
  const std::string record = invocation_record(ended, now(), 1'000'000);
  EXPECT_TRUE(record.contains(R"("condition":"RetriesExhausted","approximateInvokeCount":3)"));
  EXPECT_TRUE(record.contains(R"("functionError":"Unhandled")"));
  EXPECT_TRUE(record.contains(R"("responsePayload":"not \"JSON\"")"));
  EXPECT_EQ(detail_type_of(ended.condition), "Lambda Function Invocation Result - Failure");
}

TEST(InvocationRecord, WhatWasNeverRunHasNoAnswer) {
  const Event event = an_event();
  const Ended ended{event, event.invoked_arn, Condition::kZeroReservedConcurrency, 0, {}};
  const std::string record = invocation_record(ended, now(), 1'000'000);
  EXPECT_FALSE(record.contains("responseContext"));
  EXPECT_TRUE(record.contains(R"("approximateInvokeCount":0)"));
  EXPECT_TRUE(record.contains("requestPayload"));
}

TEST(InvocationRecord, GoesWithoutPayloadsWhereTheyAreTooLarge) {
  Event event = an_event();
  event.payload = "\"" + std::string(300'000, 'x') + "\"";
  const Ended ended{event, event.invoked_arn, Condition::kSuccess, 1,
                    LastAnswer{200, "3", "", "null"}};
  const std::string record = invocation_record(ended, now(), 262'144);
  EXPECT_LT(record.size(), 1000U);
  EXPECT_FALSE(record.contains("Payload"));
  EXPECT_TRUE(record.contains("responseContext"));
}

TEST(DeadLetter, SaysWhatWentWrong) {
  const Event event = an_event();
  const auto attributes = [&](std::optional<LastAnswer> answer, Condition condition) {
    std::string out;
    for (const auto& each :
         dead_letter_attributes({event, event.invoked_arn, condition, 3, std::move(answer)})) {
      out += each.name + ":" + each.type + "=" + each.value + " ";
    }
    return out;
  };
  const std::string id = "RequestID:String=" + event.request_id + " ";
  EXPECT_EQ(
      attributes(LastAnswer{200, "1", "Unhandled", R"({"errorMessage":"no","errorType":"E"})"},
                 Condition::kRetriesExhausted),
      id + "ErrorCode:Number=200 ErrorMessage:String=no ");
  EXPECT_EQ(attributes(std::nullopt, Condition::kZeroReservedConcurrency),
            id + "ErrorCode:Number=429 ErrorMessage:String=ZeroReservedConcurrency ");
  const std::string longer = attributes(LastAnswer{200, "1", "Unhandled", std::string(5000, 'x')},
                                        Condition::kRetriesExhausted);
  EXPECT_TRUE(longer.ends_with("=" + std::string(1024, 'x') + " "));
}

}  // namespace
}  // namespace lapwing::lambda
