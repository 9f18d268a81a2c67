// HTTP/1.1 on bytes, without a network: parsing heads and bodies, writing heads. The server,
// the client, the fuzzer and the benchmark drive it.
//
// It is strict where leniency smuggles: a bare CR or LF, NUL or other control bytes, space
// before a colon, folded lines, repeated or conflicting Content-Length, Content-Length with
// Transfer-Encoding, any transfer coding but one final "chunked", an HTTP/1.1 request without
// exactly one Host: all are errors, after which the connection must be closed.
//
// Thread-safety: plain values and functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/limits.hpp"
#include "http/message.hpp"

namespace lapwing::http {

// What went wrong: the status to answer (0: nothing did) and words for it.
struct ParseError {
  int status = 0;
  std::string_view message;
  explicit operator bool() const { return status != 0; }
};

// How the message says its body ends.
enum class BodyFraming { kNone, kLength, kChunked, kUntilClose };

struct HeadInfo {
  BodyFraming framing = BodyFraming::kNone;
  std::uint64_t content_length = 0;  // of kLength
  bool keep_alive = true;
  bool expects_continue = false;
};

enum class ParseState { kNeedMore, kDone, kError };

// Finds and parses the head at the front of a growing buffer. Feed the same buffer again
// with more bytes at its end after kNeedMore; no byte is looked at twice.
class HeadParser {
 public:
  explicit HeadParser(const HeadLimits& limits) : limits_(&limits) {}

  // On kDone `consumed()` bytes of the buffer were the head; empty lines before a request
  // line are skipped.
  ParseState parse_request(std::string_view buffer, Request& request, HeadInfo& info);
  // `answers_head`: the answer to a HEAD request has no body whatever its head says.
  ParseState parse_response(std::string_view buffer, Response& response, HeadInfo& info,
                            bool answers_head);
  std::size_t consumed() const { return consumed_; }
  const ParseError& error() const { return error_; }
  void reset();

 private:
  ParseState find_end(std::string_view buffer, bool request);
  ParseState fail(int status, std::string_view message);

  const HeadLimits* limits_;
  std::size_t start_ = 0;    // after skipped empty lines
  std::size_t scanned_ = 0;  // searched for the end up to here
  std::size_t consumed_ = 0;
  ParseError error_;
};

// Takes a body apart. decode() looks at the front of `input`: it consumes some of it and
// yields at most one piece of body, a view into `input`.
class BodyDecoder {
 public:
  struct Step {
    ParseState state;       // kNeedMore: call again, with more input if nothing was consumed
    std::size_t consumed;   // bytes of input used up
    std::string_view data;  // body bytes among them
  };
  void start(const HeadInfo& info);
  Step decode(std::string_view input);
  // The peer closed: fine only for kUntilClose.
  ParseState end_of_input();

  bool done() const { return state_ == State::kDone; }
  // Body bytes still to come, where the head said it.
  std::optional<std::uint64_t> remaining() const;
  Headers& trailers() { return trailers_; }
  const ParseError& error() const { return error_; }

 private:
  enum class State {
    kLength,
    kUntilClose,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailers,
    kDone,
    kError
  };
  Step step_chunk_size(std::string_view input);
  Step step_trailers(std::string_view input);
  Step fail(std::string_view message);

  State state_ = State::kDone;
  std::uint64_t left_ = 0;
  Headers trailers_;
  ParseError error_;
};

// Appends "HTTP/1.1 200 OK\r\n", the fields and the empty line.
struct ResponseFraming {
  BodyFraming framing = BodyFraming::kNone;
  std::uint64_t content_length = 0;
  bool write_length = true;  // kNone with a length of 0 said, or not (204, 304, 1xx)
  bool close = false;
  bool http_1_0_keep_alive = false;
  std::string_view date;  // empty: none
};
void write_response_head(std::string& out, const Response& response,
                         const ResponseFraming& framing);
void write_request_head(std::string& out, const Request& request, std::string_view host,
                        BodyFraming framing, std::uint64_t content_length);
// "1a\r\n"
void write_chunk_head(std::string& out, std::size_t size);
// "0\r\n", trailers, "\r\n"
void write_last_chunk(std::string& out, const Headers& trailers);

// Every request in `bytes`, as a connection would see them: for the fuzzer and the tests.
struct ParsedAll {
  std::size_t requests = 0;
  std::uint64_t body_bytes = 0;
  int error_status = 0;       // of the first error
  std::size_t left_over = 0;  // bytes of an incomplete message
};
ParsedAll parse_all(std::string_view bytes, const HeadLimits& limits = {});

}  // namespace lapwing::http
