// A streamed response on its way from a runtime to the caller who asked for it.
//
// A caller that wants the pieces as they come makes a ResponseStream and puts its sink into the
// Invocation. The Runtime API writes to the sink what the runtime posts as its response, and
// waits while the other side is slow, so that in the end the function's own write waits. Only
// errors come in the Outcome, whose body is empty otherwise.
//
// The reader gets pieces until the sink is closed: then the Outcome says how it ended. A
// reader that goes away does not disturb the function (as on AWS): what it still writes is
// dropped.
//
// Thread-safety: the sink lives on the environment's loop, the reader on the loop it was made
// for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "net/byte_pipe.hpp"

namespace lapwing::runtime {

// AWS: 200 MB, of which the first 6 MB go as fast as they can and the rest at 2 MB/s
// (developer guide, "Response streaming"; the runtime interface emulator's defaults). RAPID's
// bucket of 6 MiB refills while a function writes nothing, and so does this one.
struct StreamLimits {
  std::uint64_t bytes_max = 200 * kMiB;
  std::uint64_t bytes_per_second = 2 * kMiB;  // 0: as fast as the caller takes it
  std::uint64_t burst_bytes = 6 * kMiB;
};

// The bandwidth of one response.
class Bandwidth {
 public:
  Bandwidth(const StreamLimits& limits, MonoTime now)
      : rate_(static_cast<double>(limits.bytes_per_second)),
        burst_(static_cast<double>(limits.burst_bytes)),
        tokens_(burst_),
        filled_(now) {}
  // How long to wait before `bytes` more may go on.
  Duration take(std::size_t bytes, MonoTime now);

 private:
  double rate_;  // per second; 0: unlimited
  double burst_;
  double tokens_;  // negative: owed
  MonoTime filled_;
};

// The runtime's end.
class ResponseSink {
 public:
  ResponseSink(net::BytePipeWriter pipe, std::shared_ptr<std::string> content_type)
      : pipe_(std::move(pipe)), content_type_(std::move(content_type)) {}

  // Before the first write.
  void begin(std::string content_type) { *content_type_ = std::move(content_type); }
  // See BytePipeWriter::write.
  net::Task<bool> write(net::Loop& here, std::string_view piece) {
    return pipe_.write(here, piece);
  }
  void close() { pipe_.close(); }
  bool reader_gone() const { return pipe_.reader_gone(); }

 private:
  net::BytePipeWriter pipe_;
  std::shared_ptr<std::string> content_type_;
};

struct ResponseStream {
  std::shared_ptr<ResponseSink> sink;
  net::BytePipeReader pieces;
  // As the runtime gave it; to be read after pieces.read() has returned.
  std::shared_ptr<const std::string> content_type;
};

ResponseStream response_stream(net::Loop& reader_loop);

}  // namespace lapwing::runtime
