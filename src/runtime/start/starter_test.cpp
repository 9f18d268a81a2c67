#include "runtime/start/starter.hpp"

#include <algorithm>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/task_group.hpp"
#include "runtime/limits.hpp"
#include "runtime/start/environment_variables.hpp"
#include "runtime/testing/scripted_launcher.hpp"

namespace lapwing::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Said;
using testing::ScriptedBox;
using testing::ScriptedProgram;

// One starter on a manual clock; every prepare() keeps what it got.
class StarterTest : public ::testing::Test {
 protected:
  struct Start {
    std::optional<Result<StartedRuntime>> prepared;
    std::optional<Status> launched;
    bool ok() const { return prepared && *prepared && launched && *launched; }
  };

  StarterTest() : loop_(clock_, null_logger()), launcher_(loop_) {
    ::signal(SIGPIPE, SIG_IGN);  // as the server
    python_.language = Language::kPython;
    python_.major = 3;
    python_.minor = 12;
    python_.version = "3.12.1";
    python_.sandbox_path = "/var/lang/bin/python3.12";
    node_.language = Language::kNode;
    node_.major = 20;
    node_.version = "20.1.0";
    node_.sandbox_path = "/var/lang/bin/node";
  }
  ~StarterTest() override {
    starts_.clear();
    if (starter_) {
      launcher_.go();
      tasks_.spawn(starter_->stop());
      settle();
    }
    EXPECT_EQ(stats_.ready, 0u);
    EXPECT_EQ(launcher_.alive(), 0u);
  }

  // As many are kept as options.ready says: a start that finds nothing ready, as the first one
  // does, would have twice as many kept. Where bursts are the subject, ready_max is given.
  void begin(StarterOptions options = {}) {
    if (options.ready_max == StarterOptions().ready_max) options.ready_max = options.ready;
    starter_ = std::make_unique<Starter>(loop_, launcher_, null_logger(), options, stats_);
  }
  RuntimeChoice python() const { return {*parse_runtime_id("python3.12"), &python_, true, ""}; }
  RuntimeChoice node() const { return {*parse_runtime_id("nodejs20.x"), &node_, true, ""}; }
  static RuntimeChoice provided() {
    return {*parse_runtime_id("provided.al2023"), nullptr, true, ""};
  }

  // The plan of a function with these variables of its own.
  static sandbox::Plan plan(const RuntimeChoice& runtime, const Variables& own = {},
                            std::uint32_t memory_mb = 128) {
    FunctionVersion function;
    function.name = FunctionName("f");
    function.runtime = runtime.id.text;
    function.handler = "code.handler";
    function.memory_mb = memory_mb;
    function.environment = own;
    EnvironmentInputs inputs;
    inputs.function = &function;
    inputs.runtime = &runtime;
    sandbox::Plan out;
    out.name = "f";
    out.owner = "1";
    // Shelves of roots that are gone are dropped; this one stays.
    out.root.base_dir = "/";
    out.root.binds = {{"/" + runtime.id.text, "/var/lang"}};
    out.binds = {{"/code", "/var/task"}};
    out.view = {{fmt::format("/views/{}", memory_mb), "/proc/meminfo"}};
    out.limits.memory_bytes = memory_mb * kMiB;
    for (auto& [key, value] : function_environment(inputs))
      out.environment.emplace_back(key, value);
    out.argv =
        runtime.interpreter == nullptr
            ? std::vector<std::string>{"/var/task/bootstrap"}
            : traits(runtime.id.language).argv(launch_of(runtime, memory_mb, "code.handler"));
    return out;
  }

