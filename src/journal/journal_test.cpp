#include "journal/journal.hpp"

#include <gtest/gtest.h>

#include "store/memory/memory_engine.hpp"

namespace lapwing::journal {
namespace {

const AccountId kAccount{"111122223333"};
constexpr std::string_view kRootId = "1-65f0c5a0-0123456789abcdef01234567";

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    runner_.start();
    journal_.start(runner_);
  }
  ~JournalTest() override {
    journal_.stop();
    runner_.stop();
  }

  Step step(StepKind kind, std::string event, std::string at = "arn:aws:sns:us-east-1:1:t") {
    return {.trace = "Root=" + std::string(kRootId) + ";Parent=53995c3f42cd8ad8;Sampled=0",
            .event = std::move(event),
            .account = kAccount,
            .kind = kind,
            .at = std::move(at)};
  }
  void pass(Duration time) {
    clock_.advance(time);
    real_.advance(time);
    runner_.settle();
  }
  std::vector<Step> about(std::string_view id, const AccountId& account = kAccount) {
    auto found = journal_.about(account, id);
    EXPECT_TRUE(found.has_value());
    return found.value_or(std::vector<Step>());
  }

  ManualClock clock_;
  ManualClock real_;
  std::unique_ptr<store::Engine> engine_ = store::make_memory_engine(clock_);
  background::Runner runner_{
      real_, null_logger(), {.threads = 1, .pace = background::Pace::kManual}};
  Journal journal_{engine_->bulk_log(), clock_, real_, null_logger()};
};

TEST_F(JournalTest, StepsOfOneTraceAreTheStoryOfTheEventThatBeganIt) {
  journal_.note(step(StepKind::kAccepted, "message-1"));
  clock_.advance(std::chrono::milliseconds(3));
  Step delivered = step(StepKind::kDelivered, "request-1", "arn:aws:lambda:us-east-1:1:function:f");
  delivered.to = "arn:aws:sqs:us-east-1:1:q";
  delivered.attempt = 2;
  delivered.reason = "with \"quotes\"";
  journal_.note(delivered);
  for (const std::string_view id : {std::string_view("message-1"), kRootId}) {
    const std::vector<Step> steps = about(id);
    ASSERT_EQ(steps.size(), 2U) << id;
    EXPECT_EQ(steps[0].kind, StepKind::kAccepted);
    EXPECT_EQ(steps[0].trace, kRootId);
    EXPECT_EQ(steps[1].time_ms - steps[0].time_ms, 3);
    EXPECT_EQ(steps[1].at, delivered.at);
    EXPECT_EQ(steps[1].to, delivered.to);
    EXPECT_EQ(steps[1].reason, delivered.reason);
    EXPECT_EQ(steps[1].attempt, 2U);
  }
  EXPECT_EQ(about(delivered.trace).size(), 2U);
}

TEST_F(JournalTest, AnEventWithoutATraceIsFoundByItsId) {
  Step alone = step(StepKind::kDropped, "event-9");
  alone.trace.clear();
  journal_.note(alone);
  ASSERT_EQ(about("event-9").size(), 1U);
  EXPECT_TRUE(about("event-").empty());
  EXPECT_TRUE(about("").empty());
}

TEST_F(JournalTest, AnotherAccountSeesNothing) {
  journal_.note(step(StepKind::kAccepted, "message-1"));
  EXPECT_TRUE(about("message-1", AccountId("444455556666")).empty());
}

// A bus's event became a message without a trace, and that, with another, a run under a trace of
// its own, which sent an event that was dropped.
TEST_F(JournalTest, AStoryGoesOnWhereAnEventBecameAnother) {
  const auto on = [&](StepKind kind, std::string trace, std::string event, std::string became) {
    journal_.note({.trace = std::move(trace),
                   .event = std::move(event),
                   .account = kAccount,
                   .kind = kind,
                   .at = "arn:aws:x:us-east-1:1:y",
                   .became = std::move(became)});
  };
  on(StepKind::kAccepted, "", "event-1", "");
  on(StepKind::kAccepted, "", "message-1", "");
  on(StepKind::kDelivered, "", "event-1", "message-1");
  on(StepKind::kAccepted, "", "message-2", "");
  on(StepKind::kDelivered, "", "message-1", "Root=1-run;Parent=2");
  on(StepKind::kDelivered, "", "message-2", "Root=1-run;Parent=2");
  on(StepKind::kAccepted, "Root=1-run;Parent=2", "request-1", "");
  on(StepKind::kAccepted, "Root=1-run;Parent=3", "event-2", "");
  on(StepKind::kDropped, "Root=1-run;Parent=3", "event-2", "");
  const auto events = [&](std::string_view id) {
    std::string out;
    for (const Step& each : about(id)) out += each.event + " ";
    return out;
  };
  const std::string_view below = "request-1 event-2 event-2 ";
  EXPECT_EQ(events("event-1"), "event-1 message-1 event-1 message-1 " + std::string(below));
  EXPECT_EQ(events("message-1"), events("event-1"));
  EXPECT_EQ(events("message-2"), "message-2 message-2 " + std::string(below));
  // All that the run came out of.
  EXPECT_EQ(events("event-2"),
            "event-1 message-1 event-1 message-2 message-1 message-2 " + std::string(below));
}

