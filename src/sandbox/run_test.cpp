// Real sandboxes: need root (or user namespaces); skipped with a message elsewhere.
#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "sandbox/testing/fixture.hpp"

namespace lapwing::sandbox {
namespace {

using testing::Outcome;
using testing::World;

class RealSandbox : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!World::get().usable()) GTEST_SKIP() << World::get().why_not();
  }
  World& world() { return World::get(); }
};

TEST_F(RealSandbox, RunsAProgramAndTellsItsExit) {
  const Outcome outcome = world().run_program({"/bin/sh", "-c", "echo hello; id -u; exit 7"});
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.output, "hello\n993\n");
  EXPECT_FALSE(outcome.status.signalled);
  EXPECT_EQ(outcome.status.code, 7);
}

TEST_F(RealSandbox, Times) {
  printf("%s", world().launcher().report().to_text().c_str());
  std::map<std::string, std::vector<double>> all;
  std::vector<std::string> order;
  for (int i = 0; i < 30; ++i) {
    const Outcome outcome = world().run_program({"/bin/true"});
    ASSERT_TRUE(outcome.launched) << outcome.error;
    for (const StepTime& step : outcome.steps) {
      if (i == 0) order.push_back(step.step);
      all[step.step].push_back(static_cast<double>(step.took.count()) / 1e6);
    }
  }
  for (const auto& name : order) {
    auto& v = all[name];
    std::sort(v.begin(), v.end());
    printf("  %-16s median %8.3f  max %8.3f ms\n", name.c_str(), v[v.size() / 2], v.back());
  }
}

}  // namespace
}  // namespace lapwing::sandbox
