// HTTP/1.1 on bytes, without a network: parsing heads and bodies, writing heads. The server,
// the client, the fuzzer and the benchmark drive it.
//
// It is strict where leniency smuggles: a bare CR or LF, NUL or other control bytes, space
// before a colon, folded lines, repeated or conflicting Content-Length, Content-Length with
// Transfer-Encoding, any transfer coding but one "chunked", an HTTP/1.1 request without
// exactly one Host: all are errors, after which the connection must be closed.
//
// Thread-safety: plain values and functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

// Finds and parses the head at the front of a growing buffer. After kNeedMore feed the same
// buffer again with more bytes at its end (it may have moved): what was searched is not
// searched again. reset() before the next head.
class HeadParser {
 public:
  explicit HeadParser(const HeadLimits& limits) : limits_(&limits) {}

  // On kDone, consumed() bytes of the buffer were the head. Empty lines before a request
  // line are skipped (and part of consumed()).
  ParseState parse_request(std::string_view buffer, Request& request, HeadInfo& info);
  // `answers_head`: the answer to a HEAD request has no body whatever its head says.
  ParseState parse_response(std::string_view buffer, Response& response, HeadInfo& info,
                            bool answers_head);
  std::size_t consumed() const { return consumed_; }
  const ParseError& error() const { return error_; }
  void reset();

 private:
  struct Seen;  // the fields that decide about framing
  ParseState find_end(std::string_view buffer);
  ParseState fail(int status, std::string_view message);
  bool parse_request_line(std::string_view line, Request& request);
  bool parse_status_line(std::string_view line, Response& response, bool& http_1_0);
  bool parse_fields(std::string_view head, std::size_t at, Headers& headers, Seen& seen);
  bool note_field(std::string_view name, std::string_view value, Seen& seen);
  bool decide_framing(const Seen& seen, bool http_1_0, HeadInfo& info);

  const HeadLimits* limits_;
  std::size_t start_ = 0;       // after skipped empty lines
  std::size_t line_start_ = 0;  // of the line not yet complete
  std::size_t scanned_ = 0;     // searched for line ends up to here
  std::size_t consumed_ = 0;
  ParseError error_;
};

// Takes a body apart. decode() looks at the front of `input`: it consumes some of it and
// yields at most one piece of body, a view into `input`.
class BodyDecoder {
 public:
  explicit BodyDecoder(std::size_t trailer_bytes = HeadLimits().trailer_bytes)
      : trailer_bytes_(trailer_bytes) {}
  struct Step {
    ParseState state;       // kNeedMore: call again, with more input if nothing was consumed
    std::size_t consumed;   // bytes of input used up
    std::string_view data;  // body bytes among them
  };
  void start(const HeadInfo& info);
  Step decode(std::string_view input);
  // `count` bytes of a body of known length were taken past the decoder.
  void skip(std::uint64_t count);
  // The peer closed: fine only for kUntilClose.
  ParseState end_of_input();

  bool done() const { return state_ == State::kDone; }
  // Body bytes still to come, where the head said it.
  std::optional<std::uint64_t> remaining() const;
  const Headers& trailers() const;
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
  Step take_data(std::string_view input, State after);
  Step chunk_size(std::string_view input);
  Step chunk_end(std::string_view input);
  Step trailer_line(std::string_view input);
  Step fail(std::string_view message);

  std::size_t trailer_bytes_;
  State state_ = State::kDone;
  std::uint64_t left_ = 0;             // of the body, the chunk, or the bytes allowed for trailers
  std::unique_ptr<Headers> trailers_;  // where there are some
  ParseError error_;
};

struct ResponseFraming {
  BodyFraming framing = BodyFraming::kNone;  // kNone writes no length: 1xx, 204, 304
  std::uint64_t content_length = 0;
  bool close = false;
  bool keep_alive_said = false;  // "Connection: keep-alive", which HTTP/1.0 peers need
  std::string_view date;         // empty: none; not written where the response has one
};
// Appends the status line, the fields and the empty line. Content-Length, Transfer-Encoding
// and Connection are written from the framing, never from the response's own fields. Bytes
// that would break a line are written as spaces.
void write_response_head(std::string& to, const Response& response, const ResponseFraming& framing);
// `host` is written unless the request has a Host of its own.
void write_request_head(std::string& to, const Request& request, std::string_view host,
                        BodyFraming framing, std::uint64_t content_length);
// "1a\r\n"
void write_chunk_head(std::string& to, std::size_t size);
// "0\r\n", trailers, "\r\n"
void write_last_chunk(std::string& to, const Headers& trailers);

// Every request in `bytes`, as a connection would see them when they arrive `piece` bytes at
// a time: for the fuzzer and the tests.
struct ParsedAll {
  std::size_t requests = 0;  // complete, bodies included
  std::uint64_t body_bytes = 0;
  int error_status = 0;       // of the first error
  std::size_t left_over = 0;  // bytes of an incomplete message
};
ParsedAll parse_all(std::string_view bytes, const HeadLimits& limits = {},
                    std::size_t piece = std::string_view::npos);

}  // namespace lapwing::http
