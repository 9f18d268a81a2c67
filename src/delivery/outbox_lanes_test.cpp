// Order, fairness and pace; lanes as they are seen from outside.
#include <algorithm>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "delivery/testing/post_office.hpp"

namespace lapwing::delivery::testing {
namespace {

using Strings = std::vector<std::string>;
using Times = std::vector<std::int64_t>;

Posting posting(std::string id, std::vector<std::string> addressees, std::string group = {}) {
  return {.id = id, .event = id, .addressees = std::move(addressees), .group = std::move(group)};
}

RetryPolicy every(Duration delay, std::uint32_t attempts) {
  return {{{.attempts = attempts, .first = delay, .last = delay}}, Duration::zero(), 0};
}

Shipment to_web(RetryPolicy retry = {}) {
  return {.parcel = {.target = "https", .body = {}}, .retry = std::move(retry)};
}

Strings numbers(const std::string& prefix, int count) {
  Strings out;
  for (int i = 0; i < count; ++i) out.push_back(prefix + std::to_string(i));
  return out;
}

class OutboxLanesTest : public ::testing::TestWithParam<store::testing::EngineKind> {
 protected:
  PostOffice office_{GetParam()};
};

TEST_P(OutboxLanesTest, GroupsKeepTheirOrder) {
  std::vector<Posting> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(posting("x" + std::to_string(i), {"a", "b"}, "x"));
    all.push_back(posting("y" + std::to_string(i), {"a"}, "y"));
  }
  office_.post_all(all);
  office_.settle();
  EXPECT_EQ(office_.queues.took("b"), numbers("x", 20));
  Strings x;
  Strings y;
  for (const std::string& body : office_.queues.took("a")) (body[0] == 'x' ? x : y).push_back(body);
  EXPECT_EQ(x, numbers("x", 20));
  EXPECT_EQ(y, numbers("y", 20));
  EXPECT_TRUE(office_.empty());
}

// What fails holds up its group at its addressee, and nothing else.
TEST_P(OutboxLanesTest, OrderIsKeptUnderFailure) {
  office_.sender.all_send({.retry = every(20s, 10)});
  office_.queues.answers("a", {taken(), later()});
  std::vector<Posting> all;
  for (int i = 0; i < 10; ++i) all.push_back(posting("x" + std::to_string(i), {"a", "b"}, "x"));
  office_.post_all(all);
  office_.settle();
  EXPECT_EQ(office_.queues.took("a"), (Strings{"x0"}));
  EXPECT_EQ(office_.queues.took("b"), numbers("x", 10));
  // What comes later stands behind it, another group passes.
  office_.post(posting("x10", {"a"}, "x"));
  office_.post(posting("y0", {"a"}, "y"));
  office_.post(posting("plain", {"a"}));
  office_.settle();
  Strings took = office_.queues.took("a");
  std::ranges::sort(took);
  EXPECT_EQ(took, (Strings{"plain", "x0", "y0"}));
  office_.queues.answers("a", {later()});
  office_.advance(20s);
  EXPECT_EQ(office_.queues.took("a").size(), 3u);
  office_.advance(20s);
  Strings x;
  for (const std::string& body : office_.queues.took("a")) {
    if (body[0] == 'x') x.push_back(body);
  }
  EXPECT_EQ(x, numbers("x", 11));
  EXPECT_TRUE(office_.empty());
}

// Each event fails a few times on its way, over restarts.
TEST_P(OutboxLanesTest, OrderIsKeptOverManyFailuresAndRestarts) {
  office_.sender.all_send({.retry = every(10s, 100)});
  std::vector<Delivered> script;
  for (int i = 0; i < 60; ++i) script.push_back(i % 3 == 2 ? taken() : later());
  office_.queues.answers("a", script);
  for (int i = 0; i < 30; ++i) {
    office_.post(posting("x" + std::to_string(i), {"a"}, "x"));
    if (i % 5 == 0) office_.advance(10s);
    if (i % 10 == 9) office_.restart();
  }
  office_.advance(1h);
  EXPECT_EQ(office_.queues.took("a"), numbers("x", 30));
  EXPECT_TRUE(office_.empty());
}

// A dead letter ends the wait of its group.
TEST_P(OutboxLanesTest, AGroupGoesOnBehindADeadLetter) {
  office_.sender.all_send({.retry = every(10s, 1)});
  office_.sender.dead_letters_to("a", "dlq");
  office_.queues.answers("a", {later(), later(), refused()});
  for (int i = 0; i < 4; ++i) office_.post(posting("x" + std::to_string(i), {"a"}, "x"));
  office_.advance(1min);
  EXPECT_EQ(office_.queues.took("dlq"), (Strings{"x0", "x1"}));
  EXPECT_EQ(office_.queues.took("a"), (Strings{"x2", "x3"}));
}

TEST_P(OutboxLanesTest, OneThatHangsHoldsUpNobodyElse) {
  office_.sender.all_send(to_web());
  office_.web.hang("hanging", true);
  Strings everybody = numbers("good", 100);
  everybody.insert(everybody.begin() + 50, "hanging");
  for (int i = 0; i < 20; ++i) office_.post(posting(std::to_string(i), everybody));
  EXPECT_TRUE(office_.web.wait_until_taken(2000));
  for (const std::string& name : numbers("good", 100)) {
    EXPECT_EQ(office_.web.took(name).size(), 20u) << name;
  }
  EXPECT_LE(office_.web.most_at_once("hanging"), kLaneParcels);
  EXPECT_GE(office_.web.most_at_once("hanging"), 1u);
}

// What hangs is cut after kAttemptMax of real time, and counts as failed.
TEST_P(OutboxLanesTest, AnAttemptThatHangsHasFailed) {
  office_.sender.all_send(to_web(every(20s, 1)));
  office_.sender.dead_letters_to("a", "dlq");
  office_.web.hang("a", true);
  office_.post(posting("1", {"a"}));
  ASSERT_TRUE(office_.web.wait_for(1));
  office_.pass_real_time(kAttemptMax);
  office_.settle();
  EXPECT_EQ(office_.outbox().counts().failed_attempts, 1u);
  EXPECT_EQ((*office_.outbox().lanes(1))[0].last_failure, "Timeout: No answer in time.");
  office_.web.hang("a", false);
  office_.advance(20s);
  EXPECT_EQ(office_.web.took("a"), (Strings{"1"}));
}

// A quick destination that does not answer is like one that is not quick, until it does.
TEST_P(OutboxLanesTest, AQuickOneThatHangsGoesByItsLane) {
  office_.sender.all_send({.retry = every(20s, 10), .under_way_max = 1});
  office_.queues.hang("a", true);
  office_.post(posting("1", {"a"}));
  ASSERT_TRUE(office_.queues.wait_for(1));
  office_.pass_real_time(kQuickAttemptMax);
  office_.settle();
  EXPECT_EQ(office_.outbox().counts().failed_attempts, 1u);
  for (int i = 0; i < 600; ++i) office_.post(posting("b" + std::to_string(i), {"a", "b"}));
  ASSERT_TRUE(office_.queues.wait_until_taken(600));
  EXPECT_EQ(office_.queues.took("b").size(), 600u);
  EXPECT_LE(office_.queues.bodies("a").size(), 2u);
  office_.queues.hang("a", false);
  office_.pass_real_time(kQuickAttemptMax);
  office_.advance(1min);
  EXPECT_EQ(office_.queues.took("a").size(), 601u);
  EXPECT_TRUE(office_.empty());
}

TEST_P(OutboxLanesTest, NoMoreAreUnderWayThanMayBe) {
  Shipment three = to_web();
  three.under_way_max = 3;
  office_.sender.sends("a", three);
  office_.sender.sends("b", to_web());
  office_.web.hang("a", true);
  office_.web.hang("b", true);
  for (int i = 0; i < 40; ++i) office_.post(posting(std::to_string(i), {"a", "b"}));
  ASSERT_TRUE(office_.web.wait_for(3 + kLaneParcels));
  const auto facts = *office_.outbox().lanes(10);
  ASSERT_EQ(facts.size(), 2u);
  office_.web.hang("a", false);
  office_.web.hang("b", false);
  office_.pass_real_time(kAttemptMax);
  office_.settle();
  EXPECT_EQ(office_.web.most_at_once("a"), 3u);
  EXPECT_EQ(office_.web.most_at_once("b"), kLaneParcels);
  EXPECT_EQ(office_.outbox().counts().dropped, 3 + kLaneParcels);  // those that hung
  EXPECT_EQ(office_.web.took("a").size(), 37u);
  EXPECT_TRUE(office_.empty());
}

// More lanes that hang than there is room for: all of them get their turn.
TEST_P(OutboxLanesTest, RoomIsShared) {
  office_.sender.all_send(to_web());
  const Strings all = numbers("h", 300);
  for (const std::string& name : all) office_.web.hang(name, true);
  for (int i = 0; i < 4; ++i) office_.post(posting(std::to_string(i), all));
  ASSERT_TRUE(office_.web.wait_for(300));
  office_.post(posting("good", {"good"}));
  ASSERT_TRUE(office_.web.wait_until_taken(1));
  std::set<std::string> reached;
  const auto patience = std::chrono::steady_clock::now() + 30s;
  while (reached.size() < 301 && std::chrono::steady_clock::now() < patience) {
    for (const Handed& each : office_.web.log()) reached.insert(each.to);
    std::this_thread::yield();
  }
  EXPECT_EQ(reached.size(), 301u);
  for (const std::string& name : all) office_.web.hang(name, false);
}

TEST_P(OutboxLanesTest, APaceIsKept) {
  Shipment paced = to_web();
  paced.a_second_max = 2;
  office_.sender.all_send(paced);
  for (int i = 0; i < 7; ++i) office_.post(posting(std::to_string(i), {"a"}));
  office_.settle();
  EXPECT_EQ(office_.web.took("a").size(), 1u);
  office_.advance(1min);
  EXPECT_EQ(office_.web.times("a"), (Times{0, 500, 1000, 1500, 2000, 2500, 3000}));
  EXPECT_TRUE(office_.empty());
}

TEST_P(OutboxLanesTest, AFastPaceIsKept) {
  Shipment paced = to_web();
  paced.a_second_max = 100;
  office_.sender.all_send(paced);
  for (int i = 0; i < 500; ++i) office_.post(posting(std::to_string(i), {"a"}));
  office_.advance(1min);
  const Times times = office_.web.times("a");
  ASSERT_EQ(times.size(), 500u);
  // Never ahead of its pace by more than a tenth of a second's worth; one that was handed over late
  // takes nothing from those behind it.
  for (std::size_t i = 11; i < times.size(); ++i) EXPECT_GE(times[i], 10 * (i - 10)) << i;
  EXPECT_LE(times.back(), 5000);
}

// Whatever number a policy says.
TEST_P(OutboxLanesTest, APaceBeyondTheClocksTicks) {
  std::size_t posted = 0;
  for (const double a_second : {1e9, 2e9, 9.2e18, 1e300}) {
    office_.web.clear();
    Shipment paced = to_web();
    paced.a_second_max = a_second;
    office_.sender.all_send(paced);
    for (int i = 0; i < 50; ++i) office_.post(posting(std::to_string(posted++), {"a"}));
    office_.advance(1min);
    EXPECT_EQ(office_.web.took("a").size(), 50U) << a_second;
    EXPECT_TRUE(office_.empty()) << a_second;
  }
}

TEST_P(OutboxLanesTest, WhatWaitsForTheForgottenIsDropped) {
  office_.sender.all_send({.retry = every(1h, 10)});
  office_.sender.dead_letters_to("c", "dlq");
  office_.queues.always("a", later());
  office_.queues.always("b", later());
  office_.queues.always("c", refused());
  office_.queues.always("dlq", later());
  for (int i = 0; i < 10; ++i) office_.post(posting(std::to_string(i), {"a", "b", "c"}));
  office_.settle();
  ASSERT_EQ(office_.outbox().lanes(10)->size(), 3u);
  office_.sender.gone("a");
  office_.outbox().forget("a");
  office_.sender.gone("c");
  office_.outbox().forget("c");
  office_.outbox().forget("never heard of");
  office_.settle();
  const auto lanes = *office_.outbox().lanes(10);
  ASSERT_EQ(lanes.size(), 1u);
  EXPECT_EQ(lanes[0].addressee, "b");
  EXPECT_EQ(lanes[0].waiting, 10u);
  EXPECT_EQ(office_.space().queue().stats("lane/a")->delayed, 0u);
  EXPECT_EQ(office_.space().queue().stats("dead/c")->delayed, 0u);
}

// Forgotten while parcels of it are under way; then it is there again.
TEST_P(OutboxLanesTest, ForgottenUnderWay) {
  office_.sender.all_send(to_web(every(20s, 10)));
  office_.web.hang("a", true);
  std::vector<Posting> all;
  for (int i = 0; i < 40; ++i) all.push_back(posting(std::to_string(i), {"a"}));
  office_.post_all(all);
  ASSERT_TRUE(office_.web.wait_for(kLaneParcels));
  office_.outbox().forget("a");
  while (office_.space().queue().stats("lane/a")->in_flight > 0) std::this_thread::yield();
  office_.web.hang("a", false);
  office_.pass_real_time(kAttemptMax);
  office_.settle();
  EXPECT_TRUE(office_.empty());
  EXPECT_TRUE(office_.outbox().lanes(10)->empty());
  office_.post(posting("new", {"a"}));
  office_.settle();
  EXPECT_EQ(office_.web.took("a"), (Strings{"new"}));
}

TEST_P(OutboxLanesTest, LanesAreTold) {
  office_.sender.all_send({.retry = every(1h, 10)});
  office_.queues.always("a", later("Busy"));
  office_.queues.always("b", later("Full"));
  for (int i = 0; i < 3; ++i) office_.post(posting(std::to_string(i), {"a", "b"}));
  office_.post(posting("3", {"b"}));
  office_.advance(10s);
  const auto lanes = *office_.outbox().lanes(10);
  ASSERT_EQ(lanes.size(), 2u);
  EXPECT_EQ(lanes[0].addressee, "b");
  EXPECT_EQ(lanes[0].waiting, 4u);
  EXPECT_EQ(lanes[0].under_way, 0u);
  EXPECT_EQ(lanes[0].oldest, Duration(10s));
  EXPECT_EQ(lanes[0].last_failure, "Full: not now");
  EXPECT_EQ(lanes[1].addressee, "a");
  EXPECT_EQ(lanes[1].waiting, 3u);
  EXPECT_EQ(office_.outbox().lanes(1)->size(), 1u);
}

// Those that wait cost nothing until they are due.
TEST_P(OutboxLanesTest, TenThousandLanesThatWait) {
  office_.sender.all_send({.retry = every(1h, 1)});
  const int batch = 500;
  for (int i = 0; i < 10'000; i += batch) {
    Strings some;
    for (int j = i; j < i + batch; ++j) {
      some.push_back("a" + std::to_string(j));
      office_.queues.answers(some.back(), {later()});
    }
    office_.post(posting("p" + std::to_string(i), some));
  }
  office_.settle();
  EXPECT_EQ(office_.queues.log().size(), 10'000u);
  const std::size_t calls = office_.queues.calls();
  const std::uint64_t runs = office_.runs();
  office_.advance(59min);
  EXPECT_EQ(office_.queues.calls(), calls);
  EXPECT_LE(office_.runs(), runs + 2);
  office_.advance(1min);
  EXPECT_EQ(office_.outbox().counts().delivered, 10'000u);
  EXPECT_TRUE(office_.empty());
  EXPECT_TRUE(office_.outbox().lanes(10)->empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, OutboxLanesTest,
                         ::testing::ValuesIn(store::testing::all_engines()),
                         store::testing::engine_name);

}  // namespace
}  // namespace lapwing::delivery::testing
