#include "os/disk_space.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <gtest/gtest.h>

#include "os/file.hpp"

namespace lapwing::os {
namespace {

class DiskSpaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/lapwing-disk-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { (void)remove_tree(directory_); }

  std::uint64_t free_bytes() const {
    struct statvfs found{};
    EXPECT_EQ(::statvfs(directory_.c_str(), &found), 0);
    return std::uint64_t{found.f_bavail} * found.f_frsize;
  }

  std::string directory_;
};

TEST_F(DiskSpaceTest, TheReserveIsAShareOfTheFileSystem) {
  const DiskSpace::State state = DiskSpace(directory_).look();
  EXPECT_GE(state.reserve, kDiskReserveMin);
  EXPECT_LE(state.reserve, kDiskReserveMax);
  EXPECT_GT(state.total, 0u);
  EXPECT_EQ(DiskSpace(directory_, 12345).look().reserve, 12345u);
}

TEST_F(DiskSpaceTest, WhatWouldTakeFromTheReserveIsRefused) {
  ASSERT_GT(free_bytes(), 64u << 20);
  const DiskSpace roomy(directory_, 1);
  EXPECT_TRUE(roomy.check(1 << 20));
  const Status beyond = roomy.check(UINT64_MAX / 4);
  ASSERT_FALSE(beyond);
  EXPECT_TRUE(is_disk_full(beyond.error()));
  EXPECT_EQ(beyond.error().kind(), ErrorKind::kUnavailable);
  EXPECT_NE(beyond.error().message().find("disk.reserve_mb"), std::string::npos);

  const DiskSpace tight(directory_, UINT64_MAX / 4);
  EXPECT_EQ(tight.spare_bytes(), 0u);
  EXPECT_FALSE(tight.check(0));
}

TEST_F(DiskSpaceTest, WhatIsPromisedIsNotSpare) {
  DiskSpace space(directory_, 1);
  space.set_promised(UINT64_MAX / 4);
  EXPECT_EQ(space.spare_bytes(), 0u);
  space.set_promised(0);
  EXPECT_GT(space.spare_bytes(), 0u);
}

TEST_F(DiskSpaceTest, AFileSystemThatCannotBeAskedHasRoom) {
  EXPECT_TRUE(DiskSpace(directory_ + "/missing", 1).check(1 << 20));
}

TEST_F(DiskSpaceTest, AReserveFileHoldsSpaceAndGivesItBack) {
  const std::string path = directory_ + "/reserve";
  ReserveFile file(path, 1 << 20);
  EXPECT_FALSE(file.release());
  ASSERT_TRUE(file.hold());
  ASSERT_TRUE(file.hold());
  struct stat found{};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_GE(found.st_blocks * 512, 1 << 20);
  EXPECT_TRUE(file.release());
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_blocks, 0);
  EXPECT_FALSE(file.release());
  EXPECT_TRUE(file.hold());
  ReserveFile greedy(directory_ + "/greedy", 1ull << 50);
  EXPECT_FALSE(greedy.hold());
  ASSERT_EQ(::stat((directory_ + "/greedy").c_str(), &found), 0);
  EXPECT_EQ(found.st_blocks, 0);
}

}  // namespace
}  // namespace lapwing::os
