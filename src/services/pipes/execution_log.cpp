#include "services/pipes/execution_log.hpp"

#include <utility>
#include <vector>

#include "services/pipes/limits.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"
#include "text/utf8.hpp"

namespace lapwing::pipes {
namespace {

std::string_view to_string(LogLevel level) {
  if (level == LogLevel::kError) return "ERROR";
  return level == LogLevel::kInfo ? "INFO" : "TRACE";
}

}  // namespace

std::string ExecutionLog::record(LogLevel level, std::string_view type, const Logged& logged,
                                 WallTime now) const {
  std::string out;
  text::JsonWriter json(out);
  std::vector<std::string_view> truncated;
  const auto data = [&](std::string_view name, std::string_view text) {
    if (text.empty() || !plan_.log.with_data) return;
    const std::string_view kept = text::truncate_utf8(text, kLoggedBytesMax);
    if (kept.size() < text.size()) truncated.push_back(name);
    json.member(name, kept);
  };
  json.begin_object();
  json.member("resourceArn", plan_.arn);
  json.member("timestamp", unix_ms(now));
  json.member("executionId", execution_);
  json.member("messageType", type);
  json.member("logLevel", to_string(level));
  data("payload", logged.payload);
  data("awsRequest", logged.request);
  data("awsResponse", logged.answer);
  if (!truncated.empty()) {
    json.key("truncatedFields");
    json.begin_array();
    for (const std::string_view each : truncated) json.string(each);
    json.end_array();
  }
  if (!logged.error.empty()) {
    json.key("error");
    json.begin_object();
    json.member("message", text::truncate_utf8(logged.error, kLoggedBytesMax));
    if (!logged.service.empty()) json.member("awsService", logged.service);
    json.end_object();
  }
  json.end_object();
  return out;
}

void ExecutionLog::step(LogLevel level, std::string_view type, const Logged& logged) {
  if (!wants(level)) return;
  const WallTime now = clock_.wall();
  std::string text = record(level, type, logged, now);
  // Escaped, data can be longer than a log event.
  if (text.size() > ports::kLogEventBytesMax) {
    text = record(level, type, {.error = logged.error, .service = logged.service}, now);
  }
  std::vector<ports::LogEvent> events;
  events.push_back({now, std::move(text)});
  sink_->append({plan_.log.scope.account, plan_.log.scope.region, plan_.log.group,
                 "pipes/" + plan_.name + "/" + text::format_day_path(now)},
                std::move(events));
}

}  // namespace lapwing::pipes
