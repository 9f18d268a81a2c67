// A pattern's text as Jackson's parser hands it out: token by token, and for each the place at
// which that parser stands, since refused patterns name it. A parser that reads a string stands
// behind its opening quote until somebody asks for the text; one that reads a name stands where its
// value has begun. Internal to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/json.hpp"

namespace lapwing::patterns {

enum class Token : std::uint8_t {
  kNone,  // the text ends, or is no JSON from here on
  kBeginObject,
  kEndObject,
  kBeginArray,
  kEndArray,
  kName,
  kString,
  kNumber,
  kTrue,
  kFalse,
  kNull,
};

class Tokens {
 public:
  // `text` outlives this.
  explicit Tokens(std::string_view text);

  Token next();
  Token current() const { return at(position_); }
  // The token `ahead` of the current one.
  Token peek(std::size_t ahead) const { return at(position_ + ahead); }
  std::string text_of(std::size_t ahead) const;
  // Of the current token: a name or string decoded, a number as written, else the token itself.
  std::string text();

  // Set where the text is no JSON; it counts once the tokens before it have been used up.
  const std::optional<text::JsonError>& error() const { return error_; }
  // "\n at [Source: (String)"..."; line: 1, column: 8]".
  std::string location() const;

 private:
  friend class TokenSink;

  struct Entry {
    Token token;
    bool escaped;
    std::uint32_t begin;  // of a name's or string's text, of everything else
    std::uint32_t size;
  };

  Token at(std::size_t position) const {
    return position < entries_.size() ? entries_[position].token : Token::kNone;
  }
  std::size_t behind(std::size_t position) const;

  std::string_view source_;
  std::vector<Entry> entries_;
  std::size_t position_ = static_cast<std::size_t>(-1);
  bool text_read_ = false;
  std::optional<text::JsonError> error_;
};

}  // namespace lapwing::patterns
