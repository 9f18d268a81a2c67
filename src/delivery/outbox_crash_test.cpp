// Crashes, restarts and a full disk: at least once, in order, nothing lost.
#include <set>
#include <signal.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "delivery/testing/post_office.hpp"
#include "store/sqlite/sqlite_engine.hpp"

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

class OutboxCrashTest : public ::testing::TestWithParam<store::testing::EngineKind> {
 protected:
  PostOffice office_{GetParam()};
};

TEST_P(OutboxCrashTest, LanesAreFoundAgain) {
  office_.sender.all_send({.retry = every(1h, 2)});
  office_.sender.dead_letters_to("b", "dlq");
  office_.queues.answers("a", {later(), later()});
  office_.queues.always("b", refused());
  office_.queues.answers("dlq", {later()});
  office_.post(posting("1", {"a", "b"}));
  office_.settle();
  office_.restart();
  office_.settle();
  const auto lanes = *office_.outbox().lanes(10);
  ASSERT_EQ(lanes.size(), 2u);
  office_.advance(59min);
  EXPECT_EQ(office_.queues.bodies("a").size(), 1u);
  EXPECT_EQ(office_.queues.took("dlq"), (Strings{"1"}));
  EXPECT_EQ(office_.sender.failures("b").size(), 1u);  // told once, over the restart
  office_.restart();
  office_.advance(1min);
  EXPECT_EQ(office_.queues.times("a"), (Times{0, 3'600'000}));
  office_.restart();
  office_.advance(1h);
  EXPECT_EQ(office_.queues.took("a"), (Strings{"1"}));
  EXPECT_TRUE(office_.empty());
}

TEST_P(OutboxCrashTest, AttemptsAreCountedOverRestarts) {
  office_.sender.all_send({.retry = every(1h, 3)});
  office_.queues.always("a", later());
  office_.post(posting("1", {"a"}));
  for (int i = 0; i < 6; ++i) {
    office_.advance(1h);
    office_.restart();
  }
  EXPECT_EQ(office_.queues.bodies("a").size(), 4u);
  ASSERT_EQ(office_.sender.failures("a").size(), 1u);
  EXPECT_EQ(office_.sender.failures("a")[0].attempts, 4u);
}

// What was under way when it crashed is attempted again by the next start, at once.
TEST_P(OutboxCrashTest, CrashedWhileTheyAreUnderWay) {
  office_.sender.sends("w", {.parcel = {.target = "https", .body = {}}});
  office_.web.hang("w", true);
  office_.queues.hang("q", true);
  office_.post(posting("1", {"w"}));
  ASSERT_TRUE(office_.web.wait_for(1));
  office_.post(posting("2", {"q"}));
  ASSERT_TRUE(office_.queues.wait_for(1));
  office_.web.hang("w", false);
  office_.queues.hang("q", false);
  office_.crash();
  office_.settle();
  EXPECT_EQ(office_.web.took("w"), (Strings{"1"}));
  EXPECT_EQ(office_.queues.took("q"), (Strings{"2"}));
  EXPECT_EQ(office_.queues.log()[0].id, office_.queues.log()[1].id);
  EXPECT_TRUE(office_.empty());
}

// A stop waits for what is under way, for a while.
TEST_P(OutboxCrashTest, AStopIsNoCrash) {
  for (int i = 0; i < 200; ++i) office_.post(posting(std::to_string(i), {"a"}));
  office_.restart();
  office_.settle();
  EXPECT_EQ(office_.queues.took("a").size(), 200u);
  EXPECT_EQ(office_.queues.bodies("a").size(), 200u);
}

