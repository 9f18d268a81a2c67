#include "delivery/retry.hpp"

#include <gtest/gtest.h>

namespace lapwing::delivery {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ns;

std::vector<double> seconds(const RetryPolicy& policy) {
  SeededRandom random(1);
  std::vector<double> out;
  for (std::uint32_t failures = 1;; ++failures) {
    const auto delay = policy.next(failures, Duration::zero(), random);
    if (!delay) return out;
    out.push_back(std::chrono::duration<double>(*delay).count());
  }
}

RetryPolicy one_phase(Backoff how, std::uint32_t attempts, Duration first, Duration last) {
  return {
      {{.attempts = attempts, .first = first, .last = last, .backoff = how}}, Duration::zero(), 0};
}

TEST(RetryTest, WithoutPhasesNothingIsTriedAgain) {
  EXPECT_TRUE(seconds(RetryPolicy()).empty());
  EXPECT_EQ(RetryPolicy().attempts(), 0u);
  EXPECT_FALSE(RetryPolicy().too_old(24h * 365));
}

// What SNS sets for HTTP: 3 times, 20 s apart.
TEST(RetryTest, TheDefaultOfHttp) {
  EXPECT_EQ(seconds(one_phase(Backoff::kLinear, 3, 20s, 20s)), (std::vector<double>{20, 20, 20}));
}

// What SNS does for queues and functions, from its guide: 3 times at once, 2 a second apart, 10
// from 1 to 20 s, 100,000 every 20 s; 100,015 in all, over 23 days.
TEST(RetryTest, PhasesComeOneAfterAnother) {
  const RetryPolicy policy(
      {{.attempts = 3},
       {.attempts = 2, .first = 1s, .last = 1s},
       {.attempts = 10, .first = 1s, .last = 20s, .backoff = Backoff::kExponential},
       {.attempts = 100'000, .first = 20s, .last = 20s}},
      Duration::zero(), 0);
  EXPECT_EQ(policy.attempts(), 100'015u);
  const std::vector<double> all = seconds(policy);
  ASSERT_EQ(all.size(), 100'015u);
  const std::vector<double> begin(all.begin(), all.begin() + 16);
  EXPECT_EQ(begin, (std::vector<double>{0, 0, 0, 1, 1, 1, 2, 4, 8, 16, 20, 20, 20, 20, 20, 20}));
  EXPECT_EQ(all.back(), 20);
  double days = 0;
  for (const double each : all) days += each / 86'400;
  EXPECT_EQ(static_cast<int>(days), 23);
}

TEST(RetryTest, TheFourFunctionsGoFromTheFirstToTheLast) {
  for (const Backoff how :
       {Backoff::kLinear, Backoff::kArithmetic, Backoff::kGeometric, Backoff::kExponential}) {
    const std::vector<double> all = seconds(one_phase(how, 10, 5s, 260s));
    ASSERT_EQ(all.size(), 10u);
    EXPECT_DOUBLE_EQ(all.front(), 5);
    EXPECT_NEAR(all.back(), 260, 1e-6);
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_GE(all[i], all[i - 1]);
  }
  EXPECT_EQ(seconds(one_phase(Backoff::kLinear, 4, 10s, 40s)),
            (std::vector<double>{10, 20, 30, 40}));
  EXPECT_EQ(seconds(one_phase(Backoff::kArithmetic, 4, 10s, 70s)),
            (std::vector<double>{10, 20, 40, 70}));
  const auto geometric = seconds(one_phase(Backoff::kGeometric, 4, 1s, 27s));
  EXPECT_NEAR(geometric[1], 3, 1e-6);
  EXPECT_NEAR(geometric[2], 9, 1e-6);
  EXPECT_EQ(seconds(one_phase(Backoff::kExponential, 5, 1s, 6s)),
            (std::vector<double>{1, 2, 4, 6, 6}));
}

TEST(RetryTest, OneAttemptComesAfterTheFirstDelay) {
  for (const Backoff how :
       {Backoff::kLinear, Backoff::kArithmetic, Backoff::kGeometric, Backoff::kExponential}) {
    EXPECT_EQ(seconds(one_phase(how, 1, 5s, 60s)), (std::vector<double>{5}));
  }
}

TEST(RetryTest, ALastBelowTheFirstIsTheFirst) {
  EXPECT_EQ(seconds(one_phase(Backoff::kGeometric, 2, 5s, 1s)), (std::vector<double>{5, 5}));
}

// EventBridge's: 185 attempts, 24 hours.
TEST(RetryTest, NoneComesAfterTheAge) {
  SeededRandom random(1);
  const RetryPolicy policy = RetryPolicy::exponential(
      {.first = 1s, .most = 5min, .attempts = 185, .age = 24h, .jitter = 0});
  EXPECT_EQ(policy.attempts(), 185u);
  EXPECT_EQ(policy.next(20, 24h - 5min, random), Duration(5min));
  EXPECT_EQ(policy.next(20, 24h - 5min + 1ns, random), std::nullopt);
  EXPECT_EQ(policy.next(185, 1h, random), Duration(5min));
  EXPECT_EQ(policy.next(186, 1h, random), std::nullopt);
  EXPECT_FALSE(policy.too_old(24h));
  EXPECT_TRUE(policy.too_old(24h + 1ns));
}

TEST(RetryTest, JitterTakesUpToItsPartOff) {
  SeededRandom random(1);
  const RetryPolicy policy({{.attempts = 1, .first = 100s, .last = 100s}}, Duration::zero(), 0.5);
  Duration least = 100s;
  Duration most = 0s;
  for (int i = 0; i < 1000; ++i) {
    const Duration delay = *policy.next(1, Duration::zero(), random);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, 50s);
  EXPECT_LT(least, 55s);
  EXPECT_LE(most, 100s);
  EXPECT_GT(most, 95s);
}

// A hundred thousand attempts later nothing has overflowed.
TEST(RetryTest, DoublingStopsAtTheLast) {
  SeededRandom random(1);
  const RetryPolicy policy = RetryPolicy::exponential(
      {.first = 1s, .most = 5min, .attempts = UINT32_MAX, .age = Duration::zero(), .jitter = 0});
  for (const std::uint32_t failures : {10u, 63u, 64u, 65u, 100'000u, UINT32_MAX}) {
    EXPECT_EQ(policy.next(failures, Duration::zero(), random), Duration(5min)) << failures;
  }
}

}  // namespace
}  // namespace lapwing::delivery
