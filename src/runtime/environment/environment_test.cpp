#include "runtime/environment/environment.hpp"

#include <signal.h>

#include <gtest/gtest.h>

#include "runtime/failure_text.hpp"
#include "runtime/limits.hpp"
#include "runtime/testing/environment_fixture.hpp"

namespace lapwing::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Client;
using testing::EnvironmentTest;
using testing::exit_with;
using testing::killed_by;
using testing::Said;

TEST_F(EnvironmentTest, ServesOneInvocationAfterAnother) {
  make();
  initialise();
  EXPECT_FALSE(warm_);
  clock_.advance(milliseconds(40));
  runtime_asks();
  ASSERT_EQ(warm_, true);
  EXPECT_TRUE(environment_->warm());
  const Said begun = take_lines();
  ASSERT_EQ(begun.size(), 1u);
  EXPECT_TRUE(
      begun[0].starts_with("INIT_START Runtime Version: provided:al2023.v1\tRuntime Version "
                           "ARN: arn:aws:lambda:us-east-1::runtime:"))
      << begun[0];

  run("r-1");
  EXPECT_NE(runtime_got().find("Lambda-Runtime-Aws-Request-Id: r-1"), std::string::npos);
  clock_.advance(milliseconds(5));
  runtime_answers("r-1", "yes");
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->body, "yes");
  EXPECT_EQ(outcome_->kind, Outcome::Kind::kSuccess);
  EXPECT_TRUE(environment_->answered_since());
  EXPECT_FALSE(done_);
  runtime_asks();
  EXPECT_TRUE(done_);
  EXPECT_FALSE(environment_->answered_since());
  EXPECT_EQ(take_lines(),
            (Said{"START RequestId: r-1 Version: $LATEST", "END RequestId: r-1",
                  "REPORT RequestId: r-1\tDuration: 5.00 ms\tBilled Duration: 45 ms\tMemory Size: "
                  "128 MB\tMax Memory Used: 20 MB\tInit Duration: 40.00 ms\t"}));

  run("r-2");
  runtime_answers("r-2", "again");
  runtime_asks();
  EXPECT_EQ(outcome_->body, "again");
  EXPECT_EQ(take_lines().back().find("Init Duration"), std::string::npos);
}

TEST_F(EnvironmentTest, WhatIsPrintedStandsBetweenStartAndEnd) {
  make();
  initialise();
  print("loading\n");
  runtime_asks();
  run("r-1");
  print("at work\nand no end of line");
  runtime_answers("r-1", "yes");
  runtime_asks();
  const Said lines = take_lines();
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[1], "loading");
  EXPECT_EQ(lines[3], "at work");
  EXPECT_EQ(lines[4], "and no end of line");
  EXPECT_TRUE(lines[5].starts_with("END "));
}

TEST_F(EnvironmentTest, TheTailIsOfThisInvocationAndComesAtItsEnd) {
  make_warm();
  run("r-1", true);
  print("first\n");
  runtime_answers("r-1", "yes");
  EXPECT_FALSE(outcome_);
  runtime_asks();
  ASSERT_TRUE(outcome_);
  EXPECT_TRUE(outcome_->log_tail.starts_with("START RequestId: r-1"));
  EXPECT_NE(outcome_->log_tail.find("first\n"), std::string::npos);
  EXPECT_NE(outcome_->log_tail.find("REPORT RequestId: r-1"), std::string::npos);
}

// ---- initialisations that fail

