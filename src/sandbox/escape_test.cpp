// Runs the escape probe in real sandboxes: every wall must hold, every bomb must be
// contained, and a wall taken away on purpose must be noticed.
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "sandbox/testing/fixture.hpp"
#include "sandbox/testing/prober.hpp"

namespace lapwing::sandbox {
namespace {

using testing::Outcome;
using testing::Prober;
using testing::Way;
using testing::World;

constexpr std::size_t kAttempts = 106;  // lines of the probe; fewer means some did not run

class Escape : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!World::get().usable()) GTEST_SKIP() << World::get().why_not();
    prober_ = std::make_unique<Prober>(World::get());
  }
  Plan probe(std::vector<std::string> arguments = {}) const {
    return prober_->plan(std::move(arguments));
  }

  std::unique_ptr<Prober> prober_;
};

class EscapeByWay : public Escape, public ::testing::WithParamInterface<Way> {};

TEST_P(EscapeByWay, EveryWallHolds) {
  const Outcome outcome = prober_->run(GetParam(), Weakness::kNone);
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_TRUE(Prober::escaped(outcome.output).empty()) << outcome.output;
  std::size_t held = 0;
  std::istringstream lines(outcome.output);
  for (std::string line; std::getline(lines, line);) held += line.starts_with("held ") ? 1 : 0;
  EXPECT_GE(held, kAttempts) << outcome.output;
  EXPECT_FALSE(outcome.status.signalled);
}

struct Hole {
  Weakness weakness;
  const char* attempt;
  std::set<Way> ways;           // others cannot have the hole
  const char* needs = nullptr;  // what this machine must enforce for the wall to be there
};

