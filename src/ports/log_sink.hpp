// Where the output of functions goes. Implemented by services/logs, used by runtime/.
//
// Threading: every method may be called from any thread and returns at once: nothing is
// written to disk on the caller's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace lapwing::ports {

struct LogEvent {
  WallTime time;
  std::string message;  // without the trailing newline; at most kLogEventBytesMax
};

// AWS splits a longer line into several events.
inline constexpr std::size_t kLogEventBytesMax = 256 * 1024;

struct LogStreamRef {
  AccountId account;
  Region region;
  std::string group;   // "/aws/lambda/HelloWorldFunction"
  std::string stream;  // "2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef"
  bool json = false;   // what the platform writes into it itself are JSON records
};

// One stream, held by who writes to it again and again. The sink must outlive it.
class LogStream {
 public:
  virtual ~LogStream() = default;
  // Takes the events over, in order. Events become visible to readers within 200 ms and are on
  // disk within a second.
  virtual void append(std::vector<LogEvent> events) = 0;
  // What is appended from here on was caused by an invocation with this trace (X-Amzn-Trace-Id), so
  // that a chain of events that passes through a log group is followed; empty: by none. Not while
  // append() is under way.
  virtual void caused_by(std::string_view trace) { (void)trace; }
  // Whether what was appended last was over a limit and dropped: there is no use in hurrying.
  virtual bool losing() const { return false; }
};

class LogSink {
 public:
  virtual ~LogSink() = default;

  // Group and stream are made with their first event if they are missing (as Lambda does with
  // the execution role), again if they were deleted meanwhile.
  virtual std::unique_ptr<LogStream> open(LogStreamRef stream) = 0;
  // For who writes once.
  void append(LogStreamRef stream, std::vector<LogEvent> events) {
    open(std::move(stream))->append(std::move(events));
  }

  // Bytes taken over and not yet on disk. A producer stops reading its source while this is
  // above backlog_limit_bytes() and goes on below it: a flood within the limits waits.
  virtual std::size_t backlog_bytes() const = 0;
  virtual std::size_t backlog_limit_bytes() const = 0;
};

}  // namespace lapwing::ports
