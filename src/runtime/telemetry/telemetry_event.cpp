#include "runtime/telemetry/telemetry_event.hpp"

#include <fmt/core.h>

#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::runtime {

bool reaches(const TelemetryEvent& event, const TelemetrySubscription& subscription) {
  if (!subscription.wants(event.category)) return false;
  switch (event.reader) {
    case TelemetryEvent::For::kBoth:
      return true;
    case TelemetryEvent::For::kTelemetry:
      return subscription.kind == TelemetryKind::kTelemetry;
    case TelemetryEvent::For::kLogs:
      return subscription.kind == TelemetryKind::kLogs;
    case TelemetryEvent::For::kLogsSince2021:
      return subscription.schema_version == "2021-03-18";
  }
  return false;
}

std::string render(const TelemetryEvent& event, const TelemetrySubscription& subscription) {
  std::string out = fmt::format(R"({{"time":"{}","type":"{}","record":)",
                                text::format_iso8601(event.time, true), event.type);
  const bool objects = subscription.schema_version >= "2022-12-13";
  if (event.category == TelemetryCategory::kPlatform || (event.object_line && objects)) {
    out += event.record;
  } else {
    text::append_json_string(out, event.record);
  }
  out += '}';
  return out;
}

}  // namespace lapwing::runtime
