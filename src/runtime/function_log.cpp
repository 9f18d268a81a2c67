#include "runtime/function_log.hpp"

#include <fmt/core.h>

#include "base/random.hpp"
#include "text/time_format.hpp"

namespace lapwing::runtime {
namespace {

std::string stream_name(const FunctionVersion& function, WallTime now, Random& random) {
  // A group shared by several functions tells them apart by the stream.
  const bool own_group =
      function.logging.log_group == fmt::format("/aws/lambda/{}", function.name.view());
  return fmt::format("{}/{}[{}]{}", text::format_day_path(now),
                     own_group ? std::string_view() : function.name.view(), function.version,
                     random_hex(random, 32));
}

}  // namespace

FunctionLog::FunctionLog(net::Loop& loop, FunctionVersionPtr function, ports::LogSink& sink,
                         Random& random)
    : loop_(&loop),
      function_(std::move(function)),
      sink_(&sink),
      stream_{function_->account, function_->region, function_->logging.log_group,
              stream_name(*function_, loop.clock().wall(), random)} {}

void FunctionLog::output(std::vector<ports::LogEvent> events) {
  if (events.empty()) return;
  if (tail_.active()) {
    for (const ports::LogEvent& event : events) tail_.add(event.message);
  }
  sink_->append(stream_, std::move(events));
}

void FunctionLog::line(std::string text) {
  if (text.empty()) return;
  std::vector<ports::LogEvent> events;
  events.push_back({now(), std::move(text)});
  output(std::move(events));
}

void FunctionLog::init_start(const InitStart& init) {
  line(init_start_line(*function_, now(), init));
}

void FunctionLog::init_runtime_done(std::string_view phase, const PhaseStatus& status,
                                    InitializationType type) {
  line(init_runtime_done_line(*function_, now(), phase, status, type));
}

void FunctionLog::extension(const ExtensionRegistry::Extension& extension) {
  line(extension_line(*function_, now(), extension));
}

void FunctionLog::init_report(const InitReport& report) {
  line(init_report_line(*function_, now(), report));
}

void FunctionLog::start(std::string_view request_id) {
  line(start_line(*function_, now(), request_id));
}

void FunctionLog::finish(const InvokeReport& report) {
  line(end_line(*function_, now(), report));
  line(report_line(*function_, now(), report));
}

}  // namespace lapwing::runtime
