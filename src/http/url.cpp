#include "http/url.hpp"

#include <algorithm>
#include <charconv>

namespace lapwing::http {
namespace {

std::unexpected<Error> no_url(std::string what) {
  return fail(make_error(ErrorKind::kInvalid, std::move(what)));
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) return no_url("A URL is too long.");
  if (std::ranges::any_of(
          text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
    return no_url("A URL holds blanks.");
  }
  Url out;
  if (text.starts_with("https://")) {
    out.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return no_url("A URL begins with neither http:// nor https://.");
  }
  text = text.substr(0, text.find('#'));
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  out.host = text.substr(0, end);
  out.target = text.substr(end);
  if (!out.target.starts_with('/')) out.target.insert(0, 1, '/');
  std::string_view rest = out.host;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return no_url("A URL's address has no end.");
    out.name = rest.substr(1, close - 1);
    rest = rest.substr(close + 1);
  } else {
    out.name = rest.substr(0, rest.find(':'));
    rest = rest.substr(out.name.size());
    if (!std::ranges::all_of(out.name, is_host_character)) {
      return no_url("A URL's host has characters that no host has.");
    }
  }
  if (out.name.empty()) return no_url("A URL has no host.");
  out.port = out.tls ? 443 : 80;
  if (rest.empty()) return out;
  rest.remove_prefix(1);  // ':'
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), out.port);
  if (read.ec != std::errc() || read.ptr != rest.data() + rest.size() || out.port == 0) {
    return no_url("A URL's port is none.");
  }
  return out;
}

}  // namespace lapwing::http
