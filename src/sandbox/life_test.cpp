// The life of real sandboxes: what goes in, what comes back, and that nothing is left.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <dirent.h>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "net/fd_watcher.hpp"
#include "net/task_group.hpp"
#include "os/cgroup_layout.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "sandbox/testing/fixture.hpp"

namespace lapwing::sandbox {
namespace {

using lapwing::testing::eventually;
using testing::Outcome;
using testing::World;

class Life : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!World::get().usable()) GTEST_SKIP() << World::get().why_not();
  }
  static Plan shell(const std::string& script) {
    return World::get().plan({"/bin/bash", "-c", script});
  }
  static Launcher& launcher() { return World::get().launcher(); }
};

TEST_F(Life, ExitStatusAndOutput) {
  const Outcome outcome = World::get().run(shell("echo hello; id -u; hostname; pwd; exit 7"));
  ASSERT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.output, "hello\n993\nsandbox.localdomain\n/tmp\n");
  EXPECT_FALSE(outcome.status.signalled);
  EXPECT_EQ(outcome.status.code, 7);
}

TEST_F(Life, DeathBySignalIsSaid) {
  const Outcome outcome = World::get().run(shell("kill -SEGV $$"));
  EXPECT_TRUE(outcome.status.signalled);
  EXPECT_EQ(outcome.status.code, SIGSEGV);
  EXPECT_FALSE(outcome.status.out_of_memory);
}

TEST_F(Life, EnvironmentIsExactlyThePlans) {
  Plan plan = World::get().plan({"/usr/bin/env"});
  plan.environment = {{"A", "1"}, {"B", "x=y z"}};
  EXPECT_EQ(World::get().run(plan).output, "A=1\nB=x=y z\n");
}

TEST_F(Life, BindsAreSeenAndCannotBeWritten) {
  const std::string code = World::get().data_dir() + "/code";
  ASSERT_TRUE(os::make_directories(code));
  ASSERT_TRUE(os::write_atomically(code + "/data", "from the host\n"));
  Plan plan = shell("cat /var/task/data; echo x > /var/task/data || echo refused");
  plan.binds.push_back({code, "/var/task"});
  const Outcome outcome = World::get().run(plan);
  EXPECT_NE(outcome.output.find("from the host\n"), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("refused\n"), std::string::npos) << outcome.output;
}

TEST_F(Life, StandardOutputCanBeOpenedAnew) {
  EXPECT_EQ(World::get().run(shell("echo a > /dev/stdout; echo b > /dev/stderr")).output, "a\nb\n");
}

TEST_F(Life, DescriptorsComeAtTheirNumbersAndNoOthers) {
  auto pair = os::make_pipe();
  ASSERT_TRUE(pair);
  ASSERT_TRUE(os::write_all(pair->second.get(), "through five\n"));
  pair->second.reset();
  std::vector<InheritedFd> fds;
  fds.push_back({5, std::move(pair->first)});
  const Outcome outcome = World::get().run(
      World::get().plan({"/bin/sh", "-c", "cat <&5; echo /proc/self/fd/*"}), std::move(fds));
  EXPECT_EQ(outcome.output,
            "through five\n/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 "
            "/proc/self/fd/3 /proc/self/fd/5\n");
}

TEST_F(Life, WhatCannotBeExecutedIsTheCallersToKnow) {
  const std::string before = World::get().data_dir();
  World::drive([](net::Loop& loop) -> net::Task<void> {
    const Plan plan = World::get().plan({"/var/task/bootstrap"});
    auto box = co_await launcher().launch(loop, plan, {});
    EXPECT_FALSE(box);
    if (box) co_return;
    EXPECT_EQ(box.error().kind(), ErrorKind::kNotFound);
    EXPECT_NE(box.error().detail().find("execve /var/task/bootstrap"), std::string::npos)
        << box.error().detail();
  });
}