  static net::Task<void> do_start(Starter& starter, std::string arn, sandbox::Plan plan,
                                  RuntimeChoice runtime, Start& into) {
    into.prepared = co_await starter.prepare(arn, plan, runtime);
    if (*into.prepared) into.launched = co_await starter.launch(**into.prepared, plan, runtime);
  }
  Start& start(const RuntimeChoice& runtime, const sandbox::Plan& plan,
               const std::string& arn = "arn:f") {
    starts_.push_back(std::make_unique<Start>());
    tasks_.spawn(do_start(*starter_, arn, plan, runtime, *starts_.back()));
    settle();
    return *starts_.back();
  }
  static net::Task<void> do_restore(Starter& starter, sandbox::Plan plan, RuntimeChoice runtime,
                                    Start& into) {
    into.prepared = co_await starter.prepare("arn:f", plan, runtime);
    std::vector<sandbox::InheritedFd> more;
    more.push_back({6, os::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
    into.launched =
        co_await starter.launch_restored(**into.prepared, plan, runtime, std::move(more));
  }
  Start& start(const RuntimeChoice& runtime) { return start(runtime, plan(runtime)); }

  void settle() {
    loop_.post([this] { turns(64); });
    loop_.run();
  }
  void turns(int left) {
    if (left == 0) return loop_.stop();
    loop_.post([this, left] { turns(left - 1); });
  }
  void pass(Duration time) {
    clock_.advance(time);
    settle();
  }
  // In steps, so that what happens every few seconds does.
  void pass_slowly(Duration time) {
    for (Duration passed{}; passed < time; passed += seconds(5)) pass(seconds(5));
  }
  std::uint64_t ready() const { return stats_.ready; }
  ScriptedBox& box(std::size_t number) { return *launcher_.boxes.at(number); }
  // What a program that waits was told to be; "" before.
  static std::string told(ScriptedProgram& program) {
    std::string text(64 * 1024, '\0');
    const int fd = program.ends.at(kStandbyFd).get();
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    const ssize_t got = ::read(fd, text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

  ManualClock clock_;
  net::Loop loop_;
  testing::ScriptedLauncher launcher_;
  Interpreter python_;
  Interpreter node_;
  StarterStats stats_;
  std::unique_ptr<Starter> starter_;
  std::vector<std::unique_ptr<Start>> starts_;
  net::TaskGroup tasks_{loop_};
};

TEST_F(StarterTest, TheFirstStartIsMadeThenSomeAreMadeAhead) {
  begin({.ready = 2});
  EXPECT_TRUE(start(node()).ok());
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "assign", "start /var/lang/bin/node"}));
  EXPECT_EQ(stats_.booted, 1u);
  // It is told nothing later: its variables are its environment.
  EXPECT_EQ(box(0).program().variable("_HANDLER"), "code.handler");
  EXPECT_FALSE(box(0).program().ends.contains(kStandbyFd));
  EXPECT_EQ(ready(), 0u);
  pass(milliseconds(2));
  EXPECT_EQ(ready(), 2u);
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "start /var/lang/bin/node",
                                         "launch standby", "start /var/lang/bin/node"}));
}

TEST_F(StarterTest, WhatWaitsKnowsNoFunctionUntilItIsTold) {
  begin({.ready = 1});
  start(node());
  pass(milliseconds(2));
  ScriptedProgram& waiting = box(1).program();
  EXPECT_EQ(waiting.variable("_HANDLER"), "");
  EXPECT_EQ(waiting.variable("AWS_ACCESS_KEY_ID"), "");
  EXPECT_FALSE(box(1).assigned);
  EXPECT_EQ(told(waiting), "");
  launcher_.take_said();

  EXPECT_TRUE(start(node(), plan(node(), {{"COLOUR", "green"}})).ok());
  EXPECT_EQ(launcher_.take_said(), Said{"assign"});
  EXPECT_EQ(stats_.from_standby, 1u);
  EXPECT_EQ(box(1).assigned->binds.back().destination, "/var/task");
  const std::string text = told(waiting);
  EXPECT_NE(text.find(std::string("COLOUR=green\0", 13)), std::string::npos) << text;
  EXPECT_NE(text.find("_HANDLER=code.handler"), std::string::npos);
}

