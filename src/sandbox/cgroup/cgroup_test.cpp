// Each hierarchy alone: a machine with version 1 only, and version 2 only. Needs root.
#include "sandbox/cgroup/cgroup.hpp"

#include <atomic>
#include <new>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/process.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

class Cgroups : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    auto layout = os::detect_cgroup_layout();
    ASSERT_TRUE(layout);
    layout_ = *std::move(layout);
  }
  static std::string tag() { return "lapwing-test-" + std::to_string(::getpid()); }

  // A process in the group that never ends by itself, and counts as long as it may run.
  static os::CloneResult start_in(const CgroupEntry& entry) {
    static void* const page = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    count_ = new (page) std::atomic<int>(0);
    auto child = os::clone_process(0, entry.v2.get());
    if (child->pid == 0) {
      bool joined = true;
      for (const os::UniqueFd& tasks : entry.tasks) joined &= ::write(tasks.get(), "0", 1) == 1;
      if (!joined) ::_exit(1);
      // Memory to be seen.
      ::mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
             -1, 0);
      for (;; ++*count_) ::poll(nullptr, 0, 1);
    }
    return *std::move(child);
  }

  static bool killed(const os::CloneResult& child) {
    pollfd wait{child.pidfd.get(), POLLIN, 0};
    if (::poll(&wait, 1, 10'000) != 1) return false;
    int status = 0;
    ::waitpid(child.pid, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

  static bool counts() {
    const int before = *count_;
    ::poll(nullptr, 0, 100);
    return *count_ != before;
  }

  static std::string cgroups_of(pid_t pid) {
    return os::read_file("/proc/" + std::to_string(pid) + "/cgroup").value_or("");
  }

  static void sockets_are_limited(const os::CgroupLayout& layout, const CgroupTree& tree) {
    const std::string file =
        layout.v1.at("memory") + "/" + tag() + "/one/memory.kmem.tcp.limit_in_bytes";
    const auto limit = [&] { return std::stoull(os::read_file(file).value_or("0")); };
    EXPECT_EQ(limit(), kSocketMemoryMin);
    Limits large;
    large.memory_bytes = 1024 * kMiB;
    EXPECT_TRUE(tree.set_limits("one", large));
    EXPECT_EQ(limit(), 256 * kMiB);
  }

  // Joins, freezes, kills while frozen, removes; then leftovers of a dead instance.
  static void live_and_die(const os::CgroupLayout& layout) {
    const CgroupTree tree = CgroupTree::prepare(layout, tag());
    const auto entry = tree.create("one", {});
    ASSERT_TRUE(entry) << entry.error().to_log();
    const os::CloneResult child = start_in(*entry);
    ASSERT_TRUE(wait_for([&] {
      return cgroups_of(child.pid).find(tag() + "/one") != std::string::npos;
    })) << cgroups_of(child.pid);
    EXPECT_TRUE(tree.can_freeze());
    if (layout.v1.contains("memory")) sockets_are_limited(layout, tree);
    const CgroupTree::Files files = tree.open_files("one");
    EXPECT_TRUE(wait_for([] { return counts(); }));
    if (layout.v1.contains("memory")) EXPECT_GE(tree.raw_memory_peak("one"), 1u << 20);
    EXPECT_EQ(tree.raw_memory_peak(files), tree.raw_memory_peak("one"));
    if (layout.v1.contains("memory")) {
      EXPECT_EQ(tree.members("one"), std::vector<int>{child.pid});
      EXPECT_GE(tree.memory("one").anonymous_bytes, 1u << 20);
    }
    EXPECT_EQ(tree.members("nobody"), std::vector<int>());
    EXPECT_TRUE(tree.set_frozen(files, true));
    EXPECT_TRUE(wait_for([] { return !counts(); }));
    EXPECT_TRUE(tree.set_frozen(files, false));
    EXPECT_TRUE(wait_for([] { return counts(); }));
    EXPECT_TRUE(tree.set_frozen("one", true));
    EXPECT_TRUE(wait_for([] { return !counts(); }));
    EXPECT_EQ(tree.remove("one").error().kind(), ErrorKind::kUnavailable);
    tree.kill("one");
    EXPECT_TRUE(killed(child));
    EXPECT_TRUE(wait_for([&] { return tree.remove("one").has_value(); }));
    EXPECT_TRUE(tree.remove("one"));
    EXPECT_FALSE(tree.set_frozen(files, true));
    EXPECT_EQ(tree.raw_memory_peak(files), 0u);

    const auto left = tree.create("left", {});
    ASSERT_TRUE(left);
    const os::CloneResult orphan = start_in(*left);
    ASSERT_TRUE(wait_for(
        [&] { return cgroups_of(orphan.pid).find(tag() + "/left") != std::string::npos; }));
    EXPECT_TRUE(tree.set_frozen("left", true));
    // A real leftover is no child of ours: nobody need collect it. A zombie would keep the
    // group.
    ::signal(SIGCHLD, SIG_IGN);
    const CgroupTree next = CgroupTree::prepare(layout, tag());
    ::signal(SIGCHLD, SIG_DFL);
    pollfd end{orphan.pidfd.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&end, 1, 0), 1);
    EXPECT_TRUE(next.create("left", {}));
    next.remove_all();
  }

  template <class Condition>
  static bool wait_for(Condition condition) {
    for (int turn = 0; turn < 2000; ++turn) {
      if (condition()) return true;
      ::poll(nullptr, 0, 5);
    }
    return false;
  }

  os::CgroupLayout layout_;
  static inline std::atomic<int>* count_ = nullptr;
};

TEST_F(Cgroups, VersionOneAlone) {
  if (!layout_.v1.contains("freezer")) GTEST_SKIP() << "no version 1 freezer here";
  layout_.v2.clear();
  layout_.v2_top.clear();
  live_and_die(layout_);
}

TEST_F(Cgroups, VersionTwoAlone) {
  if (layout_.v2.empty()) GTEST_SKIP() << "no version 2 hierarchy here";
  layout_.v1.clear();
  live_and_die(layout_);
}

TEST_F(Cgroups, NotMoreMembersThanTheLimitAreLookedAt) {
  const CgroupTree tree = CgroupTree::prepare(layout_, tag());
  const auto entry = tree.create("many", {});
  ASSERT_TRUE(entry);
  std::vector<os::CloneResult> children;
  for (std::size_t n = 0; n < kMemoryProcessesMax + 8; ++n) children.push_back(start_in(*entry));
  if (!wait_for([&] { return !tree.members("many").empty(); })) GTEST_SKIP() << "none is counted";
  EXPECT_TRUE(wait_for([&] { return tree.members("many").size() == kMemoryProcessesMax; }));
  EXPECT_LE(tree.members("many").size(), kMemoryProcessesMax);
  tree.kill("many");
  for (const os::CloneResult& child : children) EXPECT_TRUE(killed(child));
  tree.remove_all();
}

TEST_F(Cgroups, WithoutAnyTheReportSaysSo) {
  IsolationReport report;
  const CgroupTree none = CgroupTree::prepare({}, tag());
  none.report(report);
  EXPECT_FALSE(report.complete());
  EXPECT_NE(report.to_text().find("NO   memory limit"), std::string::npos) << report.to_text();
  EXPECT_TRUE(none.create("one", {}));
  EXPECT_EQ(none.memory("one").current_bytes, 0u);
  EXPECT_FALSE(none.set_frozen("one", true));
  EXPECT_TRUE(none.remove("one"));
}

}  // namespace
}  // namespace lapwing::sandbox
