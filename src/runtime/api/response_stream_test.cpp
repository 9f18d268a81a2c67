#include "runtime/api/response_stream.hpp"

#include <gtest/gtest.h>

namespace lapwing::runtime {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr MonoTime kStart{};

StreamLimits limits(std::uint64_t per_second, std::uint64_t burst) {
  StreamLimits out;
  out.bytes_per_second = per_second;
  out.burst_bytes = burst;
  return out;
}

TEST(Bandwidth, AsAws) {
  Bandwidth bandwidth({}, kStart);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(bandwidth.take(1 * kMiB, kStart), 0ms);
  EXPECT_EQ(bandwidth.take(1 * kMiB, kStart), 500ms);
}

TEST(Bandwidth, HoldsTheRateAfterTheBurst) {
  Bandwidth bandwidth(limits(1'000, 3'000), kStart);
  MonoTime now = kStart;
  std::uint64_t sent = 0;
  while (now < kStart + 10s) {
    now += bandwidth.take(500, now);
    sent += 500;
  }
  EXPECT_EQ(sent, 3'000u + 10'000u);
}

TEST(Bandwidth, SilenceFillsTheBucketAndNoMore) {
  Bandwidth bandwidth(limits(1'000, 3'000), kStart);
  EXPECT_EQ(bandwidth.take(3'000, kStart), 0ms);
  EXPECT_EQ(bandwidth.take(1'000, kStart + 1s), 0ms);
  EXPECT_EQ(bandwidth.take(3'000, kStart + 100s), 0ms);
  EXPECT_EQ(bandwidth.take(100, kStart + 100s), 100ms);
}

TEST(Bandwidth, OnePieceMayBeLargerThanTheBurst) {
  Bandwidth bandwidth(limits(1'000, 1'000), kStart);
  EXPECT_EQ(bandwidth.take(5'000, kStart), 4s);
}

TEST(Bandwidth, CanBeLifted) {
  Bandwidth bandwidth(limits(0, 1), kStart);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(bandwidth.take(1 * kMiB, kStart), 0ms);
}

}  // namespace
}  // namespace lapwing::runtime
