#include "http/h1_codec.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "http/clean.hpp"

namespace lapwing::http {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Digits only: no sign, no space, no list.
std::optional<std::uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// An authority, not a path or a list: what could not be a host is not passed on as one.
bool is_host(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return c == ' ' || c == '\t' || c == '/' || c == '@' || c == '\\' || c == ',' || c == '?' ||
           c == '#';
  });
}

// The line end a '\n' at `at` closes: nothing when no '\r' stands before it.
std::optional<std::string_view> line_before(std::string_view text, std::size_t at) {
  if (at == 0 || text[at - 1] != '\r') return std::nullopt;
  return text.substr(0, at - 1);
}

}  // namespace

// --- heads ---

struct HeadParser::Seen {
  int host = 0;
  int length = 0;
  int transfer = 0;
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
  bool expects_continue = false;
};

void HeadParser::reset() {
  start_ = line_start_ = scanned_ = consumed_ = 0;
  error_ = {};
}

ParseState HeadParser::fail(int status, std::string_view message) {
  error_ = {status, message};
  return ParseState::kError;
}

ParseState HeadParser::find_end(std::string_view buffer) {
  while (true) {
    const void* found = scanned_ < buffer.size()
                            ? std::memchr(buffer.data() + scanned_, '\n', buffer.size() - scanned_)
                            : nullptr;
    if (found == nullptr) break;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data());
    if (at == line_start_ || buffer[at - 1] != '\r') return fail(400, "bare line feed");
    scanned_ = at + 1;
    const bool empty_line = at == line_start_ + 1;
    if (empty_line && line_start_ != start_) {
      consumed_ = at + 1;
      break;
    }
    line_start_ = at + 1;
    if (empty_line) start_ = line_start_;  // before the first line: skipped
  }
  const std::size_t size = (consumed_ != 0 ? consumed_ : buffer.size()) - start_;
  // While the first line is incomplete its target is what grows.
  if (line_start_ == start_ && size > limits_->target_bytes + 64) {
    return fail(414, "request target too long");
  }
  if (size > limits_->head_bytes) return fail(431, "request head too large");
  if (start_ > limits_->head_bytes) return fail(400, "nothing but empty lines");
  if (consumed_ != 0) return ParseState::kDone;
  scanned_ = buffer.size();
  return ParseState::kNeedMore;
}

ParseState HeadParser::parse_request(std::string_view buffer, Request& request, HeadInfo& info) {
  const ParseState found = find_end(buffer);
  if (found != ParseState::kDone) return found;
  const std::string_view head = buffer.substr(start_, consumed_ - start_);
  const std::size_t line_end = head.find('\r');
  const std::string_view line = head.substr(0, line_end);
  if (!is_clean(line)) return fail(400, "control character in the request line");
  request.headers.assign_block(head);
  if (!parse_request_line(line, request)) return ParseState::kError;
  Seen seen;
  if (!parse_fields(head, line_end + 2, request.headers, seen)) return ParseState::kError;
  if (seen.host > 1) return fail(400, "more than one Host");
  if (seen.host == 0 && !request.http_1_0) return fail(400, "Host is missing");
  if (!decide_framing(seen, request.http_1_0, info)) return ParseState::kError;
  info.expects_continue = seen.expects_continue && !request.http_1_0;
  if (request.target[0] != '/' && request.target != "*") {
    // Absolute form: the authority in it counts, not the Host field.
    const std::size_t authority = request.target.find("://") + 3;
    const std::size_t path =
        std::min(request.target.find_first_of("/?", authority), request.target.size());
    const std::string host = request.target.substr(authority, path - authority);
    if (host.empty() || !is_host(host)) return fail(400, "bad authority");
    request.headers.set("Host", host);
    request.target.erase(0, path);
    if (!request.target.starts_with('/')) request.target.insert(0, 1, '/');
  }
  return ParseState::kDone;
}

