// The service's core over the memory engine, with a clock that stands still.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/captured_log.hpp"
#include "services/logs/core.hpp"
#include "services/logs/operations/operations.hpp"
#include "services/logs/testing/refusing_log.hpp"
#include "store/memory/memory_engine.hpp"

namespace lapwing::logs {

constexpr std::int64_t kNowMs = 1'700'000'000'000;

class LogsFixture : public ::testing::Test {
 protected:
  LogsFixture() { restart(); }

  // A new core over the same engine: what a restart of the server leaves.
  void restart() {
    core_.reset();
    core_ = std::make_unique<Core>(engine_->store(), disk_, clock_, random_, logger_, LogLimits(),
                                   real_);
  }

  void make_group(const std::string& group) {
    model::CreateLogGroupRequest in;
    in.log_group_name = group;
    ASSERT_TRUE(create_log_group(*core_, call_, in));
  }
  void make(const std::string& group, const std::vector<std::string>& streams) {
    make_group(group);
    for (const std::string& stream : streams)
      ASSERT_TRUE(create_log_stream(*core_, call_, {group, stream}));
  }

  Result<model::PutLogEventsResponse> put(
      const std::string& group, const std::string& stream,
      const std::vector<std::pair<std::int64_t, std::string>>& events) {
    model::PutLogEventsRequest in;
    in.log_group_name = group;
    in.log_stream_name = stream;
    for (const auto& [time, message] : events) in.log_events.push_back({message, time});
    return put_log_events(*core_, call_, in);
  }

  // Messages of one GetLogEvents page; the request can be adjusted.
  Result<model::GetLogEventsResponse> get(const std::string& group, const std::string& stream,
                                          model::GetLogEventsRequest in = {}) {
    in.log_group_name = group;
    in.log_stream_name = stream;
    return get_log_events(*core_, call_, in);
  }
  Result<model::FilterLogEventsResponse> filter(const std::string& group,
                                                model::FilterLogEventsRequest in = {}) {
    in.log_group_name = group;
    return filter_log_events(*core_, call_, in);
  }

  template <class Response>
  static std::vector<std::string> messages(const Response& response) {
    std::vector<std::string> out;
    for (const auto& event : *response.events) out.push_back(event.message.value_or(""));
    return out;
  }

  template <class T>
  static std::string error_of(const Result<T>& result) {
    if (result) return "no error";
    return result.error().code() + ": " + result.error().message();
  }

  ports::LogStreamRef ref(std::string group, std::string stream) const {
    return {call_.caller.account, call_.caller.region, std::move(group), std::move(stream)};
  }

  ManualClock clock_{wall_from_unix_ms(kNowMs)};
  const Clock* real_ = nullptr;  // another than the service's, of the next restart()
  SeededRandom random_{11};
  std::unique_ptr<store::Engine> engine_ = store::make_memory_engine(clock_);
  lapwing::testing::CapturedLog captured_;
  Logger logger_{captured_, clock_, LogLevel::kWarn};
  RefusingLog disk_{engine_->bulk_log()};
  std::unique_ptr<Core> core_;
  aws::Call call_;
};

using Messages = std::vector<std::string>;

inline const std::string kNoGroup =
    "ResourceNotFoundException: The specified log group does not exist.";
inline const std::string kNoStream =
    "ResourceNotFoundException: The specified log stream does not exist.";

}  // namespace lapwing::logs