TEST_F(StarterTest, TheOldestGoesFirstAndTheDeadOnesNever) {
  begin({.ready = 3});
  start(node());
  pass(milliseconds(2));
  ASSERT_EQ(ready(), 3u);
  box(1).program().exit(testing::exit_with(1));
  EXPECT_TRUE(start(node()).ok());
  EXPECT_FALSE(box(1).alive);
  EXPECT_NE(told(box(2).program()), "");
  EXPECT_EQ(told(box(3).program()), "");
}

TEST_F(StarterTest, AWaitingSandboxThatHasEndedIsNotTaken) {
  begin({.ready = 1});
  start(provided());
  pass(milliseconds(2));
  box(1).alive = false;
  EXPECT_TRUE(start(provided()).ok());
  EXPECT_EQ(stats_.from_standby, 0u);
}

// Its end is seen only when it is written to.
TEST_F(StarterTest, OneThatDiesWhileItIsTakenIsStartedWhereItWas) {
  begin({.ready = 1});
  start(node());
  pass(milliseconds(2));
  box(1).program().ends.clear();
  launcher_.take_said();
  EXPECT_TRUE(start(node()).ok());
  EXPECT_EQ(launcher_.take_said(), (Said{"assign", "start /var/lang/bin/node"}));
  EXPECT_EQ(box(1).programs.size(), 2u);
  EXPECT_EQ(box(1).program(1).variable("_HANDLER"), "code.handler");
}

TEST_F(StarterTest, WhatChangesTheInterpretersStartIsStartedAsItIs) {
  begin({.ready = 1});
  start(node());
  pass(milliseconds(2));
  launcher_.take_said();
  EXPECT_TRUE(start(node(), plan(node(), {{"NODE_DEBUG", "http"}})).ok());
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "assign", "start /var/lang/bin/node"}));
  sandbox::Plan wrapped = plan(node());
  wrapped.argv.insert(wrapped.argv.begin(), "/opt/wrapper");
  wrapped.wrapped = true;
  EXPECT_TRUE(start(node(), wrapped).ok());
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "assign", "start /opt/wrapper"}));
  EXPECT_EQ(stats_.from_standby, 0u);
  EXPECT_EQ(ready(), 1u);
}

TEST_F(StarterTest, NodeIsOfOneMemorySizeAndProvidedOfAny) {
  begin({.ready = 1});
  start(node());
  start(provided());
  pass(milliseconds(2));
  EXPECT_EQ(ready(), 2u);
  EXPECT_TRUE(start(node(), plan(node(), {}, 256)).ok());
  EXPECT_EQ(stats_.from_standby, 0u);
  // A sandbox made with the view of another size gets this one's on top.
  EXPECT_TRUE(start(provided(), plan(provided(), {}, 256)).ok());
  EXPECT_EQ(stats_.from_standby, 1u);
  const auto used = std::ranges::find_if(launcher_.boxes, [](const auto& one) {
    return one->assigned && one->assigned->binds.front().source == "/views/256";
  });
  EXPECT_NE(used, launcher_.boxes.end());
}

TEST_F(StarterTest, StandbySwitchedOffMakesNothingAhead) {
  begin({.standby = false});
  EXPECT_TRUE(start(node()).ok());
  starter_->expect("arn:g", plan(node()), node());
  pass_slowly(minutes(1));
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "assign", "start /var/lang/bin/node"}));
}

TEST_F(StarterTest, NothingIsMadeAheadWhileSomethingStarts) {
  begin({.ready = 1});
  start(node());
  launcher_.hold();
  Start& slow = start(provided());
  pass(seconds(1));
  EXPECT_FALSE(slow.prepared);
  EXPECT_EQ(ready(), 0u);
  launcher_.go();
  settle();
  EXPECT_TRUE(slow.ok());
  pass(milliseconds(2));
  EXPECT_EQ(ready(), 2u);
}

