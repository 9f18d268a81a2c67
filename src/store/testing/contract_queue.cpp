// The contract of Queue and Lease, for every engine.
#include <atomic>
#include <set>
#include <thread>

#include "store/testing/engines.hpp"

namespace lapwing::store::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Counter final : public Listener {
 public:
  void on_signal() noexcept override { ++count; }
  std::atomic<int> count = 0;
};

class QueueContract : public ContractTest {
 protected:
  std::vector<Claimed> claim(std::size_t max = 10, Duration visibility = seconds(30)) {
    auto claimed = queue().claim(queues_, max, visibility);
    EXPECT_TRUE(succeeded(claimed));
    return claimed ? *claimed : std::vector<Claimed>{};
  }
  std::string payloads(const std::vector<Claimed>& claimed) {
    std::string out;
    for (const Claimed& message : claimed) out += message.payload;
    return out;
  }
  std::vector<std::string> queues_{"q"};
};

TEST_P(QueueContract, HandsOutInOrderOfBeingDueAndCompletes) {
  ASSERT_TRUE(queue().enqueue({"q", "later", minutes(1)}));
  ASSERT_TRUE(queue().enqueue({"q", "a"}));
  ASSERT_TRUE(queue().enqueue({"q", "b"}));
  ASSERT_TRUE(queue().enqueue({"other", "c"}));
  const auto claimed = claim();
  EXPECT_EQ(payloads(claimed), "ab");
  EXPECT_EQ(claimed[0].attempt, 1u);
  EXPECT_EQ(claimed[0].queue, "q");
  EXPECT_TRUE(claim().empty());
  for (const Claimed& message : claimed) EXPECT_TRUE(succeeded(queue().complete(message.receipt)));
  clock_.advance(minutes(1));
  EXPECT_EQ(payloads(claim()), "later");
}

TEST_P(QueueContract, CountsWhatItHolds) {
  const std::string large(200'000, 'x');
  ASSERT_TRUE(queue().enqueue({"q", "later", minutes(1)}));
  ASSERT_TRUE(queue().enqueue({"q", large}));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(queue().enqueue({.queue = "q", .payload = "ordered", .group = "g"}));
    ASSERT_TRUE(queue().enqueue(
        {.queue = "q", .payload = "fair", .group = "f", .grouping = Grouping::kFair}));
  }
  ASSERT_TRUE(queue().enqueue({"other", "not this"}));
  const auto size = [&] {
    const auto found = queue().size("q");
    EXPECT_TRUE(succeeded(found));
    return std::pair(found->messages, found->payload_bytes);
  };
  const std::uint64_t all = 5 + large.size() + 3 * 7 + 3 * 4;
  EXPECT_EQ(size(), std::pair(std::uint64_t{8}, all));
  const auto claimed = claim(1);
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(size(), std::pair(std::uint64_t{8}, all));
  ASSERT_TRUE(queue().complete(claimed[0].receipt));
  EXPECT_EQ(size(), std::pair(std::uint64_t{7}, all - claimed[0].payload.size()));
  ASSERT_TRUE(queue().purge("q"));
  EXPECT_EQ(size(), std::pair(std::uint64_t{0}, std::uint64_t{0}));
}

TEST_P(QueueContract, ClaimsFromSeveralQueuesAtMostMax) {
  queues_ = {"q", "r"};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue().enqueue({i % 2 == 0 ? "q" : "r", "m"}));
  EXPECT_EQ(claim(2).size(), 2u);
  EXPECT_EQ(claim(2).size(), 1u);
}

TEST_P(QueueContract, AClaimerThatDiesLosesTheMessageToTheNext) {
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  const auto first = claim();
  clock_.advance(seconds(29));
  EXPECT_TRUE(claim().empty());
  clock_.advance(seconds(2));
  const auto second = claim();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].attempt, 2u);
  EXPECT_EQ(second[0].age, seconds(31));
  EXPECT_EQ(second[0].since_first_claim, seconds(31));
  // The first one's receipt is late for everything and changes nothing.
  EXPECT_TRUE(failed_with(queue().complete(first[0].receipt), ErrorKind::kConflict));
  EXPECT_TRUE(failed_with(queue().extend(first[0].receipt, minutes(1)), ErrorKind::kConflict));
  EXPECT_TRUE(failed_with(queue().release(first[0].receipt), ErrorKind::kConflict));
  EXPECT_TRUE(failed_with(queue().move(first[0].receipt, "dlq"), ErrorKind::kConflict));
  EXPECT_EQ(queue().stats("q")->in_flight, 1u);
  EXPECT_TRUE(succeeded(queue().complete(second[0].receipt)));
  EXPECT_TRUE(failed_with(queue().complete(second[0].receipt), ErrorKind::kConflict));
}

