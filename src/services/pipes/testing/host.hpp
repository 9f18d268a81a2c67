// The service alone, with queues, functions, destinations and log groups that do what a test says.
//
// Thread-safety: one thread; what it is given is called on the loop.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "hosting/testing/host.hpp"
#include "ports/function_runner.hpp"
#include "ports/log_sink.hpp"
#include "services/pipes/service.hpp"
#include "services/pipes/testing/queues.hpp"
#include "text/json_writer.hpp"

namespace lapwing::pipes::testing {

using hosting::testing::Answer;
using lapwing::testing::eventually;
using ports::Delivered;
using ports::FunctionRun;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

inline constexpr std::string_view kRole = "arn:aws:iam::000000000000:role/p";
inline constexpr std::string_view kFunction = "arn:aws:lambda:us-east-1:000000000000:function:f";
inline constexpr std::string_view kEnricher = "arn:aws:lambda:us-east-1:000000000000:function:e";
inline constexpr std::string_view kBus = "arn:aws:events:us-east-1:000000000000:event-bus/b";
inline constexpr std::string_view kTopic = "arn:aws:sns:us-east-1:000000000000:t";
inline constexpr std::string_view kGroup = "arn:aws:logs:us-east-1:000000000000:log-group:/g";
inline constexpr std::string_view kApi =
    "arn:aws:events:us-east-1:000000000000:api-destination/d/3f2504e0-4f89-41d3-9a0c-0305e82c3301";

using hosting::testing::in_quotes;

inline Delivered refused(std::string message) {
  return {.kind = Delivered::Kind::kRefused, .code = "Refused", .message = std::move(message)};
}

// Takes parcels; refuses those whose body is among `refusing`.
class Taker final : public ports::Destination {
 public:
  net::Task<std::vector<Delivered>> deliver(net::Loop&,
                                            const std::vector<ports::Parcel>& parcels) override {
    const std::scoped_lock lock(mutex_);
    ++calls_;
    std::vector<Delivered> out;
    if (odd_ == Odd::kThrows) throw std::runtime_error("a bug");
    if (odd_ == Odd::kSilent) co_return out;
    for (const ports::Parcel& each : parcels) {
      all_.push_back(each);
      out.push_back(refusing_.contains(each.body) ? refused("no") : Delivered{.answer = answer_});
    }
    co_return out;
  }
  // It has a bug: it throws, or answers nothing at all.
  enum class Odd : std::uint8_t { kNot, kThrows, kSilent };
  void is(Odd odd) {
    const std::scoped_lock lock(mutex_);
    odd_ = odd;
  }
  void refuses(const Texts& bodies) {
    const std::scoped_lock lock(mutex_);
    refusing_ = {bodies.begin(), bodies.end()};
  }
  void answers(std::string text) {
    const std::scoped_lock lock(mutex_);
    answer_ = std::move(text);
  }
  std::vector<ports::Parcel> all() const {
    const std::scoped_lock lock(mutex_);
    return all_;
  }
  Texts bodies() const {
    Texts out;
    for (const ports::Parcel& each : all()) out.push_back(each.body);
    return out;
  }
  std::size_t calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<ports::Parcel> all_;
  std::set<std::string> refusing_;
  std::string answer_;
  std::size_t calls_ = 0;
  Odd odd_ = Odd::kNot;
};

// Functions: each answers what was said for it, one after another, then "null".
class Functions final : public ports::FunctionRunner {
 public:
  std::optional<ports::FunctionFacts> facts(std::string_view) const override {
    return ports::FunctionFacts{.room = UINT32_MAX, .timeout = seconds(3)};
  }
  net::Task<FunctionRun> run(net::Loop&, std::string arn, std::string payload,
                             ports::OnBehalf as) override {
    const std::scoped_lock lock(mutex_);
    given_[arn].push_back(std::move(payload));
    last_asker_ = std::move(as);
    auto& script = scripts_[arn];
    FunctionRun out{.answer = "null"};
    if (!script.empty()) {
      out = std::move(script.front());
      script.pop_front();
    }
    co_return out;
  }
  void answers(std::string_view arn, std::deque<FunctionRun> script) {
    const std::scoped_lock lock(mutex_);
    scripts_[std::string(arn)] = std::move(script);
  }
  ports::OnBehalf last_asker() const {
    const std::scoped_lock lock(mutex_);
    return last_asker_;
  }
  Texts given(std::string_view arn) {
    const std::scoped_lock lock(mutex_);
    return given_[std::string(arn)];
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<FunctionRun>> scripts_;
  std::map<std::string, Texts> given_;
  ports::OnBehalf last_asker_;
};

class Logs final : public ports::LogSink {
 public:
  std::unique_ptr<ports::LogStream> open(ports::LogStreamRef stream) override {
    return std::make_unique<Stream>(*this, std::move(stream));
  }
  std::size_t backlog_bytes() const override { return 0; }
  std::size_t backlog_limit_bytes() const override { return 1 << 20; }
  // "GROUP STREAM MESSAGE"
  Texts all() const {
    const std::scoped_lock lock(mutex_);
    return all_;
  }
  // messageType of each.
  Texts types() const {
    Texts out;
    for (const std::string& each : all()) {
      const std::string_view name = R"("messageType":")";
      const std::size_t begin = each.find(name) + name.size();
      out.push_back(each.substr(begin, each.find('"', begin) - begin));
    }
    return out;
  }

