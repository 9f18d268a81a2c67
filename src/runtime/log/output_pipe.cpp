#include "runtime/log/output_pipe.hpp"

#include <array>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "net/loop.hpp"
#include "runtime/limits.hpp"

namespace lapwing::runtime {

Result<PipeEnds> make_output_pipe() {
  std::array<int, 2> fds{};
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return fail(errno_error("pipe2"));
  PipeEnds pipe{os::UniqueFd(fds[0]), os::UniqueFd(fds[1])};
  // Best effort: a larger pipe lets a chatty function run on while we are busy.
  fcntl(pipe.write.get(), F_SETPIPE_SZ, kOutputPipeBytes);
  return pipe;
}

OutputPipe::OutputPipe(net::Loop& loop, FunctionLog& log, os::UniqueFd read_end, Format format,
                       TelemetryCategory source)
    : loop_(&loop), log_(&log), pipe_(loop, std::move(read_end)), format_(format), source_(source) {
  // From the start: drain() may come before the first read() has set it.
  net::FdWatcher::make_non_blocking(pipe_.fd());
}

net::Task<void> OutputPipe::read() {
  std::vector<char> buffer(kOutputChunkBytes);
  while (true) {
    // A flood waits in the pipe, where it stops only the function that makes it.
    while (log_->crowded()) co_await loop_->sleep(std::chrono::milliseconds(5));
    const Result<std::size_t> n =
        co_await pipe_.read_some(std::as_writable_bytes(std::span(buffer)));
    if (!n || *n == 0) co_return;
    take({buffer.data(), *n});
    if (log_->losing()) {
      // Reading at full speed what is dropped would take processor time from everybody.
      co_await loop_->sleep(kLostOutputPause);
    } else {
      co_await loop_->yield();
    }
  }
}

void OutputPipe::take_what_is_there() {
  std::array<char, kOutputChunkBytes> buffer;
  // No more than the pipe can hold.
  for (int left = kOutputPipeBytes; left > 0;) {
    const ssize_t n = ::read(pipe_.fd(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    take({buffer.data(), static_cast<std::size_t>(n)});
    left -= static_cast<int>(n);
  }
}

void OutputPipe::take(std::string_view bytes) {
  std::vector<ports::LogEvent> events;
  if (format_ == Format::kFrames) {
    frames_.feed(bytes, log_->now(), events);
  } else {
    lines_.feed(bytes, log_->now(), events);
  }
  log_->output(source_, std::move(events));
}

void OutputPipe::drain(Drain what) {
  if (what == Drain::kAll || pipe_.seems_readable()) take_what_is_there();
  if (lines_.empty()) return;
  std::vector<ports::LogEvent> events;
  lines_.flush(log_->now(), events);
  log_->output(source_, std::move(events));
}

}  // namespace lapwing::runtime