TEST_P(QueueContract, AReceiptPastItsTimeWorksWhileNobodyElseClaimed) {
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  const auto first = claim();
  clock_.advance(minutes(5));
  EXPECT_TRUE(succeeded(queue().complete(first[0].receipt)));
  EXPECT_TRUE(claim().empty());
}

TEST_P(QueueContract, ExtendKeepsItInvisible) {
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  const auto first = claim();
  clock_.advance(seconds(20));
  ASSERT_TRUE(queue().extend(first[0].receipt, seconds(30)));
  clock_.advance(seconds(20));
  EXPECT_TRUE(claim().empty());
  clock_.advance(seconds(10));
  EXPECT_EQ(claim().size(), 1u);
}

TEST_P(QueueContract, ReleaseGivesBackWithADelay) {
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  const auto first = claim();
  ASSERT_TRUE(queue().release(first[0].receipt, minutes(2)));
  EXPECT_TRUE(failed_with(queue().complete(first[0].receipt), ErrorKind::kConflict));
  EXPECT_EQ(queue().stats("q")->delayed, 1u);
  EXPECT_TRUE(claim().empty());
  clock_.advance(minutes(2));
  EXPECT_EQ(claim().at(0).attempt, 2u);
}

TEST_P(QueueContract, WhatNobodyHasIsMovedByItsId) {
  const auto move = [&](MessageId id, std::string_view from) {
    Result<MessageId> moved = MessageId{0};
    EXPECT_TRUE(store().transact([&](Txn& txn) -> Status {
      moved = txn.move_unclaimed(id, from, "back");
      return {};
    }));
    return moved;
  };
  const auto sent = queue().enqueue({.queue = "q", .payload = "m"});
  ASSERT_TRUE(sent.has_value());
  EXPECT_TRUE(failed_with(move(sent->id, "other"), ErrorKind::kNotFound));
  EXPECT_TRUE(failed_with(move(sent->id + 1, "q"), ErrorKind::kNotFound));
  const std::string q = "q";
  const auto held = queue().claim(std::span(&q, 1), 1, seconds(5));
  ASSERT_EQ(held->size(), 1u);
  EXPECT_TRUE(failed_with(move(sent->id, "q"), ErrorKind::kConflict));
  ASSERT_TRUE(queue().release((*held)[0].receipt));
  EXPECT_TRUE(move(sent->id, "q").has_value());
  EXPECT_EQ(queue().stats("q")->visible, 0u);
  const std::string back = "back";
  const auto got = queue().claim(std::span(&back, 1), 1, seconds(5));
  ASSERT_EQ(got->size(), 1u);
  EXPECT_EQ((*got)[0].payload, "m");
  EXPECT_TRUE(failed_with(move(sent->id, "q"), ErrorKind::kNotFound));
}

TEST_P(QueueContract, MoveTakesItToAnotherQueue) {
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  const auto first = claim();
  clock_.advance(seconds(5));
  ASSERT_TRUE(succeeded(queue().move(first[0].receipt, "dlq")));
  EXPECT_EQ(queue().stats("q")->oldest_age, std::nullopt);
  queues_ = {"dlq"};
  const auto moved = claim();
  ASSERT_EQ(moved.size(), 1u);
  EXPECT_EQ(moved[0].payload, "m");
  EXPECT_EQ(moved[0].attempt, 1u);
  EXPECT_EQ(moved[0].age, seconds(5));
}

