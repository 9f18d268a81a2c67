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

TEST(SnsKept, APageOfTheOutboxIsBoundedInBytes) {
  ManualClock clock;
  const auto engine = store::make_memory_engine(clock);
  store::Space& space = **engine->space("sns");
  Kept kept(space);
  // As JSON each quote is two bytes.
  std::vector<KeptMessage> all(20,
                               KeptMessage{.protocol = "sms", .body = std::string(50'000, '"')});
  for (std::size_t i = 0; i < all.size(); i += 2) all[i].protocol = "email";
  ASSERT_TRUE(space.store().transact([&](store::Txn& txn) { return kept.add(txn, all); }));
  for (const char* const protocol : {"", "email"}) {
    hosting::OutboxAsk ask{.max = 500, .protocol = protocol};
    std::size_t seen = 0;
    std::uint64_t last = UINT64_MAX;
    do {
      const auto page = outbox_page(kept, ask);
      ASSERT_TRUE(page);
      ASSERT_FALSE(page->messages.empty());
      std::size_t bytes = 0;
      for (const hosting::OutboxMessage& each : page->messages) {
        EXPECT_LT(each.number, last);
        last = each.number;
        bytes += hosting::bytes_of(each);
        ++seen;
      }
      EXPECT_LE(bytes, hosting::kOutboxPageBytes);
      ask.before = page->next;
    } while (ask.before > 1);
    EXPECT_EQ(seen, ask.protocol.empty() ? 20u : 10u);
  }
  // One larger than that comes alone.
  const auto one = outbox_page(kept, {.max = 500, .bytes = 1});
  EXPECT_EQ(one->messages.size(), 1u);
}

}  // namespace
}  // namespace lapwing::sns
