// The contract of Store and ChangeFeed, for every engine.
#include <atomic>
#include <thread>

#include "store/testing/engines.hpp"

namespace lapwing::store::testing {
namespace {

class StoreContract : public ContractTest {
 protected:
  std::vector<std::string> keys(const ScanQuery& query) {
    const auto page = store().scan(query);
    EXPECT_TRUE(succeeded(page));
    std::vector<std::string> out;
    if (page) {
      for (const Record& record : page->records) out.push_back(record.key);
    }
    return out;
  }
};
using Keys = std::vector<std::string>;

TEST_P(StoreContract, KeepsWhatWasPut) {
  EXPECT_FALSE((*store().get("fn", "a")).has_value());
  const auto revision = store().put("fn", "a", "one");
  ASSERT_TRUE(succeeded(revision));
  const auto record = *store().get("fn", "a");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->value, "one");
  EXPECT_EQ(record->revision, *revision);
  EXPECT_FALSE((*store().get("other", "a")).has_value());
}

TEST_P(StoreContract, KeysAndValuesAreArbitraryBytes) {
  const std::string key("\0\xff\x01k\0", 5);
  const std::string value("\0\0v\xfe", 4);
  ASSERT_TRUE(store().put("fn", key, value));
  ASSERT_TRUE(store().put("fn", std::string("\0\xff\x01k", 4), "shorter"));
  const auto record = *store().get("fn", key);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->value, value);
  EXPECT_EQ(record->key, key);
  ASSERT_TRUE(store().put("fn", "empty", ""));
  EXPECT_EQ((*store().get("fn", "empty"))->value, "");
}

TEST_P(StoreContract, WritesExpectWhatTheySay) {
  const auto first = store().put("fn", "a", "1", {Expect::absent()});
  ASSERT_TRUE(succeeded(first));
  EXPECT_TRUE(failed_with(store().put("fn", "a", "2", {Expect::absent()}), ErrorKind::kConflict));
  const auto second = store().put("fn", "a", "2", {Expect::revision(*first)});
  ASSERT_TRUE(succeeded(second));
  EXPECT_GT(*second, *first);
  EXPECT_TRUE(
      failed_with(store().put("fn", "a", "3", {Expect::revision(*first)}), ErrorKind::kConflict));
  EXPECT_TRUE(
      failed_with(store().put("fn", "b", "3", {Expect::revision(*first)}), ErrorKind::kConflict));
  EXPECT_EQ((*store().get("fn", "a"))->value, "2");
  EXPECT_TRUE(
      failed_with(store().erase("fn", "a", Expect::revision(*first)), ErrorKind::kConflict));
  EXPECT_TRUE(succeeded(store().erase("fn", "a", Expect::revision(*second))));
  EXPECT_TRUE(
      failed_with(store().erase("fn", "a", Expect::revision(*second)), ErrorKind::kNotFound));
  EXPECT_TRUE(succeeded(store().erase("fn", "a")));
}

TEST_P(StoreContract, ARevisionNeverComesBack) {
  const auto first = store().put("fn", "a", "1");
  ASSERT_TRUE(store().erase("fn", "a"));
  const auto second = store().put("fn", "a", "1");
  EXPECT_GT(*second, *first);
}

// What AWS's own sizes need: S3's and DynamoDB's keys with what precedes them, DynamoDB's items,
// Kinesis's records in an envelope.
static_assert(kMaxKeyBytes >= 2048 + 1024 + 512 && kMaxTermBytes >= 2048 + 1024 + 512);
static_assert(kMaxValueBytes >= 400 * kKiB + 64 * kKiB);
static_assert(kMaxLogRecordBytes >= 10 * kMiB + 64 * kKiB);
static_assert(kMaxAppendBytes >= kMaxLogRecordBytes);

