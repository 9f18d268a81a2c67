// When schedules are due: expressions in time zones, bounds, windows, what was missed. Time is
// moved by hand.
#include <algorithm>

#include "services/scheduler/testing/host.hpp"

namespace lapwing::scheduler::testing {
namespace {

using Times = std::vector<std::string>;

struct Case {
  std::string what;
  std::string begins;
  std::string expression;
  std::string more;
  Duration length;
  Times times;
};

const Case kCases[] = {
    {"once",
     "2024-05-01T00:00:00Z",
     "at(2024-05-01T10:00:00)",
     "",
     days(3),
     {"2024-05-01T10:00:00Z"}},
    {"once, by Berlin's clocks",
     "2024-05-01T00:00:00Z",
     "at(2024-05-01T10:00:00)",
     R"("ScheduleExpressionTimezone":"Europe/Berlin")",
     days(3),
     {"2024-05-01T08:00:00Z"}},
    {"once, past", "2024-05-01T00:00:00Z", "at(2024-04-01T10:00:00)", "", days(3), {}},
    {"once, in the hour that spring skips",
     "2024-03-30T00:00:00Z",
     "at(2024-03-31T02:30:00)",
     R"("ScheduleExpressionTimezone":"Europe/Berlin")",
     days(3),
     {}},
    {"every night, where spring skips one",
     "2024-03-29T12:00:00Z",
     "cron(30 2 * * ? *)",
     R"("ScheduleExpressionTimezone":"Europe/Berlin")",
     days(4),
     {"2024-03-30T01:30:00Z", "2024-04-01T00:30:00Z", "2024-04-02T00:30:00Z"}},
    {"every night, where autumn has one twice",
     "2024-10-25T12:00:00Z",
     "cron(30 2 * * ? *)",
     R"("ScheduleExpressionTimezone":"Europe/Berlin")",
     days(3),
     {"2024-10-26T00:30:00Z", "2024-10-27T00:30:00Z", "2024-10-28T01:30:00Z"}},
    {"a rate counts elapsed time there",
     "2024-10-26T12:00:00Z",
     "rate(1 day)",
     R"("ScheduleExpressionTimezone":"Europe/Berlin")",
     days(2),
     {"2024-10-27T12:00:00Z", "2024-10-28T12:00:00Z"}},
    {"29 February",
     "2023-01-01T00:00:00Z",
     "cron(0 12 29 2 ? *)",
     "",
     days(365 * 6),
     {"2024-02-29T12:00:00Z", "2028-02-29T12:00:00Z"}},
    {"a rate without a start",
     "2024-05-01T00:00:30Z",
     "rate(5 minutes)",
     "",
     minutes(12),
     {"2024-05-01T00:05:30Z", "2024-05-01T00:10:30Z"}},
    {"a rate from its start to its end",
     "2024-05-01T00:00:00Z",
     "rate(1 hour)",
     R"("StartDate":"2024-05-01T00:30:00Z","EndDate":"2024-05-01T02:30:00Z")",
     days(1),
     {"2024-05-01T00:30:00Z", "2024-05-01T01:30:00Z", "2024-05-01T02:30:00Z"}},
    {"years that are past",
     "2024-05-01T00:00:00Z",
     "cron(15 10 ? * 6L 2002-2005)",
     "",
     days(400),
     {}},
    {"disabled", "2024-05-01T00:00:00Z", "rate(1 hour)", R"("State":"DISABLED")", days(1), {}},
};

TEST(SchedulerTimes, AreAsTheExpressionSays) {
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.what);
    Host host(each.begins);
    const Answer made = host.create("s", each.expression, each.more);
    ASSERT_TRUE(made.ok()) << made.text;
    host.advance(each.length);
    EXPECT_EQ(host.targets.times(), each.times);
  }
}

TEST(SchedulerTimes, AYearOfDays) {
  Host host;
  ASSERT_TRUE(host.create("s", "cron(0 6 * * ? *)").ok());
  host.advance(days(366));
  EXPECT_EQ(host.targets.times().size(), 366U);
  EXPECT_EQ(host.targets.times().at(59), "2024-02-29T06:00:00Z");
}

