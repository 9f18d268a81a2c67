#include "runtime/extensions/extension_registry.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "base/random.hpp"
#include "net/loop.hpp"
#include "net/task_group.hpp"

namespace lapwing::runtime {
namespace {

using State = ExtensionRegistry::State;

constexpr std::string_view kBoth[] = {"INVOKE", "SHUTDOWN"};
constexpr std::string_view kInvoke[] = {"INVOKE"};
sandbox::ExitStatus exit_one() {
  sandbox::ExitStatus status;
  status.code = 1;
  return status;
}

class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest()
      : loop_(clock_, null_logger()), changed_(loop_), registry_(loop_, changed_, random_) {}

  net::Task<void> next(std::string id) {
    Result<ExtensionEvent> event = co_await registry_.next(std::move(id));
    if (event) {
      events_.push_back(*std::move(event));
    } else {
      refused_.push_back(event.error().message());
    }
  }
  void call_next(const std::string& id) {
    calls_.spawn(next(id));
    settle();
  }
  void settle() {
    turns(8);
    loop_.run();
  }
  void turns(int left) {
    loop_.post([this, left] { left == 0 ? loop_.stop() : turns(left - 1); });
  }
  std::string external(std::string_view name, std::span<const std::string_view> events = kBoth) {
    EXPECT_TRUE(registry_.add_external(name));
    return (*registry_.register_extension(name, events))->id;
  }