// The probe itself is tested: with a wall gone it must say so.
TEST_P(EscapeByWay, MissingWallsAreSeen) {
  const std::set<Way> all = {Way::kLaunched, Way::kStarted, Way::kForked, Way::kForkedAndExecuted};
  const std::set<Way> executed = {Way::kLaunched, Way::kStarted};
  // A template may enter only what belongs to the sandbox's own user namespace.
  const Hole holes[] = {
      {Weakness::kKeepCapabilities, "hold capabilities", all},
      {Weakness::kNoSeccomp, "call unfiltered", all},
      {Weakness::kNoSeccomp, "open forgotten families", all},
      {Weakness::kNoSeccomp, "take asynchronous I/O", all},
      {Weakness::kNoSeccomp, "take huge pages", all},
      {Weakness::kNoSeccomp, "compact memory", all},
      {Weakness::kNoMasks, "read kernel files", all},
      {Weakness::kNoLimits, "dump core", all},
      {Weakness::kOpenDescriptors,
       "inherit descriptors",
       {Way::kLaunched, Way::kStarted, Way::kForked}},
      {Weakness::kHostPidNamespace, "see other processes", executed},
      {Weakness::kHostPidNamespace, "signal a host process", executed},
      {Weakness::kHostPidNamespace, "open a host process", executed},
      {Weakness::kHostIpc, "reach shared memory", executed},
      {Weakness::kHostIpc, "reach message queues", executed},
      {Weakness::kHostCgroupNamespace, "see the cgroup's place", executed, "memory limit"},
      {Weakness::kHostNetwork, "reach the host's loopback", executed},
      {Weakness::kHostNetwork, "reach an abstract socket", executed}};
  std::map<Weakness, std::set<std::string>> seen;
  for (const Hole& hole : holes) {
    if (!hole.ways.contains(GetParam())) continue;
    if (hole.needs != nullptr && !World::get().enforced(hole.needs)) continue;
    if (!seen.contains(hole.weakness)) {
      const Outcome outcome = prober_->run(GetParam(), hole.weakness);
      ASSERT_TRUE(outcome.launched) << hole.attempt << ": " << outcome.error;
      seen[hole.weakness] = Prober::escaped(outcome.output);
    }
    EXPECT_TRUE(seen[hole.weakness].contains(hole.attempt)) << hole.attempt;
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, EscapeByWay,
                         ::testing::Values(Way::kLaunched, Way::kStarted, Way::kForked,
                                           Way::kForkedAndExecuted),
                         [](const auto& way) { return std::string(to_string(way.param)); });

// A child that is on its way into the sandbox is not yet behind every wall: other programs of
// the sandbox must not get hold of it.
TEST_F(Escape, ChildrenOnTheirWayInAreOutOfReach) {
  const std::string seen = prober_->watch_forks(40);
  EXPECT_NE(seen.find("watching"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("CAUGHT"), std::string::npos) << seen;
}

TEST_F(Escape, MemoryBombIsKilledAndSaidToBe) {
  if (!World::get().enforced("memory limit")) GTEST_SKIP() << "no memory limit here";
  Plan plan = probe({"memory"});
  plan.limits.memory_bytes = 64 * kMiB;
  const Outcome outcome = World::get().run(plan);
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_TRUE(outcome.status.signalled);
  EXPECT_EQ(outcome.status.code, SIGKILL);
  EXPECT_TRUE(outcome.status.out_of_memory);
  EXPECT_GE(outcome.oom_kills, 1u);
  EXPECT_LE(outcome.memory.peak_bytes, 64 * kMiB);
  EXPECT_GE(outcome.memory.peak_bytes, 32 * kMiB);
}

// How many the probe could make of what the plan limits to 1,024.
void expect_counted(Plan plan) {
  plan.limits.memory_bytes = 512 * kMiB;
  const Outcome outcome = World::get().run(plan);
  ASSERT_TRUE(outcome.launched) << outcome.error;
  const int had = std::stoi("0" + outcome.output);
  EXPECT_LE(had, 1024) << outcome.output;
  EXPECT_GE(had, 900) << outcome.output;
}

TEST_F(Escape, ProcessesAreCounted) { expect_counted(probe({"processes"})); }

TEST_F(Escape, ThreadsAreCounted) { expect_counted(probe({"threads"})); }

TEST_F(Escape, FilesInTmpAreCounted) {
  if (!World::get().enforced("/tmp beside memory")) GTEST_SKIP() << "/tmp is a tmpfs here";
  Plan plan = probe({"files"});
  plan.limits.tmp_bytes = 16 * kMiB;
  const Outcome outcome = World::get().run(plan);
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.status.code, 0) << outcome.output;
  EXPECT_LE(std::stoi("0" + outcome.output), 32'768) << outcome.output;
}

TEST_F(Escape, ForkBombDiesWithItsSandbox) {
  if (!World::get().enforced("process limit")) GTEST_SKIP() << "no process limit here";
  Plan plan = probe({"forks"});
  plan.argv = {"/bin/sh", "-c", "echo started; exec /var/task/probe forks"};
  const Outcome outcome = World::get().run_until(plan, "started");
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_TRUE(outcome.status.signalled);
}

TEST_F(Escape, DescriptorsAreCounted) {
  const Outcome outcome = World::get().run(probe({"descriptors"}));
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.status.code, 0);
  EXPECT_EQ(std::stoi("0" + outcome.output), 1024 - 3) << outcome.output;
}

TEST_F(Escape, TmpHasItsSize) {
  Plan plan = probe({"tmp"});
  plan.limits.tmp_bytes = 48 * kMiB;
  plan.limits.memory_bytes = 256 * kMiB;
  const Outcome outcome = World::get().run(plan);
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.status.code, 0) << outcome.output;
  EXPECT_LE(std::stoi("0" + outcome.output), 48);
  EXPECT_GE(std::stoi("0" + outcome.output), 40);
}

TEST_F(Escape, TmpMayBeLargerThanMemory) {
  Plan plan = probe({"tmp"});
  plan.limits.tmp_bytes = 128 * kMiB;
  plan.limits.memory_bytes = 64 * kMiB;
  if (!World::get().enforced("/tmp beside memory"))
    GTEST_SKIP() << "/tmp is a tmpfs on this machine";
  const Outcome outcome = World::get().run(plan);
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.status.code, 0) << outcome.output;
  EXPECT_GE(std::stoi("0" + outcome.output), 110);
}

TEST_F(Escape, NothingInsideOutlivesAKill) {
  const Outcome outcome = World::get().run_until(probe({"spin"}), "spinning");
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_TRUE(outcome.status.signalled);
  EXPECT_EQ(outcome.status.code, SIGKILL);
  EXPECT_FALSE(outcome.status.out_of_memory);
}

}  // namespace
}  // namespace lapwing::sandbox
