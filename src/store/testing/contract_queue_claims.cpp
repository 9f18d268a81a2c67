// The contract of Queue, further: whom a claim serves, receipts, batches in a transaction, waking.
#include <atomic>
#include <map>
#include <set>

#include "store/testing/engines.hpp"

namespace lapwing::store::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class ClaimContract : public ContractTest {
 protected:
  MessageId send(const std::string& payload, const std::string& group = {},
                 Grouping grouping = Grouping::kOrdered, const std::string& to = "q") {
    const auto sent =
        queue().enqueue({.queue = to, .payload = payload, .group = group, .grouping = grouping});
    EXPECT_TRUE(succeeded(sent));
    return sent ? sent->id : 0;
  }
  std::vector<Claimed> claim(std::size_t max = 10, Duration visibility = seconds(30)) {
    return take({.queues = {"q"}, .max = max, .visibility = visibility}).messages;
  }
  ClaimResult take(const ClaimRequest& request) {
    auto claimed = queue().claim(request);
    EXPECT_TRUE(succeeded(claimed));
    return claimed ? *std::move(claimed) : ClaimResult{};
  }
  static std::string payloads(const std::vector<Claimed>& claimed) {
    std::string out;
    for (const Claimed& message : claimed) out += message.payload;
    return out;
  }
  std::string counts(const std::string& of = "q") {
    const auto stats = queue().stats(of);
    EXPECT_TRUE(succeeded(stats));
    return std::to_string(stats->visible) + "/" + std::to_string(stats->delayed) + "/" +
           std::to_string(stats->in_flight);
  }
};

TEST_P(ClaimContract, OneClaimTakesAGroupBeforeTheNext) {
  send("1", "g1");
  send("2", "g2");
  send("3", "g1");
  send("4", "g1");
  EXPECT_EQ(payloads(claim()), "1342");
}

TEST_P(ClaimContract, AGroupThatComesBackStandsBehindThoseNeverTouched) {
  send("1", "g1");
  send("2", "g2");
  ASSERT_EQ(payloads(claim(1)), "1");
  clock_.advance(minutes(1));
  EXPECT_EQ(payloads(claim()), "21");
}

TEST_P(ClaimContract, AClaimEndsWithTheBytesItMayTake) {
  for (const char* group : {"", "", "g", "g"}) send(std::string(1000, 'x'), group);
  const auto take_bytes = [&](std::uint64_t bytes) {
    return take({.queues = {"q"}, .max = 10, .visibility = seconds(30), .bytes_max = bytes})
        .messages.size();
  };
  EXPECT_EQ(take_bytes(1001), 2u);
  // The first is taken whatever its size, and a group goes on where it was left.
  EXPECT_EQ(take_bytes(0), 1u);
  EXPECT_EQ(counts(), "1/0/3");
  EXPECT_EQ(take_bytes(UINT64_MAX), 0u);
}

TEST_P(ClaimContract, ADelayedMessageHoldsBackItsGroup) {
  send("1", "g");
  ASSERT_TRUE(queue().enqueue({"q", "2", seconds(10), "g"}));
  send("3", "g");
  const auto first = claim();
  ASSERT_EQ(payloads(first), "1");
  ASSERT_TRUE(queue().complete(first[0].receipt));
  EXPECT_TRUE(claim().empty());
  clock_.advance(seconds(10));
  EXPECT_EQ(payloads(claim()), "23");
}

TEST_P(ClaimContract, ALongBacklogBehindAClaimedGroupHidesNobody) {
  ASSERT_TRUE(store().transact([](Txn& txn) -> Status {
    for (int i = 0; i < 2000; ++i) {
      LAPWING_CHECK(txn.enqueue({.queue = "q", .payload = "x", .group = "busy"}));
    }
    return {};
  }));
  ASSERT_EQ(claim(1).size(), 1u);
  send("other", "calm");
  EXPECT_EQ(payloads(claim()), "other");
}

