// Rules that go by the clock.
#include "services/events/testing/bus_host.hpp"

namespace lapwing::events {
namespace {

using testing::Answer;
using testing::BusHost;
using testing::minutes;
using testing::seconds;

std::string in(std::string_view body, std::string_view path) {
  return Answer{.text = std::string(body), .error = {}}.at(path);
}

// The times of the events that a queue got.
std::string times(const BusHost& h, std::string_view queue) {
  std::string out;
  for (const ports::Parcel& parcel : h.queues.taken(BusHost::queue(queue))) {
    out += (out.empty() ? "" : " ") + in(parcel.body, "time");
  }
  return out;
}

TEST(EventSchedules, ARateBeginsOnePeriodAfterTheRuleWasMade) {
  BusHost h;  // 2023-11-14T22:13:20Z
  ASSERT_TRUE(h.schedule("r", "rate(1 minute)").ok());
  ASSERT_TRUE(h.target("r", "t", BusHost::queue("q")).ok());
  h.advance(seconds(59));
  EXPECT_EQ(h.count("q"), 0u);
  h.advance(seconds(1));
  const std::string body = h.bodies("q");
  EXPECT_EQ(body, fmt::format(R"({{"version":"0","id":"{}","detail-type":"Scheduled Event",)"
                              R"("source":"aws.events","account":"000000000000",)"
                              R"("time":"2023-11-14T22:14:20Z","region":"us-east-1",)"
                              R"("resources":["{}"],"detail":{{}}}})",
                              in(body, "id"), BusHost::arn("rule/r")));
  h.advance(minutes(2));
  EXPECT_EQ(times(h, "q"), "2023-11-14T22:14:20Z 2023-11-14T22:15:20Z 2023-11-14T22:16:20Z");
}

TEST(EventSchedules, ACronGoesByUtc) {
  BusHost h;
  ASSERT_TRUE(h.schedule("r", "cron(30 22 ? * TUE-WED *)").ok());
  ASSERT_TRUE(h.schedule("never", "cron(15 10 ? * 6L 2002-2005)").ok());
  ASSERT_TRUE(h.target("r", "t", BusHost::queue("q")).ok());
  ASSERT_TRUE(h.target("never", "t", BusHost::queue("n")).ok());
  h.advance(std::chrono::hours(24 * 7));
  EXPECT_EQ(times(h, "q"), "2023-11-14T22:30:00Z 2023-11-15T22:30:00Z");
  EXPECT_EQ(h.count("n"), 0u);
}

TEST(EventSchedules, DisabledDeletedAndChangedOnesAreNotDue) {
  BusHost h;
  for (const char* name : {"off", "gone", "slow"}) {
    ASSERT_TRUE(h.schedule(name, "rate(1 minute)").ok());
    ASSERT_TRUE(h.target(name, "t", BusHost::queue(name)).ok());
  }
  ASSERT_TRUE(h.call("DisableRule", R"({"Name":"off"})").ok());
  ASSERT_TRUE(h.call("RemoveTargets", R"({"Rule":"gone","Ids":["t"]})").ok());
  ASSERT_TRUE(h.call("DeleteRule", R"({"Name":"gone"})").ok());
  ASSERT_TRUE(h.schedule("slow", "rate(2 minutes)").ok());
  h.advance(seconds(90));
  EXPECT_EQ(h.count("off") + h.count("gone") + h.count("slow"), 0u);
  // Enabled: it counts from now.
  ASSERT_TRUE(h.call("EnableRule", R"({"Name":"off"})").ok());
  h.advance(seconds(59));
  EXPECT_EQ(h.count("off"), 0u);
  EXPECT_EQ(times(h, "slow"), "2023-11-14T22:15:20Z");
  h.advance(seconds(1));
  EXPECT_EQ(h.count("off"), 1u);
}

TEST(EventSchedules, KeepTheirPhaseAndCatchNothingUp) {
  BusHost h;
  ASSERT_TRUE(h.schedule("r", "rate(10 minutes)").ok());
  ASSERT_TRUE(h.target("r", "t", BusHost::queue("q")).ok());
  h.advance(minutes(10));
  EXPECT_EQ(h.count("q"), 1u);
  h.stay_down(minutes(35));  // three were missed
  h.settle();
  EXPECT_EQ(h.count("q"), 1u);
  h.advance(minutes(4));
  EXPECT_EQ(h.count("q"), 1u);
  h.advance(minutes(1));
  EXPECT_EQ(times(h, "q"), "2023-11-14T22:23:20Z 2023-11-14T23:03:20Z");
  // A change of something else keeps the phase, too.
  h.advance(minutes(5));
  ASSERT_TRUE(h.call("PutRule", R"x({"Name":"r","ScheduleExpression":"rate(10 minutes)",)x"
                                R"("Description":"d"})")
                  .ok());
  h.advance(minutes(5));
  EXPECT_EQ(h.count("q"), 3u);
}

TEST(EventSchedules, ARuleMayHaveBoth) {
  BusHost h;
  ASSERT_TRUE(
      h.rule("r", R"({"source":["app"]})", R"x("ScheduleExpression":"rate(1 hour)")x").ok());
  ASSERT_TRUE(h.target("r", "t", BusHost::queue("q")).ok());
  h.put("app", "{}");
  EXPECT_EQ(h.count("q"), 1u);
  h.advance(std::chrono::hours(1));
  EXPECT_EQ(h.count("q"), 2u);
}

}  // namespace
}  // namespace lapwing::events
