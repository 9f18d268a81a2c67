// The contract of what is submitted, of spaces, and of blobs that records name.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "net/loop.hpp"
#include "store/await.hpp"
#include "store/testing/engines.hpp"

namespace lapwing::store::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// Answers that arrive on another thread.
class Answers {
 public:
  TxnDone next() {
    return [this](Result<Committed> done) {
      const std::scoped_lock lock(mutex_);
      answers_.push_back(std::move(done));
      arrived_.notify_all();
    };
  }
  std::vector<Result<Committed>> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return answers_.size() >= count; });
    return std::move(answers_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Result<Committed>> answers_;
};

class SubmitContract : public ContractTest {
 protected:
  ~SubmitContract() override { engine_.reset(); }
  Answers answers_;
};

TEST_P(SubmitContract, AnswersOnceItIsCommitted) {
  ASSERT_TRUE(succeeded(store().submit(
      [](Txn& txn) -> Status {
        LAPWING_CHECK(txn.put("fn", "a", "1"));
        txn.set_outcome("done");
        return {};
      },
      {}, answers_.next())));
  const auto got = answers_.wait(1);
  ASSERT_TRUE(succeeded(got[0]));
  EXPECT_EQ(got[0]->outcome, "done");
  EXPECT_EQ(got[0]->sequence, 1u);
  EXPECT_EQ((*store().get("fn", "a"))->value, "1");
}

TEST_P(SubmitContract, ABodyThatFailsFailsAlone) {
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(succeeded(store().submit(
        [i](Txn& txn) -> Status {
          LAPWING_CHECK(txn.put("fn", std::to_string(i), "1"));
          if (i % 4 == 3) return fail(make_error(ErrorKind::kDenied, "no"));
          return {};
        },
        {}, answers_.next())));
  }
  std::size_t failed = 0;
  for (const auto& answer : answers_.wait(40)) {
    if (answer) continue;
    ++failed;
    EXPECT_TRUE(failed_with(answer, ErrorKind::kDenied));
  }
  EXPECT_EQ(failed, 10u);
  EXPECT_EQ(store().scan({.kind = "fn"})->records.size(), 30u);
}

TEST_P(SubmitContract, ThoseOfOneCallerCommitInOrder) {
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(succeeded(store().submit(
        [i](Txn& txn) -> Status {
          LAPWING_CHECK(txn.put("fn", "last", std::to_string(i)));
          return {};
        },
        {}, answers_.next())));
  }
  std::vector<CommitSequence> sequences;
  for (const auto& answer : answers_.wait(100)) sequences.push_back(answer->sequence);
  EXPECT_TRUE(std::ranges::is_sorted(sequences));
  EXPECT_EQ((*store().get("fn", "last"))->value, "99");
}

TEST_P(SubmitContract, AnIdempotencyKeyIsAnsweredAgain) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(succeeded(store().submit(
        [i](Txn& txn) -> Status {
          txn.set_outcome(std::to_string(i));
          return {};
        },
        {.idempotency_key = "once"}, answers_.next())));
  }
  const auto got = answers_.wait(2);
  EXPECT_EQ(got[0]->outcome, "0");
  EXPECT_FALSE(got[0]->replayed);
  EXPECT_EQ(got[1]->outcome, "0");
  EXPECT_TRUE(got[1]->replayed);
}

TEST_P(SubmitContract, ADeadlineThatHasPassedIsKept) {
  ASSERT_TRUE(succeeded(store().submit([](Txn&) -> Status { return {}; },
                                       {.deadline = clock_.mono() - seconds(1)}, answers_.next())));
  EXPECT_TRUE(failed_with(answers_.wait(1)[0], ErrorKind::kTimeout));
}

TEST_P(SubmitContract, ABodyThatThrowsIsAnsweredAndUndone) {
  ASSERT_TRUE(succeeded(store().submit(
      [](Txn& txn) -> Status {
        LAPWING_CHECK(txn.put("fn", "a", "1"));
        throw std::runtime_error("a bug");
      },
      {}, answers_.next())));
  EXPECT_TRUE(failed_with(answers_.wait(1)[0], ErrorKind::kInternal));
  EXPECT_EQ(*store().get("fn", "a"), std::nullopt);
}

