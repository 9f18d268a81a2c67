#include "runtime/api/runtime_api.hpp"

#include <gtest/gtest.h>

#include "http/limits.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/task_group.hpp"
#include "net/testing/run.hpp"
#include "runtime/limits.hpp"
#include "text/base64.hpp"

namespace lapwing::runtime {
namespace {

using net::Task;

// A runtime's connection, byte by byte, so that it may misbehave.
class Wire {
 public:
  explicit Wire(net::Stream stream) : stream_(std::move(stream)) {}

  Task<void> send(std::string text) {
    const Status sent = co_await stream_.write_all(text);
    EXPECT_TRUE(sent);
  }
  // The status and the body of the next answer; "closed" when there is none.
  Task<std::string> answer() {
    while (true) {
      const std::size_t end = read_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t at = read_.find("Content-Length: ");
        const std::size_t size = std::stoul(read_.substr(at + 16));
        if (read_.size() >= end + 4 + size) {
          std::string out = read_.substr(9, 3) + " " + read_.substr(end + 4, size);
          read_.erase(0, end + 4 + size);
          co_return out;
        }
      }
      std::array<char, 4096> buffer{};
      const auto got = co_await stream_.read_some(std::as_writable_bytes(std::span(buffer)));
      if (!got || *got == 0) co_return "closed";
      read_.append(buffer.data(), *got);
    }
  }
  void close() { stream_.close(); }

 private:
  net::Stream stream_;
  std::string read_;
};

std::string chunk(std::string_view data) {
  return fmt::format("{:x}\r\n{}\r\n", data.size(), data);
}

std::string post(std::string_view verb, std::string_view headers) {
  return fmt::format("POST /2018-06-01/runtime/invocation/r-1/{} HTTP/1.1\r\nHost: x\r\n{}\r\n",
                     verb, headers);
}

// The head of a streamed response.
std::string stream_head(std::string_view more = {}) {
  return post("response", fmt::format("Lambda-Runtime-Function-Response-Mode: streaming\r\n"
                                      "Transfer-Encoding: chunked\r\n{}",
                                      more));
}

// One runtime in the middle of invocation "r-1", which wants its response in pieces.
class RuntimeApiTest : public ::testing::Test {
 public:  // the tests' coroutines are functions of their own
  void start(const StreamLimits& limits = {}) {
    api_ = std::make_unique<RuntimeApi>(session_, limits);
    shared_.options.timeouts.body_idle = kNoHttpTimeout;
    shared_.handler = [this](http::RequestContext& context) { return api_->handle(context); };
    wire_ = connect();
    invocation_.request_id = "r-1";
    stream_ = response_stream(loop_.get());
    invocation_.sink = stream_.sink;
  }
  std::unique_ptr<Wire> connect() {
    auto sockets = net::socket_pair();
    auto server = net::Stream::adopt(loop_.get(), std::move(sockets->first));
    auto client = net::Stream::adopt(loop_.get(), std::move(sockets->second));
    tasks_.spawn(http::serve_connection(*std::move(server), shared_));
    return std::make_unique<Wire>(*std::move(client));
  }
  Task<void> begin() {
    co_await wire_->send("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!session_.ready()) {
      changed_.reset();
      co_await changed_.wait();
    }
    session_.give(invocation_, 0);
    EXPECT_EQ(co_await wire_->answer(), "200 ");
  }
  Task<Reply> reply() {
    while (!session_.has_reply()) {
      changed_.reset();
      co_await changed_.wait();
    }
    co_return session_.take_reply();
  }
  // Everything up to the end, which the environment makes when the reply is there.
  Task<std::string> rest() {
    invocation_.sink->close();
    std::string all;
    while (true) {
      const std::vector<std::string> pieces = co_await stream_.pieces.read();
      if (pieces.empty()) co_return all;
      for (const std::string& piece : pieces) all += piece;
    }
  }
  void run(Task<void> test) { loop_.run(std::move(test)); }

  net::testing::TestLoop loop_;
  net::Event changed_{loop_.get()};
  RuntimeSession session_{loop_.get(), changed_};
  std::unique_ptr<RuntimeApi> api_;
  http::ServiceShared shared_;
  Invocation invocation_;
  ResponseStream stream_;
  std::unique_ptr<Wire> wire_;
  net::TaskGroup tasks_{loop_.get()};
};

constexpr std::string_view kRestoreNext =
    "GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(RuntimeApiTest, ARestoredRuntimeGoesOnAtOnce) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    co_await t.wire_->send(std::string(kRestoreNext));
    EXPECT_TRUE((co_await t.wire_->answer()).starts_with("403 "));
    t.session_.expect_restore();
    co_await t.wire_->send(std::string(kRestoreNext));
    EXPECT_EQ(co_await t.wire_->answer(), "200 ");
    co_await t.begin();
  }(*this));
}

