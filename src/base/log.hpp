// The log facade. A Logger is passed to those who log; there is no global one. Lines are
// one JSON object each on the sink (stderr by default):
//   {"ts":"2026-11-20T10:00:00.123Z","level":"info","mod":"engine","msg":"...","k":"v"}
// The level check is inline, formatting happens only for lines that are written.
//
// Thread-safety: any thread; a line is written with one write(2), never interleaved.
#pragma once

#include <atomic>
#include <initializer_list>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "base/clock.hpp"

namespace lapwing {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };

struct LogField {
  std::string_view key;
  std::string value;
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  template <class T>
    requires std::is_arithmetic_v<T>
  LogField(std::string_view k, T v) : key(k), value(fmt::format("{}", v)) {}
};

class LogOutput {  // where finished lines go; `line` ends in '\n'
 public:
  virtual ~LogOutput() = default;
  virtual void write(std::string_view line) = 0;
};

class StderrOutput final : public LogOutput {
 public:
  void write(std::string_view line) override;
};

class Logger {
 public:
  Logger(LogOutput& sink, const Clock& clock, LogLevel level)
      : sink_(&sink), clock_(&clock), level_(level) {}

  bool enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_ = level; }

  void log(LogLevel level, std::string_view mod, std::string_view msg,
           std::initializer_list<LogField> f = {}) {
    if (enabled(level)) write(level, mod, msg, f);
  }
  void debug(std::string_view mod, std::string_view msg, std::initializer_list<LogField> f = {}) {
    if (enabled(LogLevel::kDebug)) write(LogLevel::kDebug, mod, msg, f);
  }
  void info(std::string_view mod, std::string_view msg, std::initializer_list<LogField> f = {}) {
    if (enabled(LogLevel::kInfo)) write(LogLevel::kInfo, mod, msg, f);
  }
  void warn(std::string_view mod, std::string_view msg, std::initializer_list<LogField> f = {}) {
    if (enabled(LogLevel::kWarn)) write(LogLevel::kWarn, mod, msg, f);
  }
  void error(std::string_view mod, std::string_view msg, std::initializer_list<LogField> f = {}) {
    if (enabled(LogLevel::kError)) write(LogLevel::kError, mod, msg, f);
  }

 private:
  void write(LogLevel level, std::string_view mod, std::string_view msg,
             std::initializer_list<LogField> fields);

  LogOutput* sink_;
  const Clock* clock_;
  std::atomic<LogLevel> level_;
};

// Discards everything: for unit tests and tools.
Logger& null_logger();

}  // namespace lapwing
