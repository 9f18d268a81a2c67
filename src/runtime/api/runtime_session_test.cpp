#include "runtime/api/runtime_session.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/task_group.hpp"

namespace lapwing::runtime {
namespace {

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : loop_(clock_, null_logger()), changed_(loop_), session_(loop_, changed_) {}

  // One call of next(), whose answer lands in `got_` or `refused_`.
  net::Task<void> next() {
    Result<const Invocation*> invocation = co_await session_.next();
    if (invocation) {
      got_.push_back((*invocation)->request_id);
    } else {
      refused_.push_back(invocation.error());
    }
  }
  void settle() {
    turns(8);
    loop_.run();
  }
  void turns(int left) {
    loop_.post([this, left] { left == 0 ? loop_.stop() : turns(left - 1); });
  }
  Invocation invocation(std::string id) {
    Invocation out;
    out.request_id = std::move(id);
    return out;
  }

  ManualClock clock_;
  net::Loop loop_;
  net::Event changed_;
  RuntimeSession session_;
  std::vector<std::string> got_;
  std::vector<Error> refused_;
  net::TaskGroup calls_{loop_};
};

TEST_F(SessionTest, OneInvocationAfterAnother) {
  calls_.spawn(next());
  settle();
  EXPECT_TRUE(session_.ready());
  EXPECT_TRUE(changed_.is_set());
  for (const char* id : {"first", "second"}) {
    const Invocation inv = invocation(id);
    session_.give(inv, 1234);
    settle();
    EXPECT_EQ(got_.back(), id);
    ASSERT_TRUE(session_.begin_reply(id));
    session_.finish_reply({false, "\"ok\"", "application/json", ""});
    ASSERT_TRUE(session_.has_reply());
    EXPECT_EQ(session_.take_reply().body, "\"ok\"");
    EXPECT_FALSE(session_.ready());
    calls_.spawn(next());
    settle();
    EXPECT_TRUE(session_.ready());
  }
}

TEST_F(SessionTest, TimesOfAResponse) {
  using std::chrono::milliseconds;
  calls_.spawn(next());
  settle();
  const Invocation inv = invocation("a");
  const WallTime given = clock_.wall();
  session_.give(inv, 0);
  settle();
  clock_.advance(milliseconds(30));
  ASSERT_TRUE(session_.begin_reply("a"));
  clock_.advance(milliseconds(20));
  Reply reply;
  reply.bytes = 5;
  session_.finish_reply(reply);
  clock_.advance(milliseconds(10));
  EXPECT_FALSE(session_.response_times());
  calls_.spawn(next());
  settle();
  const auto times = session_.response_times();
  ASSERT_TRUE(times);
  EXPECT_EQ(times->given, given);
  EXPECT_EQ(times->latency, milliseconds(30));
  EXPECT_EQ(times->lasted, milliseconds(20));
  EXPECT_EQ(times->overhead, milliseconds(10));
  EXPECT_EQ(times->bytes, 5u);
  session_.give(inv, 0);
  settle();
  ASSERT_TRUE(session_.begin_reply("a"));
  reply.is_error = true;
  session_.finish_reply(reply);
  calls_.spawn(next());
  settle();
  EXPECT_FALSE(session_.response_times());  // an error is not a response
}

TEST_F(SessionTest, ForgedRepeatedAndLateRepliesAreRefused) {
  EXPECT_EQ(session_.begin_reply("nothing runs").error().code(), "InvalidRequestID");
  calls_.spawn(next());
  settle();
  const Invocation inv = invocation("mine");
  session_.give(inv, 0);
  settle();
  EXPECT_EQ(session_.begin_reply("another").error().code(), "InvalidRequestID");
  ASSERT_TRUE(session_.begin_reply("mine"));
  EXPECT_EQ(session_.begin_reply("mine").error().code(), "InvalidStateTransition");
  session_.finish_reply({});
  EXPECT_EQ(session_.begin_reply("mine").error().code(), "InvalidRequestID");
  calls_.spawn(next());
  settle();
  EXPECT_FALSE(session_.init_error({}));
}

TEST_F(SessionTest, AskingForMoreWithoutAnsweringIsRefused) {
  calls_.spawn(next());
  settle();
  const Invocation inv = invocation("a");
  session_.give(inv, 0);
  settle();
  calls_.spawn(next());
  settle();
  ASSERT_EQ(refused_.size(), 1u);
  EXPECT_EQ(refused_[0].message(),
            "State transition from Running to Ready failed for runtime. Error: State transition "
            "is not allowed");
}

TEST_F(SessionTest, AnEventThatCouldNotBeDeliveredIsOfferedAgain) {
  calls_.spawn(next());
  settle();
  const Invocation inv = invocation("a");
  session_.give(inv, 0);
  settle();
  session_.undeliver();
  EXPECT_FALSE(session_.begin_reply("a"));
  calls_.spawn(next());
  settle();
  EXPECT_EQ(got_, (std::vector<std::string>{"a", "a"}));
  EXPECT_TRUE(session_.begin_reply("a"));
}

TEST_F(SessionTest, ABrokenReplyLeavesTheInvocationRunning) {
  calls_.spawn(next());
  settle();
  const Invocation inv = invocation("a");
  session_.give(inv, 0);
  settle();
  ASSERT_TRUE(session_.begin_reply("a"));
  session_.abandon_reply();
  EXPECT_FALSE(session_.has_reply());
  EXPECT_TRUE(session_.begin_reply("a"));
}

TEST_F(SessionTest, InitErrorEndsTheStart) {
  ASSERT_TRUE(session_.init_error({true, "{}", "application/json", "Runtime.ImportModuleError"}));
  EXPECT_TRUE(session_.has_reply());
  calls_.spawn(next());
  settle();
  EXPECT_EQ(refused_.size(), 1u);
}

TEST_F(SessionTest, OnlyARestoredProcessSpeaksOfItsRestore) {
  EXPECT_EQ(session_.restore_next().error().message(),
            "State transition from Started to Restoring failed for runtime. Error: State "
            "transition is not allowed");
  EXPECT_FALSE(session_.restore_error({true, "{}", "application/json", "Runtime.Unknown"}));
  session_.expect_restore();
  EXPECT_TRUE(session_.restore_next());
  ASSERT_TRUE(session_.restore_error({true, "{}", "application/json", "Runtime.Unknown"}));
  EXPECT_TRUE(session_.has_reply());
  EXPECT_FALSE(session_.restore_next());
  calls_.spawn(next());
  settle();
  EXPECT_EQ(refused_.size(), 1u);
}

}  // namespace
}  // namespace lapwing::runtime