TEST_F(RuntimeApiTest, ARestoreThatFailsSaysWhy) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    t.session_.expect_restore();
    co_await t.wire_->send(
        "POST /2018-06-01/runtime/restore/error HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
        "Lambda-Runtime-Function-Error-Type: Runtime.AfterRestoreError\r\n\r\n{}");
    EXPECT_TRUE((co_await t.wire_->answer()).starts_with("202 "));
    const Reply reply = co_await t.reply();
    EXPECT_TRUE(reply.is_error);
    EXPECT_EQ(reply.error_type, "Runtime.AfterRestoreError");
    EXPECT_EQ(reply.body, "{}");
  }(*this));
}

TEST_F(RuntimeApiTest, PiecesGoOnAsTheyCome) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    co_await t.begin();
    co_await t.wire_->send(stream_head("Content-Type: text/plain\r\n"));
    for (const char* piece : {"Hello", "serverless", "world"}) {
      co_await t.wire_->send(chunk(piece));
      EXPECT_EQ(co_await t.stream_.pieces.read(), std::vector<std::string>{piece});
    }
    EXPECT_EQ(*t.stream_.content_type, "text/plain");
    EXPECT_FALSE(t.session_.has_reply());
    co_await t.wire_->send("0\r\n\r\n");
    const Reply reply = co_await t.reply();
    EXPECT_FALSE(reply.is_error);
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(co_await t.wire_->answer(), "202 {\"status\":\"OK\"}\n");
    EXPECT_EQ(co_await t.rest(), "");
  }(*this));
}

TEST_F(RuntimeApiTest, WithoutASinkAStreamIsGathered) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    t.invocation_.sink.reset();
    co_await t.begin();
    co_await t.wire_->send(stream_head() + chunk("one ") + chunk("two") + "0\r\n\r\n");
    const Reply reply = co_await t.reply();
    EXPECT_EQ(reply.body, "one two");
    EXPECT_EQ(reply.content_type, "application/octet-stream");
  }(*this));
}

TEST_F(RuntimeApiTest, AResponseOfAnotherModeGoesTheSameWay) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    co_await t.begin();
    co_await t.wire_->send(post("response", "Content-Length: 4\r\n") + "null");
    EXPECT_EQ((co_await t.reply()).body, "");
    EXPECT_EQ(co_await t.rest(), "null");
  }(*this));
}

// A large reply is not read while too much waits already; and what it takes is given back.
TEST_F(RuntimeApiTest, ALargeReplyWaitsForRoom) {
  start();
  auto test = [](RuntimeApiTest& t) -> Task<void> {
    http::Memory memory;
    t.api_->count_replies(memory);
    t.invocation_.sink.reset();
    co_await t.begin();
    http::Charge others = memory.answers.charge(t.invocation_.caller);
    others.add(http::kAnswersInMemoryMax);
    const std::string body(kSmallReplyBytes + 1, 'x');
    t.tasks_.spawn([](RuntimeApiTest& in, std::string text) -> Task<void> {
      co_await in.wire_->send(text);
    }(t, post("response", fmt::format("Content-Length: {}\r\n", body.size())) + body));
    for (int i = 0; i < 20; ++i) co_await t.loop_.get().sleep(kReplyRoomLook);
    EXPECT_FALSE(t.session_.has_reply());
    others.release();
    EXPECT_EQ((co_await t.reply()).bytes, body.size());
    EXPECT_EQ(memory.answers.held(), 0u);
  };
  run(test(*this));
}

// What other callers, or the caller's answers of another function, are over by is not this one's.
TEST_F(RuntimeApiTest, OthersAnswersDoNotHoldUpALargeReply) {
  start();
  auto test = [](RuntimeApiTest& t) -> Task<void> {
    http::Memory memory;
    t.api_->count_replies(memory);
    t.invocation_.sink.reset();
    t.invocation_.caller = {.hash = 1, .part = 2};
    co_await t.begin();
    http::Charge others = memory.answers.charge({.hash = 1, .part = 3});
    others.add(3 * http::kAnswersInMemoryMax);
    const std::string body(kResponseBytesMax, 'x');
    t.tasks_.spawn([](RuntimeApiTest& in, std::string text) -> Task<void> {
      co_await in.wire_->send(text);
    }(t, post("response", fmt::format("Content-Length: {}\r\n", body.size())) + body));
    const MonoTime begun = t.loop_.get().now();
    EXPECT_EQ((co_await t.reply()).bytes, body.size());
    EXPECT_LT(t.loop_.get().now() - begun, kReplyRoomWait / 2);
  };
  run(test(*this));
}

