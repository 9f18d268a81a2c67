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