TEST_P(StoreContract, RefusesWhatIsBeyondTheLimits) {
  const std::string long_key(kMaxKeyBytes + 1, 'k');
  EXPECT_TRUE(succeeded(store().put("fn", long_key.substr(1), std::string(kMaxValueBytes, 'v'))));
  EXPECT_TRUE(failed_with(store().put("fn", long_key, "v"), ErrorKind::kTooLarge));
  EXPECT_TRUE(failed_with(store().put("fn", "k", std::string(kMaxValueBytes + 1, 'v')),
                          ErrorKind::kTooLarge));
  EXPECT_TRUE(failed_with(store().put(std::string(kMaxKindBytes + 1, 'k'), "k", "v"),
                          ErrorKind::kTooLarge));
  EXPECT_TRUE(failed_with(store().put("fn", "", "v"), ErrorKind::kInvalid));
  EXPECT_TRUE(failed_with(store().put("", "k", "v"), ErrorKind::kInvalid));
  PutOptions options;
  options.terms.assign(kMaxTermsPerRecord + 1, {"i", "t"});
  EXPECT_TRUE(failed_with(store().put("fn", "k", "v", options), ErrorKind::kTooLarge));
  options.terms = {{"i", std::string(kMaxTermBytes + 1, 't')}};
  EXPECT_TRUE(failed_with(store().put("fn", "k", "v", options), ErrorKind::kTooLarge));
  EXPECT_TRUE(failed_with(store().scan({.kind = "fn", .prefix = "", .limit = kMaxScanLimit + 1}),
                          ErrorKind::kInvalid));
  EXPECT_FALSE((*store().get("fn", "k")).has_value());
}

TEST_P(StoreContract, ScansInKeyOrderPageByPage) {
  for (const char* key : {"b", "a/2", "a/10", "a/1", "a", "\xff", "a0"}) {
    ASSERT_TRUE(store().put("fn", key, key));
  }
  ASSERT_TRUE(store().put("other", "a/3", ""));
  EXPECT_EQ(keys({.kind = "fn"}), (Keys{"a", "a/1", "a/10", "a/2", "a0", "b", "\xff"}));
  EXPECT_EQ(keys({.kind = "fn", .prefix = "a/"}), (Keys{"a/1", "a/10", "a/2"}));
  EXPECT_EQ(keys({.kind = "fn", .prefix = "a/", .order = Order::kDescending}),
            (Keys{"a/2", "a/10", "a/1"}));
  EXPECT_EQ(keys({.kind = "fn", .prefix = "a/1", .match = Match::kExact}), (Keys{"a/1"}));
  EXPECT_EQ(keys({.kind = "fn", .prefix = "\xff"}), (Keys{"\xff"}));
  EXPECT_EQ(keys({.kind = "fn", .prefix = "zzz"}), Keys{});
  EXPECT_EQ(keys({.kind = "none"}), Keys{});
  // Positions outside the prefix are before or after everything.
  EXPECT_EQ(keys({.kind = "fn", .prefix = "a/", .after = "A"}), (Keys{"a/1", "a/10", "a/2"}));
  EXPECT_EQ(keys({.kind = "fn", .prefix = "a/", .after = "b"}), Keys{});
  for (const Order order : {Order::kAscending, Order::kDescending}) {
    ScanQuery query{.kind = "fn", .prefix = "a", .limit = 2, .order = order};
    Keys all;
    int pages = 0;
    while (true) {
      const auto page = store().scan(query);
      ASSERT_TRUE(succeeded(page));
      ++pages;
      for (const Record& record : page->records) all.push_back(record.key);
      if (!page->next) break;
      query.after = *page->next;
    }
    EXPECT_EQ(pages, 3);
    Keys expected{"a", "a/1", "a/10", "a/2", "a0"};
    if (order == Order::kDescending) std::ranges::reverse(expected);
    EXPECT_EQ(all, expected);
  }
}

TEST_P(StoreContract, ThereIsNoNextPageAfterTheLastRecord) {
  ASSERT_TRUE(store().put("fn", "a", ""));
  ASSERT_TRUE(store().put("fn", "b", ""));
  EXPECT_FALSE(store().scan({.kind = "fn", .limit = 2})->next.has_value());
  EXPECT_TRUE(store().scan({.kind = "fn", .limit = 1})->next.has_value());
}

TEST_P(StoreContract, AScanPageIsBoundedInBytes) {
  const std::string value(kMaxValueBytes, 'v');
  const std::size_t count = kMaxScanBytes / kMaxValueBytes + 3;
  ASSERT_TRUE(store().transact([&](Txn& txn) -> Status {
    for (std::size_t i = 0; i < count; ++i) {
      LAPWING_CHECK(txn.put("fn", fmt::format("{:04}", i), value));
    }
    return {};
  }));
  const auto page = store().scan({.kind = "fn", .limit = kMaxScanLimit});
  ASSERT_TRUE(succeeded(page));
  EXPECT_EQ(page->records.size(), kMaxScanBytes / kMaxValueBytes);
  ASSERT_TRUE(page->next.has_value());
  std::size_t all = 0;
  ASSERT_TRUE(for_each_record(store(), {.kind = "fn"}, [&](Record&) -> Status {
    ++all;
    return {};
  }));
  EXPECT_EQ(all, count);
}

