#include "services/sqs/attempts.hpp"

#include <gtest/gtest.h>

namespace lapwing::sqs {
namespace {

TEST(SqsAttempts, AreForgottenAfterFiveMinutes) {
  ManualClock clock;
  Attempts attempts(clock);
  attempts.keep("account", "place", "id", {Handle{{1, 1}, 7}});
  clock.advance(kAttemptsFor - std::chrono::seconds(1));
  ASSERT_EQ(attempts.find("place", "id").size(), 1u);
  EXPECT_TRUE(attempts.find("other", "id").empty());
  clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(attempts.find("place", "id").empty());
}

TEST(SqsAttempts, AgeOnceHoweverOftenTheyAreAskedForAgain) {
  ManualClock clock;
  Attempts attempts(clock);
  const std::vector<Handle> first{Handle{{1, 1}, 7}};
  for (int i = 0; i < 3; ++i) {
    attempts.keep("account", "place", "id", first);
    clock.advance(std::chrono::minutes(1));
  }
  EXPECT_EQ(attempts.size(), 1u);
  // Other messages under the same id: a receive of its own, with five minutes of its own.
  attempts.keep("account", "place", "id", {Handle{{2, 1}, 9}});
  EXPECT_EQ(attempts.size(), 1u);
  clock.advance(kAttemptsFor - std::chrono::seconds(1));
  ASSERT_EQ(attempts.find("place", "id").size(), 1u);
  EXPECT_EQ(attempts.find("place", "id").front().receipt.id, 2u);
  clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(attempts.find("place", "id").empty());
  EXPECT_EQ(attempts.size(), 0u);
}

TEST(SqsAttempts, AndTheOldestBeyondTheLimit) {
  ManualClock clock;
  Attempts attempts(clock);
  for (std::size_t i = 0; i <= kAttemptsMax; ++i) {
    attempts.keep("account", "place", std::to_string(i), {Handle{{i + 1, 1}, 7}});
  }
  EXPECT_TRUE(attempts.find("place", "0").empty());
  EXPECT_EQ(attempts.find("place", std::to_string(kAttemptsMax)).size(), 1u);
}

TEST(SqsAttempts, OneAccountDoesNotTakeWhatAnotherHas) {
  ManualClock clock;
  Attempts attempts(clock);
  for (int i = 0; i < 3; ++i) {
    attempts.keep("modest", "queue", std::to_string(i), {Handle{{1, 1}, 7}});
  }
  for (std::size_t i = 0; i < 2 * kAttemptsMax; ++i) {
    attempts.keep("greedy", "other", std::to_string(i), {Handle{{i + 1, 1}, 7}});
  }
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempts.find("queue", std::to_string(i)).size(), 1u) << i;
  EXPECT_EQ(attempts.size(), kAttemptsMax);
  EXPECT_TRUE(attempts.find("other", std::to_string(kAttemptsMax)).empty());
  EXPECT_EQ(attempts.find("other", std::to_string(2 * kAttemptsMax - 1)).size(), 1u);
  // Room that another account has not used so far it gets, too, from the one that has most.
  for (std::size_t i = 0; i < kAttemptsMax / 3; ++i) {
    attempts.keep("late", "third", std::to_string(i), {Handle{{1, 1}, 7}});
  }
  EXPECT_EQ(attempts.find("third", "0").size(), 1u);
  EXPECT_EQ(attempts.find("queue", "0").size(), 1u);
  EXPECT_EQ(attempts.size(), kAttemptsMax);
  clock.advance(kAttemptsFor);
  EXPECT_TRUE(attempts.find("queue", "0").empty());
  EXPECT_EQ(attempts.size(), 0u);
}

}  // namespace
}  // namespace lapwing::sqs
