// Checkpoints: what one sandbox wrote goes on in others. The shell is an interpreter like any
// other: the commands in brackets run in a child, which here is the restored process.
#include <array>
#include <cstring>
#include <unistd.h>

#include <gtest/gtest.h>

#include "escape_probe.hpp"
#include "net/fd_watcher.hpp"
#include "net/task_group.hpp"
#include "os/file.hpp"
#include "os/socket.hpp"
#include "sandbox/checkpoint/image.hpp"
#include "sandbox/testing/fixture.hpp"

namespace lapwing::sandbox {
namespace {

using testing::World;

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!World::get().usable()) GTEST_SKIP() << World::get().why_not();
    auto root =
        RootStore(World::get().data_dir()).compose({{kCheckpointDirectory, "/var/runtime"}});
    ASSERT_TRUE(root);
    root_ = *std::move(root);
  }
  static Launcher& launcher() { return World::get().launcher(); }

  net::Task<std::unique_ptr<Sandbox>> waiting(net::Loop& loop) {
    Plan plan = World::get().plan({});
    plan.root = root_;
    auto box = co_await launcher().launch(loop, plan, {});
    EXPECT_TRUE(box) << box.error().to_log();
    if (!box) co_return nullptr;
    EXPECT_TRUE(co_await (*box)->assign({}));
    co_return *std::move(box);
  }

  struct Taken {
    os::UniqueFd image;
    CheckpointReport report;
    ExitStatus status;
  };
  // `before` runs in the process that is written down, `after` in those restored from it.
  net::Task<Taken> take(net::Loop& loop, std::string before, std::string after) {
    Taken taken;
    const auto box = co_await waiting(loop);
    auto control = os::make_socketpair(os::SocketKind::kSeqPacket, false);
    auto image = os::make_memory_file("image", "");
    EXPECT_TRUE(control && image);
    if (!box || !control || !image) co_return taken;
    std::vector<InheritedFd> fds;
    fds.push_back({kCheckpointControlFd, std::move(control->second)});
    fds.push_back({kCheckpointImageFd, os::UniqueFd(::dup(image->get()))});
    const ProgramPlan shell = {{"/bin/bash", "-c", before + "; (" + after + ") ; exit 1"},
                               {{"PATH", "/usr/bin:/bin"},
                                {"LD_PRELOAD", "/var/runtime/checkpoint.so"},
                                {kCheckpointVariable, "1"},
                                {kCheckpointNowVariable, "1"}},
                               "/"};
    const auto program = co_await box->start(shell, std::move(fds));
    EXPECT_TRUE(program) << program.error().to_log();
    if (program) taken.status = co_await box->program_exited(*program);
    const auto message = os::receive_message(control->first.get(), sizeof taken.report);
    if (message && message->bytes.size() == sizeof taken.report) {
      std::memcpy(&taken.report, message->bytes.data(), sizeof taken.report);
    }
    taken.image = *std::move(image);
    co_await box->destroy();
    co_return taken;
  }

  struct Ran {
    std::string output;
    ExitStatus status;
  };
  // To its end, in a sandbox of its own.
  net::Task<Ran> restore(net::Loop& loop, const os::UniqueFd& image) {
    Ran ran;
    const auto box = co_await waiting(loop);
    auto output = os::make_pipe();
    auto reading = os::open_at(os::kCwd, fmt::format("/proc/self/fd/{}", image.get()), 0);
    EXPECT_TRUE(output && reading);
    if (!box || !output || !reading) co_return ran;
    std::vector<InheritedFd> fds;
    fds.push_back({2, os::UniqueFd(::dup(output->second.get()))});
    fds.push_back({1, std::move(output->second)});
    fds.push_back({kRestoreImageFd, *std::move(reading)});
    const ProgramPlan plan = {{"/var/runtime/restore"}, {}, "/"};
    const auto program = co_await box->start(plan, std::move(fds));
    EXPECT_TRUE(program) << program.error().to_log();
    if (program) {
      net::FdWatcher reader(loop, std::move(output->first));
      std::array<std::byte, 4096> buffer;
      for (;;) {
        auto got = co_await reader.read_some(buffer);
        if (!got || *got == 0) break;
        ran.output += as_text(std::span(buffer).first(*got));
      }
      ran.status = co_await box->program_exited(*program);
    }
    co_await box->destroy();
    co_return ran;
  }

  RootPlan root_;
};

TEST_F(CheckpointTest, OneProcessGoesOnInManySandboxes) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    const Taken taken =
        co_await take(loop, "loaded=once",
                      "echo $loaded; echo x >/tmp/x; ls /tmp; (echo forks) | cat; "
                      "ls /proc/$BASHPID/fd; id -u; "
                      "grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status; exit 5");
    EXPECT_EQ(taken.report.kind, CheckpointReportKind::kTaken) << taken.report.text;
    EXPECT_EQ(taken.status.code, 0);
    for (int i = 0; i < 3; ++i) {
      const Ran ran = co_await restore(loop, taken.image);
      EXPECT_EQ(ran.output,
                "once\nx\nforks\n0\n1\n2\n993\n"
                "CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
      EXPECT_EQ(ran.status.code, 5);
    }
  });
}

TEST_F(CheckpointTest, WhatForkWouldLoseIsRefused) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    // The first fork() is the one that counts: it is of the sleeper.
    const Taken taken = co_await take(loop,
                                      "unset _LAPWING_CHECKPOINT_NOW; sleep 60 & "
                                      "export _LAPWING_CHECKPOINT_NOW=1",
                                      "true");
    EXPECT_EQ(taken.report.kind, CheckpointReportKind::kRefused);
    EXPECT_STREQ(taken.report.text, "its initialisation left a child process");
    EXPECT_EQ(taken.status.code, 1);
  });
}

TEST_F(CheckpointTest, WhatIsNoImageIsNotRun) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    const auto nothing = os::make_memory_file("image", std::string(8192, 'x'));
    EXPECT_TRUE(nothing);
    if (!nothing) co_return;
    const Ran ran = co_await restore(loop, *nothing);
    EXPECT_EQ(ran.output, "restore: not a checkpoint of this build\n");
    EXPECT_EQ(ran.status.code, kRestoreFailedStatus);
  });
}

TEST_F(CheckpointTest, AnImageThatEndsEarlyDoesNotGoOn) {
  World::drive([this](net::Loop& loop) -> net::Task<void> {
    const Taken taken = co_await take(loop, "true", "echo alive");
    EXPECT_EQ(taken.report.kind, CheckpointReportKind::kTaken) << taken.report.text;
    EXPECT_EQ(::ftruncate(taken.image.get(), 4096), 0);
    const Ran ran = co_await restore(loop, taken.image);
    EXPECT_EQ(ran.output.find("alive"), std::string::npos);
    EXPECT_TRUE(ran.status.signalled || ran.status.code == kRestoreFailedStatus);
  });
}

}  // namespace
}  // namespace lapwing::sandbox