TEST_P(StoreContract, FindsByIndexTerms) {
  const auto put = [&](const char* key, std::vector<IndexTerm> terms) {
    ASSERT_TRUE(store().put("fn", key, key, {Expect::any(), std::move(terms)}));
  };
  put("a", {{"role", "admin"}, {"tag", "x"}});
  put("b", {{"role", "admin"}});
  put("c", {{"role", "adminish"}, {"tag", "y"}, {"tag", "x"}});
  EXPECT_EQ(keys({.kind = "fn", .prefix = "admin", .index = "role"}), (Keys{"a", "b", "c"}));
  EXPECT_EQ(keys({.kind = "fn", .prefix = "admin", .index = "role", .match = Match::kExact}),
            (Keys{"a", "b"}));
  EXPECT_EQ(keys({.kind = "fn", .index = "tag"}), (Keys{"a", "c", "c"}));
  EXPECT_EQ(keys({.kind = "fn", .index = "tag", .order = Order::kDescending}),
            (Keys{"c", "c", "a"}));
  EXPECT_EQ(keys({.kind = "fn", .index = "ta"}), Keys{});
  for (const Order order : {Order::kAscending, Order::kDescending}) {
    ScanQuery query{.kind = "fn", .index = "role", .limit = 1, .order = order};
    Keys all;
    for (int guard = 0; guard < 10; ++guard) {
      const auto page = store().scan(query);
      ASSERT_TRUE(succeeded(page));
      for (const Record& record : page->records) all.push_back(record.term + ":" + record.key);
      if (!page->next) break;
      query.after = *page->next;
    }
    Keys expected{"admin:a", "admin:b", "adminish:c"};
    if (order == Order::kDescending) std::ranges::reverse(expected);
    EXPECT_EQ(all, expected);
  }
  // A put replaces the terms: some stay, some go, some come, whatever is said twice.
  put("c", {{"tag", "x"}, {"tag", "x"}, {"tag", "z"}, {"role", "adminish"}});
  EXPECT_EQ(keys({.kind = "fn", .prefix = "y", .index = "tag"}), Keys{});
  EXPECT_EQ(keys({.kind = "fn", .prefix = "z", .index = "tag"}), Keys{"c"});
  EXPECT_EQ(keys({.kind = "fn", .prefix = "adminish", .index = "role"}), Keys{"c"});
  put("a", {{"role", "user"}});
  EXPECT_EQ(keys({.kind = "fn", .prefix = "admin", .index = "role"}), (Keys{"b", "c"}));
  EXPECT_EQ(keys({.kind = "fn", .index = "tag"}), (Keys{"c", "c"}));
  ASSERT_TRUE(store().erase("fn", "c"));
  EXPECT_EQ(keys({.kind = "fn", .index = "tag"}), Keys{});
  EXPECT_TRUE(failed_with(store().scan({.kind = "fn", .index = "role", .after = "\xff\xff."}),
                          ErrorKind::kInvalid));
}

TEST_P(StoreContract, ATransactionIsAllOrNothing) {
  ASSERT_TRUE(store().put("fn", "kept", "1", {Expect::any(), {{"i", "t"}}}));
  ASSERT_TRUE(engine_->log().append("s", "0", std::vector<LogInput>{{1, "before"}}));
  const auto failed = store().transact([&](Txn& txn) -> Status {
    LAPWING_CHECK(txn.put("fn", "new", "x"));
    LAPWING_CHECK(txn.put("fn", "kept", "2"));
    LAPWING_CHECK(txn.erase("fn", "kept"));
    LAPWING_CHECK(txn.enqueue({"q", "message", Duration::zero(), "", "once"}));
    LAPWING_CHECK(txn.append("s", "0", {{2, "line"}, {3, "line"}}));
    LAPWING_CHECK(txn.append("s", "1", {{2, "line"}}));
    return fail(make_error(ErrorKind::kDenied, "no"));
  });
  EXPECT_TRUE(failed_with(failed, ErrorKind::kDenied));
  EXPECT_EQ(keys({.kind = "fn"}), Keys{"kept"});
  EXPECT_EQ((*store().get("fn", "kept"))->value, "1");
  EXPECT_EQ(keys({.kind = "fn", .index = "i"}), Keys{"kept"});
  EXPECT_EQ(queue().stats("q")->visible, 0u);
  EXPECT_EQ(engine_->log().shard("s", "0")->next_sequence, 2u);
  EXPECT_EQ(engine_->log().shard("s", "0")->bytes, 6u);
  EXPECT_TRUE(failed_with(engine_->log().shard("s", "1"), ErrorKind::kNotFound));
  EXPECT_FALSE(queue().enqueue({"q", "m", Duration::zero(), "", "once"})->duplicate);
}

