// What is kept for readers here is bounded.
#include "services/sns/kept.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "services/sns/limits.hpp"
#include "store/memory/memory_engine.hpp"

namespace lapwing::sns {
namespace {

TEST(SnsKept, TheOldestGo) {
  ManualClock clock;
  const auto engine = store::make_memory_engine(clock);
  store::Space& space = **engine->space("sns");
  background::Runner runner(clock, null_logger(), {.pace = background::Pace::kManual});
  runner.start();
  Kept kept(space);
  kept.begin(runner, clock);
  EXPECT_TRUE(kept.read(0, 10)->empty());
  const auto add = [&](std::size_t count, const std::string& body) {
    std::vector<KeptMessage> all(count, KeptMessage{.protocol = "sms", .body = body});
    ASSERT_TRUE(space.store().transact([&](store::Txn& txn) { return kept.add(txn, all); }));
    kept.added();
    runner.settle();
  };
  add(kKeptMessagesMax, "m");
  EXPECT_EQ(kept.read(0, 1)->front().number, 1u);
  add(5, "n");
  EXPECT_EQ(kept.read(0, 1)->front().number, 6u);
  EXPECT_EQ(kept.read(kKeptMessagesMax, 1)->front().body, "n");
  for (int i = 0; i < 9; ++i) add(1, std::string(8 * kMiB, 'x'));
  EXPECT_LE(space.log().shard("sns.kept", "all")->bytes, kKeptBytesMax);
  const auto newest = kept.newest(0, 2);
  ASSERT_EQ(newest->size(), 1u);  // two are more than a page's bytes
  EXPECT_TRUE(kept.newest(1, 2)->empty());
  EXPECT_EQ(kept.newest(newest->front().number, 1)->front().number, newest->front().number - 1);
  kept.stop();
  runner.stop();
}

}  // namespace
}  // namespace lapwing::sns