  ManualClock clock_;
  SeededRandom random_{1};
  net::Loop loop_;
  net::Event changed_;
  ExtensionRegistry registry_;
  std::vector<ExtensionEvent> events_;
  std::vector<std::string> refused_;
  net::TaskGroup calls_{loop_};
};

TEST_F(RegistryTest, WithoutExtensionsNothingIsWaitedFor) {
  EXPECT_TRUE(registry_.empty());
  EXPECT_TRUE(registry_.all_registered());
  EXPECT_TRUE(registry_.all_ready());
  registry_.give_invoke({});
  EXPECT_TRUE(registry_.invoke_done());
}

TEST_F(RegistryTest, LifeOfAnExternalExtension) {
  ASSERT_TRUE(registry_.add_external("watcher"));
  EXPECT_FALSE(registry_.all_registered());
  const auto* about = *registry_.register_extension("watcher", kBoth);
  EXPECT_TRUE(registry_.all_registered());
  EXPECT_FALSE(registry_.all_ready());
  const std::string id = about->id;
  call_next(id);
  EXPECT_TRUE(registry_.all_ready());
  EXPECT_TRUE(changed_.is_set());

  registry_.give_invoke({"r-1", "arn:aws:lambda:us-east-1:0:function:f", "Root=1-2-3", 1234});
  EXPECT_FALSE(registry_.invoke_done());
  settle();
  ASSERT_EQ(events_.size(), 1u);
  EXPECT_EQ(events_[0].json, R"({"eventType":"INVOKE","deadlineMs":1234,"requestId":"r-1",)"
                             R"("invokedFunctionArn":"arn:aws:lambda:us-east-1:0:function:f",)"
                             R"("tracing":{"type":"X-Amzn-Trace-Id","value":"Root=1-2-3"}})");
  EXPECT_EQ(events_[0].id.size(), 36u);
  call_next(id);
  EXPECT_TRUE(registry_.invoke_done());

  registry_.give_shutdown(ShutdownReason::kSpindown, 99);
  settle();
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_EQ(events_[1].json,
            R"({"eventType":"SHUTDOWN","deadlineMs":99,"shutdownReason":"spindown"})");
  EXPECT_EQ(registry_.running_external().size(), 1u);
  registry_.exited("watcher", {});
  EXPECT_TRUE(registry_.running_external().empty());
  EXPECT_EQ(about->state, State::kExited);
  EXPECT_FALSE(registry_.failure());
}

TEST_F(RegistryTest, ShutdownReachesAnExtensionThatIsStillAtItsInvoke) {
  const std::string id = external("busy");
  call_next(id);
  registry_.give_invoke({"r", "arn", "", 1});
  settle();
  registry_.give_shutdown(ShutdownReason::kTimeout, 7);
  call_next(id);
  ASSERT_EQ(events_.size(), 2u);
  EXPECT_NE(events_[1].json.find(R"("shutdownReason":"timeout")"), std::string::npos);
}

TEST_F(RegistryTest, EventsGoToSubscribersOnly) {
  const std::string quiet = external("quiet", {});
  call_next(quiet);
  registry_.give_invoke({"r", "arn", "", 1});
  settle();
  EXPECT_TRUE(events_.empty());
  EXPECT_TRUE(registry_.invoke_done());
  registry_.give_shutdown(ShutdownReason::kFailure, 1);
  settle();
  EXPECT_TRUE(events_.empty());
}

TEST_F(RegistryTest, InternalExtensionsMayNotTakeShutdown) {
  const auto refused = registry_.register_extension("inner", kBoth);
  EXPECT_EQ(refused.error().code(), "Extension.InvalidEventType");
  EXPECT_EQ(refused.error().message(), "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension");
  EXPECT_TRUE(registry_.empty());
  ASSERT_TRUE(registry_.register_extension("inner", kInvoke));
  EXPECT_FALSE(registry_.has_external());
  const auto again = registry_.register_extension("inner", kInvoke);
  EXPECT_EQ(again.error().code(), "Extension.InvalidExtensionState");
  EXPECT_EQ(again.error().message(), "Extension with this name already registered");
}

TEST_F(RegistryTest, UnknownEventsAndNamesAreRefused) {
  constexpr std::string_view kWrong[] = {"RESTORE"};
  EXPECT_EQ(registry_.register_extension("x", kWrong).error().message(),
            "RESTORE: ErrorInvalidEventType");
  EXPECT_EQ(registry_.register_extension("", kInvoke).error().message(), "Empty extension name");
}

TEST_F(RegistryTest, RegistrationClosesAndIsLimited) {
  for (std::size_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(registry_.register_extension("e" + std::to_string(i), kInvoke));
  }
  const auto over = registry_.register_extension("e10", kInvoke);
  EXPECT_EQ(over.error().code(), "Extension.TooManyExtensions");
  EXPECT_EQ(over.error().message(), "Extension limit (10) reached");
  registry_.close_registration();
  EXPECT_EQ(registry_.register_extension("late", kInvoke).error().code(),
            "Extension.RegistrationClosed");
}

TEST_F(RegistryTest, TheEleventhExternalExtensionIsALaunchError) {
  for (std::size_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(registry_.add_external("e" + std::to_string(i)));
  }
  EXPECT_FALSE(registry_.add_external("e10"));
  ASSERT_TRUE(registry_.failure());
  EXPECT_EQ(registry_.failure()->error_type, "Extension.LaunchError");
  EXPECT_EQ(registry_.extensions().back()->error_type, "TooManyExtensions");
}

TEST_F(RegistryTest, CallsOutOfTurnAreRefusedInRapidsWords) {
  const std::string id = external("one");
  EXPECT_EQ(registry_.register_extension("one", kBoth).error().message(),
            "State transition from Registered to Registered failed for extension one. Error: "
            "State transition is not allowed");
  call_next(id);
  call_next(id);
  ASSERT_EQ(refused_.size(), 1u);
  EXPECT_EQ(refused_[0], "State transition from Ready to Ready failed for extension " + id +
                             ". Error: State transition is not allowed");
  EXPECT_EQ(registry_.init_error(id, "Extension.X").error().message(),
            "State transition from Ready to InitError failed for extension " + id +
                ". Error: State transition is not allowed");
  call_next("11111111-1111-4111-8111-111111111111");
  EXPECT_EQ(refused_[1], "Unknown extension 11111111-1111-4111-8111-111111111111");
}

TEST_F(RegistryTest, ACrashFailsTheEnvironment) {
  external("one");
  registry_.exited("one", exit_one());
  ASSERT_TRUE(registry_.failure());
  EXPECT_EQ(registry_.failure()->error_type, "Extension.Crash");
  EXPECT_EQ(registry_.failure()->text, "exit status 1");
}

TEST_F(RegistryTest, WhatAnExtensionPostedExplainsItsExit) {
  const std::string id = external("one");
  ASSERT_TRUE(registry_.init_error(id, "Extension.NoConfig"));
  ASSERT_TRUE(registry_.init_error(id, "Extension.Second"));
  EXPECT_FALSE(registry_.failure());
  EXPECT_EQ(registry_.extensions()[0]->error_type, "Extension.NoConfig");
  registry_.exited("one", exit_one());
  EXPECT_EQ(registry_.failure()->error_type, "Extension.InitError");

  EXPECT_EQ(registry_.exit_error(id, "x").error().code(), "Extension.InvalidExtensionState");
}

TEST_F(RegistryTest, ExitErrorIsTakenInEveryWorkingState) {
  const std::string id = external("one");
  call_next(id);
  ASSERT_TRUE(registry_.exit_error(id, "Extension.Gone"));
  ASSERT_TRUE(registry_.exit_error(id, "Extension.Gone"));
  registry_.exited("one", {});
  EXPECT_EQ(registry_.failure()->error_type, "Extension.ExitError");
  EXPECT_EQ(registry_.failure()->text, "exit code 0");
}

TEST_F(RegistryTest, LaunchErrorsSayWhy) {
  ASSERT_TRUE(registry_.add_external("plain"));
  registry_.launch_failed("plain", true, "fork/exec: permission denied");
  EXPECT_EQ(registry_.failure()->error_type, "Extension.LaunchError");
  EXPECT_EQ(registry_.failure()->text, "fork/exec: permission denied");
  EXPECT_EQ(registry_.extensions()[0]->error_type, "PermissionDenied");
  EXPECT_TRUE(registry_.running_external().empty());
}

}  // namespace
}  // namespace lapwing::runtime
