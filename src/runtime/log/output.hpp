// From the bytes a function prints to log events: line by line, with the tail of one
// invocation kept for LogType=Tail.
//
// Thread-safety: one owner, one loop.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "ports/log_sink.hpp"

namespace lapwing::runtime {

// AWS returns the last 4 KB of the log with LogType=Tail.
inline constexpr std::size_t kLogTailBytes = 4096;

// Cuts a byte stream into lines. A line longer than kLogEventBytesMax becomes several
// events, cut at a UTF-8 boundary; what stands without a newline waits for its end until
// flush(). Carriage returns are newlines within one event, as CloudWatch shows them.
class LineAssembler {
 public:
  // Appends what is complete to `events`, stamped with `now`.
  void feed(std::string_view bytes, WallTime now, std::vector<ports::LogEvent>& events);
  // Whether no line is unfinished.
  bool empty() const { return partial_.empty(); }
  // Ends an unfinished line: called when an invocation ends and when the pipe closes.
  void flush(WallTime now, std::vector<ports::LogEvent>& events);

 private:
  void take(WallTime now, std::vector<ports::LogEvent>& events);

  std::string partial_;
};

// Cuts the framed stream of _LAMBDA_TELEMETRY_LOG_FD (runtimes/README.md): type, length and
// time in microseconds (big endian, 4 + 4 + 8 bytes), then the message. A frame is an event,
// whatever newlines it holds. What is not a frame poisons the stream: it is then read as
// lines, so that nothing is lost.
class FrameAssembler {
 public:
  void feed(std::string_view bytes, WallTime now, std::vector<ports::LogEvent>& events);

 private:
  std::string buffer_;
  bool poisoned_ = false;
  LineAssembler lines_;
};

// The last kLogTailBytes of what was added, newline after each message.
class LogTail {
 public:
  void start() {
    active_ = true;
    text_.clear();
  }
  void stop() { active_ = false; }
  bool active() const { return active_; }
  void add(std::string_view message);
  std::string take();

 private:
  bool active_ = false;
  std::string text_;
};

}  // namespace lapwing::runtime
