#include "sandbox/view/machine_view.hpp"

#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "os/file.hpp"
#include "sandbox/testing/fixture.hpp"

namespace lapwing::sandbox {
namespace {

using testing::Outcome;
using testing::World;

TEST(ProcessorsOf, FollowsTheMemory) {
  EXPECT_EQ(processors_of(128 * kMiB, 64), 2u);
  EXPECT_EQ(processors_of(3'008 * kMiB, 64), 2u);
  EXPECT_EQ(processors_of(3'009 * kMiB, 64), 3u);
  EXPECT_EQ(processors_of(5'307 * kMiB, 64), 3u);
  EXPECT_EQ(processors_of(5'308 * kMiB, 64), 4u);
  EXPECT_EQ(processors_of(7'077 * kMiB, 64), 5u);
  EXPECT_EQ(processors_of(8'846 * kMiB, 64), 6u);
  EXPECT_EQ(processors_of(10'240 * kMiB, 64), 6u);
  EXPECT_EQ(processors_of(10'240 * kMiB, 1), 1u);  // no more than there are
}

class View : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!World::get().usable()) GTEST_SKIP() << World::get().why_not();
  }
  // What a shell says in a sandbox of that size, on a machine with that many processors.
  static std::string said(World& world, const std::string& script, std::uint64_t memory,
                          std::uint32_t machine, std::uint32_t shown) {
    MachineViews views(world.data_dir(), machine);
    auto view = views.of(memory);
    EXPECT_TRUE(view) << view.error().to_log();
    Plan plan = world.plan({"/bin/sh", "-c", script});
    if (view) plan.binds = *view;
    plan.limits.memory_bytes = memory;
    plan.limits.processors_shown = shown;
    const Outcome outcome = world.run(plan);
    EXPECT_TRUE(outcome.launched) << outcome.error;
    return outcome.output;
  }
};

TEST_F(View, MemoryIsTheFunctions) {
  const std::string script =
      "head -1 /proc/meminfo; cat /sys/fs/cgroup/memory.max "
      "/sys/fs/cgroup/memory/memory.limit_in_bytes; getconf _PHYS_PAGES; free -m | grep -c 320; "
      "echo x 2>/dev/null >/proc/meminfo || echo kept; cat /proc/zoneinfo /proc/swaps | wc -c";
  EXPECT_EQ(said(World::get(), script, 320 * kMiB, 2, 2),
            "MemTotal:         327680 kB\n335544320\n335544320\n81920\n1\nkept\n0\n");
}

TEST_F(View, ProcessorsAreTheFunctions) {
  const std::string script =
      "cat /sys/devices/system/cpu/online /sys/fs/cgroup/cpu.max; grep -c ^processor "
      "/proc/cpuinfo; "
      "grep -c '^cpu[0-9]' /proc/stat; getconf _NPROCESSORS_ONLN";
  // Of a machine that has one more than this one, so that files show what it has left out.
  const std::uint32_t machine = processors_of_machine() + 1;
  const std::uint32_t shown = processors_of(128 * kMiB, machine);
  if (shown >= machine) GTEST_SKIP() << "this machine has one processor";
  const std::string count = std::to_string(shown);
  EXPECT_EQ(said(World::get(), script, 128 * kMiB, machine, shown),
            "0-1\n" + count + "00000 100000\n" + count + "\n" + count + "\n" + count + "\n");
}

TEST_F(View, AffinityIsCutToWhatIsShown) {
  if (processors_of_machine() < 2) GTEST_SKIP() << "this machine has one processor";
  const std::string directory = World::get().data_dir() + "-hiding";
  ASSERT_TRUE(os::make_directories(directory));
  std::fflush(stdout);
  // A launcher of its own wants a process without threads.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    {
      const auto hiding = World::separate(directory, {}, true);
      EXPECT_TRUE(hiding->usable()) << hiding->why_not();
      EXPECT_EQ(said(*hiding, "nproc", 128 * kMiB, 2, 1), "1\n");
      EXPECT_EQ(said(*hiding, "nproc", 128 * kMiB, 2, 2), "2\n");
    }
    std::fflush(stdout);
    ::_exit(HasFailure() ? 1 : 0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  (void)os::remove_tree(directory);
}

TEST_F(View, FilesAreMadeOnceForASize) {
  MachineViews views(World::get().data_dir(), 2);
  const auto once = views.of(256 * kMiB);
  const auto again = MachineViews(World::get().data_dir(), 2).of(256 * kMiB);
  ASSERT_TRUE(once && again);
  EXPECT_EQ(*once, *again);
  const auto other = views.of(512 * kMiB);
  ASSERT_TRUE(other);
  EXPECT_NE(*once, *other);
}

}  // namespace
}  // namespace lapwing::sandbox
