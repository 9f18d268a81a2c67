#include "runtime/telemetry/telemetry_hub.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/log.hpp"
#include "net/loop.hpp"
#include "net/task_group.hpp"

namespace lapwing::runtime {
namespace {

using std::chrono::milliseconds;

// The other end of every connection is a socket the test reads and answers by hand.
class HubTest : public ::testing::Test, protected SandboxConnector {
 protected:
  HubTest() : loop_(clock_, null_logger()), hub_(loop_, *this) {}

  net::Task<Result<net::Stream>> connect(std::uint16_t port, MonoTime) override {
    ++attempts_;
    if (refuse_) co_return fail(make_error(ErrorKind::kUnavailable, "nobody listens"));
    EXPECT_EQ(port, 8080);
    LAPWING_CO_TRY(net::SocketPair pair, net::socket_pair());
    far_.push_back(std::move(pair.second));
    co_return net::Stream::adopt(loop_, std::move(pair.first));
  }

  static TelemetrySubscription subscription(bool tcp, TelemetryKind kind) {
    TelemetrySubscription out;
    out.kind = kind;
    out.schema_version = kind == TelemetryKind::kLogs ? "2021-03-18" : "2022-12-13";
    out.types = {TelemetryCategory::kPlatform, TelemetryCategory::kFunction};
    out.buffering = {.items_max = 10, .bytes_max = 1000, .timeout = milliseconds(100)};
    out.destination.tcp = tcp;
    out.destination.port = 8080;
    out.destination.host = "sandbox.localdomain:8080";
    out.destination.target = "/events";
    return out;
  }
  void subscribe(bool tcp = true) {
    const auto done = hub_.subscribe("one", subscription(tcp, TelemetryKind::kTelemetry));
    ASSERT_TRUE(done);
    EXPECT_EQ(*done, TelemetryHub::Subscribed::kNew);
  }
  TelemetryEvent line(std::string text, bool object = false) {
    TelemetryEvent event;
    event.category = TelemetryCategory::kFunction;
    event.type = "function";
    event.time = clock_.wall();
    event.record = std::move(text);
    event.object_line = object;
    return event;
  }
  void turn() {
    for (int left = 16; left > 0; --left) {
      loop_.post([this] { loop_.stop(); });
      loop_.run();
    }
  }
  void advance(milliseconds by) {
    clock_.advance(by);
    turn();
  }
  std::string received(std::size_t connection = 0) {
    std::string text(64 * 1024, '\0');
    if (connection >= far_.size()) return {};
    const ssize_t got = ::recv(far_[connection].get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  void answer(std::string_view text, std::size_t connection = 0) {
    ASSERT_EQ(::send(far_[connection].get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    turn();
  }

  ManualClock clock_;
  net::Loop loop_;
  bool refuse_ = false;
  int attempts_ = 0;
  std::vector<os::UniqueFd> far_;
  TelemetryHub hub_;
};

constexpr char kTime[] = "2023-11-14T22:13:20.000Z";

std::string function_event(std::string_view record) {
  return std::string(R"({"time":")") + kTime + R"(","type":"function","record":)" +
         std::string(record) + "}";
}

TEST_F(HubTest, LinesOverTcpWhenTheirTimeHasCome) {
  subscribe();
  hub_.publish(line("say \"hello\""));
  hub_.publish(line(R"({"level":"INFO"})", true));
  turn();
  EXPECT_TRUE(far_.empty());
  EXPECT_FALSE(hub_.idle());
  advance(milliseconds(100));
  EXPECT_EQ(received(), function_event(R"("say \"hello\"")") + "\n" +
                            function_event(R"({"level":"INFO"})") + "\n");
  EXPECT_TRUE(hub_.idle());
}

TEST_F(HubTest, OneArrayARequestOverHttp) {
  subscribe(false);
  hub_.publish(line("a"));
  hub_.publish(line("b"));
  advance(milliseconds(100));
  const std::string request = received();
  EXPECT_TRUE(request.starts_with("POST /events HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Host: sandbox.localdomain:8080\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("Content-Type: application/json\r\n"), std::string::npos) << request;
  EXPECT_TRUE(request.ends_with("\r\n\r\n[" + function_event("\"a\"") + "," +
                                function_event("\"b\"") + "]"))
      << request;
  EXPECT_FALSE(hub_.idle());
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(hub_.idle());
}

TEST_F(HubTest, WhatIsRefusedIsTriedAgain) {
  subscribe(false);
  hub_.publish(line("a"));
  advance(milliseconds(100));
  received();
  answer("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(hub_.idle());
  EXPECT_EQ(received(), "");
  advance(milliseconds(50));
  EXPECT_NE(received().find(function_event("\"a\"")), std::string::npos);
  answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(hub_.idle());
}

TEST_F(HubTest, ALateConsumerIsToldWhatWasLost) {
  refuse_ = true;
  subscribe();
  for (int i = 0; i < 1000; ++i) hub_.publish(line("0123456789"));
  advance(milliseconds(100));
  EXPECT_GE(attempts_, 1);
  refuse_ = false;
  for (int i = 0; i < 20; ++i) advance(milliseconds(2'000));
  std::string all;
  for (std::string part = received(); !part.empty(); part = received()) all += part;
  EXPECT_NE(all.find(R"("type":"platform.logsDropped","record":{"reason":"Consumer seems to have )"
                     R"(fallen behind as it has not acknowledged receipt of logs.",)"
                     R"("droppedRecords":)"),
            std::string::npos)
      << all;
  EXPECT_TRUE(hub_.idle());
}

TEST_F(HubTest, WhoSubscribesHearsOfTheBeginning) {
  hub_.publish(line("early"));
  subscribe();
  hub_.close();
  hub_.publish(line("later"));
  advance(milliseconds(100));
  EXPECT_EQ(received(), function_event("\"early\"") + "\n" + function_event("\"later\"") + "\n");
}

TEST_F(HubTest, OneApiAnExtensionAndNoneAfterTheInitialisation) {
  subscribe();
  const auto again = hub_.subscribe("one", subscription(true, TelemetryKind::kTelemetry));
  EXPECT_EQ(*again, TelemetryHub::Subscribed::kAlready);
  const auto both = hub_.subscribe("one", subscription(true, TelemetryKind::kLogs));
  EXPECT_EQ(both.error().kind(), ErrorKind::kInvalid);
  EXPECT_EQ(both.error().message(),
            "The extension one is already subscribed to the TelemetryAPI. You must either "
            "subscribe to the LogsAPI or the TelemetryAPI");
  EXPECT_TRUE(hub_.subscribe("two", subscription(true, TelemetryKind::kLogs)));
  hub_.close();
  const auto late = hub_.subscribe("three", subscription(true, TelemetryKind::kLogs));
  EXPECT_EQ(late.error().code(), "Logs.SubscriptionClosed");
  EXPECT_EQ(late.error().kind(), ErrorKind::kDenied);
}

TEST_F(HubTest, NobodyListensNothingIsWanted) {
  EXPECT_TRUE(hub_.wants(TelemetryCategory::kPlatform));
  hub_.close();
  EXPECT_FALSE(hub_.wants(TelemetryCategory::kPlatform));
}

TEST_F(HubTest, EachApiGetsItsOwnEvents) {
  ASSERT_TRUE(hub_.subscribe("logs", subscription(true, TelemetryKind::kLogs)));
  TelemetryEvent event;
  event.type = "platform.initStart";
  event.record = "{}";
  event.reader = TelemetryEvent::For::kTelemetry;
  hub_.publish(event);
  event.type = "platform.end";
  event.reader = TelemetryEvent::For::kLogs;
  event.time = clock_.wall();
  hub_.publish(event);
  advance(milliseconds(100));
  EXPECT_EQ(received(),
            std::string(R"({"time":")") + kTime + "\",\"type\":\"platform.end\",\"record\":{}}\n");
}

TEST_F(HubTest, AFrozenSandboxIsLeftAlone) {
  subscribe();
  hub_.pause();
  hub_.publish(line("a"));
  advance(milliseconds(5'000));
  EXPECT_EQ(attempts_, 0);
  hub_.resume();
  turn();
  EXPECT_EQ(received(), function_event("\"a\"") + "\n");
}

}  // namespace
}  // namespace lapwing::runtime