// The store is lost between the delivery and its commit, at one call after another: each event
// arrives, each group in order (where one is repeated, so is what follows it).
TEST_P(OutboxCrashTest, CrashedBetweenDeliveryAndCommit) {
  if (!GetParam().durable) GTEST_SKIP() << "keeps nothing";
  office_.sender.all_send({.retry = every(1s, 100)});
  std::vector<Posting> all;
  for (int i = 0; i < 30; ++i) {
    all.push_back(posting("x" + std::to_string(i), {"a"}, "x"));
    all.push_back(posting("p" + std::to_string(i), {"b", "c"}));
  }
  office_.queues.answers("a", std::vector<Delivered>(2, later()));
  office_.queues.answers("b", std::vector<Delivered>(3, later()));
  office_.post_all(all);
  for (int i = 0; i < 5; ++i) {
    std::size_t left = 2;
    office_.queues.on_call([this, &left] {
      if (left > 0 && --left == 0) office_.lose_store();
    });
    office_.post_unless_lost(posting("more" + std::to_string(i), {"a"}, "x"));
    office_.try_advance(2s);
    office_.queues.on_call({});
    office_.crash();
  }
  office_.advance(1min);
  EXPECT_TRUE(lapwing::testing::eventually([&] {
    office_.settle();
    return office_.empty();
  }));
  for (const char* name : {"b", "c"}) {
    const Strings took = office_.queues.took(name);
    EXPECT_EQ(std::set(took.begin(), took.end()).size(), 30u) << name;
  }
  Strings first_time;
  std::set<std::string> seen;
  for (const std::string& body : office_.queues.took("a")) {
    if (body[0] == 'x' && seen.insert(body).second) first_time.push_back(body);
  }
  Strings expected;
  for (int i = 0; i < 30; ++i) expected.push_back("x" + std::to_string(i));
  EXPECT_EQ(first_time, expected);
}

// The pump's commit in the middle of a round settles nothing: what it has put into lanes says that
// it has happened.
TEST_P(OutboxCrashTest, WhatIsPutIntoLanesUnsurelyIsThereOnce) {
  office_.sender.all_send({.parcel = {.target = "https", .body = {}}});
  Posting large = posting("1", {});
  large.event.assign(500'000, '.');
  Strings names;
  while (names.size() * large.event.size() <= kBytesOfCall) {
    names.push_back("w" + std::to_string(names.size()));
  }
  large.addressees = names;
  office_.settle();      // it has looked for what there is
  office_.unsure_at(2);  // behind the claim
  office_.post(large);
  EXPECT_TRUE(lapwing::testing::eventually([&] {
    office_.pass_real_time(kStoreRetry);
    office_.settle();
    return office_.was_unsure() && office_.empty();
  }));
  for (const std::string& name : names) {
    EXPECT_EQ(office_.web.bodies(name).size(), 1u) << name;
  }
  EXPECT_EQ(office_.outbox().lanes(10)->size(), 0u);  // none counts as waiting
}

// A posting that is sent again within the time in which lanes know what they have had.
TEST_P(OutboxCrashTest, WhatIsSentAgainGoesIntoItsLaneAgain) {
  office_.sender.sends("w", {.parcel = {.target = "https", .body = {}}});
  office_.web.answers("w", {refused()});
  office_.post(posting("1", {"w"}));
  office_.settle();
  EXPECT_EQ(*office_.outbox().replay("1"), 1u);
  office_.settle();
  EXPECT_EQ(office_.web.took("w"), (Strings{"1"}));
  EXPECT_TRUE(office_.empty());
}

// No file may grow beyond `bytes` while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit low{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &low);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  sighandler_t old_handler_;
};

TEST_P(OutboxCrashTest, OnAFullDiskNothingIsAcceptedAndNothingIsLost) {
  if (!GetParam().durable) GTEST_SKIP() << "has no files";
  office_.sender.all_send({.retry = every(1s, 100)});
  std::set<std::string> accepted;
  {
    const FileSizeLimit limit(1 * kMiB);
    for (int i = 0; i < 100; ++i) {
      Posting large = posting(std::to_string(i), {"a", "b"});
      large.event.resize(100'000, '.');
      const Status done = office_.accept(large);
      if (done) {
        accepted.insert(large.event);
      } else {
        EXPECT_TRUE(done.error().kind() == ErrorKind::kUnavailable ||
                    done.error().kind() == ErrorKind::kUnknown)
            << done.error().to_log();
        if (i > 50) break;
      }
    }
    EXPECT_LT(accepted.size(), 100u);
  }
  const auto patience = std::chrono::steady_clock::now() + 30s;
  while (!office_.empty() && std::chrono::steady_clock::now() < patience) {
    office_.pass_real_time(kStoreRetry);
    office_.advance(1s);
  }
  office_.post(posting("later", {"a"}));
  office_.settle();
  const Strings took = office_.queues.took("a");
  std::set<std::string> all(took.begin(), took.end());
  EXPECT_TRUE(all.contains("later"));
  for (const std::string& event : accepted) EXPECT_TRUE(all.contains(event));
  EXPECT_TRUE(office_.empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, OutboxCrashTest,
                         ::testing::ValuesIn(store::testing::all_engines()),
                         store::testing::engine_name);

}  // namespace
}  // namespace lapwing::delivery::testing
