// BytePipe: bytes from a coroutine on one loop to a coroutine on another (or the same), in
// pieces whose bounds are kept, with back-pressure: the writer waits while the pipe is full,
// so the one it reads from waits too.
//
//   BytePipe pipe = byte_pipe(here, 256 * kKiB);      // `here` is where the reader waits
//   bool taken = co_await pipe.writer.write(there, piece);
//   std::vector<std::string> pieces = co_await pipe.reader.read();   // empty: the end
//
// The reader takes all that is queued at once, so at most twice the capacity is in memory.
// When the reader goes, writing does not wait any more and tells so: the writer decides
// whether to go on. When the writer goes or closes, the reader gets what is queued, then the
// end. Either end may go while the other waits.
//
// Thread-safety: the writer's calls are made on one loop, the reader's on the reader's loop;
// the two may be different threads. One coroutine at a time waits at each end; close() may be
// called while another coroutine of the writer's loop waits in write().
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/task.hpp"

namespace lapwing::net {

class Loop;

namespace detail {
struct BytePipeState;
}

class BytePipeWriter {
 public:
  BytePipeWriter() = default;
  explicit BytePipeWriter(std::shared_ptr<detail::BytePipeState> state)
      : state_(std::move(state)) {}
  BytePipeWriter(BytePipeWriter&&) noexcept = default;
  BytePipeWriter& operator=(BytePipeWriter&& other) noexcept;
  ~BytePipeWriter() { close(); }

  // Waits while the pipe is full, then copies `piece`, which must stay until then. False, and
  // the piece is dropped, when the reader has gone or the pipe was closed. A piece larger than
  // the capacity goes through alone; an empty one is nothing. `here` is the caller's loop.
  Task<bool> write(Loop& here, std::string_view piece);
  // No more pieces; a write that waits gives up.
  void close();
  bool reader_gone() const;

 private:
  std::shared_ptr<detail::BytePipeState> state_;
};

class BytePipeReader {
 public:
  BytePipeReader() = default;
  explicit BytePipeReader(std::shared_ptr<detail::BytePipeState> state)
      : state_(std::move(state)) {}
  BytePipeReader(BytePipeReader&&) noexcept = default;
  BytePipeReader& operator=(BytePipeReader&& other) noexcept;
  ~BytePipeReader() { abandon(); }

  // All that is queued, in order, as soon as there is anything; nothing at the end.
  Task<std::vector<std::string>> read();

 private:
  void abandon();
  std::shared_ptr<detail::BytePipeState> state_;
};

struct BytePipe {
  BytePipeWriter writer;
  BytePipeReader reader;
};

// `capacity_bytes` counts a fixed cost for every piece as well, so that many tiny pieces are
// bounded too.
BytePipe byte_pipe(Loop& reader_loop, std::size_t capacity_bytes);

}  // namespace lapwing::net
