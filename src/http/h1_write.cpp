// The writing half of h1_codec.hpp.
#include <algorithm>
#include <charconv>
#include <cstring>

#include "http/clean.hpp"
#include "http/h1_codec.hpp"

namespace lapwing::http {
namespace {

// Appends to a string whose size was reckoned before: no look at its capacity with each piece.
class Appender {
 public:
  Appender(std::string& out, std::size_t at_most) : out_(out), at_(out.size()) {
    out.resize_and_overwrite(at_ + at_most, [](char*, std::size_t size) { return size; });
  }
  ~Appender() { out_.resize(at_); }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  void put(std::string_view text) {
    if (!text.empty()) std::memcpy(out_.data() + at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(char c) { out_[at_++] = c; }
  void put_number(std::uint64_t number, int base = 10) {
    char* const from = out_.data() + at_;
    at_ +=
        static_cast<std::size_t>(std::to_chars(from, from + kNumberBytes, number, base).ptr - from);
  }
  // Header injection ends here: nobody above can write a line break into a head.
  void put_clean(std::string_view text) {
    const std::size_t from = at_;
    put(text);
    if (is_clean(text)) return;
    std::replace_if(out_.begin() + static_cast<std::ptrdiff_t>(from),
                    out_.begin() + static_cast<std::ptrdiff_t>(at_), is_control, ' ');
  }
  void put_field(std::string_view name, std::string_view value) {
    put_clean(name);
    put(": ");
    put_clean(value);
    put("\r\n");
  }
  static constexpr std::size_t kNumberBytes = 24;

 private:
  std::string& out_;
  std::size_t at_;
};

// What all fields take at most.
std::size_t bytes_of(const Headers& headers) {
  std::size_t bytes = 0;
  for (const Headers::Field field : headers) bytes += field.name.size() + field.value.size() + 4;
  return bytes;
}

// Status line, framing, Connection and the last line; what has no fixed size comes on top.
constexpr std::size_t kFixedBytes = 256;

bool is_ours(std::string_view name) {
  switch (name.size()) {
    case 10:
      return equal_ignoring_case(name, "connection");
    case 14:
      return equal_ignoring_case(name, "content-length");
    case 17:
      return equal_ignoring_case(name, "transfer-encoding");
    default:
      return false;
  }
}

void put_framing(Appender& out, BodyFraming framing, std::uint64_t content_length) {
  switch (framing) {
    case BodyFraming::kNone:
    case BodyFraming::kUntilClose:
      break;
    case BodyFraming::kLength:
      out.put("Content-Length: ");
      out.put_number(content_length);
      out.put("\r\n");
      break;
    case BodyFraming::kChunked:
      out.put("Transfer-Encoding: chunked\r\n");
      break;
  }
}

}  // namespace

void write_response_head(std::string& to, const Response& response,
                         const ResponseFraming& framing) {
  const std::string_view reason = reason_phrase(response.status);
  Appender out(to, kFixedBytes + reason.size() + framing.date.size() + bytes_of(response.headers));
  out.put("HTTP/1.1 ");
  out.put_number(static_cast<std::uint64_t>(response.status));
  out.put(' ');
  out.put(reason);
  out.put("\r\n");
  bool has_date = framing.date.empty();
  for (const Headers::Field field : response.headers) {
    if (is_ours(field.name)) continue;
    has_date = has_date || equal_ignoring_case(field.name, "date");
    out.put_field(field.name, field.value);
  }
  if (!has_date) out.put_field("Date", framing.date);
  put_framing(out, framing.framing, framing.content_length);
  if (framing.close) {
    out.put("Connection: close\r\n");
  } else if (framing.keep_alive_said) {
    out.put("Connection: keep-alive\r\n");
  }
  out.put("\r\n");
}

void write_request_head(std::string& to, const Request& request, std::string_view host,
                        BodyFraming framing, std::uint64_t content_length) {
  // A space would end the target early.
  std::string target = request.target;
  std::replace_if(
      target.begin(), target.end(), [](char c) { return c == ' ' || is_control(c); }, '+');
  Appender out(to, kFixedBytes + target.size() + host.size() + bytes_of(request.headers));
  out.put(to_string(request.method));
  out.put(' ');
  out.put(target);
  out.put(" HTTP/1.1\r\n");
  if (!request.headers.has("Host")) out.put_field("Host", host);
  for (const Headers::Field field : request.headers) {
    if (!is_ours(field.name)) out.put_field(field.name, field.value);
  }
  put_framing(out, framing, content_length);
  if (request.headers.has_token("Connection", "close")) out.put("Connection: close\r\n");
  out.put("\r\n");
}

void write_chunk_head(std::string& to, std::size_t size) {
  Appender out(to, Appender::kNumberBytes + 2);
  out.put_number(size, 16);
  out.put("\r\n");
}

void write_last_chunk(std::string& to, const Headers& trailers) {
  Appender out(to, kFixedBytes + bytes_of(trailers));
  out.put("0\r\n");
  for (const Headers::Field field : trailers) {
    if (!is_ours(field.name)) out.put_field(field.name, field.value);
  }
  out.put("\r\n");
}

}  // namespace lapwing::http