// As AWS's start scripts: said in the output, with a shell's exit status.
TEST_F(Life, AWrapperThatCannotRunSaysSo) {
  struct Case {
    const char* wrapper;
    const char* output;
    int code;
  };
  const Case cases[] = {{"/nowhere/wrapper", "/nowhere/wrapper: does not exist\n", 127},
                        {"/usr", "/usr: does not exist\n", 127},
                        {"/etc/passwd", "/etc/passwd: is not an executable\n", 126}};
  for (const Case& c : cases) {
    Plan plan = World::get().plan({c.wrapper, "/bin/true"});
    plan.wrapped = true;
    const Outcome outcome = World::get().run(plan);
    EXPECT_TRUE(outcome.launched) << outcome.error;
    EXPECT_EQ(outcome.output, c.output);
    EXPECT_FALSE(outcome.status.signalled);
    EXPECT_EQ(outcome.status.code, c.code) << c.wrapper;
  }
  Plan good = World::get().plan({"/usr/bin/env", "/bin/echo", "wrapped"});
  good.wrapped = true;
  EXPECT_EQ(World::get().run(good).output, "wrapped\n");
}

// A sender with a connected socket is told of a port where nobody is; here somebody is.
TEST_F(Life, WhatIsSentToASinkIsDroppedWithoutAWord) {
  Plan plan = shell(
      "exec 3<>/dev/udp/169.254.100.1/2000; for n in 1 2 3 4 5 6 7 8 9; do "
      "printf %04096d $n >&3 || exit 1; done; echo sent");
  plan.listeners = {{"runtime-api", kRuntimeApiAddress, kRuntimeApiPort}};
  EXPECT_EQ(World::get().run(plan).status.code, 1);
  plan.sinks = {{kRuntimeApiAddress, kXrayDaemonPort}};
  const Outcome outcome = World::get().run(plan);
  EXPECT_TRUE(outcome.launched) << outcome.error;
  EXPECT_EQ(outcome.output, "sent\n");
}

TEST_F(Life, AMissingBindSourceIsNamed) {
  Plan plan = shell("true");
  plan.binds.push_back({"/nowhere/at/all", "/var/task"});
  const Outcome outcome = World::get().run(plan);
  EXPECT_FALSE(outcome.launched);
  EXPECT_NE(outcome.error.find("/nowhere/at/all"), std::string::npos) << outcome.error;
}

TEST_F(Life, ListenersAreServedFromOutside) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    Plan plan = shell(
        "exec 3<>/dev/tcp/169.254.100.1/9001; echo ping >&3; read answer <&3; "
        "[ \"$answer\" = pong ] && exit 5");
    plan.listeners = {{"runtime-api", kRuntimeApiAddress, kRuntimeApiPort},
                      {"endpoint", kRuntimeApiAddress, kEndpointPort}};
    auto box = co_await launcher().launch(loop, plan, {});
    EXPECT_TRUE(box);
    if (!box) co_return;
    auto listeners = (*box)->take_listeners();
    EXPECT_EQ(listeners.size(), 2u);
    EXPECT_EQ(listeners[0].name, "runtime-api");
    net::FdWatcher waiting(loop, std::move(listeners[0].fd));
    EXPECT_TRUE(co_await waiting.readable());
    net::FdWatcher peer(loop,
                        os::UniqueFd(::accept4(waiting.fd(), nullptr, nullptr, SOCK_CLOEXEC)));
    std::array<std::byte, 16> buffer;
    auto got = co_await peer.read_some(buffer);
    EXPECT_TRUE(got && as_text(std::span(buffer).first(*got)) == "ping\n");
    EXPECT_TRUE(co_await peer.write_some(as_bytes("pong\n")));
    EXPECT_EQ((co_await (*box)->exited()).code, 5);
    co_await (*box)->destroy();
  });
}