TEST_F(EnvironmentTest, AnInitErrorIsWhatTheNextInvocationSays) {
  make();
  initialise();
  runtime_posts_init_error("Runtime.ImportModuleError", R"({"errorType":"x"})");
  ASSERT_EQ(warm_, false);
  EXPECT_EQ(launcher_.take_said().back(), "clear");
  EXPECT_TRUE(environment_->resumable());
  EXPECT_EQ(take_lines().back(),
            "INIT_REPORT Init Duration: 0.00 ms\tPhase: init\tStatus: error\tError Type: "
            "Runtime.ImportModuleError");

  // It is initialised again within the invocation, in the same sandbox.
  run("r-1");
  runtime_posts_init_error("Runtime.ImportModuleError", R"({"errorType":"x"})");
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->kind, Outcome::Kind::kFunctionError);
  EXPECT_EQ(outcome_->body, R"({"errorType":"x"})");
  EXPECT_EQ(launcher_.boxes.size(), 1u);
  EXPECT_EQ(box().programs.size(), 2u);
  const Said lines = take_lines();
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[1],
            "INIT_REPORT Init Duration: 0.00 ms\tPhase: invoke\tStatus: error\tError Type: "
            "Runtime.ImportModuleError");
  EXPECT_TRUE(lines[4].ends_with("Status: error\tError Type: Runtime.ImportModuleError"));

  // And serves, once it comes up.
  run("r-2");
  runtime_asks();
  runtime_answers("r-2", "at last");
  runtime_asks();
  EXPECT_EQ(outcome_->body, "at last");
  EXPECT_TRUE(environment_->warm());
}

TEST_F(EnvironmentTest, AnInitialisationMayTakeTenSeconds) {
  make();
  initialise();
  pass(milliseconds(9'999));
  EXPECT_FALSE(warm_);
  pass(milliseconds(1));
  ASSERT_EQ(warm_, false);
  EXPECT_EQ(take_lines().back(),
            "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout");
}

TEST_F(EnvironmentTest, DoneAgainItHasTheTimeOfTheInvocation) {
  make();
  initialise();
  pass(seconds(10));
  run("r-1");
  pass(milliseconds(2'999));
  EXPECT_FALSE(outcome_);
  pass(milliseconds(1));
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error_type, kTimedOut);
  EXPECT_EQ(outcome_->body,
            R"({"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Task timed )"
            R"(out after 3.00 seconds"})");
  EXPECT_TRUE(take_lines().back().ends_with("Status: timeout"));
}

// What initialising took is not there for the invocation.
TEST_F(EnvironmentTest, TheInvocationHasWhatInitialisingAgainHasLeft) {
  make();
  initialise();
  box().program().exit(exit_with(1));
  settle();
  run("r-1");
  pass(milliseconds(2'000));
  runtime_asks();
  pass(milliseconds(999));
  EXPECT_FALSE(outcome_);
  pass(milliseconds(1));
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error_type, kTimedOut);
}

TEST_F(EnvironmentTest, AProvisionedOneMayTakeLonger) {
  make({}, InitializationType::kProvisioned);
  initialise();
  pass(seconds(129));
  EXPECT_FALSE(warm_);
  runtime_asks();
  EXPECT_EQ(warm_, true);
  EXPECT_EQ(take_lines().back(), "INIT_REPORT Init Duration: 129000.00 ms\tPhase: init");
  run("r-1");
  runtime_answers("r-1", "yes");
  runtime_asks();
  EXPECT_EQ(take_lines().back().find("Init Duration"), std::string::npos);
}

TEST_F(EnvironmentTest, ARuntimeThatExitsFailsItsInitialisation) {
  make();
  initialise();
  box().program().exit(exit_with(3));
  settle();
  EXPECT_EQ(warm_, false);
  EXPECT_EQ(take_lines().back(),
            "INIT_REPORT Init Duration: 0.00 ms\tPhase: init\tStatus: error\tError Type: "
            "Runtime.ExitError");
  run("r-1");
  box().program(1).exit(killed_by(SIGKILL, true));
  settle();
  EXPECT_EQ(outcome_->error_type, "Runtime.OutOfMemory");
}

TEST_F(EnvironmentTest, AnExecutableThatCannotBeStartedIsTheFunctionsOwnFault) {
  launcher_.fails.start =
      Error(ErrorKind::kDenied, "Internal", "Internal error").with_detail("execve: not allowed");
  make();
  initialise();
  EXPECT_EQ(warm_, false);
  run("r-1");
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->kind, Outcome::Kind::kFunctionError);
  EXPECT_EQ(outcome_->body,
            R"({"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: r-1 Error: )"
            R"(fork/exec /var/task/bootstrap: permission denied"})");
}