TEST_P(QueueContract, ADoubleEnqueueWithinTheWindowIsOne) {
  const EnqueueRequest request{"q", "m", Duration::zero(), "", "d1"};
  const auto first = queue().enqueue(request);
  const auto second = queue().enqueue(request);
  EXPECT_FALSE(first->duplicate);
  EXPECT_TRUE(second->duplicate);
  EXPECT_EQ(first->id, second->id);
  EXPECT_FALSE(queue().enqueue({"other", "m", Duration::zero(), "", "d1"})->duplicate);
  ASSERT_TRUE(queue().complete(claim().at(0).receipt));
  EXPECT_TRUE(queue().enqueue(request)->duplicate);  // also after it is gone
  clock_.advance(kDedupWindow + seconds(1));
  EXPECT_FALSE(queue().enqueue(request)->duplicate);
  const TransactOptions retry{kNoDeadline, "enqueue-1"};
  EXPECT_FALSE(queue().enqueue({"q", "m"}, retry)->duplicate);
  EXPECT_TRUE(queue().enqueue({"q", "m"}, retry)->duplicate);
}

TEST_P(QueueContract, AGroupIsHandedOutInOrderToOneAtATime) {
  const auto put = [&](const char* payload, const char* group) {
    ASSERT_TRUE(queue().enqueue({"q", payload, Duration::zero(), group}));
  };
  put("a", "g");
  put("b", "g");
  put("c", "g");
  put("x", "h");
  const auto first = claim(2);
  EXPECT_EQ(payloads(first), "ab");
  EXPECT_EQ(first[0].group, "g");
  const auto second = claim();
  EXPECT_EQ(payloads(second), "x");  // c waits for a and b
  ASSERT_TRUE(queue().complete(first[0].receipt));
  EXPECT_TRUE(claim().empty());
  // b given back with a delay holds back c, which stands behind it.
  ASSERT_TRUE(queue().release(first[1].receipt, seconds(10)));
  EXPECT_TRUE(claim().empty());
  EXPECT_EQ(*queue().next_due(queues_), seconds(10));
  clock_.advance(seconds(10));
  EXPECT_EQ(payloads(claim()), "bc");
}

TEST_P(QueueContract, AGroupGoesOnlyAsFarAsItIsVisible) {
  for (const char* payload : {"a", "b", "c", "d"}) {
    ASSERT_TRUE(queue().enqueue({"q", payload, Duration::zero(), "g"}));
  }
  const auto first = claim(3);
  ASSERT_EQ(payloads(first), "abc");
  // The first is back while the second is claimed: only the first.
  ASSERT_TRUE(queue().release(first[0].receipt));
  const auto again = claim();
  EXPECT_EQ(payloads(again), "a");
  // The second extended, the others lapse: again only the first.
  ASSERT_TRUE(queue().extend(first[1].receipt, minutes(2)));
  clock_.advance(minutes(1));
  const auto third = claim();
  EXPECT_EQ(payloads(third), "a");
  // The first gone, the second claimed: nothing, whatever is sent.
  ASSERT_TRUE(queue().complete(third[0].receipt));
  ASSERT_TRUE(queue().enqueue({"q", "e", Duration::zero(), "g"}));
  EXPECT_TRUE(claim().empty());
  ASSERT_TRUE(queue().complete(first[1].receipt));
  EXPECT_EQ(payloads(claim()), "cde");
}

TEST_P(QueueContract, SaysWhenSomethingIsDue) {
  EXPECT_EQ(*queue().next_due(queues_), std::nullopt);
  ASSERT_TRUE(queue().enqueue({"q", "m", seconds(40)}));
  EXPECT_EQ(*queue().next_due(queues_), seconds(40));
  clock_.advance(seconds(50));
  EXPECT_EQ(*queue().next_due(queues_), Duration::zero());
  ASSERT_EQ(claim().size(), 1u);
  EXPECT_EQ(*queue().next_due(queues_), seconds(30));
}

TEST_P(QueueContract, CountsAndPurges) {
  ASSERT_TRUE(queue().enqueue({"q", "a"}));
  clock_.advance(seconds(3));
  ASSERT_TRUE(queue().enqueue({"q", "b"}));
  ASSERT_TRUE(queue().enqueue({"q", "c", minutes(1)}));
  ASSERT_TRUE(queue().enqueue({"kept", "d"}));
  const auto claimed = claim(1);
  const auto stats = queue().stats("q");
  ASSERT_TRUE(succeeded(stats));
  EXPECT_EQ(stats->visible, 1u);
  EXPECT_EQ(stats->delayed, 1u);
  EXPECT_EQ(stats->in_flight, 1u);
  EXPECT_EQ(stats->oldest_age, seconds(3));
  EXPECT_EQ(*queue().purge("q"), 3u);
  EXPECT_EQ(queue().stats("q")->oldest_age, std::nullopt);
  EXPECT_TRUE(failed_with(queue().complete(claimed[0].receipt), ErrorKind::kConflict));
  EXPECT_EQ(queue().stats("kept")->visible, 1u);
}

