// Bodies in pieces. A BodyReader is pulled, a BodyWriter is pushed; both wait when the other
// side is slow, so memory stays bounded.
//
// Thread-safety: the connection's loop.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"
#include "net/task.hpp"

namespace lapwing::http {

class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // The next piece, valid until the next call; empty at the end. Errors: kInvalid (broken
  // framing), kTimeout (too slow), kCancelled (the peer has gone). After an error or the end
  // the answer stays the same.
  virtual net::Task<Result<std::string_view>> next() = 0;
  // The rest as one string; kTooLarge as soon as it is known to exceed `limit` bytes.
  virtual net::Task<Result<std::string>> read_all(std::size_t limit) = 0;
  // The rest, valid until the next call, where its length is known, at most `limit`, and all of it
  // has arrived: most small bodies have, with their head. Nothing, and nothing is taken, otherwise.
  virtual std::optional<std::string_view> take_arrived([[maybe_unused]] std::size_t limit) {
    return std::nullopt;
  }
  // After the end of a chunked body; empty otherwise.
  virtual const Headers& trailers() const = 0;
};

class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Written at once (one chunk); empty text writes nothing. `text` must stay until done.
  virtual net::Task<Status> write(std::string_view text) = 0;
  // Ends the body. Trailers need a chunked body (dropped towards HTTP/1.0 peers). A writer
  // that is never finished makes the peer see a truncated message.
  virtual net::Task<Status> finish(Headers trailers = {}) = 0;
};

}  // namespace lapwing::http