TEST_F(EnvironmentTest, WithoutARoleItDoesNotStart) {
  role_refused_ = true;
  make();
  initialise();
  EXPECT_EQ(warm_, false);
  run("r-1");
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->kind, Outcome::Kind::kPlatformError);
  role_refused_ = false;
  run("r-2");
  runtime_asks();
  EXPECT_EQ(launcher_.boxes.size(), 1u);
}

TEST_F(EnvironmentTest, WhatThePlatformCannotDoIsOursAndNotTheFunctions) {
  launcher_.fails.launch = make_error(ErrorKind::kUnavailable, "no processes left");
  make();
  initialise();
  EXPECT_EQ(warm_, false);
  EXPECT_FALSE(environment_->resumable());
  run("r-1");
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->kind, Outcome::Kind::kPlatformError);
  EXPECT_NE(outcome_->detail.find("no processes left"), std::string::npos);
  launcher_.fails = {};
  run("r-2");
  runtime_asks();
  runtime_answers("r-2", "yes");
  EXPECT_EQ(outcome_->body, "yes");
}

// ---- invocations that fail

TEST_F(EnvironmentTest, ATimeoutKillsAndTheNextInvocationStartsInTheSameSandbox) {
  make_warm();
  run("r-1");
  launcher_.take_said();
  pass(milliseconds(2'999));
  EXPECT_FALSE(outcome_);
  pass(milliseconds(1));
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error_type, kTimedOut);
  EXPECT_EQ(launcher_.take_said(), (Said{"signal 9 to 1", "clear"}));
  EXPECT_FALSE(environment_->warm());
  EXPECT_TRUE(environment_->resumable());
  EXPECT_TRUE(take_lines().back().ends_with("Status: timeout"));

  run("r-2");
  EXPECT_FALSE(environment_->resumable());
  runtime_asks();
  runtime_answers("r-2", "yes");
  runtime_asks();
  EXPECT_EQ(outcome_->body, "yes");
  EXPECT_EQ(launcher_.boxes.size(), 1u);
  // An initialisation within an invocation is part of its duration.
  EXPECT_EQ(take_lines().back().find("Init Duration"), std::string::npos);
}

TEST_F(EnvironmentTest, ACrashIsTheAnswerOfItsInvocation) {
  make_warm();
  run("r-1");
  print("segmentation\n");
  box().program().exit(killed_by(SIGSEGV));
  settle();
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->body,
            R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime )"
            R"(exited with error: signal: segmentation fault"})");
  EXPECT_TRUE(done_);
  const Said lines = take_lines();
  EXPECT_EQ(lines[lines.size() - 3], "segmentation");
}

TEST_F(EnvironmentTest, OneThatRunsOutOfMemoryHasUsedAllOfIt) {
  make_warm();
  run("r-1");
  box().program().exit(killed_by(SIGKILL, true));
  settle();
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error_type, "Runtime.OutOfMemory");
  const std::string report = take_lines().back();
  EXPECT_NE(report.find("Max Memory Used: 128 MB\t"), std::string::npos) << report;
  EXPECT_TRUE(report.ends_with("Status: error\tError Type: Runtime.OutOfMemory")) << report;
}

TEST_F(EnvironmentTest, ACrashAfterTheAnswerDoesNotTakeItBack) {
  make_warm();
  run("r-1");
  runtime_answers("r-1", "yes");
  ASSERT_TRUE(outcome_);
  EXPECT_FALSE(done_);
  box().program().exit(exit_with(1));
  settle();
  EXPECT_TRUE(done_);
  EXPECT_EQ(outcome_->body, "yes");
  EXPECT_FALSE(environment_->warm());
  EXPECT_TRUE(take_lines().back().ends_with("Status: error\tError Type: Runtime.ExitError"));
}

TEST_F(EnvironmentTest, ASandboxThatCannotBeClearedIsReplaced) {
  make_warm();
  launcher_.fails.clear = make_error(ErrorKind::kTooLarge, "memory left");
  run("r-1");
  launcher_.take_said();
  pass(seconds(3));
  EXPECT_EQ(launcher_.take_said(), (Said{"signal 9 to 1", "clear", "kill", "destroy"}));
  EXPECT_FALSE(environment_->resumable());
  run("r-2");
  runtime_asks();
  runtime_answers("r-2", "yes");
  EXPECT_EQ(outcome_->body, "yes");
  EXPECT_EQ(launcher_.boxes.size(), 2u);
}