TEST_F(RuntimeApiTest, AnErrorDoesNotGoToTheSink) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    co_await t.begin();
    co_await t.wire_->send(post("error", "Content-Length: 2\r\n") + "{}");
    const Reply reply = co_await t.reply();
    EXPECT_TRUE(reply.is_error);
    EXPECT_EQ(reply.body, "{}");
    EXPECT_EQ(co_await t.rest(), "");
  }(*this));
}

TEST_F(RuntimeApiTest, AFullSinkStopsTheRuntime) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    constexpr std::size_t kChunks = 128;
    const std::string piece(64 * 1024, 'p');
    co_await t.begin();
    co_await t.wire_->send(stream_head());
    std::size_t sent = 0;
    auto floods = [](Wire& wire, const std::string& data, std::size_t& count) -> Task<void> {
      for (; count < kChunks; ++count) co_await wire.send(chunk(data));
      co_await wire.send("0\r\n\r\n");
    };
    t.tasks_.spawn(floods(*t.wire_, piece, sent));
    // Until nothing moves any more: the sink, the buffers of the socket pair are full.
    for (std::size_t before = 1, still = 0; still < 100; before = sent) {
      co_await t.loop_.get().yield();
      still = before == sent ? still + 1 : 0;
    }
    EXPECT_LT(sent, kChunks / 2);
    std::size_t taken = 0;
    while (taken < kChunks * piece.size()) {
      for (const std::string& got : co_await t.stream_.pieces.read()) taken += got.size();
    }
    EXPECT_FALSE((co_await t.reply()).is_error);
    EXPECT_EQ(taken, kChunks * piece.size());
  }(*this));
}

TEST_F(RuntimeApiTest, AReaderThatHasGoneStopsNothing) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    const std::string piece(64 * 1024, 'p');
    co_await t.begin();
    t.stream_.pieces = net::BytePipeReader();
    co_await t.wire_->send(stream_head());
    for (int i = 0; i < 128; ++i) co_await t.wire_->send(chunk(piece));
    co_await t.wire_->send("0\r\n\r\n");
    EXPECT_FALSE((co_await t.reply()).is_error);
    EXPECT_EQ(co_await t.wire_->answer(), "202 {\"status\":\"OK\"}\n");
  }(*this));
}

TEST_F(RuntimeApiTest, TrailersTellOfAnErrorMidway) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    const std::string error = R"({"errorType":"RangeError","errorMessage":"midway"})";
    co_await t.begin();
    co_await t.wire_->send(stream_head("Trailer: Lambda-Runtime-Function-Error-Type\r\n") +
                           chunk("begun") +
                           fmt::format("0\r\nLambda-Runtime-Function-Error-Type: RangeError\r\n"
                                       "Lambda-Runtime-Function-Error-Body: {}\r\n\r\n",
                                       text::base64_encode(error)));
    const Reply reply = co_await t.reply();
    EXPECT_TRUE(reply.is_error);
    EXPECT_EQ(reply.error_type, "RangeError");
    EXPECT_EQ(reply.body, error);
    EXPECT_FALSE(reply.broke_off);
    EXPECT_EQ(co_await t.rest(), "begun");
    EXPECT_EQ(co_await t.wire_->answer(), "202 {\"status\":\"OK\"}\n");
  }(*this));
}

TEST_F(RuntimeApiTest, WhatIsMalformedMidwayIsTruncated) {
  const std::string endings[] = {
      "zz\r\n",                 // not a size
      "5\r\nHelloworld\r\n",    // longer than it says
      "0\r\nno colon\r\n\r\n",  // a malformed trailer
      "0\r\nX: " + std::string(http::HeadLimits().trailer_bytes, 'x') + "\r\n\r\n"  // huge trailers
  };
  for (const std::string& ending : endings) {
    SCOPED_TRACE(ending.substr(0, 20));
    start();
    run([](RuntimeApiTest& t, const std::string& bad) -> Task<void> {
      co_await t.begin();
      co_await t.wire_->send(stream_head() + chunk("begun") + bad);
      const Reply reply = co_await t.reply();
      EXPECT_TRUE(reply.is_error);
      EXPECT_FALSE(reply.broke_off);
      EXPECT_EQ(reply.error_type, "Runtime.TruncatedResponse");
      EXPECT_TRUE((co_await t.rest()).starts_with("begun"));
      EXPECT_EQ((co_await t.wire_->answer()).substr(0, 3), "400");
      EXPECT_EQ(co_await t.wire_->answer(), "closed");
    }(*this, ending));
  }
}