TEST_P(ClaimContract, FairGroupsWithFewInFlightGoFirst) {
  for (int i = 0; i < 20; ++i) send("n", "noisy", Grouping::kFair);
  ASSERT_EQ(claim(8).size(), 8u);
  send("a", "quiet", Grouping::kFair);
  send("b", "quiet", Grouping::kFair);
  // Though twelve of the noisy one have waited longer.
  EXPECT_EQ(payloads(claim(3)), "abn");
  // Nobody is held back, in whatever order.
  EXPECT_EQ(claim(100).size(), 11u);
}

TEST_P(ClaimContract, FairGroupsTakeTurns) {
  for (const char* group : {"a", "b", "c"}) {
    for (int i = 0; i < 4; ++i) send(group, group, Grouping::kFair);
  }
  std::map<char, int> served;
  for (const char c : payloads(claim(6))) ++served[c];
  EXPECT_EQ(served, (std::map<char, int>{{'a', 2}, {'b', 2}, {'c', 2}}));
  // One message at a time, completed at once: no group is served twice before the others.
  std::string order;
  for (int i = 0; i < 6; ++i) {
    clock_.advance(seconds(1));
    const auto one = claim(1);
    order += payloads(one);
    ASSERT_TRUE(queue().complete(one.at(0).receipt));
  }
  std::ranges::sort(order);
  EXPECT_EQ(order, "aabbcc");
}

TEST_P(ClaimContract, MessagesWithoutAGroupAndFairOnesTakeTurns) {
  for (int i = 0; i < 5; ++i) send("p");
  for (int i = 0; i < 5; ++i) send("f", "g", Grouping::kFair);
  const std::string got = payloads(claim(4));
  EXPECT_EQ(std::ranges::count(got, 'p'), 2) << got;
  EXPECT_EQ(claim(100).size(), 6u);
}

TEST_P(ClaimContract, AQueueHasALimitOfWhatIsInFlight) {
  for (int i = 0; i < 5; ++i) send("m");
  const ClaimRequest request{
      .queues = {"q"}, .max = 2, .visibility = seconds(30), .in_flight_max = 3};
  ClaimResult got = take(request);
  EXPECT_EQ(got.messages.size(), 2u);
  EXPECT_EQ(got.in_flight_left, 1u);
  const Receipt first = got.messages[0].receipt;
  got = take(request);
  EXPECT_EQ(got.messages.size(), 1u);
  EXPECT_EQ(got.in_flight_left, 0u);
  got = take(request);
  EXPECT_TRUE(got.messages.empty());
  EXPECT_EQ(got.in_flight_left, 0u);
  ASSERT_TRUE(queue().complete(first));
  EXPECT_EQ(take(request).messages.size(), 1u);
  // What has lapsed is not in flight.
  clock_.advance(minutes(1));
  EXPECT_EQ(take(request).messages.size(), 2u);
}

TEST_P(ClaimContract, WhatIsTooOldIsNotHandedOutAndGoes) {
  send("old");
  const auto held = claim();
  send("older");
  ASSERT_TRUE(queue().enqueue({"q", "late", minutes(9)}));
  clock_.advance(minutes(10));
  send("new");
  EXPECT_EQ(
      payloads(take({.queues = {"q"}, .max = 10, .visibility = seconds(5), .age_max = minutes(5)})
                   .messages),
      "new");
  clock_.advance(hours(1));
  // However many of them the claim took away itself.
  EXPECT_TRUE(succeeded(queue().expire("q", minutes(5))));
  EXPECT_EQ(counts(), "0/0/0");
  EXPECT_TRUE(failed_with(queue().complete(held[0].receipt), ErrorKind::kConflict));
}

