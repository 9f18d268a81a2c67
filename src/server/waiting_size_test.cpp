// What one request that waits makes the server hold, with its connection. Thousands wait, so what
// is only needed before and afterwards must be gone meanwhile: the buffer it was read with, head,
// body and parsed input, the frames of what has been done.
#include <malloc.h>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "server/testing/test_server.hpp"

namespace lapwing::server {
namespace {

using testing::read_answer;
using testing::send_to;
using testing::TestServer;

// By what the heap takes for it, its headers included. Every byte is ten thousand in a server with
// as many long polls: what makes this larger needs a reason.
constexpr double kWaitingBytesMax = 4'608;

constexpr std::size_t kFirst = 100;  // until pools and tables have their size
constexpr std::size_t kMeasured = 300;
constexpr std::size_t kFew = 10;
constexpr Duration kSoon = std::chrono::seconds(10);  // half of the time for which they wait
// Of the head and of the body, beyond what they need: nothing of it may stay.
constexpr std::size_t kFillerBytes = 3'000;

std::string ask(std::string_view operation, std::string_view input) {
  return fmt::format(
      "POST / HTTP/1.1\r\nHost: localhost:4566\r\nContent-Type: application/x-amz-json-1.0\r\n"
      "X-Amz-Target: AmazonSQS.{}\r\nX-Filler: {}\r\nContent-Length: {}\r\n\r\n{}{}",
      operation, std::string(kFillerBytes, 'x'), input.size() + kFillerBytes, input,
      std::string(kFillerBytes, ' '));
}

class Polls {
 public:
  Polls() : server_({.services = {"sqs"}}) {
    EXPECT_TRUE(server_.call("sqs", "CreateQueue", R"({"QueueName":"idle"})").ok());
  }

  // Each on a connection that has asked something before, as a consumer's.
  void begin(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      open_.push_back(server_.connect());
      send_to(open_.back(), ask("GetQueueUrl", R"({"QueueName":"idle"})"));
      ASSERT_EQ(read_answer(open_.back()).status, 200);
      send_to(open_.back(),
              ask("ReceiveMessage", R"({"QueueUrl":"http://localhost:4566/000000000000/idle",)"
                                    R"("WaitTimeSeconds":20})"));
    }
    while (!waiting(open_.size())) {
    }
    // Their looks at the queue have come back when a later one has.
    ASSERT_TRUE(server_
                    .call("sqs", "ReceiveMessage",
                          R"({"QueueUrl":"http://localhost:4566/000000000000/idle"})")
                    .ok());
  }

  bool waiting(std::size_t count) {
    return server_.request("GET", "/_lapwing/metrics")
        .body.contains(fmt::format("lapwing_sqs_polls_waiting {}\n", count));
  }
  void leave() { open_.clear(); }

 private:
  TestServer server_;
  std::vector<os::UniqueFd> open_;
};

TEST(WaitingSize, ALongPollHoldsLittle) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "the heap is not the usual one";
#endif
#endif
  Polls polls;
  polls.begin(kFirst);
  const std::size_t before = mallinfo2().uordblks;
  polls.begin(kMeasured);
  const std::size_t after = mallinfo2().uordblks;
  const double each = static_cast<double>(after - before) / kMeasured;
  RecordProperty("bytes", fmt::format("{:.0f}", each));
  EXPECT_LE(each, kWaitingBytesMax);
  // Less would mean that nothing waits.
  EXPECT_GE(each, 1'000);
}

// Not when its time is over.
TEST(WaitingSize, WhatNobodyWaitsForIsGoneAtOnce) {
  Polls polls;
  polls.begin(kFew);
  polls.leave();
  const MonoTime since = SystemClock().mono();
  while (!polls.waiting(0)) ASSERT_LT(SystemClock().mono() - since, kSoon);
}

}  // namespace
}  // namespace lapwing::server