 private:
  class Stream final : public ports::LogStream {
   public:
    Stream(Logs& of, ports::LogStreamRef to) : of_(of), to_(std::move(to)) {}
    void append(std::vector<ports::LogEvent> events) override {
      const std::scoped_lock lock(of_.mutex_);
      for (const ports::LogEvent& each : events) {
        of_.all_.push_back(to_.group + ' ' + to_.stream + ' ' + each.message);
      }
    }

   private:
    Logs& of_;
    ports::LogStreamRef to_;
  };

  mutable std::mutex mutex_;
  Texts all_;
};

class Host final : public hosting::testing::HostBase {
 public:
  Host() {
    for (const char* const service : {"sqs", "lambda", "sns", "events", "logs"}) {
      ports.destinations->add(service, targets);
    }
    ports.destinations->add("api-destination", apis);
    ports.queues = &queues;
    ports.runner = &functions;
    ports.logs = &logs;
    queues.make("q");
    begin_service();
  }
  ~Host() override {
    advance(Duration::zero());
    end_service();
  }

  // `more`: further members.
  Answer create(std::string_view name, std::string_view target = {}, std::string_view more = {},
                std::string_view source = "q") {
    return call(
        "CreatePipe",
        fmt::format(R"({{"Name":"{}","Source":"{}","Target":"{}","RoleArn":"{}"{}{}}})", name,
                    queue_arn(source), target.empty() ? queue_arn("target") : std::string(target),
                    kRole, more.empty() ? "" : ",", more));
  }
  // One that runs.
  void run(std::string_view target = {}, std::string_view more = {},
           std::string_view source = "q") {
    const Answer made = create("p", target, more, source);
    EXPECT_TRUE(made.ok()) << made.error << " " << made.text;
    EXPECT_TRUE(comes_to("p", "RUNNING")) << describe("p").text;
  }
  Answer update(std::string_view more) {
    return call("UpdatePipe", fmt::format(R"({{"Name":"p","RoleArn":"{}",{}}})", kRole, more));
  }
  Answer named(std::string_view operation, std::string_view name = "p") {
    return call(operation, fmt::format(R"({{"Name":"{}"}})", name));
  }
  Answer describe(std::string_view name = "p") { return named("DescribePipe", name); }
  bool comes_to(std::string_view name, std::string_view state) {
    return eventually([&] { return describe(name).at("CurrentState") == state; });
  }
  bool goes(std::string_view name = "p") {
    return eventually([&] { return describe(name).error == "NotFoundException"; });
  }
  bool empties(const std::string& name = "q") {
    return eventually([&] { return queues.waiting(name) == 0; });
  }
  // Time in which visibilities end.
  void pass(Duration by) {
    advance(by);
    queues.tell();
    advance(Duration::zero());
  }

  Queues queues{clock};
  Taker targets;
  Taker apis;
  Functions functions;
  Logs logs;

 protected:
  std::unique_ptr<hosting::Service> make() override {
    return std::make_unique<Service>(dependencies());
  }
};

}  // namespace lapwing::pipes::testing