TEST_F(JournalTest, WhatBecameItselfEnds) {
  Step a = step(StepKind::kDelivered, "a");
  a.trace.clear();
  a.became = "b";
  Step b = step(StepKind::kDelivered, "b");
  b.trace.clear();
  b.became = "a";
  journal_.note(a);
  journal_.note(b);
  EXPECT_EQ(about("a").size(), 2U);
}

TEST_F(JournalTest, IsWrittenWithinItsTimeAndReadByTheNext) {
  journal_.note(step(StepKind::kAccepted, "message-1"));
  EXPECT_FALSE(engine_->bulk_log().stream_bytes("lapwing.journal").value_or(0) > 0);
  pass(kFlushEvery);
  EXPECT_GT(engine_->bulk_log().stream_bytes("lapwing.journal").value_or(0), 0U);
  Journal next(engine_->bulk_log(), clock_, real_, null_logger());
  const auto found = next.about(kAccount, "message-1");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->size(), 1U);
}

TEST_F(JournalTest, MoreThanASecondsMeasureIsCountedAndFailuresComeThrough) {
  for (std::size_t i = 0; i < kStepsASecond + 10; ++i) {
    journal_.note(step(StepKind::kDelivered, "message-1"));
  }
  EXPECT_EQ(journal_.left_out(), 10U);
  journal_.note(step(StepKind::kDropped, "message-1"));
  EXPECT_EQ(journal_.left_out(), 10U);
  ASSERT_EQ(about(kRootId).size(), kStepsOfEvent);
  EXPECT_EQ(about(kRootId).back().kind, StepKind::kDropped);
  real_.advance(std::chrono::seconds(1));
  journal_.note(step(StepKind::kDelivered, "message-1"));
  EXPECT_EQ(journal_.left_out(), 10U);
}

TEST_F(JournalTest, GoesOnWhereTheServersClockStandsStill) {
  for (std::size_t i = 0; i < 2 * kStepsASecond; ++i) {
    if (i == kStepsASecond) real_.advance(std::chrono::seconds(1));
    journal_.note(step(StepKind::kDelivered, "message-1"));
  }
  EXPECT_EQ(journal_.left_out(), 0U);
  real_.advance(kFlushEvery);
  runner_.settle();
  EXPECT_GT(engine_->bulk_log().stream_bytes("lapwing.journal").value_or(0), 0U);
}

TEST_F(JournalTest, HoldsOnlySoMuchWhereNobodyWrites) {
  Journal held_up(engine_->bulk_log(), clock_, real_, null_logger());
  for (std::size_t i = 0; i < kNotesWaitingMax + 5; ++i) {
    if (i % kStepsASecond == 0) real_.advance(std::chrono::seconds(1));
    Step each = step(StepKind::kDelivered, "message-1");
    held_up.note(each);
  }
  EXPECT_EQ(held_up.left_out(), 5U);
}

TEST_F(JournalTest, OldStepsAndThoseBeyondAShardsMeasureGo) {
  journal_.note(step(StepKind::kAccepted, "message-1"));
  pass(kFlushEvery);
  pass(kAgeMax + std::chrono::minutes(2));
  EXPECT_TRUE(about("message-1").empty());

  Step large = step(StepKind::kDropped, "message-2");
  large.reason.assign(5 * kTextBytesMax, 'x');
  for (int second = 0; second < 6; ++second) {
    for (int i = 0; i < 1000; ++i) journal_.note(large);
    pass(kFlushEvery);
    pass(kTrimEvery);
  }
  EXPECT_LE(engine_->bulk_log().stream_bytes("lapwing.journal").value_or(SIZE_MAX), kShardBytesMax);
  ASSERT_FALSE(about(kRootId).empty());
  EXPECT_EQ(about(kRootId).front().reason.size(), kTextBytesMax);
}

TEST(JournalText, RootsAreReadOutOfHeaders) {
  EXPECT_EQ(root_of("Parent=1;Root=1-a-b;Sampled=1"), "1-a-b");
  EXPECT_EQ(root_of("Root=1-a-b"), "1-a-b");
  EXPECT_EQ(root_of("3f2504e0"), "3f2504e0");
  EXPECT_EQ(root_of(""), "");
}

}  // namespace
}  // namespace lapwing::journal
