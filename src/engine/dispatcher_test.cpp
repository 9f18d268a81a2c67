// Streamed responses between loops, on real threads: run under TSan as well.
#include "engine/dispatcher.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "base/testing/eventually.hpp"
#include "engine/machine_gauge.hpp"
#include "net/testing/run.hpp"
#include "runtime/api/response_stream.hpp"

namespace lapwing::engine {
namespace {

using lapwing::testing::eventually;
using runtime::FunctionVersion;
using runtime::FunctionVersionPtr;
using runtime::Invocation;
using runtime::Outcome;

constexpr std::size_t kPieces = 2'000;
const std::string kPiece(1'000, 'p');

// Streams kPieces and then answers; counts how many the reader took.
class StreamingEnvironment final : public runtime::ExecutionEnvironment {
 public:
  StreamingEnvironment(net::Loop& loop, std::atomic<int>& finished, FunctionVersionPtr function)
      : loop_(loop), finished_(finished), function_(std::move(function)) {}
  const FunctionVersionPtr& function() const override { return function_; }
  bool warm() const override { return warm_; }
  std::optional<MonoTime> answered_since() const override { return std::nullopt; }
  net::Task<bool> initialise() override {
    warm_ = true;
    co_return true;
  }
  net::Task<void> run(Invocation invocation, net::OneShotSender<Outcome> answer) override {
    Outcome outcome;
    if (invocation.payload == "fail") {
      outcome.kind = Outcome::Kind::kFunctionError;
    } else {
      invocation.sink->begin("text/plain");
      for (std::size_t i = 0; i < kPieces; ++i) co_await invocation.sink->write(loop_, kPiece);
    }
    invocation.sink->close();
    ++finished_;
    answer.send(std::move(outcome));
  }
  void interrupt() override {}
  net::Task<void> shutdown() override { co_return; }

 private:
  net::Loop& loop_;
  std::atomic<int>& finished_;
  FunctionVersionPtr function_;
  bool warm_ = false;
};

class DispatcherStreams : public ::testing::Test, public runtime::EnvironmentFactory {
 protected:
  explicit DispatcherStreams(EngineOptions options = {})
      : loops_(3, clock_, null_logger()), dispatcher_(loops_, *this, machine_, options) {
    loops_.start();
  }
  ~DispatcherStreams() override {
    dispatcher_.stop();
    loops_.stop();
  }
  std::unique_ptr<runtime::ExecutionEnvironment> make(net::Loop& loop, FunctionVersionPtr function,
                                                      runtime::InitializationType) override {
    return std::make_unique<StreamingEnvironment>(loop, finished_, std::move(function));
  }
  static FunctionVersionPtr function(const std::string& name) {
    auto fn = std::make_shared<FunctionVersion>();
    fn->arn = "arn:aws:lambda:us-east-1:000000000000:function:" + name;
    return fn;
  }

  struct Answer {
    std::size_t bytes = 0;
    std::string content_type;
    Result<Outcome> outcome = Outcome();
  };
  static net::Task<void> run(Dispatcher& dispatcher, net::Loop& here, FunctionVersionPtr fn,
                             Invocation invocation, net::OneShotSender<Result<Outcome>> done) {
    done.send(co_await dispatcher.invoke(here, std::move(fn), std::move(invocation)));
  }
  // One caller on `here`, who reads to the end, or goes after the first pieces.
  static net::Task<void> call(Dispatcher& dispatcher, net::Loop& here, FunctionVersionPtr fn,
                              std::string payload, bool to_the_end, std::promise<Answer> answer) {
    runtime::ResponseStream stream = runtime::response_stream(here);
    Invocation invocation;
    invocation.payload = std::move(payload);
    invocation.sink = std::move(stream.sink);
    auto [sender, receiver] = net::one_shot<Result<Outcome>>(here);
    here.spawn(run(dispatcher, here, std::move(fn), std::move(invocation), std::move(sender)));
    Answer out;
    while (true) {
      const std::vector<std::string> pieces = co_await stream.pieces.read();
      for (const std::string& piece : pieces) out.bytes += piece.size();
      if (pieces.empty() || !to_the_end) break;
    }
    out.content_type = *stream.content_type;
    if (to_the_end) {
      Result<Result<Outcome>> finished = co_await receiver;
      if (finished) out.outcome = *std::move(finished);
    }
    answer.set_value(std::move(out));
  }
  std::future<Answer> start(std::size_t loop, const std::string& name, std::string payload = "",
                            bool to_the_end = true) {
    std::promise<Answer> promise;
    std::future<Answer> answer = promise.get_future();
    net::Loop& here = loops_.at(loop);
    here.post([this, &here, fn = function(name), payload = std::move(payload), to_the_end,
               promise = std::move(promise)]() mutable {
      here.spawn(call(dispatcher_, here, std::move(fn), std::move(payload), to_the_end,
                      std::move(promise)));
    });
    return answer;
  }
  void until_finished(int count) {
    ASSERT_TRUE(eventually([&] { return finished_ >= count; }));
    ASSERT_EQ(finished_, count);
  }

  SystemClock clock_;
  std::atomic<int> finished_{0};
  ProcMachineGauge machine_;
  net::LoopGroup loops_;
  Dispatcher dispatcher_;
};

TEST_F(DispatcherStreams, EverythingArrivesWhereverCallerAndEnvironmentLive) {
  std::vector<std::future<Answer>> answers;
  for (const char* name : {"a", "b", "c", "d"}) {
    for (std::size_t loop = 0; loop < 3; ++loop) answers.push_back(start(loop, name));
  }
  for (std::future<Answer>& answer : answers) {
    const Answer got = answer.get();
    EXPECT_EQ(got.bytes, kPieces * kPiece.size());
    EXPECT_EQ(got.content_type, "text/plain");
    ASSERT_TRUE(got.outcome) << got.outcome.error().to_log();
    EXPECT_EQ(got.outcome->kind, Outcome::Kind::kSuccess);
  }
}

TEST_F(DispatcherStreams, AnErrorEndsTheStreamToo) {
  for (std::size_t loop = 0; loop < 3; ++loop) {
    const Answer got = start(loop, "a", "fail").get();
    EXPECT_EQ(got.bytes, 0u);
    ASSERT_TRUE(got.outcome);
    EXPECT_EQ(got.outcome->kind, Outcome::Kind::kFunctionError);
  }
}

TEST_F(DispatcherStreams, ACallerThatGoesLeavesTheInvocationRunning) {
  for (std::size_t loop = 0; loop < 3; ++loop) {
    EXPECT_LT(start(loop, "a", "", false).get().bytes, kPieces * kPiece.size());
  }
  until_finished(3);
}

class ThrottledStreams : public DispatcherStreams {
 protected:
  ThrottledStreams() : DispatcherStreams(EngineOptions{.account_concurrency = 0}) {}
};

TEST_F(ThrottledStreams, ARefusalEndsTheStream) {
  for (std::size_t loop = 0; loop < 3; ++loop) {
    const Answer got = start(loop, "a").get();
    EXPECT_EQ(got.bytes, 0u);
    ASSERT_FALSE(got.outcome);
    EXPECT_EQ(got.outcome.error().code(), "TooManyRequestsException");
  }
}

}  // namespace
}  // namespace lapwing::engine