TEST(SchedulerTimes, AWindowIsUsed) {
  Host host("2024-05-01T00:00:00Z");
  ASSERT_TRUE(host.create("s", "cron(0 6 * * ? *)",
                          R"("FlexibleTimeWindow":{"Mode":"FLEXIBLE","MaximumWindowInMinutes":60})",
                          R"("Input":"<aws.scheduler.scheduled-time>")")
                  .ok());
  host.advance(days(50));
  const Times times = host.targets.times();
  ASSERT_EQ(times.size(), 50U);
  Times minutes_of;
  for (const std::string& each : times) {
    EXPECT_TRUE(each.substr(10) >= "T06:00:00Z" && each.substr(10) <= "T07:00:00Z") << each;
    minutes_of.push_back(each.substr(14, 2));
  }
  std::ranges::sort(minutes_of);
  const auto same = std::ranges::unique(minutes_of);
  EXPECT_GT(minutes_of.size() - same.size(), 10U) << "not one instant of it";
  for (const std::string& each : host.targets.bodies()) EXPECT_EQ(each.substr(10), "T06:00:00Z");
}

TEST(SchedulerTimes, WhatIsOverGoesWhereItSaysSo) {
  Host host("2024-05-01T00:00:00Z");
  ASSERT_TRUE(host.create("stays", "at(2024-05-01T10:00:00)").ok());
  ASSERT_TRUE(
      host.create("goes", "at(2024-05-01T10:00:00)", R"("ActionAfterCompletion":"DELETE")").ok());
  ASSERT_TRUE(host.create("ends", "rate(1 hour)",
                          R"("ActionAfterCompletion":"DELETE","EndDate":"2024-05-01T02:30:00Z")")
                  .ok());
  host.advance(hours(1));
  EXPECT_TRUE(host.get("ends").ok());
  host.advance(hours(23));
  EXPECT_TRUE(host.get("stays").ok());
  EXPECT_EQ(host.get("goes").error, "ResourceNotFoundException");
  EXPECT_EQ(host.get("ends").error, "ResourceNotFoundException");
  EXPECT_EQ(host.targets.times().size(), 4U);
  host.advance(days(400));
  EXPECT_EQ(host.targets.times().size(), 4U);
}

TEST(SchedulerTimes, AChangeCountsFromItsInstant) {
  Host host("2024-05-01T00:00:00Z");
  ASSERT_TRUE(host.create("s", "rate(1 hour)").ok());
  host.advance(minutes(50));
  // The same rate keeps its phase, another one has its own.
  ASSERT_TRUE(host.create("s", "rate(1 hour)", "", "", "UpdateSchedule").ok());
  host.advance(minutes(20));
  ASSERT_TRUE(host.create("s", "rate(30 minutes)", "", "", "UpdateSchedule").ok());
  host.advance(minutes(40));
  EXPECT_EQ(host.targets.times(), (Times{"2024-05-01T01:00:00Z", "2024-05-01T01:40:00Z"}));
  ASSERT_TRUE(
      host.create("s", "rate(30 minutes)", R"("State":"DISABLED")", "", "UpdateSchedule").ok());
  host.advance(days(1));
  EXPECT_EQ(host.targets.times().size(), 2U);
  ASSERT_TRUE(host.create("s", "rate(30 minutes)", "", "", "UpdateSchedule").ok());
  host.advance(minutes(30));
  EXPECT_EQ(host.targets.times().size(), 3U);
  ASSERT_TRUE(host.call("DeleteSchedule", R"({"Name":"s"})").ok());
  host.advance(days(1));
  EXPECT_EQ(host.targets.times().size(), 3U);
}