bool HeadParser::parse_request_line(std::string_view line, Request& request) {
  const auto bad = [&](int status, std::string_view message) {
    fail(status, message);
    return false;
  };
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return bad(400, "malformed request line");
  const std::size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return bad(400, "malformed request line");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!is_token(method)) return bad(400, "malformed method");
  if (target.size() > limits_->target_bytes) return bad(414, "request target too long");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") &&
                             is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
    return well_formed ? bad(505, "HTTP version not supported")
                       : bad(400, "malformed HTTP version");
  }
  const auto known = parse_method(method);
  if (!known) return bad(501, "unknown method");
  const bool absolute = target.starts_with("http://") || target.starts_with("https://");
  const bool asterisk = target == "*" && *known == Method::kOptions;
  if (target.find('\t') != std::string_view::npos ||
      !(target.starts_with('/') || absolute || asterisk)) {
    return bad(400, "malformed request target");
  }
  request.method = *known;
  request.target.assign(target);
  request.http_1_0 = version.back() == '0';
  return true;
}

bool HeadParser::parse_fields(std::string_view head, std::size_t at, Headers& headers, Seen& seen) {
  const auto bad = [&](int status, std::string_view message) {
    fail(status, message);
    return false;
  };
  // find_end saw "\r\n" at the end of every line, and an empty one.
  while (head[at] != '\r' || head[at + 1] != '\n') {
    const std::size_t colon = token_end(head, at);
    if (head[colon] != ':' || colon == at) {
      const std::size_t end = head.find('\n', colon) - 1;
      const std::string_view line = head.substr(at, end - at);
      if (!is_clean(line)) return bad(400, "control character in a header");
      return bad(400, line.contains(':') ? "malformed header name" : "header without a colon");
    }
    const std::size_t end = control_at(head, colon + 1);
    if (head[end] != '\r' || head[end + 1] != '\n') {
      return bad(400, "control character in a header");
    }
    const std::string_view name = head.substr(at, colon - at);
    const std::string_view value = trim(head.substr(colon + 1, end - colon - 1));
    if (headers.size() >= limits_->header_count) return bad(431, "too many headers");
    // An empty value may point past the line; its position does not matter then.
    const std::size_t value_at =
        value.empty() ? at : static_cast<std::size_t>(value.data() - head.data());
    headers.add_entry(static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value_at),
                      static_cast<std::uint32_t>(value.size()));
    if (!note_field(name, value, seen)) return false;
    at = end + 2;
  }
  return true;
}

bool HeadParser::note_field(std::string_view name, std::string_view value, Seen& seen) {
  const auto bad = [&](int status, std::string_view message) {
    fail(status, message);
    return false;
  };
  switch (name.size()) {
    case 4:
      if (!equal_ignoring_case(name, "host")) return true;
      ++seen.host;
      return is_host(value) || bad(400, "malformed Host");
    case 6:
      if (!equal_ignoring_case(name, "expect")) return true;
      seen.expects_continue = equal_ignoring_case(value, "100-continue");
      return seen.expects_continue || bad(417, "unknown expectation");
    case 10:
      if (!equal_ignoring_case(name, "connection")) return true;
      for (std::size_t from = 0; from <= value.size();) {
        const std::size_t comma = std::min(value.find(',', from), value.size());
        const std::string_view token = trim(value.substr(from, comma - from));
        seen.close = seen.close || equal_ignoring_case(token, "close");
        seen.keep_alive = seen.keep_alive || equal_ignoring_case(token, "keep-alive");
        from = comma + 1;
      }
      return true;
    case 14: {
      if (!equal_ignoring_case(name, "content-length")) return true;
      const auto length = parse_length(value);
      if (!length) return bad(400, "malformed Content-Length");
      seen.content_length = *length;
      return ++seen.length == 1 || bad(400, "more than one Content-Length");
    }
    case 17:
      if (!equal_ignoring_case(name, "transfer-encoding")) return true;
      if (++seen.transfer > 1) return bad(400, "more than one Transfer-Encoding");
      seen.chunked = equal_ignoring_case(value, "chunked");
      return seen.chunked || bad(501, "unknown transfer coding");
    default:
      return true;
  }
}

