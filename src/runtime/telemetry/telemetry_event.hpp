// One event of the telemetry stream, and how each API writes it.
// Source: AWS Lambda developer guide, "Lambda Telemetry API Event schema reference".
//
// Thread-safety: plain values.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "runtime/telemetry/telemetry_subscription.hpp"

namespace lapwing::runtime {

struct TelemetryEvent {
  // The Logs API knows fewer platform events than the Telemetry API, and others.
  enum class For { kBoth, kTelemetry, kLogs, kLogsSince2021 };

  TelemetryCategory category = TelemetryCategory::kPlatform;
  std::string_view type;  // "platform.start", "function"; a literal
  WallTime time{};
  std::string record;        // platform: JSON; function and extension: the line
  bool object_line = false;  // the line is a JSON object of a function that logs in JSON
  For reader = For::kBoth;
};

// Whether a subscription gets the event.
bool reaches(const TelemetryEvent& event, const TelemetrySubscription& subscription);
// {"time":...,"type":...,"record":...}. A line that is an object stays one from schema
// 2022-12-13 on.
std::string render(const TelemetryEvent& event, const TelemetrySubscription& subscription);

}  // namespace lapwing::runtime