TEST_P(SubmitContract, NoMoreWaitThanTheLimitAndNobodyIsBlocked) {
  std::atomic<bool> go = false;
  ASSERT_TRUE(succeeded(store().submit(
      [&](Txn&) -> Status {
        while (!go) std::this_thread::yield();
        return {};
      },
      {}, answers_.next())));
  std::size_t taken = 1;
  Status refused;
  while ((refused = store().submit([](Txn&) -> Status { return {}; }, {}, answers_.next()))) {
    if (++taken > kMaxSubmitted + 1000) break;  // those begun together do not wait any more
  }
  EXPECT_TRUE(failed_with(refused, ErrorKind::kThrottled));
  EXPECT_GE(taken, kMaxSubmitted);
  go = true;
  EXPECT_EQ(answers_.wait(taken).size(), taken);
  EXPECT_TRUE(succeeded(store().submit([](Txn&) -> Status { return {}; }, {}, answers_.next())));
}

TEST_P(SubmitContract, WhatWasTakenOnIsAnsweredAtTheEndAndNothingIsTakenOnAfter) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(succeeded(store().submit(
        [i](Txn& txn) -> Status {
          LAPWING_CHECK(txn.put("fn", std::to_string(i), "1"));
          return {};
        },
        {}, answers_.next())));
  }
  engine_->shut_down();
  for (const auto& answer : answers_.wait(50)) EXPECT_TRUE(succeeded(answer));
  EXPECT_TRUE(failed_with(store().submit([](Txn&) -> Status { return {}; }, {}, answers_.next()),
                          ErrorKind::kUnavailable));
}

TEST_P(SubmitContract, QueuesWakeFromItToo) {
  class Woken final : public Listener {
   public:
    void on_signal() noexcept override { ++count; }
    std::atomic<int> count = 0;
  } woken;
  const Subscription mine = queue().subscribe("q", woken);
  ASSERT_TRUE(succeeded(store().submit(
      [](Txn& txn) -> Status {
        LAPWING_CHECK(txn.enqueue({.queue = "q", .payload = "m"}));
        return {};
      },
      {}, answers_.next())));
  ASSERT_TRUE(succeeded(answers_.wait(1)[0]));
  EXPECT_EQ(woken.count, 1);
}

TEST_P(SubmitContract, ACoroutineWaitsWithoutAThread) {
  SystemClock clock;
  net::Loop loop(clock, null_logger());
  int done = 0;
  // The closure outlives its tasks: loop.run() is below it.
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
  const auto one = [&](int i) -> net::Task<> {
    const Result<Enqueued> sent = co_await compute_on<Enqueued>(loop, store(), [i](Txn& txn) {
      return txn.enqueue({.queue = "q", .payload = std::to_string(i)});
    });
    EXPECT_TRUE(succeeded(sent));
    EXPECT_TRUE(loop.in_loop_thread());
    const Result<Committed> refused = co_await transact_on(
        loop, store(), [](Txn&) -> Status { return fail(make_error(ErrorKind::kDenied, "no")); });
    EXPECT_TRUE(failed_with(refused, ErrorKind::kDenied));
    if (++done == 50) loop.stop();
  };
  for (int i = 0; i < 50; ++i) loop.spawn(one(i));
  loop.run();
  EXPECT_EQ(queue().stats("q")->visible, 50u);
  engine_.reset();
}

TEST_P(SubmitContract, ACoroutineThatGoesAwayIsNotAnswered) {
  SystemClock clock;
  net::Loop loop(clock, null_logger());
  std::atomic<bool> go = false;
  std::atomic<bool> ran = false;
  // As above.
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
  const auto waits = [&]() -> net::Task<> {
    static_cast<void>(co_await transact_on(loop, store(), [&](Txn& txn) -> Status {
      while (!go) std::this_thread::yield();
      LAPWING_CHECK(txn.put("fn", "a", "1"));
      ran = true;
      return {};
    }));
    ADD_FAILURE() << "it went on";
  };
  loop.spawn(waits());
  loop.post([&] { loop.post([&] { loop.stop(); }); });
  loop.run();  // ends with the task still waiting, and destroys it
  go = true;
  while (!ran) std::this_thread::yield();
  engine_->shut_down();
  engine_.reset();
}