bool HeadParser::decide_framing(const Seen& seen, bool http_1_0, HeadInfo& info) {
  const auto bad = [&](std::string_view message) {
    fail(400, message);
    return false;
  };
  info = {};
  if (seen.transfer > 0 && seen.length > 0) {
    return bad("both Content-Length and Transfer-Encoding");
  }
  if (seen.transfer > 0 && http_1_0) return bad("Transfer-Encoding in HTTP/1.0");
  if (seen.chunked) {
    info.framing = BodyFraming::kChunked;
  } else if (seen.length > 0) {
    info.framing = BodyFraming::kLength;
    info.content_length = seen.content_length;
  }
  info.keep_alive = !seen.close && (!http_1_0 || seen.keep_alive);
  return true;
}

bool HeadParser::parse_status_line(std::string_view line, Response& response, bool& http_1_0) {
  const bool known = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  const std::string_view code = known ? line.substr(9, 3) : std::string_view();
  const auto length = parse_length(code);
  if (!known || code.size() != 3 || !length || *length < 100 ||
      (line.size() > 12 && line[12] != ' ')) {
    fail(400, "malformed status line");
    return false;
  }
  response.status = static_cast<int>(*length);
  http_1_0 = line[7] == '0';
  return true;
}

ParseState HeadParser::parse_response(std::string_view buffer, Response& response, HeadInfo& info,
                                      bool answers_head) {
  const ParseState found = find_end(buffer);
  if (found != ParseState::kDone) return found;
  const std::string_view head = buffer.substr(start_, consumed_ - start_);
  const std::size_t line_end = head.find('\r');
  if (!is_clean(head.substr(0, line_end))) return fail(400, "control character");
  response.headers.assign_block(head);
  response.body.clear();
  bool http_1_0 = false;
  if (!parse_status_line(head.substr(0, line_end), response, http_1_0)) return ParseState::kError;
  Seen seen;
  if (!parse_fields(head, line_end + 2, response.headers, seen)) return ParseState::kError;
  if (!decide_framing(seen, http_1_0, info)) return ParseState::kError;
  const int status = response.status;
  if (answers_head || status < 200 || status == 204 || status == 304) {
    info.framing = BodyFraming::kNone;
  } else if (info.framing == BodyFraming::kNone) {
    info.framing = BodyFraming::kUntilClose;
    info.keep_alive = false;
  }
  return ParseState::kDone;
}

// --- bodies ---

void BodyDecoder::start(const HeadInfo& info) {
  error_ = {};
  left_ = info.content_length;
  switch (info.framing) {
    case BodyFraming::kNone:
      state_ = State::kDone;
      break;
    case BodyFraming::kLength:
      state_ = left_ == 0 ? State::kDone : State::kLength;
      break;
    case BodyFraming::kChunked:
      state_ = State::kChunkSize;
      break;
    case BodyFraming::kUntilClose:
      state_ = State::kUntilClose;
      break;
  }
  trailers_.reset();
}

const Headers& BodyDecoder::trailers() const {
  static const Headers kNone;
  return trailers_ ? *trailers_ : kNone;
}

BodyDecoder::Step BodyDecoder::fail(std::string_view message) {
  state_ = State::kError;
  error_ = {400, message};
  return {ParseState::kError, 0, {}};
}

BodyDecoder::Step BodyDecoder::decode(std::string_view input) {
  switch (state_) {
    case State::kLength:
      return take_data(input, State::kDone);
    case State::kUntilClose:
      return {ParseState::kNeedMore, input.size(), input};
    case State::kChunkSize:
      return chunk_size(input);
    case State::kChunkData:
      return take_data(input, State::kChunkEnd);
    case State::kChunkEnd:
      return chunk_end(input);
    case State::kTrailers:
      return trailer_line(input);
    case State::kDone:
      return {ParseState::kDone, 0, {}};
    case State::kError:
      return {ParseState::kError, 0, {}};
  }
  return fail("unreachable");
}

BodyDecoder::Step BodyDecoder::take_data(std::string_view input, State after) {
  const std::string_view data =
      input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
  left_ -= data.size();
  if (left_ == 0) state_ = after;
  return {done() ? ParseState::kDone : ParseState::kNeedMore, data.size(), data};
}

void BodyDecoder::skip(std::uint64_t count) {
  left_ -= std::min(count, left_);
  if (left_ == 0) state_ = State::kDone;
}

