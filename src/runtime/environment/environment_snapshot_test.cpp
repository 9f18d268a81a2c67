// Becoming a snapshot, and coming from one.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "runtime/failure_text.hpp"
#include "runtime/limits.hpp"
#include "runtime/snapshot/snapshot_capture.hpp"
#include "runtime/testing/environment_fixture.hpp"
#include "sandbox/checkpoint/image.hpp"

namespace lapwing::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::EnvironmentTest;
using testing::exit_with;
using testing::killed_by;
using testing::Said;

class SnapStartTest : public EnvironmentTest {
 protected:
  SnapStartTest() {
    snapshots_->on_missing([this](const FunctionVersionPtr&) { ++missed_; });
  }
  void make_version(InitializationType type = InitializationType::kOnDemand) {
    FunctionVersion version;
    version.version = "1";
    version.revision_id = "r";
    version.snap_start = true;
    make(std::move(version), type);
  }
  void keep_snapshot() {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->image = *os::open_at(os::kCwd, "/dev/null", O_RDONLY);
    snapshot->files = *os::open_at(os::kCwd, "/dev/null", O_RDONLY);
    snapshot->bytes = 1;
    snapshot->token = "key";
    ASSERT_TRUE(snapshots_->keep(*function_, std::move(snapshot)));
  }
  void restore() {
    make_version();
    keep_snapshot();
    initialise();
    ASSERT_EQ(runtime_program().argv, std::vector<std::string>{kRestoreProgram});
  }

  int missed_ = 0;
};

TEST_F(SnapStartTest, WithoutASnapshotItInitialisesAndAsksForOneOnce) {
  make_version();
  initialise();
  EXPECT_EQ(runtime_program().argv.front(), "/var/task/bootstrap");
  EXPECT_EQ(missed_, 1);
  runtime_asks();
  EXPECT_EQ(warm_, true);
  run("r-1");
  runtime_program().exit(exit_with(1));
  settle();
  // Each start has a /tmp of its own.
  EXPECT_FALSE(environment_->resumable());
  run("r-2");
  EXPECT_EQ(launcher_.boxes.size(), 2u);
  EXPECT_EQ(missed_, 1);
}

TEST_F(SnapStartTest, ComesFromItsSnapshot) {
  restore();
  // It holds no keys: those are fetched with the snapshot's token.
  EXPECT_TRUE(runtime_program().environment.empty());
  EXPECT_TRUE(runtime_program().ends.contains(sandbox::kRestoreImageFd));
  EXPECT_TRUE(runtime_program().ends.contains(kRestoredFilesFd));
  EXPECT_TRUE(box().addresses.contains(kCredentialsListener));
  clock_.advance(milliseconds(30));
  runtime_asks();
  ASSERT_EQ(warm_, true);
  const Said lines = take_lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].starts_with("RESTORE_START")) << lines[0];
  EXPECT_EQ(lines[1], "RESTORE_REPORT Restore Duration: 30.00 ms");
  EXPECT_EQ(snapshots_->restored(), 1u);
  run("r-1");
  runtime_answers("r-1", "yes");
  runtime_asks();
  EXPECT_NE(take_lines().back().find("Restore Duration: 30.00 ms\tBilled Restore Duration: 30 ms"),
            std::string::npos);
  // Said once.
  run("r-2");
  runtime_answers("r-2", "yes");
  runtime_asks();
  EXPECT_EQ(take_lines().back().find("Restore"), std::string::npos);
}

TEST_F(SnapStartTest, AfterACrashItComesFromItAgainElsewhere) {
  restore();
  runtime_asks();
  run("r-1");
  runtime_program().exit(killed_by(SIGSEGV));
  settle();
  EXPECT_EQ(outcome_->error_type, "Runtime.ExitError");
  run("r-2");
  EXPECT_EQ(launcher_.boxes.size(), 2u);
  EXPECT_EQ(runtime_program().argv.front(), kRestoreProgram);
  runtime_asks();
  runtime_answers("r-2", "yes");
  EXPECT_EQ(outcome_->body, "yes");
}

