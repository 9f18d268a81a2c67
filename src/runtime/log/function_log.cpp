#include "runtime/log/function_log.hpp"

#include <array>

#include <fmt/core.h>

#include "base/random.hpp"
#include "runtime/log/platform_log.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::runtime {
namespace {

using For = TelemetryEvent::For;
constexpr TelemetryCategory kPlatform = TelemetryCategory::kPlatform;

std::string stream_name(const FunctionVersion& function, WallTime now, Random& random) {
  // A group shared by several functions tells them apart by the stream.
  const bool own_group =
      function.logging.log_group == fmt::format("/aws/lambda/{}", function.name.view());
  return fmt::format("{}/{}[{}]{}", text::format_day_path(now),
                     own_group ? std::string_view() : function.name.view(), function.version,
                     random_hex(random, 32));
}

std::optional<ApplicationLevel> least_level(const LoggingConfig& logging) {
  if (logging.format != LogFormat::kJson) return std::nullopt;
  return parse_application_level(logging.application_log_level).value_or(ApplicationLevel::kInfo);
}

}  // namespace

FunctionLog::FunctionLog(net::Loop& loop, FunctionVersionPtr function, ports::LogSink& sink,
                         Random& random)
    : loop_(&loop),
      function_(std::move(function)),
      json_(function_->logging.format == LogFormat::kJson),
      least_(least_level(function_->logging)),
      sink_(&sink),
      stream_(stream_name(*function_, loop.clock().wall(), random)),
      lines_(sink.open(
          {function_->account, function_->region, function_->logging.log_group, stream_, json_})) {}

void FunctionLog::output(TelemetryCategory source, std::vector<ports::LogEvent> events) {
  if (!events.empty() && heard(source)) {
    for (const ports::LogEvent& event : events) {
      TelemetryEvent told;
      told.category = source;
      told.type = to_string(source);
      told.time = event.time;
      told.record = event.message;
      told.object_line =
          json_ && event.message.starts_with('{') && text::check_json(event.message).has_value();
      telemetry_->publish(told);
    }
  }
  if (least_ && source == TelemetryCategory::kFunction) {
    std::erase_if(events,
                  [this](const ports::LogEvent& event) { return !passes(event.message, *least_); });
  }
  append(std::move(events));
}

void FunctionLog::append(std::vector<ports::LogEvent> events) {
  if (events.empty()) return;
  if (tail_.active()) {
    for (const ports::LogEvent& event : events) tail_.add(event.message);
  }
  lines_->append(std::move(events));
}

void FunctionLog::line(std::string text) { lines(std::span(&text, 1), now()); }

void FunctionLog::lines(std::span<std::string> texts, WallTime at) {
  std::vector<ports::LogEvent> events;
  events.reserve(texts.size());
  for (std::string& text : texts) {
    if (!text.empty()) events.push_back({at, std::move(text)});
  }
  append(std::move(events));
}

void FunctionLog::tell(PlatformEvent event, TelemetryEvent::For reader) {
  TelemetryEvent told;
  told.type = event.type;
  told.time = now();
  told.record = std::move(event.record);
  told.reader = reader;
  telemetry_->publish(told);
}

void FunctionLog::init_start(InitStart init) {
  init.instance_id = stream_;
  line(init_start_line(*function_, now(), init));
  if (heard(kPlatform)) tell(init_start_event(*function_, init), For::kTelemetry);
}

void FunctionLog::launch_error(std::string_view error) {
  if (function_->image && !json_) line(launch_error_line(*function_->image, error));
}

void FunctionLog::init_runtime_done(const InitReport& report) {
  line(init_runtime_done_line(*function_, now(), report));
  if (heard(kPlatform)) tell(init_runtime_done_event(report), For::kTelemetry);
}

void FunctionLog::extension(const ExtensionRegistry::Extension& extension) {
  line(extension_line(*function_, now(), extension));
  if (heard(kPlatform)) tell(extension_event(extension), For::kBoth);
}

void FunctionLog::subscription(const SubscriptionNote& note) {
  line(subscription_line(*function_, now(), note));
  if (!heard(kPlatform)) return;
  tell(subscription_event(note), note.kind == TelemetryKind::kLogs ? For::kLogs : For::kTelemetry);
}

void FunctionLog::init_report(const InitReport& report) {
  line(init_report_line(*function_, now(), report));
  if (heard(kPlatform)) tell(init_report_event(report), For::kTelemetry);
}

void FunctionLog::restore_start(InitStart restore) {
  restore.instance_id = stream_;
  line(restore_start_line(*function_, now(), restore));
  if (heard(kPlatform)) tell(restore_start_event(*function_, restore), For::kTelemetry);
}

void FunctionLog::restore_runtime_done(const RestoreReport& report) {
  line(restore_runtime_done_line(*function_, now(), report));
  if (heard(kPlatform)) tell(restore_runtime_done_event(report), For::kTelemetry);
}

void FunctionLog::restore_report(const RestoreReport& report) {
  line(restore_report_line(*function_, now(), report));
  if (heard(kPlatform)) tell(restore_report_event(report), For::kTelemetry);
}

void FunctionLog::unserved_runtime(std::string_view why) {
  line(fmt::format("RUNTIME\tStatus: not served\tReason: {}", why));
}

void FunctionLog::snapshot_refused(std::string_view why) {
  line(snapshot_off_line(*function_, now(), why));
}

void FunctionLog::start(std::string_view request_id, std::string_view trace_id,
                        std::string_view tenant_id) {
  lines_->caused_by(trace_id);
  const WallTime at = now();
  std::string text = start_line(*function_, at, request_id, trace_id, tenant_id);
  lines(std::span(&text, 1), at);
  if (heard(kPlatform)) tell(start_event(*function_, request_id, trace_id, tenant_id), For::kBoth);
}

void FunctionLog::runtime_done(const RuntimeDone& done) {
  line(runtime_done_line(*function_, now(), done));
  if (!heard(kPlatform)) return;
  tell(runtime_done_event(done), For::kTelemetry);
  tell({"platform.runtimeDone", SystemLevel::kDebug,
        fmt::format(R"({{"requestId":"{}","status":"{}"}})", done.request_id,
                    to_string(done.status.kind))},
       For::kLogsSince2021);
}

void FunctionLog::finish(const InvokeReport& report, std::string_view fault) {
  const WallTime at = now();
  std::array texts = {end_line(*function_, report.request_id), report_line(*function_, at, report)};
  lines(texts, at);
  if (!heard(kPlatform)) return;
  if (!fault.empty()) {
    std::string record;
    text::append_json_string(record, fmt::format("RequestId: {} Error: {}\n{}\n", report.request_id,
                                                 fault, report.status.error_type));
    tell({"platform.fault", SystemLevel::kWarn, std::move(record)}, For::kLogs);
  }
  tell({"platform.end", SystemLevel::kInfo,
        fmt::format(R"({{"requestId":"{}"}})", report.request_id)},
       For::kLogs);
  tell(report_event(report), For::kBoth);
}

}  // namespace lapwing::runtime
