#include "patterns/tokens.hpp"

#include <string>

#include <fmt/format.h>

#include "patterns/limits.hpp"
#include "text/json_scan.hpp"
#include "text/json_unescape.hpp"

namespace lapwing::patterns {

// The scanner says where texts stand, of other tokens only that they come: they are what follows
// the token before, behind white space, commas and colons.
class TokenSink {
 public:
  explicit TokenSink(Tokens& tokens) : tokens_(tokens), source_(tokens.source_) {}

  void key(std::string_view raw, bool escaped) { text(Token::kName, raw, escaped); }
  void string(std::string_view raw, bool escaped) { text(Token::kString, raw, escaped); }
  void number(std::string_view raw, bool /*is_integer*/) {
    push(Token::kNumber, offset_of(raw), raw.size(), false);
    cursor_ = offset_of(raw) + raw.size();
  }
  void boolean(bool value) { mark(value ? Token::kTrue : Token::kFalse, value ? 4 : 5); }
  void null() { mark(Token::kNull, 4); }
  void begin(bool is_array) { mark(is_array ? Token::kBeginArray : Token::kBeginObject, 1); }
  void end(bool is_array) { mark(is_array ? Token::kEndArray : Token::kEndObject, 1); }

 private:
  std::size_t offset_of(std::string_view raw) const {
    return static_cast<std::size_t>(raw.data() - source_.data());
  }
  void text(Token token, std::string_view raw, bool escaped) {
    push(token, offset_of(raw), raw.size(), escaped);
    cursor_ = offset_of(raw) + raw.size() + 1;
  }
  void mark(Token token, std::size_t size) {
    cursor_ = source_.find_first_not_of(" \t\r\n,:", cursor_);
    push(token, cursor_, size, false);
    cursor_ += size;
  }
  void push(Token token, std::size_t begin, std::size_t size, bool escaped) {
    tokens_.entries_.push_back(
        {token, escaped, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(size)});
  }

  Tokens& tokens_;
  std::string_view source_;
  std::size_t cursor_ = 0;
};

Tokens::Tokens(std::string_view text) : source_(text) {
  TokenSink sink(*this);
  text::JsonScanner<TokenSink> scanner(text, kPatternMaxDepth, sink);
  // Nothing at all is no error to Jackson's parser: it has no tokens.
  const bool blank = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (!scanner.run() && !blank) error_ = scanner.take_error();
}

Token Tokens::next() {
  ++position_;
  text_read_ = false;
  return current();
}

std::string Tokens::text_of(std::size_t ahead) const {
  const std::size_t position = position_ + ahead;
  if (position >= entries_.size()) return {};
  const Entry& entry = entries_[position];
  const std::string_view raw = source_.substr(entry.begin, entry.size);
  std::string out(raw);
  if (entry.escaped)
    out.resize(static_cast<std::size_t>(text::json_unescape(raw, out.data()) - out.data()));
  return out;
}

std::string Tokens::text() {
  text_read_ = true;
  return text_of(0);
}

std::size_t Tokens::behind(std::size_t position) const {
  const Entry& entry = entries_[position];
  if (entry.token != Token::kString) return entry.begin + entry.size;
  return position == position_ && text_read_ ? entry.begin + entry.size + 1 : entry.begin;
}

std::string Tokens::location() const {
  std::size_t end = source_.size();
  if (!entries_.empty() && position_ < entries_.size()) {
    const bool named = entries_[position_].token == Token::kName;
    end = behind(named && position_ + 1 < entries_.size() ? position_ + 1 : position_);
  }
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  for (std::size_t i = 0; i < end; ++i) {
    const auto c = static_cast<unsigned char>(source_[i]);
    if (c == '\n' || (c == '\r' && !(i + 1 < source_.size() && source_[i + 1] == '\n'))) {
      ++line;
      column = 1;
    } else if ((c & 0xC0) != 0x80) {
      column += c >= 0xF0 ? 2 : 1;  // Java counts UTF-16
    }
  }
  // Jackson shows 500 characters.
  std::size_t shown = 0;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < source_.size(); ++i) {
    if ((static_cast<unsigned char>(source_[i]) & 0xC0) == 0x80) continue;
    if (characters == 500 && shown == 0) shown = i;
    ++characters;
  }
  std::string cut;
  if (characters > 500) cut = fmt::format("[truncated {} chars]", characters - 500);
  return fmt::format("\n at [Source: (String)\"{}\"{}; line: {}, column: {}]",
                     characters > 500 ? source_.substr(0, shown) : source_, cut, line, column);
}

}  // namespace lapwing::patterns