TEST_P(QueueContract, AStepOfTheWallClockMovesNothing) {
  ASSERT_TRUE(queue().enqueue({"q", "m", minutes(10)}));
  clock_.step_wall(std::chrono::hours(24));
  EXPECT_TRUE(claim().empty());
  clock_.step_wall(-std::chrono::hours(48));
  clock_.advance(minutes(10));
  EXPECT_EQ(claim().size(), 1u);
}

TEST_P(QueueContract, TimeDoesNotGoBackOverARestart) {
  if (!GetParam().durable) GTEST_SKIP() << "this engine keeps nothing";
  ASSERT_TRUE(queue().enqueue({"q", "m", minutes(10)}));
  clock_.step_wall(-std::chrono::hours(48));
  reopen();
  clock_.advance(minutes(10));
  EXPECT_EQ(claim().size(), 1u);
}

TEST_P(QueueContract, ClaimsAndAttemptsSurviveARestart) {
  if (!GetParam().durable) GTEST_SKIP() << "this engine keeps nothing";
  ASSERT_TRUE(queue().enqueue({"q", "m", Duration::zero(), "g", "d"}));
  const auto first = claim();
  reopen();
  EXPECT_TRUE(claim().empty());
  EXPECT_TRUE(queue().enqueue({"q", "m", Duration::zero(), "g", "d"})->duplicate);
  clock_.advance(minutes(1));
  EXPECT_EQ(claim().at(0).attempt, 2u);
  EXPECT_TRUE(failed_with(queue().complete(first[0].receipt), ErrorKind::kConflict));
}

TEST_P(QueueContract, NamesThoseThatHaveMessages) {
  for (const char* name : {"lane/b", "lane/a", "lane/c", "other"}) {
    ASSERT_TRUE(queue().enqueue({name, "m"}));
  }
  ASSERT_EQ(queue().claim(std::vector<std::string>{"lane/b"}, 1, seconds(30))->size(), 1u);
  ASSERT_TRUE(queue().purge("lane/c"));
  using Names = std::vector<std::string>;
  EXPECT_EQ(*queue().names("lane/", ""), (Names{"lane/a", "lane/b"}));
  EXPECT_EQ(*queue().names("lane/", "lane/a"), Names{"lane/b"});
  EXPECT_EQ(*queue().names("", "", 2), (Names{"lane/a", "lane/b"}));
  EXPECT_EQ(*queue().names("lane/", "", 1), Names{"lane/a"});
  EXPECT_TRUE(queue().names("m", "")->empty() && queue().names("lane/", "z")->empty());
  EXPECT_TRUE(failed_with(queue().names("", "", kMaxScanLimit + 1), ErrorKind::kInvalid));
}

TEST_P(QueueContract, ItsOnlyConsumerTakesBackWhatACrashHeld) {
  Counter counter;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue().enqueue({"q", std::to_string(i)}));
  ASSERT_TRUE(queue().enqueue({"q", "x", Duration::zero(), "g"}));
  ASSERT_TRUE(queue().enqueue({"q", "y", Duration::zero(), "g"}));
  ASSERT_TRUE(queue().enqueue({"q", "later", minutes(5)}));
  const auto first = claim();
  ASSERT_EQ(payloads(first), "012xy");
  ASSERT_TRUE(succeeded(queue().complete(first[1].receipt)));
  if (GetParam().durable) reopen();
  const Subscription subscription = queue().subscribe("q", counter);
  EXPECT_EQ(*queue().give_back("q"), 4u);
  EXPECT_GT(counter.count, 0);
  EXPECT_EQ(queue().stats("q")->visible, 4u);
  const auto second = claim();
  EXPECT_EQ(payloads(second), "02xy");
  EXPECT_EQ(second[0].attempt, 2u);
  EXPECT_TRUE(failed_with(queue().complete(first[0].receipt), ErrorKind::kConflict));
  EXPECT_EQ(*queue().give_back("nothing"), 0u);
}

