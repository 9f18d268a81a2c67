#include "net/frame_pool.hpp"

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace lapwing::net::detail {
namespace {

struct Frame {
  void* at;
  std::size_t bytes;
};

std::vector<Frame> make_frames() {
  std::vector<Frame> frames;
  for (std::size_t bytes = 1; bytes < kPooledFrameMax + 3'000; bytes += 1 + bytes / 16) {
    for (int copy = 0; copy < 2; ++copy) {
      frames.push_back({allocate_frame(bytes), bytes});
      std::memset(frames.back().at, static_cast<int>(frames.size() % 251), bytes);
    }
  }
  return frames;
}

void check_and_free(const std::vector<Frame>& frames) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto& [at, bytes] = frames[i];
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0u);
    const auto* bytes_of = static_cast<const unsigned char*>(at);
    EXPECT_EQ(bytes_of[0], (i + 1) % 251);
    EXPECT_EQ(bytes_of[bytes - 1], (i + 1) % 251);
    free_frame(at, bytes);
  }
}

TEST(FramePool, FramesAreWholeAndApartAlsoWhenUsedAgain) {
  for (int round = 0; round < 3; ++round) check_and_free(make_frames());
}

TEST(FramePool, FreedOnAnotherThread) {
  const std::vector<Frame> frames = make_frames();
  std::thread other([&] { check_and_free(frames); });
  other.join();
  check_and_free(make_frames());
}

TEST(FramePool, ManyAtOnceGoBackToTheHeap) {
  std::vector<Frame> frames;
  for (std::size_t i = 0; i < 4 * kPooledBytesPerSize / 4'096; ++i) {
    frames.push_back({allocate_frame(4'096), 4'096});
  }
  for (const auto& [at, bytes] : frames) free_frame(at, bytes);
}

}  // namespace
}  // namespace lapwing::net::detail