LAPWING_CONTRACT_SUITE(SubmitContract);

class SpaceContract : public ContractTest {};

TEST_P(SpaceContract, ASpaceIsAStoreOfItsOwn) {
  const auto opened = engine_->space("messages");
  ASSERT_TRUE(succeeded(opened));
  Space& space = **opened;
  EXPECT_EQ(*engine_->space("messages"), &space);
  EXPECT_NE(*engine_->space("items"), &space);
  ASSERT_TRUE(succeeded(space.store().transact([](Txn& txn) -> Status {
    LAPWING_CHECK(txn.put("fn", "a", "in the space"));
    LAPWING_CHECK(txn.enqueue({.queue = "q", .payload = "m"}));
    LAPWING_CHECK(txn.append("s", "0", {{1, "line"}}));
    return {};
  })));
  EXPECT_EQ(*store().get("fn", "a"), std::nullopt);
  EXPECT_EQ(queue().stats("q")->visible, 0u);
  EXPECT_EQ((*space.store().get("fn", "a"))->value, "in the space");
  EXPECT_EQ(space.queue().stats("q")->visible, 1u);
  EXPECT_EQ(space.log().read({"s", "0"})->records.size(), 1u);
  EXPECT_EQ(*space.changes().last(), 1u);
  EXPECT_EQ(*engine_->changes().last(), 0u);
}

TEST_P(SpaceContract, ASpaceLasts) {
  if (!GetParam().durable) GTEST_SKIP() << "this engine keeps nothing";
  ASSERT_TRUE((*engine_->space("messages"))->queue().enqueue({"q", "m"}));
  reopen();
  EXPECT_EQ((*engine_->space("messages"))->queue().stats("q")->visible, 1u);
}