TEST_F(RuntimeApiTest, AConnectionThatClosesMidwayIsTruncated) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    co_await t.begin();
    co_await t.wire_->send(stream_head() + chunk("begun"));
    t.wire_->close();
    const Reply reply = co_await t.reply();
    EXPECT_TRUE(reply.broke_off);
    EXPECT_EQ(co_await t.rest(), "begun");
  }(*this));
}

TEST_F(RuntimeApiTest, AStreamHasALimit) {
  StreamLimits limits;
  limits.bytes_max = 10;
  start(limits);
  run([](RuntimeApiTest& t) -> Task<void> {
    co_await t.begin();
    co_await t.wire_->send(stream_head() + chunk("0123456789") + chunk("x") + chunk("more"));
    const Reply reply = co_await t.reply();
    EXPECT_TRUE(reply.is_error);
    EXPECT_EQ(reply.error_type, "Function.ResponseSizeTooLarge");
    EXPECT_EQ(reply.body,
              R"({"errorMessage":"Response payload size exceeded maximum allowed payload size )"
              R"((10 bytes).","errorType":"Function.ResponseSizeTooLarge"})");
    EXPECT_EQ(co_await t.rest(), "0123456789");
    // The runtime is told when it has sent everything.
    co_await t.wire_->send("0\r\n\r\n");
    EXPECT_EQ(co_await t.wire_->answer(),
              "413 {\"errorMessage\":\"Exceeded maximum allowed payload size (10 bytes).\","
              "\"errorType\":\"RequestEntityTooLarge\"}");
  }(*this));
}

TEST_F(RuntimeApiTest, AStreamOfExactlyTheLimitIsFine) {
  StreamLimits limits;
  limits.bytes_max = 10;
  start(limits);
  run([](RuntimeApiTest& t) -> Task<void> {
    co_await t.begin();
    co_await t.wire_->send(stream_head() + chunk("0123456789") + "0\r\n\r\n");
    EXPECT_FALSE((co_await t.reply()).is_error);
  }(*this));
}

TEST_F(RuntimeApiTest, ASecondAnswerIsRefusedWhileOneStreams) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    co_await t.begin();
    co_await t.wire_->send(stream_head() + chunk("begun"));
    EXPECT_EQ(co_await t.stream_.pieces.read(), std::vector<std::string>{"begun"});
    const std::unique_ptr<Wire> other = t.connect();
    for (const char* verb : {"response", "error"}) {
      co_await other->send(post(verb, "Content-Length: 2\r\n") + "{}");
      const std::string refused = co_await other->answer();
      EXPECT_TRUE(refused.starts_with("403 ")) << refused;
      EXPECT_NE(refused.find("InvalidStateTransition"), std::string::npos) << refused;
    }
    co_await t.wire_->send("0\r\n\r\n");
    EXPECT_FALSE((co_await t.reply()).is_error);
  }(*this));
}

TEST_F(RuntimeApiTest, AnotherResponseModeIsRefused) {
  start();
  run([](RuntimeApiTest& t) -> Task<void> {
    co_await t.begin();
    co_await t.wire_->send(post(
        "response", "Lambda-Runtime-Function-Response-Mode: sideways\r\nContent-Length: 0\r\n"));
    const std::string refused = co_await t.wire_->answer();
    EXPECT_TRUE(refused.starts_with("400 ")) << refused;
    EXPECT_NE(refused.find("InvalidFunctionResponseMode"), std::string::npos) << refused;
    co_await t.wire_->send(
        post("response",
             "Lambda-Runtime-Function-Response-Mode: Buffered\r\nContent-Length: 2\r\n") +
        "{}");
    EXPECT_FALSE((co_await t.reply()).is_error);
    EXPECT_EQ(co_await t.rest(), "{}");
  }(*this));
}

TEST_F(RuntimeApiTest, BandwidthHoldsTheRuntimeBack) {
  StreamLimits limits;
  limits.burst_bytes = 1'000;
  limits.bytes_per_second = 10'000;
  start(limits);
  run([](RuntimeApiTest& t) -> Task<void> {
    co_await t.begin();
    const MonoTime begun = t.loop_.get().now();
    const std::string piece(1'000, 'p');
    co_await t.wire_->send(stream_head() + chunk(piece) + chunk(piece) + "0\r\n\r\n");
    EXPECT_FALSE((co_await t.reply()).is_error);
    EXPECT_GE(t.loop_.get().now() - begun, std::chrono::milliseconds(100));
    EXPECT_EQ((co_await t.rest()).size(), 2'000u);
  }(*this));
}

}  // namespace
}  // namespace lapwing::runtime
