#include "services/logs/filter/scanner.hpp"

#include "services/logs/errors.hpp"

namespace lapwing::logs {

bool is_word_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_space_char(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

void Scanner::skip_space() {
  while (!done() && is_space_char(text_[at_])) ++at_;
}

bool Scanner::take(std::string_view token) {
  if (!rest().starts_with(token)) return false;
  at_ += token.size();
  return true;
}

bool Scanner::take_word(std::string_view word) {
  const std::string_view left = rest();
  if (!left.starts_with(word)) return false;
  if (left.size() > word.size() && is_word_char(left[word.size()])) return false;
  at_ += word.size();
  return true;
}

Result<std::string> Scanner::quoted(bool keep_star) {
  std::string out;
  ++at_;
  while (!done()) {
    const char c = text_[at_++];
    if (c == '"') return out;
    if (c != '\\' || done()) {
      out += c;
      continue;
    }
    const char next = text_[at_];
    if (next == '"' || (!keep_star && (next == '\\' || next == '*'))) {
      out += next;
      ++at_;
    } else if (keep_star && (next == '\\' || next == '*')) {
      out += c;
      out += next;
      ++at_;
    } else {
      out += c;
    }
  }
  return fail(invalid_filter_pattern());
}

Result<std::string_view> Scanner::percented() {
  const std::size_t begin = at_ + 1;
  const std::size_t end = text_.find('%', begin);
  if (end == std::string_view::npos) return fail(invalid_filter_pattern());
  at_ = end + 1;
  return text_.substr(begin, end - begin);
}

Error invalid_characters(std::string_view rest) {
  std::size_t length = 0;
  while (length < rest.size() && !is_word_char(rest[length]) && !is_space_char(rest[length]))
    ++length;
  return invalid_parameter("Invalid character(s) in term '" + std::string(rest.substr(0, length)) +
                           "'");
}

}  // namespace lapwing::logs