TEST_P(QueueContract, RefusesWhatIsBeyondTheLimits) {
  EXPECT_TRUE(succeeded(queue().enqueue({"q", std::string(kMaxMessageBytes, 'm')})));
  EXPECT_EQ(claim().at(0).payload.size(), kMaxMessageBytes);
  EXPECT_TRUE(failed_with(queue().enqueue({"q", std::string(kMaxMessageBytes + 1, 'm')}),
                          ErrorKind::kTooLarge));
  EXPECT_TRUE(failed_with(queue().enqueue({"", "m"}), ErrorKind::kInvalid));
  EXPECT_TRUE(failed_with(queue().enqueue({"q", "m", seconds(-1)}), ErrorKind::kInvalid));
  EXPECT_TRUE(failed_with(queue().claim(queues_, 0, seconds(1)), ErrorKind::kInvalid));
  EXPECT_TRUE(failed_with(queue().claim(queues_, kMaxClaim + 1, seconds(1)), ErrorKind::kInvalid));
}

TEST_P(QueueContract, ManyClaimersNeverShareAMessage) {
  constexpr int kMessages = 300;
  ASSERT_TRUE(store().transact([&](Txn& txn) -> Status {
    for (int i = 0; i < kMessages; ++i) LAPWING_CHECK(txn.enqueue({"q", std::to_string(i)}));
    return {};
  }));
  std::mutex mutex;
  std::multiset<std::string> seen;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (true) {
        const auto claimed = queue().claim(queues_, 7, seconds(30));
        ASSERT_TRUE(succeeded(claimed));
        if (claimed->empty()) return;
        for (const Claimed& message : *claimed) {
          EXPECT_TRUE(queue().complete(message.receipt));
          const std::scoped_lock lock(mutex);
          seen.insert(message.payload);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kMessages));
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
}

TEST_P(QueueContract, CallsItsListeners) {
  Counter counter;
  const Subscription subscription = queue().subscribe(counter);
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  while (counter.count == 0) std::this_thread::yield();
  const int before = counter.count;
  ASSERT_TRUE(store().transact([](Txn& txn) -> Status {
    LAPWING_CHECK(txn.enqueue({"q", "m"}));
    return {};
  }));
  while (counter.count == before) std::this_thread::yield();
}

LAPWING_CONTRACT_SUITE(QueueContract);

class LeaseContract : public ContractTest {
 protected:
  Status guarded_put(std::uint64_t epoch) {
    LAPWING_CHECK(store().transact([&](Txn& txn) -> Status {
      LAPWING_CHECK(txn.guard("job", epoch));
      LAPWING_CHECK(txn.put("fn", "guarded", std::to_string(epoch)));
      return {};
    }));
    return {};
  }
};

TEST_P(LeaseContract, HasOneHolderAtATime) {
  const auto grant = lease().acquire("job", "one", seconds(10));
  ASSERT_TRUE(succeeded(grant));
  EXPECT_EQ(grant->expires_in, seconds(10));
  EXPECT_TRUE(failed_with(lease().acquire("job", "two", seconds(10)), ErrorKind::kConflict));
  EXPECT_TRUE(succeeded(lease().acquire("other", "two", seconds(10))));
  EXPECT_EQ(lease().acquire("job", "one", seconds(10))->epoch, grant->epoch);
  clock_.advance(seconds(9));
  ASSERT_TRUE(succeeded(lease().renew("job", grant->epoch, seconds(10))));
  clock_.advance(seconds(9));
  EXPECT_TRUE(failed_with(lease().acquire("job", "two", seconds(10)), ErrorKind::kConflict));
  ASSERT_TRUE(lease().release("job", grant->epoch));
  const auto next = lease().acquire("job", "two", seconds(10));
  ASSERT_TRUE(succeeded(next));
  EXPECT_GT(next->epoch, grant->epoch);
}

