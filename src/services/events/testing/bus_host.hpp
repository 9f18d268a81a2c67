// The service alone, with the words that its tests use, and a queue and a function that take what
// is sent to them.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "hosting/testing/host.hpp"
#include "services/events/service.hpp"
#include "text/json_writer.hpp"

namespace lapwing::events::testing {

using hosting::testing::Answer;
using ports::Delivered;
using std::chrono::minutes;
using std::chrono::seconds;

using hosting::testing::in_quotes;

// Takes every parcel, or answers what it was told to.
class Mailbox final : public ports::Destination {
 public:
  net::Task<std::vector<Delivered>> deliver(net::Loop&,
                                            const std::vector<ports::Parcel>& parcels) override {
    const std::lock_guard lock(mutex_);
    std::vector<Delivered> out;
    for (const ports::Parcel& parcel : parcels) {
      std::deque<Delivered>& script = scripts_[parcel.target];
      ++attempts_[parcel.target];
      if (script.empty()) {
        out.emplace_back();
        taken_.push_back(parcel);
      } else {
        out.push_back(script.front());
        if (script.size() > 1 || !stays_) script.pop_front();
      }
    }
    co_return out;
  }

  void answers(const std::string& target, std::vector<Delivered> script) {
    const std::lock_guard lock(mutex_);
    scripts_[target].assign(script.begin(), script.end());
  }
  // The last answer of a script is given forever.
  void stay() { stays_ = true; }

  std::vector<ports::Parcel> taken(std::string_view target) const {
    const std::lock_guard lock(mutex_);
    std::vector<ports::Parcel> out;
    for (const ports::Parcel& parcel : taken_) {
      if (parcel.target == target) out.push_back(parcel);
    }
    return out;
  }
  std::size_t attempts(const std::string& target) {
    const std::lock_guard lock(mutex_);
    return attempts_[target];
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    taken_.clear();
  }

 private:
  mutable std::mutex mutex_;
  bool stays_ = false;
  std::vector<ports::Parcel> taken_;
  std::map<std::string, std::deque<Delivered>> scripts_;
  std::map<std::string, std::size_t> attempts_;
};

class BusHost : public hosting::testing::Host<Service> {
 public:
  explicit BusHost(std::size_t workers = 1) : Host(workers) {
    ports.destinations->add("sqs", queues);
    ports.destinations->add("lambda", functions);
    ports.http = &http;
  }

  static std::string queue(std::string_view name) {
    return fmt::format("arn:aws:sqs:us-east-1:000000000000:{}", name);
  }
  static std::string function(std::string_view name) {
    return fmt::format("arn:aws:lambda:us-east-1:000000000000:function:{}", name);
  }
  static std::string arn(std::string_view resource) {
    return fmt::format("arn:aws:events:us-east-1:000000000000:{}", resource);
  }

  // `more`: R"("Description":"x")".
  Answer rule(std::string_view name, std::string_view pattern, std::string_view more = "") {
    return call("PutRule", fmt::format(R"({{"Name":"{}","EventPattern":{}{}{}}})", name,
                                       in_quotes(pattern), more.empty() ? "" : ",", more));
  }
  Answer schedule(std::string_view name, std::string_view expression) {
    return call("PutRule", fmt::format(R"({{"Name":"{}","ScheduleExpression":{}}})", name,
                                       in_quotes(expression)));
  }
  Answer target(std::string_view rule_name, std::string_view id, std::string_view target_arn,
                std::string_view more = "", std::string_view bus = "default") {
    return call("PutTargets",
                fmt::format(R"({{"Rule":"{}","EventBusName":"{}",)"
                            R"("Targets":[{{"Id":"{}","Arn":"{}"{}{}}}]}})",
                            rule_name, bus, id, target_arn, more.empty() ? "" : ",", more));
  }
  // A rule for source "app" whose one target is the queue.
  void to_queue(std::string_view name, std::string_view more = "") {
    ASSERT_TRUE(rule("r", R"({"source":["app"]})").ok());
    const Answer put = target("r", "t", queue(name), more);
    ASSERT_TRUE(put.ok()) << put.text;
  }
  static std::string entry(std::string_view source, std::string_view detail,
                           std::string_view more = "") {
    return fmt::format(R"({{"Source":"{}","DetailType":"t","Detail":{}{}{}}})", source,
                       in_quotes(detail), more.empty() ? "" : ",", more);
  }
  Answer put(std::string_view source, std::string_view detail, std::string_view more = "") {
    const Answer out =
        call("PutEvents", fmt::format(R"({{"Entries":[{}]}})", entry(source, detail, more)));
    settle();
    return out;
  }
  void settle() { advance(Duration::zero()); }
  // The server is down for so long.
  void stay_down(Duration by) {
    end_service();
    clock.advance(by);
    begin_service();
  }

  // Bodies that a queue got: "a b c".
  std::string bodies(std::string_view name) const {
    std::string out;
    for (const ports::Parcel& parcel : queues.taken(queue(name))) {
      out += (out.empty() ? "" : " ") + parcel.body;
    }
    return out;
  }
  std::size_t count(std::string_view name) const { return queues.taken(queue(name)).size(); }
  // An attribute of the one dead letter in a queue.
  std::string dead(std::string_view name, std::string_view attribute) const {
    const auto taken = queues.taken(queue(name));
    if (taken.size() != 1) return fmt::format("{} dead letters", taken.size());
    for (const ports::ParcelAttribute& each : taken[0].attributes) {
      if (each.name == attribute) return each.value;
    }
    return "";
  }

  ~BusHost() override { end_service(); }

  net::WorkerPool names{1};
  delivery::HttpReach reach{true};
  delivery::HttpCaller http{names, reach};
  Mailbox queues;
  Mailbox functions;
};

}  // namespace lapwing::events::testing