// One who waits for a start may go: those of others must not suffer from it.
TEST_F(StarterTest, AStartThatIsGivenUpHoldsUpNothing) {
  begin({.ready = 1});
  launcher_.hold();
  {
    Start given_up;
    net::TaskGroup impatient(loop_);
    impatient.spawn(do_start(*starter_, "arn:f", plan(node()), node(), given_up));
    settle();
    impatient.cancel_all();
  }
  launcher_.go();
  EXPECT_TRUE(start(node()).ok());
  pass(milliseconds(2));
  EXPECT_EQ(ready(), 1u);
}

TEST_F(StarterTest, FunctionsThatAreExpectedAreMadeReadyFor) {
  begin({.ready = 1, .expected_max = 5});
  for (int i = 0; i < 9; ++i) starter_->expect(fmt::format("arn:{}", i), plan(node()), node());
  pass(milliseconds(2));
  EXPECT_EQ(ready(), 5u);
  // One that has started is not expected any more, nor is one that has gone.
  EXPECT_TRUE(start(node(), plan(node()), "arn:0").ok());
  starter_->forget("arn:1");
  pass(milliseconds(2));
  EXPECT_EQ(ready(), 4u);
  pass(seconds(15));
  EXPECT_EQ(ready(), 3u);
}

TEST_F(StarterTest, ExpectationsEndAfterAWhile) {
  begin({.ready = 1});
  for (int i = 0; i < 4; ++i) starter_->expect(fmt::format("arn:{}", i), plan(node()), node());
  pass(milliseconds(2));
  EXPECT_EQ(ready(), 4u);
  pass_slowly(minutes(4));
  EXPECT_EQ(ready(), 4u);
  pass_slowly(minutes(2));
  EXPECT_EQ(ready(), 1u);
}

TEST_F(StarterTest, WhatIsNotAskedForGoesAway) {
  begin({.ready = 2, .expiry = minutes(10)});
  start(node());
  pass_slowly(minutes(9));
  EXPECT_EQ(ready(), 2u);
  pass_slowly(minutes(2));
  EXPECT_EQ(ready(), 0u);
  EXPECT_EQ(launcher_.alive(), 1u);  // the started one
}

TEST_F(StarterTest, BurstsKeepMoreReadyForAWhile) {
  begin({.ready = 2, .ready_max = 8});
  for (int i = 0; i < 3; ++i) start(node());
  pass(milliseconds(2));
  EXPECT_EQ(ready(), 8u);
  pass_slowly(minutes(2));
  EXPECT_LT(ready(), 8u);
  pass_slowly(minutes(3));
  EXPECT_EQ(ready(), 2u);
}

// Node.js takes 48 MB each.
TEST_F(StarterTest, MemoryBoundsWhatIsReadyAndTheOneInUseGoesFirst) {
  begin({.ready = 2, .memory_mb = 96});
  start(node());
  pass(milliseconds(2));
  EXPECT_EQ(ready(), 2u);
  pass(seconds(1));
  start(node(), plan(node(), {}, 256));
  pass(milliseconds(2));
  EXPECT_EQ(ready(), 2u);
  EXPECT_TRUE(start(node(), plan(node(), {}, 256)).ok());
  EXPECT_TRUE(start(node()).ok());
  EXPECT_EQ(stats_.from_standby, 2u);
}

TEST_F(StarterTest, WhatCannotBeMadeAheadIsTriedLessAndLessOften) {
  begin({.ready = 1});
  EXPECT_TRUE(start(node()).ok());
  launcher_.fails.launch = make_error(ErrorKind::kUnavailable, "no room");
  launcher_.take_said();
  pass(milliseconds(2));
  EXPECT_EQ(launcher_.take_said(), Said{"launch standby"});
  pass(milliseconds(900));
  EXPECT_EQ(launcher_.take_said(), Said{});
  pass_slowly(minutes(4));
  const std::size_t tries = launcher_.take_said().size();
  EXPECT_GE(tries, 3u);
  EXPECT_LE(tries, 8u);
  launcher_.fails.launch.reset();
  pass_slowly(minutes(2));
  EXPECT_EQ(ready(), 1u);
}