TEST_P(LeaseContract, AHolderPausedPastItsTimeIsRefused) {
  const auto grant = lease().acquire("job", "one", seconds(10));
  EXPECT_TRUE(succeeded(guarded_put(grant->epoch)));
  clock_.advance(seconds(10));
  EXPECT_TRUE(failed_with(guarded_put(grant->epoch), ErrorKind::kConflict));
  EXPECT_TRUE(failed_with(lease().renew("job", grant->epoch, seconds(10)), ErrorKind::kConflict));
  const auto next = lease().acquire("job", "two", seconds(10));
  ASSERT_TRUE(succeeded(next));
  EXPECT_TRUE(failed_with(guarded_put(grant->epoch), ErrorKind::kConflict));
  EXPECT_TRUE(failed_with(lease().release("job", grant->epoch), ErrorKind::kConflict));
  EXPECT_TRUE(succeeded(guarded_put(next->epoch)));
  // The same owner coming back late gets a new epoch too.
  clock_.advance(seconds(10));
  EXPECT_GT(lease().acquire("job", "two", seconds(10))->epoch, next->epoch);
}

TEST_P(LeaseContract, AStepOfTheWallClockMovesNothing) {
  const auto grant = lease().acquire("job", "one", seconds(10));
  clock_.step_wall(std::chrono::hours(5));
  EXPECT_TRUE(succeeded(guarded_put(grant->epoch)));
  clock_.step_wall(-std::chrono::hours(10));
  clock_.advance(seconds(10));
  EXPECT_TRUE(failed_with(guarded_put(grant->epoch), ErrorKind::kConflict));
}

TEST_P(LeaseContract, ListsThoseHeld) {
  ASSERT_TRUE(lease().acquire("node/b", "two", seconds(20)));
  ASSERT_TRUE(lease().acquire("node/a", "one", seconds(10)));
  ASSERT_TRUE(lease().acquire("job", "one", seconds(10)));
  const auto all = lease().list("node/");
  ASSERT_TRUE(succeeded(all));
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).name, "node/a");
  EXPECT_EQ(all->at(0).owner, "one");
  clock_.advance(seconds(15));
  ASSERT_EQ(lease().list("node/")->size(), 1u);
  EXPECT_EQ(lease().list("node/")->at(0).expires_in, seconds(5));
}

TEST_P(LeaseContract, ABudgetIsNeverOvergranted) {
  const auto take = [&](const char* owner, std::uint64_t amount) {
    return *lease().acquire_amount("concurrency", owner, amount, 100, seconds(10));
  };
  EXPECT_EQ(take("one", 60), 60u);
  EXPECT_EQ(take("two", 60), 40u);
  EXPECT_EQ(take("one", 10), 10u);  // replaced, not added
  EXPECT_EQ(take("two", 200), 90u);
  clock_.advance(seconds(10));
  EXPECT_EQ(take("three", 200), 100u);
  EXPECT_EQ(take("three", 0), 0u);
  EXPECT_EQ(take("one", 1), 1u);
}

TEST_P(LeaseContract, EpochsGrowOverARestart) {
  if (!GetParam().durable) GTEST_SKIP() << "this engine keeps nothing";
  const auto grant = lease().acquire("job", "one", seconds(10));
  reopen();
  EXPECT_TRUE(failed_with(lease().acquire("job", "two", seconds(10)), ErrorKind::kConflict));
  ASSERT_TRUE(lease().release("job", grant->epoch));
  reopen();
  EXPECT_GT(lease().acquire("job", "two", seconds(10))->epoch, grant->epoch);
}

TEST_P(LeaseContract, RefusesWhatIsBeyondTheLimits) {
  EXPECT_TRUE(failed_with(lease().acquire("", "one", seconds(1)), ErrorKind::kInvalid));
  EXPECT_TRUE(failed_with(lease().acquire("job", "one", seconds(0)), ErrorKind::kInvalid));
  EXPECT_TRUE(
      failed_with(lease().acquire("job", "one", std::chrono::hours(25)), ErrorKind::kInvalid));
  EXPECT_TRUE(
      failed_with(lease().acquire(std::string(513, 'n'), "one", seconds(1)), ErrorKind::kTooLarge));
}

LAPWING_CONTRACT_SUITE(LeaseContract);

}  // namespace
}  // namespace lapwing::store::testing