TEST_F(SnapStartTest, AnImageThatCannotBeReadBackIsGivenUpAndTheFunctionStartsAsUsual) {
  restore();
  runtime_program().exit(exit_with(sandbox::kRestoreFailedStatus));
  settle();
  EXPECT_FALSE(warm_);
  EXPECT_EQ(launcher_.boxes.size(), 2u);
  EXPECT_EQ(runtime_program().argv.front(), "/var/task/bootstrap");
  EXPECT_EQ(snapshots_->count(), 0u);
  EXPECT_EQ(missed_, 0);
  // With all the time of an initialisation.
  pass(milliseconds(9'999));
  runtime_asks();
  EXPECT_EQ(warm_, true);
}

TEST_F(SnapStartTest, ARestoreMayTakeTenSeconds) {
  restore();
  pass(kRestoreMax - milliseconds(1));
  EXPECT_FALSE(warm_);
  pass(milliseconds(1));
  ASSERT_EQ(warm_, false);
  EXPECT_EQ(take_lines().back(), "RESTORE_REPORT Restore Duration: 10000.00 ms\tStatus: timeout");
  run("r-1");
  pass(seconds(3));
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->kind, Outcome::Kind::kPlatformError);
  EXPECT_EQ(outcome_->restore, Outcome::Restore::kTimedOut);
}

TEST_F(SnapStartTest, AHookThatFailsFailsTheRestore) {
  restore();
  runtime_ = connect();
  runtime_.send("POST", "/2018-06-01/runtime/restore/error", "{}",
                "Lambda-Runtime-Function-Error-Type: Runtime.AfterRestoreError\r\n");
  settle();
  ASSERT_EQ(warm_, false);
  run("r-1");
  runtime_program().exit(exit_with(1));
  settle();
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->restore, Outcome::Restore::kFailed);
  EXPECT_EQ(snapshots_->count(), 1u);
}

TEST_F(SnapStartTest, AnInterruptedRestoreGivesNothingUp) {
  restore();
  take_lines();
  environment_->interrupt();
  settle();
  ASSERT_EQ(warm_, false);
  EXPECT_EQ(snapshots_->count(), 1u);
  EXPECT_EQ(take_lines(), Said{});
  shut_down();
}

// ---- the environment that becomes one

class TakeSnapshotTest : public SnapStartTest {
 protected:
  void take() {
    make_version(InitializationType::kSnapStart);
    tasks_.spawn(do_take());
    settle();
    ASSERT_EQ(runtime_program().argv.front(), "/var/task/bootstrap");
  }
  net::Task<void> do_take() { result_ = co_await environment_->take_snapshot(); }
  void report(sandbox::CheckpointReportKind kind, std::string_view text = {}) {
    sandbox::CheckpointReport out;
    out.kind = kind;
    text.copy(out.text, sizeof out.text);
    const int fd = runtime_program().ends.at(sandbox::kCheckpointControlFd).get();
    EXPECT_EQ(::write(fd, &out, sizeof out), static_cast<ssize_t>(sizeof out));
    settle();
  }
  std::optional<SnapshotResult> result_;
};

TEST_F(TakeSnapshotTest, IsTakenWhenTheProcessHasWrittenItself) {
  take();
  // The keys of the one who publishes are not in it.
  EXPECT_EQ(runtime_program().variable("AWS_ACCESS_KEY_ID"), "");
  EXPECT_NE(runtime_program().variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"), "");
  const int image = runtime_program().ends.at(sandbox::kCheckpointImageFd).get();
  EXPECT_EQ(::write(image, "memory", 6), 6);
  report(sandbox::CheckpointReportKind::kTaken);
  EXPECT_FALSE(result_);
  runtime_program().exit(exit_with(0));
  settle();
  ASSERT_TRUE(result_);
  ASSERT_EQ(result_->kind, SnapshotResult::Kind::kTaken) << result_->text;
  EXPECT_EQ(result_->snapshot->bytes, 6u);
  EXPECT_EQ(launcher_.alive(), 0u);
}

TEST_F(TakeSnapshotTest, ARefusalIsNoFailureAndStandsInTheLog) {
  take();
  report(sandbox::CheckpointReportKind::kRefused, "3 threads");
  runtime_program().exit(exit_with(0));
  settle();
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->kind, SnapshotResult::Kind::kUnfit);
  EXPECT_EQ(take_lines().back(), "SNAPSTART\tStatus: off\tReason: 3 threads");
}

TEST_F(TakeSnapshotTest, FailuresOfTheFunctionSayWhich) {
  take();
  runtime_program().exit(exit_with(1));
  settle();
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->kind, SnapshotResult::Kind::kInitFailed);
  EXPECT_EQ(result_->code, "FunctionError.RuntimeInitError");
}

TEST_F(TakeSnapshotTest, ItMayTakeLongButNotForEver) {
  take();
  pass(kProvisionedInitMin - milliseconds(1));
  EXPECT_FALSE(result_);
  pass(milliseconds(1));
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->code, "FunctionError.InitTimeout");
  EXPECT_EQ(launcher_.alive(), 0u);
}

TEST_F(TakeSnapshotTest, AnInterruptedOneIsNobodysFault) {
  take();
  environment_->interrupt();
  settle();
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->kind, SnapshotResult::Kind::kPlatform);
  EXPECT_EQ(launcher_.alive(), 0u);
}

}  // namespace
}  // namespace lapwing::runtime