TEST_P(StoreContract, ATransactionJoinsRecordsQueueAndLog) {
  ASSERT_TRUE(queue().enqueue({"in", "work"}));
  const std::vector<std::string> queues{"in"};
  const auto claimed = *queue().claim(queues, 1, std::chrono::seconds(30));
  ASSERT_EQ(claimed.size(), 1u);
  const auto body = [&](Txn& txn) -> Status {
    LAPWING_CHECK(txn.complete(claimed[0].receipt));
    LAPWING_CHECK(txn.put("result", "work", "done"));
    LAPWING_TRY(const auto seen, txn.get("result", "work"));
    EXPECT_EQ(seen->value, "done");
    LAPWING_CHECK(txn.enqueue({"out", "next"}));
    LAPWING_CHECK(txn.append("trail", "0", {{5, "did it"}}));
    return {};
  };
  ASSERT_TRUE(succeeded(store().transact(body)));
  EXPECT_EQ(queue().stats("in")->in_flight, 0u);
  EXPECT_EQ(queue().stats("out")->visible, 1u);
  EXPECT_EQ(engine_->log().read({"trail", "0"})->records.at(0).data, "did it");
  // The receipt is used up, so the same again changes nothing at all.
  EXPECT_TRUE(failed_with(store().transact(body), ErrorKind::kConflict));
  EXPECT_EQ(queue().stats("out")->visible, 1u);
}

TEST_P(StoreContract, AnIdempotencyKeyMakesARetryHarmless) {
  int runs = 0;
  const auto body = [&](Txn& txn) -> Status {
    ++runs;
    LAPWING_CHECK(txn.put("fn", "a", "1", {Expect::absent()}));
    txn.set_outcome("made a");
    return {};
  };
  const TransactOptions options{kNoDeadline, "create-a"};
  const auto first = store().transact(body, options);
  ASSERT_TRUE(succeeded(first));
  EXPECT_FALSE(first->replayed);
  const auto second = store().transact(body, options);
  ASSERT_TRUE(succeeded(second));
  EXPECT_TRUE(second->replayed);
  EXPECT_EQ(second->outcome, "made a");
  EXPECT_EQ(second->sequence, first->sequence);
  EXPECT_EQ(runs, 1);
  const auto put = store().put("fn", "b", "1", {}, {kNoDeadline, "put-b"});
  EXPECT_EQ(*store().put("fn", "b", "2", {}, {kNoDeadline, "put-b"}), *put);
  clock_.advance(kIdempotencyWindow + std::chrono::seconds(1));
  EXPECT_TRUE(failed_with(store().transact(body, options), ErrorKind::kConflict));
  EXPECT_TRUE(failed_with(store().put("fn", "c", "", {}, {kNoDeadline, std::string(257, 'k')}),
                          ErrorKind::kTooLarge));
}

TEST_P(StoreContract, AFailedTransactionLeavesItsIdempotencyKeyFree) {
  bool refuse = true;
  const auto body = [&](Txn& txn) -> Status {
    LAPWING_CHECK(txn.put("fn", "a", "1"));
    if (refuse) return fail(make_error(ErrorKind::kDenied, "no"));
    return {};
  };
  EXPECT_FALSE(store().transact(body, {kNoDeadline, "k"}));
  refuse = false;
  const auto retried = store().transact(body, {kNoDeadline, "k"});
  ASSERT_TRUE(succeeded(retried));
  EXPECT_FALSE(retried->replayed);
}

TEST_P(StoreContract, APassedDeadlineMeansNothingHappened) {
  const MonoTime past = clock_.mono() - std::chrono::milliseconds(1);
  EXPECT_TRUE(failed_with(store().put("fn", "a", "1", {}, {past, {}}), ErrorKind::kTimeout));
  EXPECT_FALSE((*store().get("fn", "a")).has_value());
}

