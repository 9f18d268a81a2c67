#include "http/message.hpp"

#include <algorithm>
#include <array>

namespace lapwing::http {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Of the headers of most answers.
constexpr std::size_t kBlockBytes = 480;

struct MethodName {
  Method method;
  std::string_view name;
};
constexpr std::array kMethods = {
    MethodName{Method::kGet, "GET"},         MethodName{Method::kHead, "HEAD"},
    MethodName{Method::kPost, "POST"},       MethodName{Method::kPut, "PUT"},
    MethodName{Method::kDelete, "DELETE"},   MethodName{Method::kPatch, "PATCH"},
    MethodName{Method::kOptions, "OPTIONS"},
};

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

void Headers::assign_block(std::string_view block) {
  entries_.clear();
  block_.assign(block);
}

void Headers::add_entry(std::uint32_t name_at, std::uint32_t name_size, std::uint32_t value_at,
                        std::uint32_t value_size) {
  if (entries_.capacity() == 0) entries_.reserve(16);
  entries_.push_back({name_at, name_size, value_at, value_size});
}

void Headers::add(std::string_view name, std::string_view value) {
  // Views into our own block would dangle when the block grows.
  const auto is_ours = [this](std::string_view text) {
    return text.data() >= block_.data() && text.data() < block_.data() + block_.size();
  };
  if (is_ours(name) || is_ours(value)) {
    const std::string own_name(name);
    const std::string own_value(value);
    add(own_name, own_value);
    return;
  }
  if (block_.empty()) block_.reserve(kBlockBytes);
  const auto name_at = static_cast<std::uint32_t>(block_.size());
  block_.append(name).append(value);
  add_entry(name_at, static_cast<std::uint32_t>(name.size()),
            name_at + static_cast<std::uint32_t>(name.size()),
            static_cast<std::uint32_t>(value.size()));
}

void Headers::set(std::string_view name, std::string_view value) {
  const std::string own_name(name);
  const std::string own_value(value);
  remove(own_name);
  add(own_name, own_value);
}

bool Headers::remove(std::string_view name) {
  const auto matches = [&](const Entry& entry) {
    return equal_ignoring_case(std::string_view(block_).substr(entry.name_at, entry.name_size),
                               name);
  };
  return std::erase_if(entries_, matches) > 0;
}

void Headers::clear() {
  entries_.clear();
  block_.clear();
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  const std::string_view block(block_);
  for (const Entry& entry : entries_) {
    if (entry.name_size == name.size() &&
        equal_ignoring_case(block.substr(entry.name_at, entry.name_size), name)) {
      return block.substr(entry.value_at, entry.value_size);
    }
  }
  return std::nullopt;
}

std::string_view Headers::get_or(std::string_view name, std::string_view otherwise) const {
  return get(name).value_or(otherwise);
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field field : *this) {
    if (equal_ignoring_case(field.name, name)) values.push_back(field.value);
  }
  return values;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  for (const Field field : *this) {
    if (!equal_ignoring_case(field.name, name)) continue;
    std::string_view rest = field.value;
    while (true) {
      const std::size_t comma = rest.find(',');
      if (equal_ignoring_case(trim(rest.substr(0, comma)), token)) return true;
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

Headers::Field Headers::operator[](std::size_t index) const {
  const Entry& entry = entries_[index];
  const std::string_view block(block_);
  return {block.substr(entry.name_at, entry.name_size),
          block.substr(entry.value_at, entry.value_size)};
}

std::string_view to_string(Method method) {
  for (const MethodName& entry : kMethods) {
    if (entry.method == method) return entry.name;
  }
  return {};
}

std::optional<Method> parse_method(std::string_view text) {
  for (const MethodName& entry : kMethods) {
    if (entry.name == text) return entry.method;
  }
  return std::nullopt;
}

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view Request::query() const {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace lapwing::http