TEST_F(StarterTest, AStartThatFailsLeavesNoSandbox) {
  begin({.standby = false});
  launcher_.fails.assign = make_error(ErrorKind::kUnavailable, "mounts");
  Start& failed = start(node());
  ASSERT_TRUE(failed.prepared);
  EXPECT_FALSE(*failed.prepared);
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "assign", "destroy"}));
  launcher_.fails = {};
  launcher_.fails.launch = make_error(ErrorKind::kUnavailable, "clone");
  EXPECT_FALSE(*start(node()).prepared);
  launcher_.fails = {};
  launcher_.fails.start = make_error(ErrorKind::kNotFound, "execve");
  EXPECT_FALSE(*start(node()).launched);
}

TEST_F(StarterTest, PythonIsForkedFromATemplate) {
  begin({.ready = 2});
  EXPECT_TRUE(start(python()).ok());
  EXPECT_EQ(launcher_.take_said(),
            (Said{"launch standby", "assign", "start /var/lang/bin/python3.12",
                  "template of python3.12"}));
  pass(milliseconds(2));
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "fork", "launch standby", "fork"}));
  EXPECT_TRUE(start(python()).ok());
  EXPECT_EQ(stats_.from_standby, 1u);
}

TEST_F(StarterTest, WhereNothingIsReadyTheTemplateForksAtOnce) {
  begin({.ready = 1, .memory_mb = 0});
  start(python());
  launcher_.take_said();
  EXPECT_TRUE(start(python()).ok());
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "fork", "assign"}));
  EXPECT_EQ(stats_.from_template, 1u);
}

TEST_F(StarterTest, ATemplateThatHasDiedIsReplaced) {
  begin({.ready = 1, .memory_mb = 0});
  start(python());
  *launcher_.templates.at(0) = false;
  launcher_.take_said();
  EXPECT_TRUE(start(python()).ok());
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "start /var/lang/bin/python3.12",
                                         "assign", "template of python3.12"}));
  EXPECT_TRUE(start(python()).ok());
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "fork", "assign"}));
}

TEST_F(StarterTest, WithoutATemplateInterpretersBootThemselvesAndItIsTriedAgain) {
  begin({.ready = 1});
  launcher_.fails.start_template = make_error(ErrorKind::kUnavailable, "linked statically");
  start(python());
  launcher_.take_said();
  pass(milliseconds(2));
  EXPECT_EQ(launcher_.take_said(), (Said{"launch standby", "start /var/lang/bin/python3.12"}));
  launcher_.fails = {};
  start(python());
  EXPECT_TRUE(launcher_.templates.empty());
  pass(seconds(61));
  start(python());
  EXPECT_EQ(launcher_.templates.size(), 1u);
}

TEST_F(StarterTest, AccountsShareNoTemplateUnlessTold) {
  for (const Templates kind : {Templates::kAccount, Templates::kShared, Templates::kOff}) {
    starts_.clear();
    launcher_.templates.clear();
    if (starter_) {
      tasks_.spawn(starter_->stop());
      settle();
    }
    begin({.templates = kind, .ready = 1});
    sandbox::Plan other = plan(python());
    other.owner = "2";
    start(python());
    start(python(), other);
    const std::size_t expected = kind == Templates::kAccount  ? 2
                                 : kind == Templates::kShared ? 1
                                                              : 0;
    EXPECT_EQ(launcher_.templates.size(), expected);
  }
}

TEST_F(StarterTest, TheTemplateNotAskedForLongestGivesWay) {
  begin({.ready = 1, .memory_mb = 0});
  for (std::size_t i = 0; i <= kTemplatesMax; ++i) {
    sandbox::Plan one = plan(python());
    one.owner = fmt::format("{}", i);
    start(python(), one);
    pass(milliseconds(500));
  }
  // As many as there may be, the first still in use.
  EXPECT_EQ(launcher_.templates.size(), kTemplatesMax);
  EXPECT_TRUE(*launcher_.templates[0]);
  pass(seconds(31));
  sandbox::Plan late = plan(python());
  late.owner = "late";
  start(python(), late);
  EXPECT_EQ(launcher_.templates.size(), kTemplatesMax + 1);
  EXPECT_FALSE(*launcher_.templates[0]);
  EXPECT_TRUE(*launcher_.templates[1]);
}