TEST_F(Life, SignalsReachTheProgram) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    auto output = os::make_pipe();
    std::vector<InheritedFd> fds;
    fds.push_back({1, std::move(output->second)});
    const Plan plan = shell("trap 'exit 9' TERM; echo ready; while :; do :; done");
    auto box = co_await launcher().launch(loop, plan, std::move(fds));
    EXPECT_TRUE(box);
    if (!box) co_return;
    net::FdWatcher reader(loop, std::move(output->first));
    std::array<std::byte, 16> buffer;
    EXPECT_TRUE(co_await reader.read_some(buffer));
    EXPECT_TRUE((*box)->signal(SIGTERM));
    EXPECT_EQ((co_await (*box)->exited()).code, 9);
    co_await (*box)->destroy();
  });
}

TEST_F(Life, FrozenMeansStillAndCanBeKilled) {
  if (!World::get().enforced("freezing idle environments")) GTEST_SKIP() << "no freezer here";
  World::drive([](net::Loop& loop) -> net::Task<void> {
    const Plan plan = shell("while :; do :; done");
    auto box = co_await launcher().launch(loop, plan, {});
    EXPECT_TRUE(box);
    if (!box) co_return;
    Sandbox& sandbox = **box;
    EXPECT_TRUE(eventually([&] { return sandbox.cpu_time() > std::chrono::milliseconds(5); }));
    EXPECT_TRUE(sandbox.freeze());
    // Still: no processor time for twenty looks in a row.
    Duration last{};
    int still = 0;
    EXPECT_TRUE(eventually([&] {
      const Duration now = sandbox.cpu_time();
      still = std::exchange(last, now) == now ? still + 1 : 0;
      return still == 20;
    }));
    const Duration frozen_at = last;
    EXPECT_TRUE(sandbox.thaw());
    EXPECT_TRUE(eventually([&] { return sandbox.cpu_time() > frozen_at; }));
    EXPECT_TRUE(sandbox.freeze());
    sandbox.kill();
    const ExitStatus status = co_await sandbox.exited();
    EXPECT_TRUE(status.signalled);
    EXPECT_EQ(status.code, SIGKILL);
    EXPECT_FALSE(status.out_of_memory);
    co_await sandbox.destroy();
  });
}

// What a program printed, until its end.
net::Task<std::string> read_to_end(net::Loop& loop, os::UniqueFd fd) {
  net::FdWatcher reader(loop, std::move(fd));
  std::string text;
  std::array<std::byte, 256> buffer;
  for (;;) {
    auto got = co_await reader.read_some(buffer);
    if (!got || *got == 0) co_return text;
    text += as_text(std::span(buffer).first(*got));
  }
}

ProgramPlan shell_program(const std::string& script) {
  return {{"/bin/bash", "-c", script}, {{"PATH", "/usr/bin:/bin"}}, "/tmp"};
}

// Starts, and says what it printed and how it ended.
net::Task<std::pair<std::string, ExitStatus>> run_in(net::Loop& loop, Sandbox& box,
                                                     const std::string& script) {
  auto output = os::make_pipe();
  std::vector<InheritedFd> fds;
  fds.push_back({1, std::move(output->second)});
  auto started = co_await box.start(shell_program(script), std::move(fds));
  EXPECT_TRUE(started) << started.error().to_log();
  if (!started) co_return {"", ExitStatus()};
  std::string text = co_await read_to_end(loop, std::move(output->first));
  co_return {text, co_await box.program_exited(*started)};
}

Plan waiting_plan() {
  Plan plan = World::get().plan({});
  plan.limits.memory_bytes = 128 * kMiB;
  return plan;
}

