#include "sandbox/cgroup/resident_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/bytes.hpp"

namespace lapwing::sandbox {
namespace {

TEST(ResidentMemory, TellsOwnFromMapped) {
  constexpr std::size_t kBytes = 32 * kMiB;
  const auto before = resident_memory(::getpid());
  ASSERT_TRUE(before);
  EXPECT_GT(before->mapped_bytes, 100 * kKiB);  // our own executable
  const auto map = [](int kind) {
    return ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS | MAP_POPULATE, -1,
                  0);
  };
  void* const own = map(MAP_PRIVATE);
  ASSERT_NE(own, MAP_FAILED);
  const auto after = resident_memory(::getpid());
  ASSERT_TRUE(after);
  EXPECT_GE(after->own_bytes, before->own_bytes + kBytes / 2);
  void* const shared = map(MAP_SHARED);
  ASSERT_NE(shared, MAP_FAILED);
  const auto both = resident_memory(::getpid());
  ASSERT_TRUE(both);
  EXPECT_GE(both->mapped_bytes, after->mapped_bytes + kBytes / 2);
  ::munmap(own, kBytes);
  ::munmap(shared, kBytes);
}

TEST(ResidentMemory, OfNobodyThereIsNone) { EXPECT_FALSE(resident_memory(1 << 30)); }

}  // namespace
}  // namespace lapwing::sandbox