TEST_P(ClaimContract, ExpiryTakesWhatIsOldAndNotClaimedInSteps) {
  ASSERT_TRUE(store().transact([](Txn& txn) -> Status {
    for (std::size_t i = 0; i < kQueueRemovalStep + 10; ++i) {
      LAPWING_CHECK(txn.enqueue({.queue = "q",
                                 .payload = "x",
                                 .group = i % 3 == 0   ? "o"
                                          : i % 3 == 1 ? "f"
                                                       : "",
                                 .grouping = i % 3 == 1 ? Grouping::kFair : Grouping::kOrdered}));
    }
    return {};
  }));
  clock_.advance(minutes(10));
  send("new");
  const auto held = claim(1, hours(1));
  EXPECT_EQ(*queue().expire("other", minutes(1)), 0u);
  EXPECT_EQ(*queue().expire("q", hours(1)), 0u);
  EXPECT_EQ(*queue().expire("q", minutes(1)), kQueueRemovalStep);
  EXPECT_EQ(*queue().expire("q", minutes(1)), 9u);
  EXPECT_EQ(*queue().expire("q", minutes(1)), 0u);
  EXPECT_EQ(counts(), "1/0/1");
  EXPECT_TRUE(succeeded(queue().complete(held[0].receipt)));
  EXPECT_EQ(payloads(claim()), "new");
}

TEST_P(ClaimContract, CountsAreRightAtEveryInstant) {
  send("a");
  ASSERT_TRUE(queue().enqueue({"q", "b", seconds(10)}));
  send("c", "g");
  send("d", "g");
  send("e", "f", Grouping::kFair);
  EXPECT_EQ(counts(), "4/1/0");
  clock_.advance(seconds(10));
  EXPECT_EQ(counts(), "5/0/0");
  ASSERT_EQ(claim(3, seconds(20)).size(), 3u);
  EXPECT_EQ(counts(), "2/0/3");
  clock_.advance(seconds(19));
  EXPECT_EQ(counts(), "2/0/3");
  clock_.advance(seconds(1));
  EXPECT_EQ(counts(), "5/0/0");
  const auto all = claim(10, seconds(20));
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(counts(), "0/0/5");
  ASSERT_TRUE(queue().complete(all[0].receipt));
  ASSERT_TRUE(queue().release(all[1].receipt, seconds(5)));
  ASSERT_TRUE(queue().extend(all[2].receipt, Duration::zero()));
  EXPECT_EQ(counts(), "1/1/2");
  EXPECT_EQ(*queue().purge("q"), 4u);
  EXPECT_EQ(counts(), "0/0/0");
}

TEST_P(ClaimContract, AReceiptIsRefusedWhenSupersededOrIfStrictWhenLate) {
  send("m");
  const Receipt first = claim()[0].receipt;
  EXPECT_EQ(queue().peek(first)->state, ReceiptState::kHeld);
  EXPECT_EQ(queue().peek({first.id, first.claim + 1})->state, ReceiptState::kSuperseded);
  EXPECT_EQ(queue().peek({first.id + 100, 1})->state, ReceiptState::kGone);
  clock_.advance(minutes(1));
  EXPECT_EQ(queue().peek(first)->state, ReceiptState::kLapsed);
  EXPECT_TRUE(failed_with(queue().complete(first, Lateness::kStrict), ErrorKind::kConflict));
  EXPECT_TRUE(
      failed_with(queue().extend(first, minutes(1), Lateness::kStrict), ErrorKind::kConflict));
  // Late, but nobody else has it: it can still be extended, and then counts again.
  ASSERT_TRUE(succeeded(queue().extend(first, minutes(1))));
  EXPECT_EQ(counts(), "0/0/1");
  EXPECT_TRUE(succeeded(queue().extend(first, minutes(1), Lateness::kStrict)));
  clock_.advance(minutes(2));
  const Receipt second = claim()[0].receipt;
  EXPECT_EQ(queue().peek(first)->state, ReceiptState::kSuperseded);
  EXPECT_TRUE(failed_with(queue().extend(first, minutes(1)), ErrorKind::kConflict));
  EXPECT_TRUE(succeeded(queue().complete(second, Lateness::kStrict)));
  EXPECT_EQ(queue().peek(second)->state, ReceiptState::kGone);
  EXPECT_TRUE(failed_with(queue().complete({second.id, 0}), ErrorKind::kConflict));
}