TEST_P(StoreContract, CallingTheStoreFromABodyIsAnErrorNotADeadlock) {
  const auto nested = store().transact([&](Txn&) -> Status {
    LAPWING_CHECK(store().put("fn", "a", "1"));
    return {};
  });
  EXPECT_TRUE(failed_with(nested, ErrorKind::kInternal));
  EXPECT_TRUE(succeeded(store().put("fn", "a", "1")));
}

TEST_P(StoreContract, AnExceptionOfABodyUndoesItAndComesBack) {
  EXPECT_THROW((void)store().transact([&](Txn& txn) -> Status {
    LAPWING_CHECK(txn.put("fn", "a", "1"));
    throw std::runtime_error("bug");
  }),
               std::runtime_error);
  EXPECT_FALSE((*store().get("fn", "a")).has_value());
  EXPECT_TRUE(succeeded(store().put("fn", "a", "1")));
}

TEST_P(StoreContract, ConcurrentIncrementsAllCount) {
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(store().transact([&](Txn& txn) -> Status {
          LAPWING_TRY(const auto now, txn.get("counter", "n"));
          const int value = now ? std::stoi(now->value) : 0;
          LAPWING_CHECK(txn.put("counter", "n", std::to_string(value + 1)));
          return {};
        }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ((*store().get("counter", "n"))->value, std::to_string(kThreads * kEach));
}

TEST_P(StoreContract, AReadSeesOneSnapshot) {
  ASSERT_TRUE(store().put("pair", "a", "0"));
  ASSERT_TRUE(store().put("pair", "b", "0"));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 1; !stop; ++i) {
      EXPECT_TRUE(store().transact([&](Txn& txn) -> Status {
        LAPWING_CHECK(txn.put("pair", "a", std::to_string(i)));
        LAPWING_CHECK(txn.put("pair", "b", std::to_string(i)));
        return {};
      }));
    }
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(store().read([&](Reader& reader) -> Status {
      LAPWING_TRY(const auto a, reader.get("pair", "a"));
      LAPWING_TRY(const auto b, reader.get("pair", "b"));
      EXPECT_EQ(a->value, b->value);
      return {};
    }));
  }
  stop = true;
  writer.join();
}

TEST_P(StoreContract, AfterShutDownWritesAreRefused) {
  engine_->shut_down();
  EXPECT_TRUE(failed_with(store().put("fn", "a", "1"), ErrorKind::kUnavailable));
  EXPECT_TRUE(failed_with(queue().enqueue({"q", "m"}), ErrorKind::kUnavailable));
  const std::vector<LogInput> line{{1, "x"}};
  EXPECT_TRUE(failed_with(engine_->bulk_log().append("s", "0", line), ErrorKind::kUnavailable));
}

TEST_P(StoreContract, WhatWasAcknowledgedSurvivesARestart) {
  if (!GetParam().durable) GTEST_SKIP() << "this engine keeps nothing";
  const auto revision = store().put("fn", "a", "1", {Expect::any(), {{"i", "t"}}});
  ASSERT_TRUE(store().put("fn", "b", "1", {}, {kNoDeadline, "key-b"}));
  reopen();
  const auto record = *store().get("fn", "a");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->revision, *revision);
  EXPECT_EQ(keys({.kind = "fn", .index = "i"}), Keys{"a"});
  EXPECT_EQ(*engine_->changes().last(), 2u);
  EXPECT_TRUE(
      store().transact([](Txn&) -> Status { return {}; }, {kNoDeadline, "key-b"})->replayed);
  EXPECT_GT(*store().put("fn", "a", "2"), *revision);
}

LAPWING_CONTRACT_SUITE(StoreContract);

class FeedContract : public ContractTest {
 protected:
  ChangeFeed& feed() { return engine_->changes(); }
};

TEST_P(FeedContract, TellsCommitsInOrderWithoutGaps) {
  ASSERT_TRUE(store().put("fn", "a", "1"));
  const auto revision = store().put("fn", "b", "1");
  ASSERT_TRUE(store().erase("fn", "a"));
  const auto page = feed().read(0);
  ASSERT_TRUE(succeeded(page));
  EXPECT_FALSE(page->resync);
  ASSERT_EQ(page->changes.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(page->changes[i].sequence, i + 1);
  EXPECT_EQ(page->changes[1].kind, "fn");
  EXPECT_EQ(page->changes[1].key, "b");
  EXPECT_EQ(page->changes[1].revision, *revision);
  EXPECT_FALSE(page->changes[1].erased);
  EXPECT_TRUE(page->changes[2].erased);
  EXPECT_EQ(page->next, 3u);
  EXPECT_TRUE(feed().read(3)->changes.empty());
  EXPECT_EQ(feed().read(2)->changes.size(), 1u);
}

TEST_P(FeedContract, APageHoldsWholeCommits) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(store().transact([&](Txn& txn) -> Status {
      LAPWING_CHECK(txn.put("fn", "a", "1"));
      LAPWING_CHECK(txn.put("fn", "a", "2"));
      LAPWING_CHECK(txn.put("fn", "b", "1"));
      return {};
    }));
  }
  const auto page = feed().read(0, 2);
  ASSERT_TRUE(succeeded(page));
  EXPECT_EQ(page->changes.size(), 4u);  // a is told once a commit
  EXPECT_EQ(page->next, 2u);
  EXPECT_EQ(feed().read(page->next, 2)->next, 3u);
}

