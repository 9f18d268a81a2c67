#include "sandbox/tmp/tmp_pace.hpp"

#include <chrono>
#include <fcntl.h>
#include <memory>
#include <stdlib.h>
#include <string>
#include <unistd.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "os/cgroup_layout.hpp"
#include "os/file.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/tmp/tmp_pool.hpp"

namespace lapwing::sandbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TmpDebt, IsPaidBackByItsRate) {
  const MonoTime begin{seconds(1'000)};
  TmpDebt debt;
  EXPECT_EQ(debt.wait(0, 100, begin), Duration(0));
  debt.take(150, 100, begin);
  EXPECT_EQ(debt.wait(150, 100, begin), Duration(0));
  EXPECT_EQ(debt.wait(100, 100, begin), Duration(milliseconds(500)));
  EXPECT_EQ(debt.wait(100, 100, begin + milliseconds(400)), Duration(milliseconds(100)));
  EXPECT_EQ(debt.wait(0, 100, begin), Duration(kTmpPauseMax));
  EXPECT_EQ(debt.wait(0, 0, begin), Duration(0));  // no rate: no limit
  // Nothing is saved up.
  debt.take(150, 100, begin + seconds(60));
  EXPECT_EQ(debt.wait(100, 100, begin + seconds(60)), Duration(milliseconds(500)));
}

// Real images and real groups; the time is the test's own, and so is who writes.
class TmpPaceTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kRate = 4 * kMiB;

  void SetUp() override {
    char name[] = "/tmp/lapwing-pace-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
    pool_ = std::make_unique<TmpPool>(TmpPool::Options{directory_, 1, true, nullptr});
    auto layout = os::detect_cgroup_layout();
    ASSERT_TRUE(layout);
    layout_ = *std::move(layout);
    tree_ = CgroupTree::prepare(layout_, tag());
    if (!pool_->images_work()) GTEST_SKIP() << "no loop devices here: " << pool_->why_not();
    if (!tree_.can_freeze()) GTEST_SKIP() << "no cgroup freezer here";
  }
  void TearDown() override {
    pool_.reset();
    tree_.remove_all();
    (void)os::remove_tree(directory_);
  }
  static std::string tag() { return fmt::format("lapwing-pace-test-{}", ::getpid()); }

  struct Box {
    std::string id;
    TmpMount tmp;
    std::shared_ptr<TmpPace::Member> member;
    CgroupTree::Files files;
  };
  std::unique_ptr<Box> box(TmpPace& pace, std::string id) {
    auto made = std::make_unique<Box>();
    made->id = std::move(id);
    EXPECT_TRUE(tree_.create(made->id, {}));
    auto tmp = pool_->make(64 * kMiB);
    EXPECT_TRUE(tmp);
    if (tmp) made->tmp = *std::move(tmp);
    made->member = pace.add(made->id, made->tmp.mount.get());
    made->files = tree_.open_files(made->id);
    return made;
  }
  bool frozen(const Box& of) const {
    const std::string file =
        layout_.v2_top.empty()
            ? fmt::format("{}/{}/{}/freezer.state", layout_.v1.at("freezer"), tag(), of.id)
            : fmt::format("{}/{}/{}/cgroup.freeze", layout_.v2_top, tag(), of.id);
    const std::string said = os::read_file(file).value_or("");
    return said != "THAWED\n" && said != "0\n";
  }
  static void write(const Box& into, const char* name, std::uint64_t mib, int flags = 0) {
    const os::UniqueFd file(
        ::openat(into.tmp.mount.get(), name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600));
    ASSERT_TRUE(file);
    const std::string block(kMiB, 'x');
    for (; mib > 0; --mib) ASSERT_TRUE(os::write_all(file.get(), block));
  }
  // The next look of the thread.
  void look(TmpPace& pace, Duration after = kTmpPaceLook) { pace.look(now_ += after); }

  std::string directory_;
  os::CgroupLayout layout_;
  CgroupTree tree_;
  std::unique_ptr<TmpPool> pool_;
  MonoTime now_{seconds(1'000)};
};

TEST_F(TmpPaceTest, WhoeverIsBeyondItsBurstIsPausedUntilThatIsPaidBack) {
  TmpPace pace(tree_, {.each = kRate, .all = 0, .burst = 8 * kMiB});
  const auto one = box(pace, "one");
  const auto other = box(pace, "other");
  look(pace);
  write(*one, "burst", 8);
  write(*other, "burst", 2);
  look(pace);
  EXPECT_FALSE(frozen(*one));
  write(*one, "more", 3);
  look(pace);
  EXPECT_TRUE(frozen(*one));
  EXPECT_FALSE(frozen(*other));
  look(pace, milliseconds(600));
  EXPECT_TRUE(frozen(*one));
  look(pace, milliseconds(400));
  EXPECT_FALSE(frozen(*one));
}

TEST_F(TmpPaceTest, APauseHasAnEnd) {
  TmpPace pace(tree_, {.each = kRate, .all = 0, .burst = kMiB});
  const auto one = box(pace, "one");
  look(pace);
  write(*one, "much", 40);
  look(pace);
  EXPECT_TRUE(frozen(*one));
  EXPECT_LE(pace.look(now_), Duration(kTmpPauseMax));
  look(pace, kTmpPauseMax);
  EXPECT_FALSE(frozen(*one));  // for a moment, though it owes much more
  look(pace, kTmpPaceLookMin);
  EXPECT_TRUE(frozen(*one));
}

TEST_F(TmpPaceTest, AllTogetherHaveARateAndThoseThatTakeLittleGoOn) {
  TmpPace pace(tree_, {.each = 0, .all = kRate, .burst = 8 * kMiB});
  const auto one = box(pace, "one");
  const auto two = box(pace, "two");
  const auto little = box(pace, "little");
  look(pace);
  write(*one, "data", 7);
  look(pace);
  EXPECT_FALSE(frozen(*one));
  write(*two, "data", 7);
  const os::UniqueFd file(
      ::openat(little->tmp.mount.get(), "data", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(os::write_all(file.get(), std::string(100'000, 'x')));
  look(pace);
  EXPECT_TRUE(frozen(*one));
  EXPECT_TRUE(frozen(*two));
  EXPECT_FALSE(frozen(*little));
}

TEST_F(TmpPaceTest, SeveralAtATimeShareASmallerBurst) {
  TmpPace pace(tree_, {.each = 0, .all = kRate, .burst = 32 * kMiB});
  const auto one = box(pace, "one");
  const auto two = box(pace, "two");
  look(pace);
  write(*one, "data", 10);
  write(*two, "data", 2);
  look(pace);
  EXPECT_FALSE(frozen(*one));
  write(*two, "more", 8);
  look(pace);
  EXPECT_TRUE(frozen(*one));
  EXPECT_TRUE(frozen(*two));
}

TEST_F(TmpPaceTest, OverwritingAndReadingTheDiskCountToo) {
  TmpPace pace(tree_, {.each = kRate, .all = 0, .burst = 8 * kMiB});
  const auto one = box(pace, "one");
  write(*one, "data", 8, O_DSYNC);
  look(pace);  // what was before does not count
  write(*one, "data", 6, O_DSYNC);
  look(pace);
  EXPECT_FALSE(frozen(*one));
  const os::UniqueFd file(::openat(one->tmp.mount.get(), "data", O_RDONLY | O_DIRECT | O_CLOEXEC));
  ASSERT_TRUE(file);
  void* block = nullptr;
  ASSERT_EQ(::posix_memalign(&block, 4096, kMiB), 0);
  const std::unique_ptr<void, decltype(&::free)> owned(block, &::free);
  for (int turn = 0; turn < 6; ++turn) {
    ASSERT_EQ(::pread(file.get(), block, kMiB, turn * static_cast<off_t>(kMiB)),
              static_cast<ssize_t>(kMiB));
  }
  look(pace);
  EXPECT_TRUE(frozen(*one));
}

// Each byte once: when it is written to the image's file system, not again when that writes it out.
TEST_F(TmpPaceTest, WhatIsWrittenOutLaterCountsOnce) {
  TmpPace pace(tree_, {.each = kRate, .all = 0, .burst = 8 * kMiB});
  const auto one = box(pace, "one");
  look(pace);
  write(*one, "data", 7);
  look(pace);
  const os::UniqueFd root(::openat(one->tmp.mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::syncfs(root.get()), 0);
  look(pace);
  EXPECT_FALSE(frozen(*one));
}

TEST_F(TmpPaceTest, WhatIsDeletedOnceItIsWrittenOutCountsOnce) {
  TmpPace pace(tree_, {.each = kRate, .all = 0, .burst = 32 * kMiB});
  const auto one = box(pace, "one");
  look(pace);
  write(*one, "data", 25);
  look(pace);
  const os::UniqueFd root(::openat(one->tmp.mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::syncfs(root.get()), 0);
  ASSERT_EQ(::unlinkat(one->tmp.mount.get(), "data", 0), 0);
  look(pace);
  EXPECT_FALSE(frozen(*one));
}

TEST_F(TmpPaceTest, RestsAndPausesDoNotEndOneAnother) {
  TmpPace pace(tree_, {.each = kRate, .all = 0, .burst = kMiB});
  const auto one = box(pace, "one");
  look(pace);
  write(*one, "data", 3);
  look(pace);
  ASSERT_TRUE(frozen(*one));
  ASSERT_TRUE(one->member->rest(true, one->files));
  ASSERT_TRUE(one->member->rest(false, one->files));
  EXPECT_TRUE(frozen(*one));  // the pause is not over
  ASSERT_TRUE(one->member->rest(true, one->files));
  look(pace, kTmpPauseMax);
  EXPECT_TRUE(frozen(*one));  // the pause is over, the rest is not
  ASSERT_TRUE(one->member->rest(false, one->files));
  EXPECT_FALSE(frozen(*one));
}

TEST_F(TmpPaceTest, WhoeverLeavesRunsAndOwesWhenItComesBack) {
  TmpPace pace(tree_, {.each = kRate, .all = 0, .burst = kMiB});
  const auto one = box(pace, "one");
  look(pace);
  write(*one, "data", 30);
  look(pace);
  ASSERT_TRUE(frozen(*one));
  one->member->leave();
  EXPECT_FALSE(frozen(*one));
  look(pace);
  EXPECT_FALSE(frozen(*one));
  one->member->come_back();
  look(pace);
  EXPECT_TRUE(frozen(*one));
}

TEST_F(TmpPaceTest, NothingIsLookedAtWhileAllRest) {
  TmpPace pace(tree_, {.each = kRate, .all = kRate, .burst = 8 * kMiB});
  EXPECT_EQ(pace.look(now_), Duration(0));
  const auto one = box(pace, "one");
  EXPECT_GT(pace.look(now_), Duration(0));
  ASSERT_TRUE(one->member->rest(true, one->files));
  EXPECT_EQ(pace.look(now_), Duration(0));
  ASSERT_TRUE(one->member->rest(false, one->files));
  EXPECT_GT(pace.look(now_), Duration(0));
}

// By the thread, as in the server; a sandbox that rests when it begins wakes it.
TEST_F(TmpPaceTest, TheThreadIsWokenByWhoeverGoesToWork) {
  TmpPace pace(tree_, {.each = kRate, .all = 0, .burst = kMiB});
  const auto one = box(pace, "one");
  ASSERT_TRUE(one->member->rest(true, one->files));
  pace.begin(null_logger());
  for (int turn = 0; turn < 3; ++turn) {
    ASSERT_TRUE(one->member->rest(false, one->files));
    const std::string name = fmt::format("data-{}", turn);
    const auto until = std::chrono::steady_clock::now() + seconds(30);
    while (!frozen(*one)) {
      ASSERT_LT(std::chrono::steady_clock::now(), until);
      write(*one, name.c_str(), 1, O_DSYNC);
    }
    ASSERT_TRUE(one->member->rest(true, one->files));
  }
}

TEST_F(TmpPaceTest, WithoutRatesNothingIsKept) {
  TmpPace pace(tree_, {.each = 0, .all = 0});
  EXPECT_FALSE(pace.works());
  EXPECT_EQ(pace.add("one", 0), nullptr);
}

}  // namespace
}  // namespace lapwing::sandbox