// Its first process may be killed from outside while nothing runs in it.
TEST_F(EnvironmentTest, ASandboxThatEndedBetweenTwoSessionsIsReplaced) {
  make_warm();
  run("r-1");
  pass(seconds(3));
  ASSERT_TRUE(environment_->resumable());
  box().alive = false;
  run("r-2");
  runtime_asks();
  runtime_answers("r-2", "yes");
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->body, "yes");
}

TEST_F(EnvironmentTest, ARuntimeThatDiesWhileItIsIdleMakesItCold) {
  make_warm();
  box().program().exit(exit_with(1));
  settle();
  EXPECT_FALSE(environment_->warm());
}

// ---- idle

TEST_F(EnvironmentTest, AnIdleOneIsFrozenAndThawedForWork) {
  make_warm();
  pass(kFreezeAfter - milliseconds(1));
  EXPECT_FALSE(box().frozen);
  pass(milliseconds(1));
  EXPECT_TRUE(box().frozen);
  run("r-1");
  EXPECT_FALSE(box().frozen);
  runtime_answers("r-1", "yes");
  pass(seconds(1));
  EXPECT_FALSE(box().frozen);  // still at work: it has not asked for more
  runtime_asks();
  // Thawed too soon for the freezing to have been worth it: it rests longer now.
  pass(kFreezeAfter);
  EXPECT_FALSE(box().frozen);
  pass(kFreezeAfter);
  EXPECT_TRUE(box().frozen);
}

TEST_F(EnvironmentTest, AFrozenOneIsThawedForItsEnd) {
  make_warm();
  pass(seconds(1));
  ASSERT_TRUE(box().frozen);
  launcher_.take_said();
  shut_down();
  EXPECT_EQ(launcher_.take_said(), (Said{"thaw", "kill", "destroy"}));
}

// ---- the end

TEST_F(EnvironmentTest, AnInterruptedStartEndsAndLeavesNoLine) {
  launcher_.hold();
  make();
  initialise();
  environment_->interrupt();
  launcher_.go();
  settle();
  ASSERT_EQ(warm_, false);
  shut_down();
  EXPECT_EQ(launcher_.alive(), 0u);
  for (const std::string& line : take_lines()) EXPECT_TRUE(line.starts_with("INIT_START")) << line;
}

TEST_F(EnvironmentTest, AnInterruptedInitialisationEndsAtOnce) {
  make();
  initialise();
  environment_->interrupt();
  settle();
  ASSERT_EQ(warm_, false);
  shut_down();
  EXPECT_EQ(launcher_.alive(), 0u);
  EXPECT_EQ(take_lines().size(), 1u);
}

TEST_F(EnvironmentTest, AnInterruptedInvocationEndsAtOnceAndIsNoFailureInTheLog) {
  make_warm();
  run("r-1");
  take_lines();
  environment_->interrupt();
  settle();
  EXPECT_TRUE(done_);
  shut_down();
  EXPECT_EQ(take_lines(), Said{});
  EXPECT_EQ(launcher_.alive(), 0u);
}

TEST_F(EnvironmentTest, AClearedSandboxGoesWithItsEnvironment) {
  make_warm();
  run("r-1");
  pass(seconds(3));
  ASSERT_TRUE(environment_->resumable());
  shut_down();
  EXPECT_EQ(launcher_.alive(), 0u);
  EXPECT_EQ(launcher_.take_said().back(), "destroy");
}

// ---- extensions