// A sandbox that was that function's already: nothing is mounted again.
class AgainTest : public StarterTest {
 protected:
  void again(const RuntimeChoice& runtime) {
    Start& first = start(runtime);
    ASSERT_TRUE(first.ok());
    StartedRuntime& cleared = **first.prepared;
    cleared.ends = {};
    launcher_.take_said();
    tasks_.spawn(do_again(cleared, plan(runtime), runtime));
    settle();
  }
  net::Task<void> do_again(StartedRuntime& cleared, sandbox::Plan plan, RuntimeChoice runtime) {
    prepared_ = co_await starter_->prepare_again(cleared, plan, runtime);
    if (*prepared_) launched_ = co_await starter_->launch(cleared, plan, runtime);
  }
  std::optional<Status> prepared_;
  std::optional<Status> launched_;
};

TEST_F(AgainTest, ItsInterpreterIsStartedInIt) {
  begin({.ready = 1});
  again(node());
  ASSERT_TRUE(launched_ && *launched_);
  EXPECT_EQ(launcher_.take_said(), Said{"start /var/lang/bin/node"});
}

TEST_F(AgainTest, OrForkedIntoIt) {
  begin({.ready = 1});
  again(python());
  ASSERT_TRUE(launched_ && *launched_);
  EXPECT_EQ(launcher_.take_said(), Said{"fork"});
}

TEST_F(AgainTest, WhereThatFailsItIsGone) {
  begin({.ready = 1});
  launcher_.fails.fork = make_error(ErrorKind::kUnavailable, "gone");
  again(python());
  ASSERT_TRUE(prepared_);
  EXPECT_FALSE(*prepared_);
  EXPECT_EQ(launcher_.take_said(), (Said{"fork", "destroy"}));
}

TEST_F(StarterTest, StoppingEndsWhatIsReadyAndWhatIsBeingMade) {
  begin({.ready = 2});
  start(node());
  pass(milliseconds(2));
  ASSERT_EQ(ready(), 2u);
  launcher_.hold();
  start(provided());
  launcher_.take_said();
  tasks_.spawn(starter_->stop());
  settle();
  EXPECT_EQ(launcher_.take_said(), (Said{"destroy", "destroy"}));
  EXPECT_EQ(ready(), 0u);
  Start& late = start(node());
  ASSERT_TRUE(late.prepared);
  ASSERT_FALSE(*late.prepared);
  EXPECT_EQ(late.prepared->error().kind(), ErrorKind::kUnavailable);
  starter_->expect("arn:f", plan(node()), node());
  launcher_.go();
  pass_slowly(minutes(1));
  EXPECT_EQ(ready(), 0u);
}

TEST_F(StarterTest, SnapshotsAreReadInWaitingSandboxes) {
  begin({.ready = 1});
  sandbox::Plan restored = plan(python());
  restored.argv = {kRestoreProgram};
  starter_->expect("arn:f", restored, python());
  pass(milliseconds(2));
  EXPECT_EQ(launcher_.take_said(), Said{"launch standby"});
  starts_.push_back(std::make_unique<Start>());
  tasks_.spawn(do_restore(*starter_, restored, python(), *starts_.back()));
  settle();
  EXPECT_TRUE(starts_.back()->ok());
  EXPECT_EQ(launcher_.take_said(), (Said{"assign", "start /var/runtime/restore"}));
  EXPECT_EQ(stats_.from_standby, 1u);
  EXPECT_TRUE(box(0).program().ends.contains(6));
  // Nothing differs from one to the next, least of all its keys.
  EXPECT_TRUE(box(0).program().environment.empty());
  EXPECT_EQ(told(box(0).program()), "");
}

}  // namespace
}  // namespace lapwing::runtime