TEST_F(Life, AWaitingSandboxBecomesOneFunctions) {
  const std::string code = World::get().data_dir() + "/late-code";
  ASSERT_TRUE(os::make_directories(code));
  ASSERT_TRUE(os::write_atomically(code + "/data", "late\n"));
  World::drive([&](net::Loop& loop) -> net::Task<void> {
    auto box = co_await launcher().launch(loop, waiting_plan(), {});
    EXPECT_TRUE(box) << box.error().to_log();
    if (!box) co_return;
    Assignment mine;
    mine.binds = {{code, "/var/task"}};
    mine.limits.memory_bytes = 256 * kMiB;
    mine.limits.tmp_bytes = 64 * kMiB;
    const Status assigned = co_await (*box)->assign(mine);
    EXPECT_TRUE(assigned) << assigned.error().to_log();
    auto [text, status] = co_await run_in(
        loop, **box,
        "cat /var/task/data; echo x 2>/dev/null > /var/task/data || echo refused; id -u; "
        "df -m /tmp | tail -1 | awk '{ print ($2 < 100) }'; grep -c . /proc/self/mounts "
        ">/dev/null; "
        "grep CapEff /proc/self/status; grep Seccomp: /proc/self/status; exit 3");
    EXPECT_EQ(text, "late\nrefused\n993\n1\nCapEff:\t0000000000000000\nSeccomp:\t2\n");
    EXPECT_EQ(status.code, 3);
    // The sandbox goes on without it, and runs others.
    auto [again, second] = co_await run_in(loop, **box, "echo again");
    EXPECT_EQ(again, "again\n");
    EXPECT_EQ(second.code, 0);
    (*box)->kill();
    co_await (*box)->exited();
    co_await (*box)->destroy();
  });
}

TEST_F(Life, ProgramsOfOneSandboxEndOneByOne) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    auto box = co_await launcher().launch(loop, waiting_plan(), {});
    EXPECT_TRUE(box);
    if (!box) co_return;
    EXPECT_TRUE(co_await (*box)->assign({}));
    auto first = co_await (*box)->start(shell_program("sleep 1000"), {});
    auto second = co_await (*box)->start(shell_program("sleep 1000"), {});
    EXPECT_TRUE(first && second && *first != *second);
    if (!first || !second) co_return;
    EXPECT_TRUE((*box)->signal(SIGTERM, *first));
    const ExitStatus ended = co_await (*box)->program_exited(*first);
    EXPECT_TRUE(ended.signalled);
    EXPECT_EQ(ended.code, SIGTERM);
    auto missing = co_await (*box)->start({{"/nowhere"}, {}, "/tmp"}, {});
    EXPECT_FALSE(missing);
    EXPECT_EQ(missing.error().kind(), ErrorKind::kNotFound);
    (*box)->kill();
    const ExitStatus killed = co_await (*box)->program_exited(*second);
    EXPECT_TRUE(killed.signalled);
    EXPECT_EQ(killed.code, SIGKILL);
    EXPECT_FALSE(killed.out_of_memory);
    auto late = co_await (*box)->start(shell_program("true"), {});
    EXPECT_FALSE(late);
    co_await (*box)->destroy();
  });
}

// With what a hostile program leaves behind: children in sessions of their own, without a parent,
// that ignore what can be ignored.
TEST_F(Life, AClearedSandboxKeepsNothingButItsTmp) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    auto box = co_await launcher().launch(loop, waiting_plan(), {});
    EXPECT_TRUE(box);
    if (!box) co_return;
    EXPECT_TRUE(co_await (*box)->assign({}));
    auto left = co_await (*box)->start(
        shell_program("trap '' TERM HUP INT; umask 077; echo kept > /tmp/file; "
                      "for n in 1 2 3 4; do (trap '' TERM; while :; do sleep 1000; done) & done; "
                      "kill -STOP $$; sleep 1000"),
        {});
    EXPECT_TRUE(left);
    auto [seen, waited] = co_await run_in(
        loop, **box, "until [ $(ps -A | grep -c sleep) -ge 4 ]; do :; done; echo seen");
    EXPECT_EQ(seen, "seen\n");
    const Status cleared = co_await (*box)->clear();
    EXPECT_TRUE(cleared) << cleared.error().to_log();
    if (left) EXPECT_FALSE((*box)->running(*left));
    auto [text, status] = co_await run_in(
        loop, **box, "ps -A -o comm= | sort | uniq -c | grep -cE 'sleep'; cat /tmp/file; id -u");
    EXPECT_EQ(text, "0\nkept\n993\n");
    // Killed by us, not for want of memory; and again, with nothing to end.
    EXPECT_EQ((*box)->oom_kills(), 0u);
    EXPECT_TRUE(co_await (*box)->clear());
    co_await (*box)->destroy();
    EXPECT_FALSE(co_await (*box)->clear());
  });
}