TEST_P(ClaimContract, VisibilityOfNothingLeavesItVisibleWithAReceiptThatCounts) {
  send("m");
  const auto first = claim(10, Duration::zero());
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(counts(), "1/0/0");
  const auto second = claim(10, seconds(30));
  EXPECT_EQ(second.at(0).attempt, 2u);
  EXPECT_TRUE(failed_with(queue().complete(first[0].receipt), ErrorKind::kConflict));
  ASSERT_TRUE(queue().extend(second[0].receipt, Duration::zero()));
  EXPECT_EQ(counts(), "1/0/0");
  EXPECT_TRUE(succeeded(queue().complete(second[0].receipt)));
}

TEST_P(ClaimContract, AMessageTellsItsTimesAndAttempts) {
  const std::int64_t sent_ms = unix_ms(clock_.wall());
  send("m");
  clock_.advance(seconds(3));
  const std::int64_t claimed_ms = unix_ms(clock_.wall());
  ASSERT_EQ(claim(10, Duration::zero()).size(), 1u);
  clock_.advance(seconds(4));
  const auto second = claim();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].enqueued_ms, sent_ms);
  EXPECT_EQ(second[0].first_claim_ms, claimed_ms);
  EXPECT_EQ(second[0].attempt, 2u);
  EXPECT_EQ(second[0].attempts_in_all, 2u);
  EXPECT_EQ(second[0].age, seconds(7));
  EXPECT_EQ(second[0].since_first_claim, seconds(4));
  const auto peeked = queue().peek(second[0].receipt);
  EXPECT_EQ(peeked->message.payload, "m");
  EXPECT_EQ(peeked->message.queue, "q");
  EXPECT_EQ(peeked->message.enqueued_ms, sent_ms);
}

TEST_P(ClaimContract, MovingKeepsTimesAndCountsAcrossQueues) {
  const std::int64_t sent_ms = unix_ms(clock_.wall());
  send("m", "g");
  const std::int64_t first_ms = unix_ms(clock_.wall());
  ASSERT_EQ(claim(1, Duration::zero()).size(), 1u);
  clock_.advance(seconds(5));
  const auto found = claim();  // the one that finds it has had enough
  const auto moved =
      queue().move(found.at(0).receipt, "dlq", {.payload = "m, from q", .uncount_claim = true});
  ASSERT_TRUE(succeeded(moved));
  EXPECT_EQ(counts(), "0/0/0");
  auto got = take({.queues = {"dlq"}, .max = 1, .visibility = seconds(30)}).messages;
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].receipt.id, *moved);
  EXPECT_EQ(got[0].payload, "m, from q");
  EXPECT_EQ(got[0].group, "g");
  EXPECT_EQ(got[0].attempt, 1u);
  EXPECT_EQ(got[0].attempts_in_all, 2u);
  EXPECT_EQ(got[0].enqueued_ms, sent_ms);
  EXPECT_EQ(got[0].first_claim_ms, first_ms);
  ASSERT_TRUE(succeeded(queue().move(got[0].receipt, "q", {.delay = seconds(5), .as_new = true})));
  EXPECT_TRUE(claim().empty());
  clock_.advance(seconds(5));
  got = claim();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].attempts_in_all, 1u);
  EXPECT_GT(got[0].enqueued_ms, sent_ms);
}

