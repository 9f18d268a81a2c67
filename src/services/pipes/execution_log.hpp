// What a pipe's executions write into its log group, a record a step, as far as its level says.
//
//   ERROR  what failed            INFO  stages, too            TRACE  each step
//
// Records go into the stream "pipes/NAME/2023/11/14". Payloads, requests and answers are in them
// where the pipe says so, cut at kLoggedBytesMax.
//
// Source: EventBridge user guide, "EventBridge Pipes log schema reference", "execution steps".
//
// Thread-safety: one thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "ports/log_sink.hpp"
#include "services/pipes/plan.hpp"

namespace lapwing::pipes {

// Views of what the caller keeps; empty: not of this step.
struct Logged {
  std::string_view payload = {};
  std::string_view request = {};
  std::string_view answer = {};
  std::string_view error = {};    // its message
  std::string_view service = {};  // which said it
};

class ExecutionLog {
 public:
  // `sink` null: nothing is written. All outlive it.
  ExecutionLog(const Plan& plan, ports::LogSink* sink, const Clock& clock, std::string execution)
      : plan_(plan), sink_(sink), clock_(clock), execution_(std::move(execution)) {}

  bool wants(LogLevel level) const { return sink_ != nullptr && level <= plan_.log.level; }
  // Whether payloads are worth putting together.
  bool wants_data(LogLevel level) const { return wants(level) && plan_.log.with_data; }
  void step(LogLevel level, std::string_view type, const Logged& logged = {});

 private:
  std::string record(LogLevel level, std::string_view type, const Logged& logged,
                     WallTime now) const;

  const Plan& plan_;
  ports::LogSink* const sink_;
  const Clock& clock_;
  const std::string execution_;
};

}  // namespace lapwing::pipes
