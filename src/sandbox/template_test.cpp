// Templates: children forked into waiting sandboxes. The shell is an interpreter like any
// other: it forks for the commands in brackets, which then run inside.
#include "sandbox/template.hpp"

#include <array>
#include <chrono>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "escape_probe.hpp"
#include "net/fd_watcher.hpp"
#include "net/task_group.hpp"
#include "os/file.hpp"
#include "os/socket.hpp"
#include "sandbox/testing/fixture.hpp"

namespace lapwing::sandbox {
namespace {

using testing::World;

class TemplateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!World::get().usable()) GTEST_SKIP() << World::get().why_not();
    auto root =
        RootStore(World::get().data_dir()).compose({{kForkServerDirectory, "/var/runtime"}});
    ASSERT_TRUE(root);
    root_ = *std::move(root);
  }
  static Launcher& launcher() { return World::get().launcher(); }

  TemplatePlan shell(const std::string& inside) const {
    TemplatePlan plan;
    plan.name = "shell";
    plan.root = root_;
    plan.program = {{"/bin/bash", "-c", "loaded=once; (" + inside + ") ; exit 1"},
                    {{"PATH", "/usr/bin:/bin"},
                     {"LD_PRELOAD", "/var/runtime/fork_server.so"},
                     {"_LAPWING_FORK_NOW", "1"}},
                    "/"};
    return plan;
  }
  Plan waiting() const {
    Plan plan = World::get().plan({});
    plan.root = root_;
    return plan;
  }

  struct Ran {
    std::string output;
    ExitStatus status;
  };
  // One child in a sandbox of its own, to its end.
  net::Task<Ran> run(net::Loop& loop, Template& from) {
    Ran ran;
    auto box = co_await launcher().launch(loop, waiting(), {});
    EXPECT_TRUE(box) << box.error().to_log();
    if (!box) co_return ran;
    EXPECT_TRUE(co_await (*box)->assign({}));
    auto output = os::make_pipe();
    std::vector<InheritedFd> fds;
    fds.push_back({2, os::UniqueFd(::dup(output->second.get()))});
    fds.push_back({1, std::move(output->second)});
    auto forked = co_await (*box)->fork_from(from, std::move(fds));
    EXPECT_TRUE(forked) << forked.error().to_log();
    if (forked) {
      net::FdWatcher reader(loop, std::move(output->first));
      std::array<std::byte, 4096> buffer;
      for (;;) {
        auto got = co_await reader.read_some(buffer);
        if (!got || *got == 0) break;
        ran.output += as_text(std::span(buffer).first(*got));
      }
      ran.status = co_await (*box)->program_exited(*forked);
    }
    co_await (*box)->destroy();
    co_return ran;
  }

  RootPlan root_;
};

TEST_F(TemplateTest, AChildIsTheSandboxsProgram) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    auto from = co_await launcher().start_template(
        loop, shell("echo $loaded; id -u; id -g; id -G; /bin/pwd -P; hostname; "
                    "grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; "
                    "ls /proc/$BASHPID/fd; ulimit -n; echo x 2>/dev/null >/x || echo read-only; "
                    "echo x >/tmp/x && cat /tmp/x; exit 5"));
    EXPECT_TRUE(from) << from.error().to_log();
    if (!from) co_return;
    const Ran ran = co_await run(loop, **from);
    EXPECT_EQ(ran.output,
              "once\n993\n993\n993\n/var/task\nsandbox.localdomain\n"
              "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
              "NoNewPrivs:\t1\nSeccomp:\t2\n0\n1\n2\n1024\nread-only\nx\n");
    EXPECT_EQ(ran.status.code, 5) << ran.status.detail;
    EXPECT_TRUE((*from)->alive());
  });
}

// Pages that a child shares with its template are counted for neither group of the sandbox.
TEST_F(TemplateTest, WhatAChildSharesIsMemoryItUses) {
  if (!World::get().enforced("memory limit")) GTEST_SKIP() << "no memory is counted here";
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    TemplatePlan plan = shell("read forever");
    // Without a fork, which is what makes it a template.
    plan.program.argv[2] = "printf -v big %40000000s x; " + plan.program.argv[2];
    auto from = co_await launcher().start_template(loop, plan);
    EXPECT_TRUE(from) << from.error().to_log();
    if (!from) co_return;
    auto box = co_await launcher().launch(loop, waiting(), {});
    EXPECT_TRUE(box) << box.error().to_log();
    if (!box) co_return;
    EXPECT_TRUE(co_await (*box)->assign({}));
    auto input = os::make_pipe();
    std::vector<InheritedFd> fds;
    fds.push_back({0, std::move(input->first)});
    auto child = co_await (*box)->fork_from(**from, std::move(fds));
    EXPECT_TRUE(child) << child.error().to_log();
    const std::uint64_t alive = (*box)->memory().peak_bytes;
    EXPECT_GE(alive, 40'000'000u);
    EXPECT_LT(alive, 120'000'000u);
    // Also when nobody is left to be looked at.
    input->second.reset();
    if (child) co_await (*box)->program_exited(*child);
    EXPECT_GE((*box)->memory().peak_bytes, 40'000'000u);
    co_await (*box)->destroy();
  });
}

