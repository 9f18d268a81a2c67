#include "runtime/environment/freeze_policy.hpp"

#include <gtest/gtest.h>

namespace lapwing::runtime {
namespace {

using std::chrono::milliseconds;

// Called every `gap`: how often it is frozen in a hundred calls.
int freezes(FreezePolicy& policy, Duration gap) {
  int count = 0;
  MonoTime now{};
  for (int call = 0; call < 100; ++call, now += gap) {
    if (policy.wait() >= gap) continue;
    ++count;
    policy.frozen(now + policy.wait());
    policy.thawed(now + gap);
  }
  return count;
}

TEST(FreezePolicy, WhoIsCalledOftenIsLeftAlone) {
  FreezePolicy policy;
  EXPECT_EQ(policy.wait(), kFreezeAfter);
  EXPECT_EQ(freezes(policy, milliseconds(200)), 0);
  EXPECT_EQ(freezes(policy, milliseconds(400)), 1);
  EXPECT_EQ(freezes(policy, milliseconds(1'900)), 2);
}

TEST(FreezePolicy, WhoIsCalledRarelyIsFrozenSoon) {
  FreezePolicy policy;
  EXPECT_EQ(freezes(policy, milliseconds(5'000)), 100);
  EXPECT_EQ(policy.wait(), kFreezeAfter);
}

TEST(FreezePolicy, NobodyIsLeftAloneForLong) {
  FreezePolicy policy;
  (void)freezes(policy, milliseconds(400));
  EXPECT_GT(policy.wait(), kFreezeAfter);
  EXPECT_LE(policy.wait(), kFreezeAfterMax);
  policy.frozen({});
  policy.thawed(MonoTime{} + std::chrono::minutes(1));
  EXPECT_EQ(policy.wait(), kFreezeAfter);
}

}  // namespace
}  // namespace lapwing::runtime
