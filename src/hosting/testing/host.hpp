// A service alone, in a unit test: a memory store, a clock that stands still, a loop that runs.
//
//   Host<sqs::Service> host;
//   EXPECT_EQ(host.call("CreateQueue", R"({"QueueName":"q"})").at("QueueUrl"), "...");
//   auto poll = host.begin("ReceiveMessage", R"({"QueueUrl":"...","WaitTimeSeconds":20})");
//   host.advance(std::chrono::seconds(20));
//   EXPECT_EQ(poll.get().status, 200);
//   host.restart();                       // the same store under a new service, as after a crash
//
// Inputs and outputs are JSON in the model's member names (aws::Service::perform).
//
// Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "aws/testing/pipeline.hpp"
#include "base/random.hpp"
#include "hosting/manual_time.hpp"
#include "hosting/service.hpp"
#include "net/loop.hpp"
#include "net/loop_group.hpp"
#include "ports/destination.hpp"
#include "store/memory/memory_engine.hpp"
#include "text/json.hpp"

namespace lapwing::hosting::testing {

// As a JSON string.
std::string in_quotes(std::string_view text);

// What an operation answered.
struct Answer {
  std::string text;   // the output, or the error's message
  std::string error;  // the error's code, or empty

  bool ok() const { return error.empty(); }
  // "Attributes.DelaySeconds", "Messages.0.Body": strings as they are, the rest as written; empty
  // if absent.
  std::string at(std::string_view path) const;
  // How many items or members; 0 if absent.
  std::size_t size(std::string_view path) const;
  // The names of its members, a space behind each.
  std::string names(std::string_view path) const;
};

class Pending {
 public:
  explicit Pending(std::future<Answer> answer) : answer_(std::move(answer)) {}
  bool done() const {
    return answer_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  // Waits; a test that would hang fails after 30 s instead.
  Answer get();

 private:
  std::future<Answer> answer_;
};

class HostBase {
 public:
  // `workers`: how many plain operations are at work at once.
  explicit HostBase(std::size_t workers = 1);
  virtual ~HostBase();
  HostBase(const HostBase&) = delete;
  HostBase& operator=(const HostBase&) = delete;

  Answer call(std::string_view operation, std::string_view input = "{}");
  Pending begin(std::string_view operation, std::string_view input = "{}");
  // As another caller.
  Answer call_as(const aws::Caller& caller, std::string_view operation, std::string_view input);
  // The bytes of a request in one of the service's protocols, through decoding and encoding; only
  // those that need no path.
  static bool is_sent_whole(aws::Protocol protocol) {
    return protocol == aws::Protocol::kJson10 || protocol == aws::Protocol::kJson11 ||
           protocol == aws::Protocol::kQuery;
  }
  // Others than these take JSON in the model's names, and answer as the protocol writes errors.
  aws::Response serve(aws::Protocol protocol, std::string_view operation, std::string body);
  // Grows with every commit that changed a record, of the engine's or the service's own space.
  std::uint64_t changes();
  const aws::Service& api() const { return service_->api(); }
  void advance(Duration by) { EXPECT_TRUE(time_.advance(by)); }
  // Where operations run.
  net::Loop& loop() { return loop_; }
  void restart();

  ManualClock clock;
  SeededRandom random{7};
  std::unique_ptr<store::Engine> engine;
  background::Runner background;
  aws::Caller caller;
  std::shared_ptr<aws::Allowance> allowance;  // of every call, where it is set
  // What the service is given of its siblings, and its keys' origin: of the next restart(), or
  // said before begin_service().
  Ports ports;
  crypto::AesKey server_key{};
  // The resource that the last call was about, as permissions name it.
  std::string last_resource() const { return authoriser_.last_resource(); }

 protected:
  virtual std::unique_ptr<Service> make() = 0;
  Dependencies dependencies();
  void begin_service();
  void end_service();

  std::unique_ptr<Service> service_;

 private:
  Pending send(aws::Caller as, std::string_view operation, std::string_view input);

  aws::testing::Noting authoriser_;
  aws::testing::TestPipeline pipeline_;
  std::optional<Keys> keys_;  // the service's
  SystemClock real_;
  net::LoopGroup loops_{1, real_, null_logger()};
  net::Loop& loop_ = loops_.at(0);
  ports::Destinations destinations_;
  ManualTime time_;
};

template <class S>
class Host : public HostBase {
 public:
  explicit Host(std::size_t workers = 1) : HostBase(workers) { begin_service(); }
  ~Host() override { end_service(); }
  S& service() { return static_cast<S&>(*service_); }

 protected:
  std::unique_ptr<Service> make() override { return std::make_unique<S>(dependencies()); }
};

}  // namespace lapwing::hosting::testing