TEST_F(EnvironmentTest, ExtensionsComeFirstAndTheInvocationWaitsForThem) {
  add_extension("agent");
  make();
  initialise();
  ASSERT_EQ(box().programs.size(), 1u);
  EXPECT_EQ(box().program().argv.front(), "/opt/extensions/agent");
  Client agent = register_extension("agent", R"(["INVOKE","SHUTDOWN"])");
  ASSERT_EQ(box().programs.size(), 2u);
  runtime_asks();
  EXPECT_FALSE(warm_);
  extension_asks(agent);
  ASSERT_EQ(warm_, true);
  EXPECT_EQ(take_lines().back(),
            "EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE, SHUTDOWN]");

  run("r-1");
  EXPECT_NE(agent.received().find(R"("eventType":"INVOKE")"), std::string::npos);
  runtime_answers("r-1", "yes");
  runtime_asks();
  ASSERT_TRUE(outcome_);
  EXPECT_FALSE(done_);
  extension_asks(agent);
  EXPECT_TRUE(done_);

  // SIGTERM to the runtime, SHUTDOWN to the extension, and when both are gone the sandbox.
  launcher_.take_said();
  begin_shut_down();
  EXPECT_EQ(launcher_.take_said(), Said{"SIGTERM to 2"});
  EXPECT_NE(agent.received().find(R"("shutdownReason":"spindown")"), std::string::npos);
  EXPECT_FALSE(shut_);
  box().program().exit(exit_with(0));
  settle();
  EXPECT_TRUE(shut_);
  EXPECT_EQ(launcher_.take_said(), (Said{"kill", "destroy"}));
}

TEST_F(EnvironmentTest, WhoIsDeafToItsEndIsWaitedForTwoSeconds) {
  add_extension("agent");
  make();
  initialise();
  Client agent = register_extension("agent", R"(["SHUTDOWN"])");
  runtime_asks();
  extension_asks(agent);
  ASSERT_EQ(warm_, true);
  box().program(1).obeys = false;
  launcher_.take_said();
  begin_shut_down();
  pass(milliseconds(600));
  EXPECT_EQ(launcher_.take_said(), (Said{"SIGTERM to 2", "signal 9 to 2"}));
  pass(milliseconds(1'399));
  EXPECT_FALSE(shut_);
  pass(milliseconds(1));
  EXPECT_TRUE(shut_);
  EXPECT_EQ(launcher_.alive(), 0u);
}

TEST_F(EnvironmentTest, AnExtensionThatExitsBeforeItHasRegisteredFailsTheInitialisation) {
  add_extension("agent");
  make();
  initialise();
  box().program().exit(exit_with(1));
  settle();
  ASSERT_EQ(warm_, false);
  const Said lines = take_lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(lines[2].ends_with("Status: error\tError Type: Extension.Crash")) << lines[2];
  run("r-1");
  ASSERT_EQ(box().programs.size(), 2u);
  box().program(1).exit(exit_with(1));
  settle();
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error_type, "Extension.Crash");
}

TEST_F(EnvironmentTest, AnExtensionThatCannotBeStartedFailsTheInitialisation) {
  add_extension("agent");
  launcher_.fails.start =
      Error(ErrorKind::kDenied, "Internal", "Internal error").with_detail("execve: not allowed");
  make();
  initialise();
  EXPECT_EQ(warm_, false);
  EXPECT_TRUE(take_lines().back().find("Error Type: Extension.LaunchError") != std::string::npos);
}

TEST_F(EnvironmentTest, AnExtensionThatExitsDuringAnInvocationFailsIt) {
  add_extension("agent");
  make();
  initialise();
  Client agent = register_extension("agent", R"(["INVOKE"])");
  runtime_asks();
  extension_asks(agent);
  run("r-1");
  box().program().exit(exit_with(1));
  settle();
  // The runtime has its share of the Shutdown phase.
  pass(seconds(2));
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error_type, "Extension.Crash");
  EXPECT_TRUE(done_);
  EXPECT_TRUE(environment_->resumable());
}

TEST_F(EnvironmentTest, AnInterruptEndsAShutdownPhase) {
  add_extension("agent");
  make();
  initialise();
  Client agent = register_extension("agent", R"(["SHUTDOWN"])");
  runtime_asks();
  extension_asks(agent);
  begin_shut_down();
  EXPECT_FALSE(shut_);
  environment_->interrupt();
  settle();
  EXPECT_TRUE(shut_);
  EXPECT_EQ(launcher_.alive(), 0u);
}

}  // namespace
}  // namespace lapwing::runtime
