// The server is killed without warning: no sandbox survives it, and what a helper killed
// with it leaves behind the next start removes.
#include <cstdio>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/cgroup_layout.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "sandbox/testing/fixture.hpp"

namespace lapwing::sandbox {
namespace {

using testing::World;

constexpr int kEndWaitMs = 30'000;

// A second "server" in a process of its own, with one busy sandbox; never returns.
[[noreturn]] void serve_until_killed(const std::string& data_dir, int tell, bool frozen) {
  const auto world = World::separate(data_dir);
  World::drive([&](net::Loop& loop) -> net::Task<void> {
    if (!world->usable()) co_return;
    const Plan plan = world->plan({"/bin/sh", "-c", "while :; do :; done"});
    auto box = co_await world->launcher().launch(loop, plan, {});
    if (!box) co_return;
    if (frozen) (void)(*box)->freeze();
    const pid_t pids[] = {(*box)->pid()};
    (void)!::write(tell, pids, sizeof pids);
    co_await (*box)->exited();
  });
  ::_exit(1);
}

struct Victim {
  pid_t server = 0;
  pid_t helper = 0;
  os::UniqueFd helper_end;
  os::UniqueFd sandbox_end;
};

pid_t parent_of(pid_t pid) {
  const auto stat = os::read_file("/proc/" + std::to_string(pid) + "/stat");
  int parent = 0;
  if (stat) (void)std::sscanf(stat->c_str() + stat->rfind(')') + 1, " %*c %d", &parent);
  return parent;
}

Victim start_victim(const std::string& data_dir, bool frozen) {
  Victim victim;
  auto pipe = os::make_pipe();
  victim.server = ::fork();
  if (victim.server == 0) serve_until_killed(data_dir, pipe->second.get(), frozen);
  pipe->second.reset();
  pid_t sandbox = 0;
  EXPECT_EQ(::read(pipe->first.get(), &sandbox, sizeof sandbox), ssize_t{sizeof sandbox});
  if (sandbox == 0) return victim;
  victim.helper = parent_of(sandbox);
  victim.sandbox_end = *os::open_pidfd(sandbox);
  victim.helper_end = *os::open_pidfd(victim.helper);
  return victim;
}

bool ends(const os::UniqueFd& pidfd) {
  pollfd wait{pidfd.get(), POLLIN, 0};
  return ::poll(&wait, 1, kEndWaitMs) == 1;
}

// Directories named lapwing-* with processes or sandboxes in them, other than this test's.
std::size_t lapwing_groups() {
  std::size_t found = 0;
  const auto layout = os::detect_cgroup_layout();
  std::vector<std::string> places;
  for (const auto& [controller, directory] : layout->v1) places.push_back(directory);
  if (!layout->v2_top.empty()) places.push_back(layout->v2_top);
  for (const std::string& place : places) {
    const auto names = os::list_directory(place);
    for (const std::string& name : names.value_or(std::vector<std::string>())) {
      found += name.starts_with("lapwing-") ? 1 : 0;
    }
  }
  return found;
}

class Crash : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!World::get().usable()) GTEST_SKIP() << World::get().why_not();
    data_dir_ = World::get().data_dir() + "/other";
    groups_ = lapwing_groups();
    has_groups_ = World::get().enforced("freezing idle environments");
  }
  std::string data_dir_;
  std::size_t groups_ = 0;
  bool has_groups_ = false;
};

TEST_F(Crash, NothingSurvivesTheServer) {
  for (const bool frozen : {false, true}) {
    Victim victim = start_victim(data_dir_, frozen);
    ASSERT_NE(victim.helper, 0);
    EXPECT_EQ(lapwing_groups() > groups_, has_groups_);
    ::kill(victim.server, SIGKILL);
    ::waitpid(victim.server, nullptr, 0);
    EXPECT_TRUE(ends(victim.sandbox_end));
    EXPECT_TRUE(ends(victim.helper_end));
    EXPECT_EQ(lapwing_groups(), groups_);
  }
}

TEST_F(Crash, TheNextStartRemovesWhatAKilledHelperLeft) {
  Victim victim = start_victim(data_dir_, true);
  ASSERT_NE(victim.helper, 0);
  ::kill(victim.helper, SIGSTOP);  // so that it cannot clean up
  ::kill(victim.server, SIGKILL);
  ::waitpid(victim.server, nullptr, 0);
  ::kill(victim.helper, SIGKILL);
  EXPECT_TRUE(ends(victim.helper_end));
  EXPECT_EQ(lapwing_groups() > groups_, has_groups_);
  Victim next = start_victim(data_dir_, false);
  ASSERT_NE(next.helper, 0);
  EXPECT_TRUE(ends(victim.sandbox_end));
  ::kill(next.server, SIGKILL);
  ::waitpid(next.server, nullptr, 0);
  EXPECT_TRUE(ends(next.helper_end));
  EXPECT_EQ(lapwing_groups(), groups_);
}

TEST_F(Crash, TwoServersDoNotShareADataDirectory) {
  Victim first = start_victim(data_dir_, false);
  ASSERT_NE(first.helper, 0);
  const pid_t second = ::fork();
  if (second == 0) {
    LauncherOptions options;
    options.data_dir = data_dir_;
    options.lock_wait = std::chrono::milliseconds(0);
    const auto launcher = Launcher::start(options);
    ::_exit(!launcher && launcher.error().kind() == ErrorKind::kConflict ? 0 : 1);
  }
  int status = -1;
  ::waitpid(second, &status, 0);
  EXPECT_EQ(status, 0);
  pollfd alive{first.sandbox_end.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&alive, 1, 0), 0);
  ::kill(first.server, SIGKILL);
  ::waitpid(first.server, nullptr, 0);
  EXPECT_TRUE(ends(first.helper_end));
}

}  // namespace
}  // namespace lapwing::sandbox