TEST(SchedulerTimes, OverARestart) {
  Host host("2024-05-01T00:00:00Z");
  ASSERT_TRUE(host.create("hourly", "rate(1 hour)", "", R"("Input":"hourly")").ok());
  ASSERT_TRUE(host.create("once", "at(2024-05-01T02:00:00)", "", R"("Input":"once")").ok());
  ASSERT_TRUE(host.create("late", "at(2024-05-01T01:59:00)", "",
                          R"("Input":"late","RetryPolicy":{"MaximumEventAgeInSeconds":60})"
                          R"(,"DeadLetterConfig":{"Arn":"arn:aws:sqs:us-east-1:000000000000:d"})")
                  .ok());
  host.advance(minutes(61));
  EXPECT_EQ(host.targets.bodies(), (Times{"hourly"}));
  // Three hours missed: what is once runs late, within its age; what comes again does not.
  host.down(hours(3) + minutes(1));
  host.advance(seconds(0));
  const auto all = host.targets.all();
  ASSERT_EQ(all.size(), 3U);
  std::map<std::string, ports::Parcel> by_body;
  for (std::size_t i = 1; i < all.size(); ++i) by_body[all[i].parcel.body] = all[i].parcel;
  EXPECT_EQ(by_body["once"].target, queue_arn("q"));
  EXPECT_EQ(by_body["late"].target, queue_arn("d"));
  host.advance(hours(1));
  EXPECT_EQ(host.targets.times().size(), 4U);
  EXPECT_EQ(host.targets.times().back(), "2024-05-01T05:00:00Z");
  // A quick restart misses nothing.
  host.advance(minutes(57) + seconds(50));
  host.down(seconds(65));
  host.advance(seconds(0));
  EXPECT_EQ(host.targets.times().size(), 5U);
}

TEST(SchedulerTimes, AnOccurrenceComesOnceOverACrash) {
  Host host("2024-05-01T00:00:00Z");
  host.targets.always({.kind = Delivered::Kind::kLater, .code = "Throttled"});
  ASSERT_TRUE(
      host.create("s", "at(2024-05-01T01:00:00)", R"("ActionAfterCompletion":"DELETE")").ok());
  host.advance(hours(1));
  ASSERT_FALSE(host.targets.all().empty());
  EXPECT_EQ(host.get("s").error, "ResourceNotFoundException");
  // The schedule has moved on, its invocation has not arrived.
  host.targets.always({});
  const std::size_t before = host.targets.all().size();
  host.down(minutes(10));
  host.advance(hours(1));
  ASSERT_EQ(host.targets.all().size(), before + 1);
  EXPECT_EQ(host.targets.all().back().parcel.id, host.targets.all().front().parcel.id);
  host.advance(days(1));
  EXPECT_EQ(host.targets.all().size(), before + 1);
}

TEST(SchedulerTimes, WithoutTheirZoneNobodyGuesses) {
  Host host("2024-05-01T00:00:00Z");
  ASSERT_TRUE(
      host.create("s", "cron(0 6 * * ? *)", R"("ScheduleExpressionTimezone":"Europe/Berlin")")
          .ok());
  ASSERT_TRUE(host.create("t", "rate(1 hour)").ok());
  host.lose_zones();
  host.restart();
  host.advance(hours(10));
  EXPECT_EQ(host.targets.all().size(), 10U);
  EXPECT_TRUE(host.get("s").ok());
}

TEST(SchedulerTimes, WaitWhileTheDiskHasNothingButItsReserve) {
  Host host("2024-05-01T00:00:00Z");
  ASSERT_TRUE(host.create("s", "at(2024-05-01T10:00:00)").ok());
  host.disk.set_promised(1ULL << 62);
  host.advance(hours(11));
  EXPECT_TRUE(host.targets.all().empty());
  host.disk.set_promised(0);
  host.advance(minutes(2));
  EXPECT_EQ(host.targets.all().size(), 1U);
}

TEST(SchedulerTimes, ManyAtOnce) {
  Host host("2024-05-01T00:00:00Z");
  for (int i = 0; i < 350; ++i) {
    ASSERT_TRUE(host.create(fmt::format("s{}", i), "cron(0 6 * * ? *)").ok());
  }
  host.advance(hours(7));
  EXPECT_EQ(host.targets.all().size(), 350U);
  host.advance(hours(24));
  EXPECT_EQ(host.targets.all().size(), 700U);
}

}  // namespace
}  // namespace lapwing::scheduler::testing