TEST_F(TemplateTest, ItSeesNothingOfTheHost) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    auto from = co_await launcher().start_template(
        loop,
        shell("ls -d /proc/[0-9]* >/tmp/ls; wc -l </tmp/ls; kill -0 -1 2>/dev/null || echo alone; "
              "cat /proc/net/dev | wc -l; (echo forks) | cat; cut -d/ -f2- /proc/self/cgroup "
              "| sort -u | head -1"));
    EXPECT_TRUE(from) << from.error().to_log();
    if (!from) co_return;
    const Ran ran = co_await run(loop, **from);
    // Itself; the first process is another user's and hidden.
    EXPECT_EQ(ran.output, "1\nalone\n3\nforks\n\n");
  });
}

// An interpreter closes after fork() what it had open before: its numbers are there, they are not
// what its children are given, and what is behind them is nobody else's.
TEST_F(TemplateTest, WhatTheInterpreterHadOpenIsThereAndEmpty) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    TemplatePlan plan = shell(
        "readlink /proc/$BASHPID/fd/$own; cat <&$own; exec {own}<&-; "
        "ls /proc/$BASHPID/fd; echo said >&2");
    plan.program.argv[2] = "exec {own}</etc/passwd; " + plan.program.argv[2];
    auto from = co_await launcher().start_template(loop, plan);
    EXPECT_TRUE(from) << from.error().to_log();
    if (!from) co_return;
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ((co_await run(loop, **from)).output, "/dev/null\n0\n1\n2\nsaid\n");
    }
  });
}

TEST_F(TemplateTest, ManyChildrenEndOneByOne) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    auto from = co_await launcher().start_template(loop, shell("read line; exit $((line + 1))"));
    EXPECT_TRUE(from);
    if (!from) co_return;
    for (int i = 0; i < 20; ++i) {
      const Ran ran = co_await run(loop, **from);
      EXPECT_EQ(ran.status.code, 1);  // stdin is empty
    }
  });
}

// The template's own descriptors, one a living child, do not count against a child's limit.
TEST_F(TemplateTest, MoreChildrenThanAChildMayHaveFiles) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    auto from = co_await launcher().start_template(loop, shell("kill -STOP $BASHPID"));
    EXPECT_TRUE(from);
    if (!from) co_return;
    Plan plan = waiting();
    plan.limits.open_files = 32;
    std::vector<std::unique_ptr<Sandbox>> boxes;
    for (int i = 0; i < 40; ++i) {
      auto box = co_await launcher().launch(loop, plan, {});
      EXPECT_TRUE(box);
      if (!box) break;
      EXPECT_TRUE(co_await (*box)->assign({{}, plan.limits}));
      auto forked = co_await (*box)->fork_from(**from, {});
      EXPECT_TRUE(forked) << i << ": " << forked.error().to_log();
      boxes.push_back(*std::move(box));
      if (!forked) break;
      EXPECT_TRUE(boxes.back()->running(*forked));
    }
    for (auto& box : boxes) co_await box->destroy();
  });
}

TEST_F(TemplateTest, KillingTheSandboxKillsTheChild) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    auto from = co_await launcher().start_template(loop, shell("while :; do :; done"));
    EXPECT_TRUE(from);
    if (!from) co_return;
    auto box = co_await launcher().launch(loop, waiting(), {});
    EXPECT_TRUE(box);
    if (!box) co_return;
    EXPECT_TRUE(co_await (*box)->assign({}));
    auto forked = co_await (*box)->fork_from(**from, {});
    EXPECT_TRUE(forked) << forked.error().to_log();
    if (!forked) co_return;
    (*box)->kill();
    const ExitStatus status = co_await (*box)->program_exited(*forked);
    EXPECT_TRUE(status.signalled);
    EXPECT_EQ(status.code, SIGKILL);
    co_await (*box)->destroy();
  });
}

TEST_F(TemplateTest, SignalsReachTheChild) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    auto from = co_await launcher().start_template(
        loop, shell("trap 'exit 9' TERM; echo ready; while :; do :; done"));
    EXPECT_TRUE(from);
    if (!from) co_return;
    auto box = co_await launcher().launch(loop, waiting(), {});
    EXPECT_TRUE(box);
    if (!box) co_return;
    EXPECT_TRUE(co_await (*box)->assign({}));
    auto output = os::make_pipe();
    std::vector<InheritedFd> fds;
    fds.push_back({1, std::move(output->second)});
    auto forked = co_await (*box)->fork_from(**from, std::move(fds));
    EXPECT_TRUE(forked);
    if (!forked) co_return;
    net::FdWatcher reader(loop, std::move(output->first));
    std::array<std::byte, 16> buffer;
    EXPECT_TRUE(co_await reader.read_some(buffer));
    EXPECT_TRUE((*box)->signal(SIGTERM, *forked));
    EXPECT_EQ((co_await (*box)->program_exited(*forked)).code, 9);
    co_await (*box)->destroy();
  });
}

TEST_F(TemplateTest, OneThatCannotStartSaysSo) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    TemplatePlan plan = shell("true");
    plan.program.argv = {"/nowhere/python"};
    auto from = co_await launcher().start_template(loop, plan);
    EXPECT_FALSE(from);
    // Nor one that ends without having forked.
    plan.program.argv = {"/bin/bash", "-c", "exit 0"};
    auto ended = co_await launcher().start_template(loop, plan);
    EXPECT_FALSE(ended);
  });
}

}  // namespace
}  // namespace lapwing::sandbox
