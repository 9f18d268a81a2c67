// OutputPipe: one pipe out of a sandbox (standard output and error of a program, or framed log
// records) on its way into the FunctionLog.
//
// Thread-safety: one loop.
#pragma once

#include <string_view>

#include "net/fd_watcher.hpp"
#include "net/task.hpp"
#include "os/unique_fd.hpp"
#include "runtime/log/function_log.hpp"
#include "runtime/log/output.hpp"

namespace lapwing::runtime {

// Our end to read, and the end a program writes to.
struct PipeEnds {
  os::UniqueFd read;
  os::UniqueFd write;
};
Result<PipeEnds> make_output_pipe();

class OutputPipe {
 public:
  enum class Format { kLines, kFrames };

  // `source`: whose output it is, the function's or an extension's.
  OutputPipe(net::Loop& loop, FunctionLog& log, os::UniqueFd read_end, Format format,
             TelemetryCategory source = TelemetryCategory::kFunction);

  // Reads until the last writer has gone.
  net::Task<void> read();
  // Takes what is in the pipe at this moment; a function that prints on and on does not hold
  // us. An unfinished line is ended. kReported: unless the loop has not heard of any.
  enum class Drain { kAll, kReported };
  void drain(Drain what);

 private:
  void take_what_is_there();
  void take(std::string_view bytes);

  net::Loop* loop_;
  FunctionLog* log_;
  net::FdWatcher pipe_;
  Format format_;
  TelemetryCategory source_;
  LineAssembler lines_;
  FrameAssembler frames_;
};

}  // namespace lapwing::runtime
