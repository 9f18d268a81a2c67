// Real sandboxes: need root (or user namespaces); skipped with a message elsewhere.
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "os/file.hpp"
#include "os/socket.hpp"
#include "sandbox/launcher.hpp"
#include "sandbox/rootfs.hpp"
#include "sandbox/testing/fixture.hpp"

namespace lapwing::sandbox {
namespace {

using testing::Outcome;
using testing::World;

TEST(RealSandbox, RunsAProgramAndTellsItsExit) {
  World& world = World::get();
  if (!world.usable()) GTEST_SKIP() << world.why_not();
  const Outcome outcome = world.run({"/bin/sh", "-c", "echo hello; id -u; exit 7"});
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.output, "hello\n993\n");
  EXPECT_FALSE(outcome.status.signalled);
  EXPECT_EQ(outcome.status.code, 7);
  for (const StepTime& step : outcome.steps) {
    printf("  %-16s %8.3f ms\n", step.step.c_str(), static_cast<double>(step.took.count()) / 1e6);
  }
}

}  // namespace
}  // namespace lapwing::sandbox