TEST_P(ClaimContract, ABatchIsOneTransactionWhoseRefusalsStandAlone) {
  std::vector<Receipt> receipts;
  ASSERT_TRUE(store().transact([](Txn& txn) -> Status {
    for (const char* payload : {"a", "b", "c"}) {
      LAPWING_CHECK(txn.enqueue({.queue = "q", .payload = payload}));
    }
    return {};
  }));
  ASSERT_TRUE(store().transact([&](Txn& txn) -> Status {
    LAPWING_TRY(const ClaimResult got,
                txn.claim({.queues = {"q"}, .max = 10, .visibility = seconds(30)}));
    receipts.clear();
    for (const Claimed& message : got.messages) receipts.push_back(message.receipt);
    return {};
  }));
  ASSERT_EQ(receipts.size(), 3u);
  ASSERT_TRUE(queue().complete(receipts[1]));
  std::vector<bool> done;
  ASSERT_TRUE(store().transact([&](Txn& txn) -> Status {
    done.clear();
    for (const Receipt& receipt : receipts) done.push_back(txn.complete(receipt).has_value());
    LAPWING_CHECK(txn.put("fn", "a", "with it"));
    return {};
  }));
  EXPECT_EQ(done, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(counts(), "0/0/0");
}

TEST_P(ClaimContract, WhatABodyDidToQueuesIsUndoneWithIt) {
  send("a");
  send("b", "g");
  send("c", "g");
  const auto held = claim(1);
  const std::string before = counts();
  EXPECT_FALSE(store().transact([&](Txn& txn) -> Status {
    LAPWING_CHECK(txn.enqueue({.queue = "q", .payload = "x", .dedup_id = "d"}));
    LAPWING_CHECK(txn.claim({.queues = {"q"}, .max = 10, .visibility = minutes(5)}));
    LAPWING_CHECK(txn.move(held[0].receipt, "dlq"));
    return fail(make_error(ErrorKind::kDenied, "no"));
  }));
  EXPECT_EQ(counts(), before);
  EXPECT_EQ(counts("dlq"), "0/0/0");
  EXPECT_EQ(payloads(claim()), "bc");
  EXPECT_TRUE(succeeded(queue().complete(held[0].receipt)));
  EXPECT_FALSE(queue().enqueue({.queue = "q", .payload = "x", .dedup_id = "d"})->duplicate);
}

TEST_P(ClaimContract, ADuplicateIsToldWhatTheFirstOneNoted) {
  const EnqueueRequest request{.queue = "q",
                               .payload = "m",
                               .group = "g",
                               .dedup_id = "g/" + std::string(300, 'd'),
                               .dedup_note = "message-1"};
  ASSERT_TRUE(succeeded(queue().enqueue(request)));
  const auto again = queue().enqueue(request);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->dedup_note, "message-1");
}

TEST_P(ClaimContract, APurgedQueueIsEmptyAtOnceAndItsReceiptsAreGone) {
  for (int i = 0; i < 30; ++i) {
    send("x", i % 3 == 0 ? "" : "g", i % 3 == 1 ? Grouping::kFair : Grouping::kOrdered);
  }
  const auto held = claim(5);
  ASSERT_TRUE(queue().enqueue({"q", "d", minutes(5)}));
  EXPECT_EQ(*queue().purge("q"), 31u);
  EXPECT_EQ(counts(), "0/0/0");
  EXPECT_TRUE(claim().empty());
  EXPECT_TRUE(failed_with(queue().complete(held[0].receipt), ErrorKind::kConflict));
  EXPECT_EQ(queue().peek(held[0].receipt)->state, ReceiptState::kGone);
  send("new", "g");
  EXPECT_EQ(payloads(claim()), "new");
  clock_.advance(minutes(10));
  EXPECT_EQ(payloads(claim()), "new");
}