TEST_P(SpaceContract, CountsWhatIsInIt) {
  // More is written than is asked for: pages that were there already take some of it.
  constexpr std::size_t kBytes = 190'000;
  const std::string large(200'000, 'x');
  Space& space = **engine_->space("messages");
  const std::uint64_t none = *space.used_bytes();
  const std::uint64_t others = *engine_->used_bytes();
  ASSERT_TRUE(space.store().put("fn", "a", large));
  const std::uint64_t record = *space.used_bytes();
  EXPECT_GE(record, none + kBytes);
  ASSERT_TRUE(space.queue().enqueue({.queue = "q", .payload = large}));
  const std::uint64_t message = *space.used_bytes();
  EXPECT_GE(message, record + kBytes);
  ASSERT_TRUE(space.log().append("s", "0", std::vector<LogInput>{{1, large}}));
  EXPECT_GE(*space.used_bytes(), message + kBytes);
  EXPECT_LT(*engine_->used_bytes(), others + kBytes);
  ASSERT_TRUE(succeeded(space.store().erase("fn", "a")));
  EXPECT_LT(*space.used_bytes(), message + kBytes);
}

TEST_P(SpaceContract, NamesAreChecked) {
  EXPECT_TRUE(succeeded(engine_->space(std::string(kMaxSpaceNameBytes, 'a'))));
  EXPECT_TRUE(
      failed_with(engine_->space(std::string(kMaxSpaceNameBytes + 1, 'a')), ErrorKind::kTooLarge));
  for (const char* name : {"", "../state", "a/b", "A", "a.b"}) {
    EXPECT_TRUE(failed_with(engine_->space(name), ErrorKind::kInvalid)) << name;
  }
}

TEST_P(SpaceContract, ShuttingDownShutsAll) {
  Space& space = **engine_->space("messages");
  engine_->shut_down();
  EXPECT_TRUE(failed_with(space.store().put("fn", "a", "1"), ErrorKind::kUnavailable));
  EXPECT_TRUE(failed_with(engine_->space("another"), ErrorKind::kUnavailable));
}

TEST_P(SpaceContract, BlobsAreNamedInTheEnginesOwnStoreOnly) {
  const BlobId blob = engine_->blobs().put(as_bytes("x"))->id;
  EXPECT_TRUE(
      failed_with((*engine_->space("messages"))->store().put("fn", "a", "1", {.blobs = {blob}}),
                  ErrorKind::kInvalid));
}

LAPWING_CONTRACT_SUITE(SpaceContract);

class BlobCountContract : public ContractTest {
 protected:
  BlobId blob(const std::string& bytes) { return engine_->blobs().put(as_bytes(bytes))->id; }
  bool there(const BlobId& id) { return *engine_->blobs().exists(id); }
};

TEST_P(BlobCountContract, CollectionTakesWhatNoRecordNamesAndIsOld) {
  const BlobId kept = blob("kept");
  const BlobId replaced = blob("replaced");
  const BlobId erased = blob("erased");
  const BlobId never = blob("never named");
  ASSERT_TRUE(store().put("fn", "a", "1", {.blobs = {kept, replaced}}));
  ASSERT_TRUE(store().put("fn", "b", "1", {.blobs = {kept, erased, erased}}));
  ASSERT_TRUE(store().put("layer", "a", "1", {.blobs = {erased}}));
  EXPECT_EQ(engine_->collect_blobs(hours(24 * 365 * 100))->removed, 0u);
  EXPECT_TRUE(there(never));
  EXPECT_EQ(engine_->collect_blobs(Duration(-1))->removed, 1u);
  EXPECT_FALSE(there(never));
  ASSERT_TRUE(store().put("fn", "a", "2", {.blobs = {kept}}));
  ASSERT_TRUE(store().erase("fn", "b"));
  EXPECT_EQ(engine_->collect_blobs(Duration(-1))->removed, 1u);
  EXPECT_FALSE(there(replaced));
  EXPECT_TRUE(there(erased));  // the layer has it still
  EXPECT_TRUE(there(kept));
  ASSERT_TRUE(store().erase("layer", "a"));
  ASSERT_TRUE(store().put("fn", "a", "3"));  // names none any more
  EXPECT_EQ(engine_->collect_blobs(Duration(-1))->removed, 2u);
}

TEST_P(BlobCountContract, ANameThatWasUndoneDoesNotCountAndOneThatStoodDoes) {
  const BlobId id = blob("x");
  const BlobId other = blob("y");
  ASSERT_TRUE(store().put("fn", "a", "1", {.blobs = {id}}));
  EXPECT_FALSE(store().transact([&](Txn& txn) -> Status {
    LAPWING_CHECK(txn.put("fn", "a", "2", {.blobs = {other}}));
    LAPWING_CHECK(txn.erase("fn", "a"));
    return fail(make_error(ErrorKind::kDenied, "no"));
  }));
  EXPECT_EQ(engine_->collect_blobs(Duration(-1))->removed, 1u);
  EXPECT_TRUE(there(id));
  EXPECT_FALSE(there(other));
}

TEST_P(BlobCountContract, ANewStoreOwesNothing) {
  EXPECT_TRUE(store().undeclared_owners()->empty());
  EXPECT_TRUE(succeeded(store().declare_blobs("lambda")));
}

TEST_P(BlobCountContract, RefusesMoreThanTheLimit) {
  std::vector<BlobId> ids(kMaxBlobsPerRecord);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i].sha256[0] = std::byte(i);
  EXPECT_TRUE(succeeded(store().put("fn", "a", "1", {.blobs = ids})));
  ids.push_back(blob("x"));
  EXPECT_TRUE(failed_with(store().put("fn", "a", "1", {.blobs = ids}), ErrorKind::kTooLarge));
}

LAPWING_CONTRACT_SUITE(BlobCountContract);

}  // namespace
}  // namespace lapwing::store::testing