BodyDecoder::Step BodyDecoder::chunk_size(std::string_view input) {
  const std::size_t at = input.find('\n');
  if (std::min(at, input.size()) > kChunkLineBytesMax) return fail("chunk line too long");
  if (at == std::string_view::npos) return {ParseState::kNeedMore, 0, {}};
  const auto line = line_before(input, at);
  if (!line) return fail("bare line feed in a chunk line");
  const std::size_t digits = std::min(line->find(';'), line->size());
  if (digits == 0 || digits > 15) return fail("malformed chunk size");
  const char* end = line->data() + digits;
  const auto [stopped, error] = std::from_chars(line->data(), end, left_, 16);
  if (error != std::errc() || stopped != end) return fail("malformed chunk size");
  if (!is_clean(line->substr(digits))) return fail("control character in a chunk line");
  state_ = left_ == 0 ? State::kTrailers : State::kChunkData;
  if (left_ == 0) left_ = trailer_bytes_;
  return {ParseState::kNeedMore, at + 1, {}};
}

BodyDecoder::Step BodyDecoder::chunk_end(std::string_view input) {
  if (!input.empty() && input[0] != '\r') return fail("chunk data too long");
  if (input.size() < 2) return {ParseState::kNeedMore, 0, {}};
  if (input[1] != '\n') return fail("chunk data too long");
  state_ = State::kChunkSize;
  return {ParseState::kNeedMore, 2, {}};
}

BodyDecoder::Step BodyDecoder::trailer_line(std::string_view input) {
  const std::size_t at = input.find('\n');
  if (std::min(at, input.size()) > left_) return fail("trailers too large");
  if (at == std::string_view::npos) return {ParseState::kNeedMore, 0, {}};
  const auto line = line_before(input, at);
  if (!line) return fail("bare line feed in trailers");
  left_ -= at;
  if (line->empty()) {
    state_ = State::kDone;
    return {ParseState::kDone, at + 1, {}};
  }
  const std::size_t colon = line->find(':');
  if (colon == std::string_view::npos || !is_token(line->substr(0, colon)) || !is_clean(*line)) {
    return fail("malformed trailer");
  }
  if (!trailers_) trailers_ = std::make_unique<Headers>();
  trailers_->add(line->substr(0, colon), trim(line->substr(colon + 1)));
  return {ParseState::kNeedMore, at + 1, {}};
}

ParseState BodyDecoder::end_of_input() {
  if (state_ == State::kUntilClose) state_ = State::kDone;
  if (state_ == State::kDone) return ParseState::kDone;
  fail("the body ends early");
  return ParseState::kError;
}

std::optional<std::uint64_t> BodyDecoder::remaining() const {
  if (state_ == State::kDone) return 0;
  if (state_ == State::kLength) return left_;
  return std::nullopt;
}

ParsedAll parse_all(std::string_view bytes, const HeadLimits& limits, std::size_t piece) {
  ParsedAll result;
  HeadParser parser(limits);
  BodyDecoder decoder;
  Request request;
  HeadInfo info;
  std::size_t at = 0;     // used up
  std::size_t fed = 0;    // arrived
  std::size_t begin = 0;  // of the message under way
  bool in_body = false;
  while (result.error_status == 0) {
    const std::string_view window = bytes.substr(at, fed - at);
    bool stuck = false;
    if (!in_body) {
      const ParseState head =
          window.empty() ? ParseState::kNeedMore : parser.parse_request(window, request, info);
      if (head == ParseState::kError) result.error_status = parser.error().status;
      stuck = head == ParseState::kNeedMore;
      if (head == ParseState::kDone) {
        at += parser.consumed();
        decoder.start(info);
        in_body = true;
      }
    } else if (decoder.done()) {
      ++result.requests;
      begin = at;
      parser.reset();
      in_body = false;
    } else {
      const BodyDecoder::Step step = decoder.decode(window);
      at += step.consumed;
      result.body_bytes += step.data.size();
      if (step.state == ParseState::kError) result.error_status = decoder.error().status;
      stuck = step.consumed == 0 && !decoder.done();
    }
    if (!stuck) continue;
    if (fed == bytes.size()) break;
    fed += std::min(piece, bytes.size() - fed);
  }
  result.left_over = bytes.size() - begin;
  return result;
}

}  // namespace lapwing::http
