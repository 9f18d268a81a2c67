// FunctionLog: everything one environment tells of itself: the platform's own lines, and what
// the programs inside print. It goes into the environment's log stream (one each, as on AWS)
// and, when extensions have subscribed, into its telemetry.
//
// Thread-safety: one loop.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "net/loop.hpp"
#include "ports/log_sink.hpp"
#include "runtime/extensions/extension_registry.hpp"
#include "runtime/function_version.hpp"
#include "runtime/log/log_level.hpp"
#include "runtime/log/output.hpp"
#include "runtime/log/platform_event.hpp"
#include "runtime/telemetry/telemetry_hub.hpp"

namespace lapwing::runtime {

class FunctionLog {
 public:
  FunctionLog(net::Loop& loop, FunctionVersionPtr function, ports::LogSink& sink, Random& random);

  const std::string& stream() const { return stream_; }
  WallTime now() const { return loop_->clock().wall(); }

  // Where telemetry goes from here on; null: nowhere.
  void set_telemetry(TelemetryHub* hub) { telemetry_ = hub; }

  // ---- the platform's lines
  void init_start(InitStart init);
  void init_runtime_done(const InitReport& report);
  void extension(const ExtensionRegistry::Extension& extension);
  void subscription(const SubscriptionNote& note);
  // An image whose program could not be started.
  void launch_error(std::string_view error);
  void init_report(const InitReport& report);
  void restore_start(InitStart restore);
  void restore_runtime_done(const RestoreReport& report);
  void restore_report(const RestoreReport& report);
  // A runtime that this machine has nothing to run with: ours alone, AWS has no such line.
  void unserved_runtime(std::string_view why);
  // Why there will be no snapshot: ours alone, AWS has no such line.
  void snapshot_refused(std::string_view why);
  void start(std::string_view request_id, std::string_view trace_id,
             std::string_view tenant_id = {});
  // Whether anybody reads more of an invocation than the text lines hold: spans and such need
  // not be gathered otherwise.
  bool structured() const { return json_ || heard(TelemetryCategory::kPlatform); }
  void runtime_done(const RuntimeDone& done);
  // The end of an invocation: END and REPORT. `fault`: why it failed, as the caller reads it.
  void finish(const InvokeReport& report, std::string_view fault);

  // ---- what the programs print
  // Subscribers to telemetry get all of it, the log what the function's level lets through.
  void output(TelemetryCategory source, std::vector<ports::LogEvent> events);
  // Producers stop reading their pipes while this is so: a flood waits, it is not dropped.
  bool crowded() const { return sink_->backlog_bytes() > sink_->backlog_limit_bytes(); }

  // Nor do they hurry while what they bring is dropped.
  bool losing() const { return lines_->losing(); }

  // The end of the log of one invocation, for LogType=Tail.
  void start_tail() { tail_.start(); }
  std::string take_tail() { return tail_.take(); }

 private:
  void line(std::string text);
  // Moved from; empty ones are none.
  void lines(std::span<std::string> texts, WallTime at);
  void append(std::vector<ports::LogEvent> events);
  bool heard(TelemetryCategory category) const {
    return telemetry_ != nullptr && telemetry_->wants(category);
  }
  void tell(PlatformEvent event, TelemetryEvent::For reader);

  net::Loop* loop_;
  FunctionVersionPtr function_;
  bool json_;
  std::optional<ApplicationLevel> least_;  // of the function's own lines; nothing: all are sent
  TelemetryHub* telemetry_ = nullptr;
  ports::LogSink* sink_;
  std::string stream_;
  std::unique_ptr<ports::LogStream> lines_;
  LogTail tail_;
};

}  // namespace lapwing::runtime
