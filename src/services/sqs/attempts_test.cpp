#include "services/sqs/attempts.hpp"

#include <gtest/gtest.h>

namespace lapwing::sqs {
namespace {

TEST(SqsAttempts, AreForgottenAfterFiveMinutes) {
  ManualClock clock;
  Attempts attempts(clock);
  attempts.keep("place", "id", {Handle{{1, 1}, 7}});
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
    attempts.keep("place", "id", first);
    clock.advance(std::chrono::minutes(1));
  }
  EXPECT_EQ(attempts.size(), 1u);
  // Other messages under the same id: a receive of its own, with five minutes of its own.
  attempts.keep("place", "id", {Handle{{2, 1}, 9}});
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
    attempts.keep("place", std::to_string(i), {Handle{{i + 1, 1}, 7}});
  }
  EXPECT_TRUE(attempts.find("place", "0").empty());
  EXPECT_EQ(attempts.find("place", std::to_string(kAttemptsMax)).size(), 1u);
}

}  // namespace
}  // namespace lapwing::sqs
