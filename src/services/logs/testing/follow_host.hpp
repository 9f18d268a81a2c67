// The service alone, with functions and streams that take what they are given, and a place for
// metrics.
//
// Thread-safety: one thread; the takers are called on the loop.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "hosting/testing/host.hpp"
#include "os/disk_space.hpp"
#include "ports/log_sink.hpp"
#include "ports/metric_sink.hpp"
#include "services/logs/repository.hpp"
#include "services/logs/service.hpp"
#include "text/base64.hpp"
#include "text/gzip.hpp"
#include "text/json.hpp"

namespace lapwing::logs::testing {

using hosting::testing::Answer;
using hosting::testing::in_quotes;

class Taker final : public ports::Destination {
 public:
  net::Task<std::vector<ports::Delivered>> deliver(
      net::Loop&, const std::vector<ports::Parcel>& parcels) override {
    const std::scoped_lock lock(mutex_);
    std::vector<ports::Delivered> out;
    for (const ports::Parcel& each : parcels) {
      if (closed_) {
        out.push_back({.kind = ports::Delivered::Kind::kLater, .code = "Throttled"});
        continue;
      }
      all_.push_back(each);
      out.push_back({});
    }
    co_return out;
  }
  std::optional<ports::Delivered> refusal(std::string_view,
                                          const ports::OnBehalf& as) const override {
    const std::scoped_lock lock(mutex_);
    if (lets_.empty() || as.service == lets_) return std::nullopt;
    return ports::Delivered{.kind = ports::Delivered::Kind::kRefused, .code = "AccessDenied"};
  }
  // Only this service, from here on.
  void lets(std::string service) {
    const std::scoped_lock lock(mutex_);
    lets_ = std::move(service);
  }
  void close(bool on) {
    const std::scoped_lock lock(mutex_);
    closed_ = on;
  }
  std::vector<ports::Parcel> all() const {
    const std::scoped_lock lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<ports::Parcel> all_;
  std::string lets_;
  bool closed_ = false;
};

class Gauges final : public ports::MetricSink {
 public:
  void put(std::span<const ports::MetricValue> values) override {
    const std::scoped_lock lock(mutex_);
    all_.insert(all_.end(), values.begin(), values.end());
  }
  // "NAMESPACE/NAME dimension=value UNIT = VALUE"
  std::vector<std::string> all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> out;
    for (const ports::MetricValue& each : all_) {
      std::string text = each.metric_namespace + "/" + each.name;
      for (const auto& [name, value] : each.dimensions) {
        text += fmt::format(" {}={}", name, value);
      }
      out.push_back(fmt::format("{} {} = {}", text, each.unit, each.value));
    }
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<ports::MetricValue> all_;
};

inline constexpr std::string_view kFunction = "arn:aws:lambda:us-east-1:000000000000:function:f";

class FollowHost final : public hosting::testing::HostBase {
 public:
  explicit FollowHost(bool counts = true) {
    ports.destinations->add("lambda", functions);
    ports.destinations->add("kinesis", streams);
    if (counts) ports.metrics = &gauges;
    begin_service();
  }
  ~FollowHost() override { end_service(); }

  Service& service() { return static_cast<Service&>(*service_); }

  void make(std::string_view group, std::string_view stream) {
    call("CreateLogGroup", fmt::format(R"({{"logGroupName":"{}"}})", group));
    EXPECT_TRUE(call("CreateLogStream",
                     fmt::format(R"({{"logGroupName":"{}","logStreamName":"{}"}})", group, stream))
                    .ok());
  }
  Answer put(std::string_view group, std::string_view stream,
             const std::vector<std::string>& messages) {
    std::string events;
    for (const std::string& each : messages) {
      if (!events.empty()) events += ',';
      events +=
          fmt::format(R"({{"timestamp":{},"message":{}}})", unix_ms(clock.wall()), in_quotes(each));
    }
    return call("PutLogEvents",
                fmt::format(R"({{"logGroupName":"{}","logStreamName":"{}","logEvents":[{}]}})",
                            group, stream, events));
  }
  // `more`: further members, from a comma on.
  Answer subscribe(std::string_view group, std::string_view name, std::string_view pattern = "",
                   std::string_view to = kFunction, std::string_view more = "") {
    return call("PutSubscriptionFilter",
                fmt::format(R"({{"logGroupName":"{}","filterName":"{}","filterPattern":{},)"
                            R"("destinationArn":"{}"{}}})",
                            group, name, in_quotes(pattern), to, more));
  }
  void settle() { advance(std::chrono::milliseconds(1)); }

  // What functions were given, decoded.
  std::vector<Answer> documents() {
    std::vector<Answer> out;
    for (const ports::Parcel& each : functions.all()) out.push_back(document(each.body));
    return out;
  }
  // Messages of all of them.
  std::vector<std::string> messages() {
    std::vector<std::string> out;
    for (const Answer& each : documents()) {
      for (std::size_t i = 0; i < each.size("logEvents"); ++i) {
        out.push_back(each.at(fmt::format("logEvents.{}.message", i)));
      }
    }
    return out;
  }
  static Answer document(const std::string& body) {
    const auto gzipped = text::base64_decode(Answer{body, ""}.at("awslogs.data"));
    EXPECT_TRUE(gzipped) << body;
    if (!gzipped) return {};
    const auto plain = text::gunzip(*gzipped, 16 * kMiB);
    EXPECT_TRUE(plain);
    return {plain.value_or(""), ""};
  }

  // The one stream that has events.
  void note_shard() {
    const auto groups = engine->bulk_log().streams("");
    ASSERT_TRUE(groups && groups->size() == 1);
    shard_of.group_uid = groups->front();
    const auto shards = engine->bulk_log().shards(shard_of.group_uid, "");
    ASSERT_TRUE(shards && shards->shards.size() == 1);
    shard_of.stream_uid = shards->shards.front().shard;
  }

  Taker functions;
  Taker streams;
  Gauges gauges;
  StreamTarget shard_of;
  os::DiskSpace disk{"/tmp", 1};

 protected:
  std::unique_ptr<hosting::Service> make() override {
    hosting::Dependencies given = dependencies();
    given.disk = &disk;
    return std::make_unique<Service>(given);
  }
};

using Messages = std::vector<std::string>;

}  // namespace lapwing::logs::testing
