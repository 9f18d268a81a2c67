// FunctionLog: everything one environment writes into its log stream: the platform's own
// lines, and what the programs inside print. One stream an environment, as on AWS.
//
// Thread-safety: one loop.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "net/loop.hpp"
#include "ports/log_sink.hpp"
#include "runtime/extension_registry.hpp"
#include "runtime/function_version.hpp"
#include "runtime/output.hpp"
#include "runtime/platform_log.hpp"

namespace lapwing::runtime {

class FunctionLog {
 public:
  FunctionLog(net::Loop& loop, FunctionVersionPtr function, ports::LogSink& sink, Random& random);

  const std::string& stream() const { return stream_.stream; }
  WallTime now() const { return loop_->clock().wall(); }

  // ---- the platform's lines
  void init_start(const InitStart& init);
  void init_runtime_done(std::string_view phase, const PhaseStatus& status,
                         InitializationType type);
  void extension(const ExtensionRegistry::Extension& extension);
  void init_report(const InitReport& report);
  void start(std::string_view request_id);
  // The end of an invocation: END and REPORT.
  void finish(const InvokeReport& report);

  // ---- what the programs print
  void output(std::vector<ports::LogEvent> events);
  // Producers stop reading their pipes while this is so: a flood waits, it is not dropped.
  bool crowded() const { return sink_->backlog_bytes() > sink_->backlog_limit_bytes(); }

  // The end of the log of one invocation, for LogType=Tail.
  void start_tail() { tail_.start(); }
  std::string take_tail() { return tail_.take(); }

 private:
  void line(std::string text);

  net::Loop* loop_;
  FunctionVersionPtr function_;
  ports::LogSink* sink_;
  ports::LogStreamRef stream_;
  LogTail tail_;
};

}  // namespace lapwing::runtime
