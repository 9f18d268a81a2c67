#include "sandbox/tmp/tmp_watch.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sstream>
#include <stdlib.h>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <thread>
#include <unistd.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "base/testing/eventually.hpp"
#include "os/file.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/tmp/tmp_pool.hpp"

namespace lapwing::sandbox {
namespace {

using lapwing::testing::eventually;

class TmpWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/lapwing-watch-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
    // A file system that cannot be asked has room; one that can has less than this reserve.
    space_ = std::make_shared<os::DiskSpace>(full(), UINT64_MAX / 4);
    pool_ = std::make_unique<TmpPool>(TmpPool::Options{directory_, 1, true, space_});
    if (!pool_->images_work()) GTEST_SKIP() << "no loop devices here: " << pool_->why_not();
  }
  void TearDown() override {
    pool_.reset();
    (void)os::remove_tree(directory_);
  }
  std::string full() const { return directory_ + "/full"; }
  void set_full(bool full_now) {
    ASSERT_EQ(full_now ? ::mkdir(full().c_str(), 0700) : ::rmdir(full().c_str()), 0);
    pool_->watch().look();
  }
  // 0, or why a mebibyte of the file could not be written.
  static int write_to(const TmpMount& tmp, const char* name) {
    const os::UniqueFd file(::openat(tmp.mount.get(), name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!file) return errno;
    const std::string block(1 << 20, 'x');
    return os::write_all(file.get(), block) ? 0 : errno;
  }

  // What the file system has told its device not to need any more.
  static std::uint64_t discarded_bytes(int root) {
    struct stat found{};
    EXPECT_EQ(::fstat(root, &found), 0);
    const auto text = os::read_file(
        fmt::format("/sys/dev/block/{}:{}/stat", major(found.st_dev), minor(found.st_dev)));
    EXPECT_TRUE(text);
    std::istringstream numbers(text.value_or(""));
    constexpr int kDiscardedSectors = 14;
    std::uint64_t number = 0;
    for (int i = 0; i < kDiscardedSectors; ++i) numbers >> number;
    return number * 512;
  }

  std::string directory_;
  std::shared_ptr<os::DiskSpace> space_;
  std::unique_ptr<TmpPool> pool_;
};

TEST_F(TmpWatchTest, AFullDiskClosesImagesAndRoomOpensThem) {
  auto tmp = pool_->make(kTmpBytesMin);
  ASSERT_TRUE(tmp) << tmp.error().to_log();
  EXPECT_EQ(write_to(*tmp, "before"), 0);
  set_full(true);
  EXPECT_TRUE(pool_->watch().closed());
  EXPECT_EQ(write_to(*tmp, "new"), ENOSPC);
  EXPECT_EQ(write_to(*tmp, "before"), 0);  // its blocks are its own
  auto later = pool_->make(kTmpBytesMin);
  ASSERT_TRUE(later);
  EXPECT_EQ(write_to(*later, "new"), ENOSPC);
  set_full(false);
  EXPECT_FALSE(pool_->watch().closed());
  EXPECT_EQ(write_to(*tmp, "new"), 0);
  EXPECT_EQ(write_to(*later, "new"), 0);
}

TEST_F(TmpWatchTest, WhatIsNotOnTheDiskYetIsPromised) {
  auto tmp = pool_->make(kTmpBytesMin);
  ASSERT_TRUE(tmp);
  ASSERT_EQ(write_to(*tmp, "data"), 0);
  pool_->watch().look();
  EXPECT_GT(space_->look().promised, 0u);
  EXPECT_LT(space_->look().promised, kTmpBytesMin);
  TmpPool::discard(*std::move(tmp));
  pool_->watch().look();
  EXPECT_EQ(space_->look().promised, 0u);
}

// By the thread, as in the server.
TEST_F(TmpWatchTest, WhatWasDeletedGoesBackToAFullDisk) {
  auto tmp = pool_->make(kTmpBytesMin);
  ASSERT_TRUE(tmp);
  for (const char* name : {"a", "b", "c", "d"}) ASSERT_EQ(write_to(*tmp, name), 0);
  const os::UniqueFd root(::openat(tmp->mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::syncfs(root.get()), 0);
  for (const char* name : {"a", "b", "c", "d"}) ::unlinkat(tmp->mount.get(), name, 0);
  const std::uint64_t before = discarded_bytes(root.get());
  ASSERT_EQ(::mkdir(full().c_str(), 0700), 0);
  pool_->begin_watch(null_logger());
  EXPECT_TRUE(lapwing::testing::eventually(
      [&] { return discarded_bytes(root.get()) >= before + (4u << 20); }));
}

TEST_F(TmpWatchTest, TheLessIsLeftTheSoonerItLooksAgain) {
  EXPECT_EQ(pool_->watch().look(), Duration(kTmpLookMax));
  set_full(true);
  EXPECT_EQ(pool_->watch().look(), Duration(kTmpClosedLook));
}

}  // namespace
}  // namespace lapwing::sandbox
