// The service alone, with destinations and an API that do what a test says, and time zones of the
// tests' own.
//
// Thread-safety: one thread; destinations and API are called on the loop.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "hosting/testing/host.hpp"
#include "os/disk_space.hpp"
#include "ports/aws_api.hpp"
#include "services/scheduler/service.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::scheduler::testing {

using hosting::testing::Answer;
using ports::Delivered;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using hosting::testing::in_quotes;

class Taker final : public ports::Destination {
 public:
  explicit Taker(const Clock& clock) : clock_(clock) {}

  struct Taken {
    std::string at;  // ISO 8601
    ports::Parcel parcel;
  };

  net::Task<std::vector<Delivered>> deliver(net::Loop&,
                                            const std::vector<ports::Parcel>& parcels) override {
    const std::scoped_lock lock(mutex_);
    std::vector<Delivered> out;
    for (const ports::Parcel& each : parcels) {
      all_.push_back({text::format_iso8601(clock_.wall()), each});
      if (script_.empty()) {
        out.push_back(always_);
      } else {
        out.push_back(script_.front());
        script_.pop_front();
      }
    }
    co_return out;
  }
  void answers(std::deque<Delivered> script) {
    const std::scoped_lock lock(mutex_);
    script_ = std::move(script);
  }
  void always(Delivered answer) {
    const std::scoped_lock lock(mutex_);
    always_ = std::move(answer);
  }
  std::vector<Taken> all() const {
    const std::scoped_lock lock(mutex_);
    return all_;
  }
  std::vector<std::string> times() const {
    std::vector<std::string> out;
    for (const Taken& each : all()) out.push_back(each.at);
    return out;
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> out;
    for (const Taken& each : all()) out.push_back(each.parcel.body);
    return out;
  }

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Taken> all_;
  std::deque<Delivered> script_;
  Delivered always_;
};

class ApiScript final : public ports::AwsApi {
 public:
  net::Task<Result<std::string>> perform(net::Loop&, ports::ApiRequest request) override {
    const std::scoped_lock lock(mutex_);
    all_.push_back(std::move(request));
    if (failure_ != nullptr) co_return fail(*failure_);
    co_return std::string("{}");
  }
  void begin(ports::ApiRequest, Done) override {}
  void fails(Error error) {
    const std::scoped_lock lock(mutex_);
    failure_ = std::make_unique<Error>(std::move(error));
  }
  std::vector<ports::ApiRequest> all() const {
    const std::scoped_lock lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<ports::ApiRequest> all_;
  std::unique_ptr<Error> failure_;
};

inline constexpr std::string_view kRole = "arn:aws:iam::000000000000:role/s";

inline std::string queue_arn(std::string_view name) {
  return fmt::format("arn:aws:sqs:us-east-1:000000000000:{}", name);
}

class Host final : public hosting::testing::HostBase {
 public:
  // Where the clock stands at first: ISO 8601.
  explicit Host(std::string_view now = "2024-01-01T00:00:00Z") {
    clock.step_wall(*text::parse_iso8601(now) - clock.wall());
    for (const char* const service : {"sqs", "lambda", "sns", "events"}) {
      ports.destinations->add(service, targets);
    }
    ports.api = &api_script;
    begin_service();
  }
  ~Host() override {
    end_service();
    remove(zones_);
  }

  // As if the server were not there for so long.
  void down(Duration by) {
    end_service();
    clock.advance(by);
    begin_service();
  }

  void lose_zones() const { remove(zones_ + "/Europe"); }

  // `more`: further members; `target`: of its Target.
  Answer create(std::string_view name, std::string_view expression, std::string_view more = "",
                std::string_view target = "", std::string_view operation = "CreateSchedule") {
    return call(operation, input(name, expression, more, target));
  }
  static std::string input(std::string_view name, std::string_view expression,
                           std::string_view more = "", std::string_view target = "") {
    const bool windowed = more.find("FlexibleTimeWindow") != std::string_view::npos;
    const bool aimed = target.find("\"Arn\":\"arn:aws:") == 0;
    return fmt::format(
        R"({{"Name":{},"ScheduleExpression":{}{}{}{},"Target":{{{}"RoleArn":"{}"{}{}}}}})",
        in_quotes(name), in_quotes(expression),
        windowed ? "" : R"(,"FlexibleTimeWindow":{"Mode":"OFF"})", more.empty() ? "" : ",", more,
        aimed ? "" : fmt::format(R"("Arn":"{}",)", queue_arn("q")), kRole,
        target.empty() ? "" : ",", target);
  }
  Answer get(std::string_view name) {
    return call("GetSchedule", fmt::format(R"({{"Name":"{}"}})", name));
  }

  Taker targets{clock};
  ApiScript api_script;
  os::DiskSpace disk{"/tmp", 1};

 protected:
  std::unique_ptr<hosting::Service> make() override {
    hosting::Dependencies given = dependencies();
    given.disk = &disk;
    return std::make_unique<Service>(given, zones_);
  }

 private:
  static std::string make_zones();
  static void remove(const std::string& directory);

  const std::string zones_ = make_zones();
};

}  // namespace lapwing::scheduler::testing