TEST_F(Life, OneThatEndsWithItsProgramIsNotCleared) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    auto box = co_await launcher().launch(loop, shell("sleep 1000"), {});
    EXPECT_TRUE(box);
    if (!box) co_return;
    const Status cleared = co_await (*box)->clear();
    EXPECT_FALSE(cleared);
    EXPECT_EQ(cleared.error().kind(), ErrorKind::kUnsupported);
    (*box)->kill();
    co_await (*box)->destroy();
  });
}

TEST_F(Life, SocketsOfTheInsideReachWhatListensThere) {
  World::drive([](net::Loop& loop) -> net::Task<void> {
    Plan plan = waiting_plan();
    plan.listeners = {{"here", "127.0.0.1", 8080}};
    auto box = co_await launcher().launch(loop, plan, {});
    EXPECT_TRUE(box);
    if (!box) co_return;
    auto listeners = (*box)->take_listeners();
    auto made = co_await (*box)->socket(AF_INET, SOCK_STREAM);
    EXPECT_TRUE(made && listeners.size() == 1);
    if (!made || listeners.empty()) co_return;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(8080);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int done = ::connect(made->get(), reinterpret_cast<const sockaddr*>(&address),
                               sizeof address);  // the socket API's own cast
    EXPECT_TRUE(done == 0 || errno == EINPROGRESS);
    net::FdWatcher waiting(loop, std::move(listeners[0].fd));
    EXPECT_TRUE(co_await waiting.readable());
    EXPECT_GE(os::UniqueFd(::accept4(waiting.fd(), nullptr, nullptr, SOCK_CLOEXEC)).get(), 0);
    EXPECT_FALSE(co_await (*box)->socket(AF_MAX, SOCK_STREAM));
    co_await (*box)->destroy();
  });
}

// Prints where the time of a launch goes (the table in README.md is from here); the bound
// is for machines under load, not the aim.
TEST_F(Life, LaunchTimes) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<double>> times;
  for (int i = 0; i < 41; ++i) {
    const Outcome outcome = World::get().run(World::get().plan({"/bin/true"}));
    ASSERT_TRUE(outcome.launched) << outcome.error;
    for (const StepTime& step : outcome.steps) {
      if (i == 0) order.push_back(step.step);
      times[step.step].push_back(static_cast<double>(step.took.count()) / 1e6);
    }
  }
  for (const std::string& step : order) {
    std::vector<double>& values = times[step];
    std::sort(values.begin(), values.end());
    fmt::print("  {:<24} median {:8.3f} ms, best {:8.3f} ms\n", step, values[values.size() / 2],
               values.front());
  }
  EXPECT_LT(times["total"][20], 250.0);
}

net::Task<void> one_of_many(net::Loop& loop, Launcher& launcher, int number, int& right) {
  Plan plan = World::get().plan({"/bin/sh", "-c", "exit " + std::to_string(number)});
  auto box = co_await launcher.launch(loop, plan, {});
  EXPECT_TRUE(box) << box.error().to_log();
  if (!box) co_return;
  if ((co_await (*box)->exited()).code == number) ++right;
  co_await (*box)->destroy();
}

