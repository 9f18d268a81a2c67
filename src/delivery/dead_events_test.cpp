// Events that have died: told of, over a restart, and sent again.
#include "delivery/dead_events.hpp"

#include <gtest/gtest.h>

#include "delivery/outbox_events.hpp"
#include "delivery/testing/post_office.hpp"

namespace lapwing::delivery::testing {
namespace {

using Strings = std::vector<std::string>;

class DeadEventsTest : public ::testing::TestWithParam<store::testing::EngineKind> {
 protected:
  std::vector<DeadEvent> dead() {
    const auto page = office_.outbox().dead(0, 100);
    EXPECT_TRUE(page.has_value());
    return page ? page->events : std::vector<DeadEvent>();
  }
  std::size_t replay(std::string_view id) {
    const auto sent = office_.outbox().replay(id);
    EXPECT_TRUE(sent.has_value());
    office_.settle();
    return sent.value_or(0);
  }
  PostOffice office_{GetParam()};
};

TEST_P(DeadEventsTest, WhatIsDroppedIsToldOfAndSentAgain) {
  office_.queues.answers("a", {refused(), refused(), taken()});
  office_.post({.id = "1", .event = "e", .addressees = {"a", "b"}, .trace = "Root=1-2-3"});
  office_.settle();
  ASSERT_EQ(dead().size(), 1u);
  const DeadEvent one = dead()[0];
  EXPECT_EQ(one.id, "1");
  EXPECT_EQ(one.trace, "Root=1-2-3");
  EXPECT_EQ(one.to, queue_arn("a"));
  EXPECT_EQ(one.account.view(), "123456789012");
  EXPECT_EQ(one.reason, "NoSuchQueue: never");
  EXPECT_EQ(one.attempts, 1u);
  EXPECT_TRUE(one.dead_letters.empty());
  EXPECT_EQ(replay("2"), 0u);
  EXPECT_EQ(replay("1"), 1u);
  EXPECT_EQ(dead().size(), 2u);  // refused once more: the newest is first
  EXPECT_GT(dead()[0].number, dead()[1].number);
  EXPECT_EQ(replay("1"), 1u);  // once, though it has died twice
  EXPECT_EQ(office_.queues.took("a"), (Strings{"e"}));
  EXPECT_EQ(office_.queues.took("b"), (Strings{"e"}));  // that had it
  // The same parcel each time, for those who take one once.
  const auto log = office_.queues.log();
  Strings ids;
  for (const Handed& each : log) {
    if (each.to == "a") ids.push_back(each.id);
  }
  EXPECT_EQ(ids, (Strings{ids[0], ids[0], ids[0]}));
}

TEST_P(DeadEventsTest, WhatWentToADeadLetterQueueSaysWhich) {
  office_.sender.dead_letters_to("a", "dlq");
  office_.queues.always("a", refused());
  office_.post({.id = "1", .event = "e", .addressees = {"a"}});
  office_.settle();
  EXPECT_EQ(office_.queues.took("dlq").size(), 1u);
  ASSERT_EQ(dead().size(), 1u);
  EXPECT_EQ(dead()[0].dead_letters, queue_arn("dlq"));
}

TEST_P(DeadEventsTest, WhatFailedTooOftenIsOneOfThem) {
  office_.queues.always("a", later());
  Shipment twice;
  twice.retry = RetryPolicy({{.attempts = 1, .first = 1s, .last = 1s}}, Duration::zero(), 0);
  office_.sender.sends("a", twice);
  office_.post({.id = "1", .event = "e", .addressees = {"a"}});
  office_.settle();
  EXPECT_TRUE(dead().empty());
  office_.advance(1s);
  ASSERT_EQ(dead().size(), 1u);
  EXPECT_EQ(dead()[0].reason, "Throttled: not now (no more attempts)");
  EXPECT_EQ(dead()[0].attempts, 2u);
}

TEST_P(DeadEventsTest, WhoAsksForMoreTimeGetsIt) {
  Delivered busy = later("503");
  busy.not_before = 30s;
  office_.queues.answers("a", {busy, taken()});
  Shipment soon;
  soon.retry = RetryPolicy({{.attempts = 3, .first = 1s, .last = 1s}}, Duration::zero(), 0);
  office_.sender.sends("a", soon);
  office_.post({.id = "1", .event = "e", .addressees = {"a"}});
  office_.settle();
  office_.advance(29s);
  EXPECT_TRUE(office_.queues.took("a").empty());
  office_.advance(1s);
  EXPECT_EQ(office_.queues.took("a").size(), 1u);
}

TEST_P(DeadEventsTest, TheyAreThereAfterARestart) {
  if (!GetParam().durable) GTEST_SKIP() << "this engine keeps nothing";
  office_.queues.answers("a", {refused(), taken()});
  office_.post({.id = "1", .event = "e", .addressees = {"a"}, .group = "g"});
  office_.settle();
  office_.restart();
  ASSERT_EQ(dead().size(), 1u);
  EXPECT_EQ(replay("1"), 1u);
  EXPECT_EQ(office_.queues.took("a"), (Strings{"e"}));
}

TEST_P(DeadEventsTest, TheOldestGo) {
  DeadEvents log(office_.space(), "dead.test");
  const auto add = [&](std::size_t count, const std::string& work) {
    const std::vector<DeadEvent> events(count, DeadEvent{.id = "x", .work = work});
    ASSERT_TRUE(
        office_.space().store().transact([&](store::Txn& txn) { return log.add(txn, events); }));
  };
  add(3, "work");
  const auto page = log.newest(0, 2);
  ASSERT_EQ(page->events.size(), 2u);
  EXPECT_TRUE(page->more);
  EXPECT_EQ(page->events[0].number, 3u);
  EXPECT_EQ(log.newest(2, 2)->events[0].number, 1u);
  EXPECT_TRUE(log.newest(1, 2)->events.empty());
  EXPECT_EQ(log.find("x")->size(), 1u);  // all for one target
  EXPECT_EQ(log.find("x")->at(0).number, 3u);
}

TEST_P(DeadEventsTest, AreRowsOfAListAndAddresseesBehindAreAnother) {
  office_.queues.always("a", refused());
  office_.queues.always("b", later());
  Shipment often;
  often.retry = RetryPolicy({{.attempts = 9, .first = 60s, .last = 60s}}, Duration::zero(), 0);
  office_.sender.sends("b", often);
  for (const char* const id : {"1", "2", "3"}) {
    office_.post({.id = id, .event = "e", .addressees = {"a", "b"}});
  }
  office_.settle();
  using journal::EventAsk;
  using journal::EventList;
  const auto list = [&](const EventAsk& ask) {
    auto page = outbox_events(office_.outbox(), "post", office_.clock.wall(), ask);
    EXPECT_TRUE(page.has_value());
    return page.value_or(journal::EventPage());
  };
  journal::EventPage page = list({.list = EventList::kDeadLetters, .max = 2});
  ASSERT_EQ(page.rows.size(), 2u);
  EXPECT_EQ(page.rows[0].replayable, true);
  page = list({.list = EventList::kDeadLetters, .max = 2, .after = page.next});
  ASSERT_EQ(page.rows.size(), 1u);
  EXPECT_TRUE(list({.list = EventList::kDeadLetters, .holds = "nobody"}).rows.empty());
  page = list({.list = EventList::kRetries});
  ASSERT_EQ(page.rows.size(), 1u);
  EXPECT_EQ(page.rows[0].name, "b");
  EXPECT_EQ(page.rows[0].waiting, 3u);
  EXPECT_EQ(page.rows[0].reason, "Throttled: not now");
  EXPECT_EQ(page.rows[0].due_ms, unix_ms(office_.clock.wall() + 60s));
  page = list({.list = EventList::kQueues});
  ASSERT_EQ(page.rows.size(), 1u);
  EXPECT_EQ(page.rows[0].name, "post");
  EXPECT_TRUE(list({.list = EventList::kSchedules}).rows.empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, DeadEventsTest,
                         ::testing::ValuesIn(store::testing::all_engines()),
                         store::testing::engine_name);

}  // namespace
}  // namespace lapwing::delivery::testing