TEST_P(FeedContract, FailedAndEmptyTransactionsTakeNoPlace) {
  ASSERT_TRUE(store().put("fn", "a", "1"));
  EXPECT_FALSE(store().put("fn", "a", "1", {Expect::absent()}));
  ASSERT_TRUE(store().transact([](Txn&) -> Status { return {}; }));
  ASSERT_TRUE(queue().enqueue({"q", "m"}));
  ASSERT_TRUE(store().put("fn", "b", "1"));
  EXPECT_EQ(*feed().last(), 2u);
  EXPECT_EQ(feed().read(0)->changes.size(), 2u);
}

TEST_P(FeedContract, ASnapshotNamesWhereToGoOn) {
  ASSERT_TRUE(store().put("fn", "a", "1"));
  CommitSequence at = 0;
  ASSERT_TRUE(store().read([&](Reader& reader) -> Status {
    LAPWING_TRY(at, reader.sequence());
    return {};
  }));
  EXPECT_EQ(at, 1u);
  const auto committed = store().transact([](Txn& txn) -> Status {
    LAPWING_CHECK(txn.put("fn", "b", "1"));
    return {};
  });
  EXPECT_EQ(committed->sequence, 2u);
  const auto page = feed().read(at);
  ASSERT_EQ(page->changes.size(), 1u);
  EXPECT_EQ(page->changes[0].key, "b");
}

TEST_P(FeedContract, ALateReaderIsToldToRescan) {
  start_with_history(10);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(store().put("fn", "a", std::to_string(i)));
  const auto late = feed().read(1);
  ASSERT_TRUE(succeeded(late));
  EXPECT_TRUE(late->resync);
  EXPECT_EQ(late->next, 50u);
  const auto recent = feed().read(45);
  EXPECT_FALSE(recent->resync);
  EXPECT_EQ(recent->changes.size(), 5u);
  EXPECT_TRUE(feed().read(51)->resync);  // ahead of the store: it was restored
}

TEST_P(FeedContract, WakesWhoWaits) {
  EXPECT_FALSE(*feed().wait(0, std::chrono::milliseconds(1)));
  std::thread writer([&] { EXPECT_TRUE(store().put("fn", "a", "1")); });
  EXPECT_TRUE(*feed().wait(0, std::chrono::seconds(30)));
  writer.join();
  std::thread closer([&] { engine_->shut_down(); });
  EXPECT_FALSE(*feed().wait(1, std::chrono::hours(1)));
  closer.join();
}

class Counter final : public Listener {
 public:
  void on_signal() noexcept override { ++count; }
  std::atomic<int> count = 0;
};

TEST_P(FeedContract, CallsItsListenersAfterCommits) {
  Counter counter;
  {
    const Subscription subscription = feed().subscribe(counter);
    ASSERT_TRUE(store().put("fn", "a", "1"));
    // The change is acknowledged and told apart: either may come first.
    while (counter.count == 0) std::this_thread::yield();
  }
  const int before = counter.count;
  ASSERT_TRUE(store().put("fn", "a", "2"));
  EXPECT_EQ(counter.count, before);
}

TEST_P(FeedContract, SequencesGoOnAfterARestart) {
  if (!GetParam().durable) GTEST_SKIP() << "this engine keeps nothing";
  ASSERT_TRUE(store().put("fn", "a", "1"));
  reopen();
  ASSERT_TRUE(store().put("fn", "b", "1"));
  const auto page = feed().read(0);
  ASSERT_EQ(page->changes.size(), 2u);
  EXPECT_EQ(page->changes[1].sequence, 2u);
}

LAPWING_CONTRACT_SUITE(FeedContract);

}  // namespace
}  // namespace lapwing::store::testing
