// A group that forks without end beside one that forks a little, with each hierarchy alone. Needs
// root.
#include "sandbox/cgroup/process_budget.hpp"

#include <atomic>
#include <new>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/process.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

constexpr std::uint64_t kBudget = kProcessesMaxMin;
constexpr auto kForAny = static_cast<std::uint64_t>(kBudget * kProcessesForAny);
constexpr int kFew = 32;
constexpr std::ptrdiff_t kStackBytes = 16 * 1024;

int wait_to_be_killed(void*) {
  for (;;) ::pause();
}

template <class Condition>
bool comes_true(Condition condition) {
  for (int turn = 0; turn < 4000; ++turn) {
    if (condition()) return true;
    ::poll(nullptr, 0, 5);
  }
  return false;
}

// What a process of a group tells the test.
struct Told {
  std::atomic<int> forked{0};
  std::atomic<int> refused{0};
};

class ProcessBudgets : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    auto layout = os::detect_cgroup_layout();
    ASSERT_TRUE(layout);
    layout_ = *std::move(layout);
    ::signal(SIGCHLD, SIG_IGN);  // nobody need collect them
  }
  void TearDown() override { ::signal(SIGCHLD, SIG_DFL); }

  // A process in the group that forks others, which wait, until there are `most`.
  static Told& fork_in(const CgroupEntry& entry, int most) {
    void* const page =
        ::mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    Told& told = *new (page) Told;
    auto* const stacks = static_cast<char*>(
        ::mmap(nullptr, static_cast<std::size_t>(most * kStackBytes), PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    const auto child = os::clone_process(0, entry.v2.get());
    if (child && child->pid == 0) {
      for (const os::UniqueFd& tasks : entry.tasks) (void)!::write(tasks.get(), "0", 1);
      while (told.forked < most) {
        // Of the same memory: to copy a sanitizer's for each takes a third of a second.
        char* const top = stacks + (told.forked % most + 1) * kStackBytes;
        const int pid = ::clone(wait_to_be_killed, top, CLONE_VM | SIGCHLD, nullptr);
        if (pid > 0) ++told.forked;
        if (pid < 0 && errno == EAGAIN) ++told.refused;
        if (pid < 0) ::poll(nullptr, 0, 1);
      }
      for (;;) ::poll(nullptr, 0, 1'000);
    }
    EXPECT_TRUE(child);
    return told;
  }

  // Further attempts have failed meanwhile, and nothing came of them.
  static void stays(Told& bomb) {
    const int forked = bomb.forked;
    const int refused = bomb.refused;
    EXPECT_TRUE(comes_true([&] { return bomb.refused > refused + 20; }));
    EXPECT_EQ(bomb.forked, forked);
  }

  static void a_bomb_leaves_room(const os::CgroupLayout& layout) {
    CgroupTree tree = CgroupTree::prepare(layout, "lapwing-budget-" + std::to_string(::getpid()));
    ASSERT_TRUE(tree.counts_processes());
    tree.set_processes_budget(kBudget);
    ProcessBudget budget(tree);
    const auto bombs = tree.create("bomb", {});
    const auto calm = tree.create("calm", {});
    ASSERT_TRUE(bombs && calm);
    const auto usual = tree.process_limit("calm");
    budget.look();
    EXPECT_FALSE(budget.crowded());

    Told& bomb = fork_in(*bombs, 10'000);
    EXPECT_TRUE(comes_true([&] { return bomb.refused > 0; }));
    EXPECT_EQ(tree.processes_over_all(), kForAny);
    budget.look();
    EXPECT_TRUE(budget.crowded());
    stays(bomb);
    EXPECT_EQ(tree.process_limit("calm"), kProcessesWhenCrowded + 1);

    Told& little = fork_in(*calm, kFew);
    EXPECT_TRUE(comes_true([&] { return little.forked == kFew; }));
    EXPECT_EQ(little.refused, 0);
    // One that starts now, and one that gets its function now.
    const auto late = tree.create("late", {});
    ASSERT_TRUE(late);
    budget.admit("late");
    EXPECT_EQ(tree.process_limit("late"), kProcessesWhenCrowded + 1);
    EXPECT_TRUE(tree.set_limits("late", {}));
    budget.look();
    EXPECT_EQ(tree.process_limit("late"), kProcessesWhenCrowded + 1);
    stays(bomb);

    EXPECT_TRUE(comes_true([&] {
      tree.kill("bomb");
      return tree.remove("bomb").has_value();
    }));
    // What was killed counts until it is reaped, no matter by whom.
    EXPECT_TRUE(comes_true([&] {
      budget.look();
      return !budget.crowded();
    }));
    for (const char* id : {"calm", "late"}) EXPECT_EQ(tree.process_limit(id), usual) << id;
    tree.remove_all();
  }

  os::CgroupLayout layout_;
};

TEST_F(ProcessBudgets, VersionOne) {
  if (!layout_.v1.contains("pids")) GTEST_SKIP() << "no version 1 pids here";
  layout_.v2.clear();
  layout_.v2_top.clear();
  a_bomb_leaves_room(layout_);
}

TEST_F(ProcessBudgets, VersionTwo) {
  const auto controllers = os::read_file(layout_.v2_top + "/cgroup.controllers");
  if (!controllers || controllers->find("pids") == std::string::npos) {
    GTEST_SKIP() << "no version 2 pids here";
  }
  layout_.v1.clear();
  a_bomb_leaves_room(layout_);
}

TEST_F(ProcessBudgets, TheMachineKeepsAShare) {
  const std::uint64_t budget = default_processes_budget(layout_);
  const auto most = os::read_file("/proc/sys/kernel/pid_max");
  ASSERT_TRUE(most);
  EXPECT_GE(budget, kProcessesMaxMin);
  EXPECT_LE(budget, std::stoull(*most) * 3 / 4);
}

}  // namespace
}  // namespace lapwing::sandbox
