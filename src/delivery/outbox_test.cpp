// The way of an event: accepted, attempted, tried again, dead.
#include "delivery/outbox.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "delivery/testing/post_office.hpp"

namespace lapwing::delivery::testing {
namespace {

using Strings = std::vector<std::string>;
using Times = std::vector<std::int64_t>;

Posting posting(std::string id, std::vector<std::string> addressees, std::string group = {}) {
  return {.id = id, .event = id, .addressees = std::move(addressees), .group = std::move(group)};
}

RetryPolicy every(Duration delay, std::uint32_t attempts, Duration age = Duration::zero()) {
  return {{{.attempts = attempts, .first = delay, .last = delay}}, age, 0};
}

class OutboxTest : public ::testing::TestWithParam<store::testing::EngineKind> {
 protected:
  PostOffice office_{GetParam()};
};

TEST_P(OutboxTest, EachAddresseeGetsEachEventOnce) {
  office_.post(posting("1", {"a", "b", "c"}));
  office_.post(posting("2", {"b"}));
  office_.settle();
  EXPECT_EQ(office_.queues.took("a"), (Strings{"1"}));
  EXPECT_EQ(office_.queues.took("b"), (Strings{"1", "2"}));
  EXPECT_EQ(office_.queues.took("c"), (Strings{"1"}));
  EXPECT_TRUE(office_.empty());
  const Counts counts = office_.outbox().counts();
  EXPECT_EQ(counts.accepted, 2u);
  EXPECT_EQ(counts.delivered, 4u);
  EXPECT_EQ(counts.failed_attempts, 0u);
  EXPECT_EQ(office_.sender.told().size(), 4u);
  EXPECT_EQ(office_.outbox().waiting(), 0u);
}

TEST_P(OutboxTest, WithoutAddresseesNothingIsWritten) {
  office_.post(posting("1", {}));
  EXPECT_TRUE(office_.empty());
  EXPECT_EQ(office_.outbox().waiting(), 0u);
}

TEST_P(OutboxTest, WhatIsUndoneWithItsTransactionIsNotSent) {
  const auto undone = office_.space().store().transact([&](store::Txn& txn) -> Status {
    LAPWING_CHECK(office_.outbox().accept(txn, posting("1", {"a"})));
    return fail(make_error(ErrorKind::kConflict, "no"));
  });
  EXPECT_FALSE(undone);
  office_.settle();
  EXPECT_TRUE(office_.queues.log().empty());
}

TEST_P(OutboxTest, LimitsOfAPosting) {
  const auto kind_of = [&](const Posting& what) {
    const Status done = office_.accept(what);
    return done ? std::string("taken") : std::string(to_string(done.error().kind()));
  };
  const std::string too_large(to_string(ErrorKind::kTooLarge));
  const std::string invalid(to_string(ErrorKind::kInvalid));
  EXPECT_EQ(kind_of(posting("", {"a"})), invalid);
  EXPECT_EQ(kind_of(posting("1", {""})), invalid);
  EXPECT_EQ(kind_of(posting(std::string(kIdBytesMax, 'i'), {"a"})), "taken");
  EXPECT_EQ(kind_of(posting(std::string(kIdBytesMax + 1, 'i'), {"a"})), too_large);
  EXPECT_EQ(kind_of(posting("1", {std::string(kAddresseeBytesMax, 'a')})), "taken");
  EXPECT_EQ(kind_of(posting("1", {std::string(kAddresseeBytesMax + 1, 'a')})), too_large);
  EXPECT_EQ(kind_of(posting("1", {"a"}, std::string(kGroupBytesMax, 'g'))), "taken");
  EXPECT_EQ(kind_of(posting("1", {"a"}, std::string(kGroupBytesMax + 1, 'g'))), too_large);
  EXPECT_EQ(kind_of(posting("1", Strings(kAddresseesOfPosting, "a"))), "taken");
  EXPECT_EQ(kind_of(posting("1", Strings(kAddresseesOfPosting + 1, "a"))), too_large);
  Posting large = posting("1", {"a"});
  large.event.assign(kPostingBytesMax, 'e');
  EXPECT_EQ(kind_of(large), too_large);
  large.event.resize(kPostingBytesMax - 100);
  EXPECT_EQ(kind_of(large), "taken");
  office_.settle();
  EXPECT_TRUE(office_.empty());
}

// The largest event, tried again, and with the longest names.
TEST_P(OutboxTest, TheLargestEventWaitsInALane) {
  const std::string addressee(kAddresseeBytesMax, 'a');
  office_.sender.all_send({.retry = every(10s, 1)});
  office_.sender.dead_letters_to(addressee, "dlq");
  office_.queues.always(addressee, later(std::string(10'000, 'x')));
  Posting large =
      posting(std::string(kIdBytesMax, 'i'), {addressee}, std::string(kGroupBytesMax, 'g'));
  large.event.assign(kPostingBytesMax - 4096, 'e');
  office_.post(large);
  office_.advance(10s);
  EXPECT_EQ(office_.queues.took("dlq"), (Strings{large.event}));
  EXPECT_TRUE(office_.empty());
}

TEST_P(OutboxTest, ItIsTriedAgainAtItsTimes) {
  office_.sender.all_send({.retry = every(20s, 3)});
  office_.queues.answers("a", {later(), later(), later()});
  office_.advance(5s);
  office_.post(posting("1", {"a", "b"}));
  office_.advance(10min);
  EXPECT_EQ(office_.queues.times("a"), (Times{5'000, 25'000, 45'000, 65'000}));
  EXPECT_EQ(office_.queues.times("b"), (Times{5'000}));
  EXPECT_EQ(office_.queues.took("a"), (Strings{"1"}));
  EXPECT_EQ(office_.outbox().counts().failed_attempts, 3u);
  EXPECT_TRUE(office_.empty());
}

TEST_P(OutboxTest, PhasesOfAPolicy) {
  office_.sender.all_send(
      {.retry = RetryPolicy({{.attempts = 2},
                             {.attempts = 1, .first = 1s, .last = 1s},
                             {.attempts = 3, .first = 2s, .last = 6s, .backoff = Backoff::kLinear},
                             {.attempts = 2, .first = 10s, .last = 10s}},
                            Duration::zero(), 0)});
  office_.queues.always("a", later());
  office_.post(posting("1", {"a"}));
  office_.advance(1h);
  EXPECT_EQ(office_.queues.times("a"),
            (Times{0, 0, 0, 1'000, 3'000, 7'000, 13'000, 23'000, 33'000}));
  ASSERT_EQ(office_.sender.failures("a").size(), 1u);
  EXPECT_EQ(office_.sender.failures("a")[0].why, Why::kRetriesExhausted);
  EXPECT_EQ(office_.sender.failures("a")[0].attempts, 9u);
  EXPECT_EQ(office_.outbox().counts().dropped, 1u);
  EXPECT_TRUE(office_.empty());
}

// A policy that has changed meanwhile counts as it is, and so does who is gone.
TEST_P(OutboxTest, TheSenderIsAskedAtEachAttempt) {
  office_.sender.all_send({.retry = every(20s, 100)});
  office_.queues.always("a", later());
  office_.queues.always("b", later());
  office_.post(posting("1", {"a", "b"}));
  office_.settle();
  office_.sender.sends("a", {.parcel = {.target = queue_arn("elsewhere"), .body = {}}});
  office_.sender.gone("b");
  office_.advance(20s);
  EXPECT_EQ(office_.queues.took("elsewhere"), (Strings{"1"}));
  EXPECT_EQ(office_.queues.bodies("b").size(), 1u);
  EXPECT_TRUE(office_.empty());
  EXPECT_EQ(office_.outbox().counts().dropped, 0u);
}

TEST_P(OutboxTest, AParcelHasTheSameIdEachTime) {
  office_.sender.all_send({.retry = every(20s, 3)});
  office_.sender.dead_letters_to("a", "b");
  office_.queues.always("a", later());
  Posting traced = posting("id", {"a", "b"});
  traced.trace = "Root=1";
  office_.post(traced);
  office_.advance(1h);
  std::map<std::string, std::set<std::string>> ids;
  for (const Handed& each : office_.queues.log()) {
    ids[each.to].insert(each.id);
    EXPECT_TRUE(each.id.starts_with("id-")) << each.id;
    EXPECT_LE(each.id.size(), 128u);
    EXPECT_EQ(each.trace, "Root=1");
  }
  EXPECT_EQ(ids["a"].size(), 1u);
  // Its own parcel, and the dead letter of another: these must not pass for one.
  EXPECT_EQ(ids["b"].size(), 2u);
  EXPECT_NE(*ids["a"].begin(), *ids["b"].begin());
}

TEST_P(OutboxTest, WhatIsRefusedGoesToItsDeadLetterQueueAtOnce) {
  office_.sender.all_send({.retry = every(20s, 3)});
  office_.sender.dead_letters_to("a", "dlq");
  office_.queues.always("a", refused("AccessDenied"));
  office_.queues.always("b", refused());
  office_.post(posting("1", {"a", "b"}));
  office_.settle();
  EXPECT_EQ(office_.queues.took("dlq"), (Strings{"1"}));
  ASSERT_EQ(office_.sender.failures("a").size(), 1u);
  const Failure failure = office_.sender.failures("a")[0];
  EXPECT_EQ(failure.why, Why::kRefused);
  EXPECT_EQ(failure.attempts, 1u);
  EXPECT_EQ(failure.last.code, "AccessDenied");
  EXPECT_EQ(office_.outbox().counts().dead_letters, 1u);
  EXPECT_EQ(office_.outbox().counts().dropped, 1u);  // b has none
  EXPECT_TRUE(office_.empty());
}

TEST_P(OutboxTest, AttemptsAreCountedOverTheFirstAndTheLane) {
  office_.sender.all_send({.retry = every(20s, 2)});
  office_.sender.dead_letters_to("a", "dlq");
  office_.queues.always("a", later());
  office_.post(posting("1", {"a"}));
  office_.advance(39s);
  EXPECT_TRUE(office_.queues.took("dlq").empty());
  office_.advance(1s);
  EXPECT_EQ(office_.queues.times("a"), (Times{0, 20'000, 40'000}));
  EXPECT_EQ(office_.queues.times("dlq"), (Times{40'000}));
  EXPECT_EQ(office_.sender.failures("a")[0].attempts, 3u);
}

TEST_P(OutboxTest, NothingIsAttemptedBeyondItsAge) {
  office_.sender.all_send({.retry = every(20s, 100, 50s)});
  office_.sender.dead_letters_to("a", "dlq");
  office_.queues.always("a", later());
  Posting old = posting("old", {"b"});
  old.accepted_ms = unix_ms(office_.clock.wall() - 51s);
  office_.sender.dead_letters_to("b", "dlq");
  office_.post(old);
  office_.post(posting("1", {"a"}));
  office_.advance(1h);
  EXPECT_EQ(office_.queues.times("a"), (Times{0, 20'000, 40'000}));
  EXPECT_EQ(office_.sender.failures("a")[0].why, Why::kTooOld);
  EXPECT_TRUE(office_.queues.bodies("b").empty());
  EXPECT_EQ(office_.sender.failures("b")[0].why, Why::kTooOld);
  EXPECT_EQ(office_.sender.failures("b")[0].attempts, 0u);
  EXPECT_EQ(office_.queues.times("dlq"), (Times{0, 40'000}));
}

TEST_P(OutboxTest, ADeadLetterIsTriedAgainUntilItIsTaken) {
  office_.sender.dead_letters_to("a", "dlq");
  office_.queues.always("a", refused());
  office_.queues.answers("dlq", std::vector<Delivered>(5, later("Full")));
  office_.post(posting("1", {"a"}));
  office_.advance(1h);
  EXPECT_EQ(office_.queues.took("dlq"), (Strings{"1"}));
  EXPECT_EQ(office_.queues.times("dlq").size(), 6u);
  EXPECT_EQ(office_.queues.bodies("a").size(), 1u);
  EXPECT_EQ(office_.outbox().counts().dead_letters, 1u);
  EXPECT_EQ(office_.outbox().counts().dropped, 0u);
  EXPECT_TRUE(office_.empty());
}

TEST_P(OutboxTest, ADeadLetterIsDroppedAfterADay) {
  office_.sender.dead_letters_to("a", "full");
  office_.sender.dead_letters_to("b", "gone");
  office_.queues.always("a", refused());
  office_.queues.always("b", refused());
  office_.queues.always("full", later("Full"));
  office_.queues.always("gone", refused());
  office_.post(posting("1", {"a", "b"}));
  office_.settle();
  EXPECT_EQ(office_.outbox().counts().dropped, 1u);  // whose queue will never take it
  office_.advance(23h);
  EXPECT_FALSE(office_.empty());
  const auto facts = office_.outbox().lanes(10);
  ASSERT_TRUE(facts);
  ASSERT_EQ(facts->size(), 1u);
  EXPECT_TRUE((*facts)[0].dead_letters);
  EXPECT_EQ((*facts)[0].addressee, "a");
  EXPECT_EQ((*facts)[0].last_failure, "Full: not now");
  office_.advance(2h);
  EXPECT_TRUE(office_.empty());
  EXPECT_EQ(office_.outbox().counts().dropped, 2u);
  const Times times = office_.queues.times("full");
  EXPECT_LE(times.back(), 24 * 3'600'000);
  EXPECT_GE(times.back(), 23 * 3'600'000);
}

TEST_P(OutboxTest, WhereNothingIsReachedItIsRefused) {
  office_.sender.sends("a",
                       {.parcel = {.target = "arn:aws:kinesis:eu-west-1:1:stream/s", .body = {}},
                        .retry = every(1s, 10)});
  office_.sender.sends("b", {.parcel = {.target = "nonsense", .body = {}}});
  office_.sender.dead_letters_to("a", "dlq");
  office_.post(posting("1", {"a", "b"}));
  office_.settle();
  EXPECT_EQ(office_.queues.took("dlq"), (Strings{"1"}));
  EXPECT_EQ(office_.sender.failures("a")[0].last.code, "UnsupportedTarget");
  EXPECT_EQ(office_.outbox().counts().dropped, 1u);
}

TEST_P(OutboxTest, ADestinationThatBreaksIsTriedAgain) {
  office_.sender.all_send({.retry = every(20s, 100)});
  office_.queues.broken(true);
  office_.post(posting("1", {"a"}));
  office_.settle();
  office_.queues.broken(false);
  office_.queues.silent(true);
  office_.advance(20s);
  office_.queues.silent(false);
  office_.queues.clear();
  office_.advance(20s);
  EXPECT_EQ(office_.queues.took("a"), (Strings{"1"}));
  EXPECT_EQ(office_.outbox().counts().failed_attempts, 2u);
}

TEST_P(OutboxTest, ASenderThatBreaksIsAskedAgain) {
  office_.sender.broken(true);
  office_.post(posting("1", {"a"}));
  office_.settle();
  EXPECT_TRUE(office_.queues.log().empty());
  office_.sender.broken(false);
  office_.advance(10s);
  EXPECT_EQ(office_.queues.took("a"), (Strings{"1"}));
}

TEST_P(OutboxTest, MoreAddresseesThanACallTakes) {
  Strings all;
  for (int i = 0; i < static_cast<int>(kAddresseesOfPosting); ++i) {
    all.push_back("a" + std::to_string(i));
    if (i % 3 == 1) {
      office_.sender.sends(all.back(), {.parcel = {.target = "https", .body = {}}});
    }
    if (i % 3 == 2) office_.queues.answers(all.back(), {later()});
  }
  office_.sender.all_send({.retry = every(20s, 3)});
  std::vector<Posting> postings;
  for (int i = 0; i < 6; ++i) postings.push_back(posting("p" + std::to_string(i), all));
  office_.post_all(postings);
  office_.advance(1min);
  for (int i = 0; i < static_cast<int>(all.size()); ++i) {
    const auto& to = i % 3 == 1 ? office_.web : office_.queues;
    EXPECT_EQ(to.took(all[static_cast<std::size_t>(i)]).size(), 6u) << i;
  }
  EXPECT_EQ(office_.outbox().counts().delivered, 6u * kAddresseesOfPosting);
  EXPECT_TRUE(office_.empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, OutboxTest, ::testing::ValuesIn(store::testing::all_engines()),
                         store::testing::engine_name);

}  // namespace
}  // namespace lapwing::delivery::testing