TEST_P(ClaimContract, LargePayloadsComeBackWhole) {
  const std::string large(400'000, 'L');
  send(large);
  const auto first = claim(1, Duration::zero());
  ASSERT_EQ(first.at(0).payload, large);
  const auto second = claim();
  ASSERT_TRUE(succeeded(queue().move(second.at(0).receipt, "dlq")));
  const auto got = take({.queues = {"dlq"}, .max = 1, .visibility = seconds(1)}).messages;
  EXPECT_EQ(got.at(0).payload, large);
  EXPECT_TRUE(succeeded(queue().complete(got[0].receipt)));
}

TEST_P(ClaimContract, RefusesWhatIsBeyondTheLimits) {
  EnqueueRequest request{.queue = "q", .payload = "m"};
  request.dedup_id = std::string(kMaxDedupBytes, 'd');
  request.dedup_note = std::string(kMaxDedupNoteBytes, 'n');
  request.group = std::string(kMaxGroupBytes, 'g');
  EXPECT_TRUE(succeeded(queue().enqueue(request)));
  request.dedup_id += 'd';
  EXPECT_TRUE(failed_with(queue().enqueue(request), ErrorKind::kTooLarge));
  request.dedup_id = "d";
  request.dedup_note += 'n';
  EXPECT_TRUE(failed_with(queue().enqueue(request), ErrorKind::kTooLarge));
  const Receipt receipt = claim()[0].receipt;
  EXPECT_TRUE(
      failed_with(queue().move(receipt, "dlq", {.payload = std::string(kMaxMessageBytes + 1, 'm')}),
                  ErrorKind::kTooLarge));
  EXPECT_TRUE(failed_with(queue().move(receipt, ""), ErrorKind::kInvalid));
  EXPECT_TRUE(
      failed_with(queue().move(receipt, "dlq", {.delay = seconds(-1)}), ErrorKind::kInvalid));
  EXPECT_TRUE(failed_with(queue().claim({.queues = {"q"}, .max = 1, .age_max = seconds(-1)}),
                          ErrorKind::kInvalid));
  EXPECT_TRUE(succeeded(queue().complete(receipt)));
}

LAPWING_CONTRACT_SUITE(ClaimContract);

class Woken final : public Listener {
 public:
  void on_signal() noexcept override { ++count; }
  int take() { return count.exchange(0); }
  std::atomic<int> count = 0;
};

class WakeContract : public ContractTest {
 protected:
  // What background::Runner does once the clock has moved.
  void settle() {
    while (true) {
      const auto due = engine_->due().next_due();
      ASSERT_TRUE(succeeded(due));
      if (!*due || **due > clock_.mono()) return;
      ASSERT_TRUE(succeeded(engine_->due().run_due()));
    }
  }
  std::vector<Claimed> claim(Duration visibility = seconds(30)) {
    return *queue().claim(std::vector<std::string>{"q"}, 10, visibility);
  }
  Woken q_;
  Woken other_;
  Woken due_;
};

TEST_P(WakeContract, OneMessageWakesTheWaitersOfItsQueueOnly) {
  const Subscription mine = queue().subscribe("q", q_);
  const Subscription others = queue().subscribe("other", other_);
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  EXPECT_EQ(q_.take(), 1);
  EXPECT_EQ(other_.take(), 0);
  // Released, moved there, and made visible wake; delayed, claimed and completed do not.
  const auto held = claim();
  EXPECT_EQ(q_.take(), 0);
  ASSERT_TRUE(queue().release(held[0].receipt));
  EXPECT_EQ(q_.take(), 1);
  const auto again = claim();
  ASSERT_TRUE(queue().extend(again[0].receipt, seconds(10)));
  EXPECT_EQ(q_.take(), 0);
  ASSERT_TRUE(queue().extend(again[0].receipt, seconds(0)));
  EXPECT_EQ(q_.take(), 1);
  ASSERT_TRUE(queue().move(again[0].receipt, "other"));
  EXPECT_EQ(q_.take(), 0);
  EXPECT_EQ(other_.take(), 1);
  ASSERT_TRUE(queue().enqueue({"q", "m", seconds(5)}));
  EXPECT_EQ(q_.take(), 0);
}

TEST_P(WakeContract, NobodyIsCalledForWhatWasUndone) {
  const Subscription mine = queue().subscribe("q", q_);
  EXPECT_FALSE(store().transact([](Txn& txn) -> Status {
    LAPWING_CHECK(txn.enqueue({.queue = "q", .payload = "m"}));
    return fail(make_error(ErrorKind::kDenied, "no"));
  }));
  EXPECT_EQ(q_.take(), 0);
}

TEST_P(WakeContract, AGroupThatGoesOnWakes) {
  ASSERT_TRUE(queue().enqueue({"q", "a", seconds(0), "g"}));
  ASSERT_TRUE(queue().enqueue({"q", "b", seconds(0), "g"}));
  const std::vector<std::string> queues{"q"};
  const auto first = *queue().claim(queues, 1, seconds(30));
  const Subscription mine = queue().subscribe("q", q_);
  ASSERT_TRUE(queue().complete(first[0].receipt));
  EXPECT_EQ(q_.take(), 1);
}

TEST_P(WakeContract, ADelayThatEndsWakes) {
  const Subscription mine = queue().subscribe("q", q_);
  const Subscription others = queue().subscribe("other", other_);
  const Subscription watch = queue().watch_due(due_);
  ASSERT_TRUE(queue().enqueue({"other", "m", minutes(9)}));
  EXPECT_GE(due_.take(), 1);
  ASSERT_TRUE(queue().enqueue({"q", "m", minutes(5)}));
  EXPECT_GE(due_.take(), 1);  // earlier than what was known
  EXPECT_EQ(**engine_->due().next_due(), clock_.mono() + minutes(5));
  clock_.advance(minutes(4));
  settle();
  EXPECT_EQ(q_.take(), 0);
  clock_.advance(minutes(1));
  settle();
  EXPECT_EQ(q_.take(), 1);
  EXPECT_EQ(other_.take(), 0);
  EXPECT_EQ(claim().size(), 1u);
  clock_.advance(minutes(4));
  settle();
  EXPECT_EQ(other_.take(), 1);
}

TEST_P(WakeContract, AVisibilityThatEndsWakes) {
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  ASSERT_EQ(queue().claim(std::vector<std::string>{"q"}, 1, seconds(30))->size(), 1u);
  clock_.advance(seconds(10));
  const auto second = *queue().claim(std::vector<std::string>{"q"}, 1, seconds(30));
  const Subscription mine = queue().subscribe("q", q_);
  clock_.advance(seconds(20));
  settle();
  EXPECT_EQ(q_.take(), 1);
  clock_.advance(seconds(10));
  settle();
  EXPECT_EQ(q_.take(), 1);
  EXPECT_EQ(claim().size(), 2u);
  // Nothing is left that could fall due before those two.
  EXPECT_EQ(**engine_->due().next_due(), clock_.mono() + seconds(30));
}

TEST_P(WakeContract, WhatIsToFallDueIsKnownAfterARestart) {
  if (!GetParam().durable) GTEST_SKIP() << "this engine keeps nothing";
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  ASSERT_TRUE(queue().enqueue({"later", "m", minutes(5)}));
  ASSERT_EQ(claim(minutes(1)).size(), 1u);
  reopen();
  const Subscription mine = queue().subscribe("q", q_);
  const Subscription others = queue().subscribe("later", other_);
  EXPECT_EQ(**engine_->due().next_due(), clock_.mono() + minutes(1));
  clock_.advance(minutes(1));
  settle();
  EXPECT_EQ(q_.take(), 1);
  clock_.advance(minutes(4));
  settle();
  EXPECT_EQ(other_.take(), 1);
}

TEST_P(WakeContract, ManyFallDueTogether) {
  ASSERT_TRUE(store().transact([](Txn& txn) -> Status {
    for (std::size_t i = 0; i < 2 * kQueueRemovalStep + 7; ++i) {
      LAPWING_CHECK(txn.enqueue({.queue = "q", .payload = "m", .delay = minutes(1)}));
    }
    return {};
  }));
  clock_.advance(minutes(1));
  settle();
  EXPECT_EQ(queue().stats("q")->visible, 2 * kQueueRemovalStep + 7);
  EXPECT_EQ(*engine_->due().next_due(), std::nullopt);
}

LAPWING_CONTRACT_SUITE(WakeContract);

}  // namespace
}  // namespace lapwing::store::testing