TEST_F(Life, ManyAtOnce) {
  int right = 0;
  World::drive([&right](net::Loop& loop) -> net::Task<void> {
    net::TaskGroup group(loop);
    for (int i = 0; i < 24; ++i) group.spawn(one_of_many(loop, launcher(), i, right));
    co_await group.join();
  });
  EXPECT_EQ(right, 24);
}

// What the machine holds of ours.
struct Holdings {
  std::size_t mounts = 0;
  std::size_t loops = 0;
  std::size_t cgroups = 0;
  std::size_t descriptors = 0;
  std::size_t children = 0;
  friend bool operator==(const Holdings&, const Holdings&) = default;
  bool within(const Holdings& other) const {
    return mounts <= other.mounts && loops <= other.loops && cgroups <= other.cgroups &&
           descriptors <= other.descriptors && children <= other.children;
  }
  friend void PrintTo(const Holdings& h, std::ostream* out) {
    *out << h.mounts << " mounts, " << h.loops << " loop devices, " << h.cgroups << " cgroups, "
         << h.descriptors << " descriptors, " << h.children << " child processes";
  }
};

std::string children_of(pid_t pid) {
  return os::read_file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) +
                       "/children")
      .value_or("");
}

std::size_t count(const std::string& text, char what) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), what));
}

std::size_t loops_in_use() {
  std::size_t used = 0;
  const auto devices = os::list_directory("/sys/block");
  for (const std::string& name : *devices) {
    used += os::exists("/sys/block/" + name + "/loop/backing_file") ? 1 : 0;
  }
  return used;
}

std::size_t groups_below(const std::string& directory, const std::string& prefix) {
  std::size_t found = 0;
  const auto names = os::list_directory(directory);
  if (!names) return 0;
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix)) continue;
    const auto inner = os::list_directory(directory + "/" + name);
    for (const std::string& child : inner.value_or(std::vector<std::string>())) {
      found += os::is_directory(directory + "/" + name + "/" + child) ? 1 : 0;
    }
  }
  return found;
}

Holdings look(pid_t helper) {
  Holdings now;
  const std::string proc = "/proc/" + std::to_string(helper);
  now.mounts = count(os::read_file("/proc/self/mountinfo").value_or(""), '\n') +
               count(os::read_file(proc + "/mountinfo").value_or(""), '\n');
  now.loops = loops_in_use();
  const auto layout = os::detect_cgroup_layout();
  for (const auto& [controller, directory] : layout->v1) {
    now.cgroups += groups_below(directory, "lapwing-");
  }
  if (!layout->v2_top.empty()) now.cgroups += groups_below(layout->v2_top, "lapwing-");
  now.descriptors =
      os::list_directory("/proc/self/fd")->size() + os::list_directory(proc + "/fd")->size();
  now.children = count(children_of(::getpid()), ' ') + count(children_of(helper), ' ');
  return now;
}

TEST_F(Life, TwoHundredLeaveNothing) {
  const pid_t helper = std::stoi(children_of(::getpid()));
  const auto run_some = [](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      int right = 0;
      World::drive([&right](net::Loop& loop) -> net::Task<void> {
        net::TaskGroup group(loop);
        for (int k = 0; k < 10; ++k) group.spawn(one_of_many(loop, launcher(), k, right));
        co_await group.join();
      });
      ASSERT_EQ(right, 10);
    }
  };
  run_some(2);  // until the pool of /tmp images is full
  Holdings before;
  Holdings after;
  // Refilling and removing go on in the background: wait until nothing moves any more.
  int still = 0;
  ASSERT_TRUE(eventually([&] {
    still = std::exchange(before, look(helper)) == before ? still + 1 : 0;
    return still == 40;
  }));
  run_some(20);
  EXPECT_TRUE(eventually([&] { return (after = look(helper)).within(before); }))
      << "before " << ::testing::PrintToString(before) << ", after "
      << ::testing::PrintToString(after);
}

}  // namespace
}  // namespace lapwing::sandbox
