// A cursor over a filter pattern: what its three dialects read alike.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::logs {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  std::string_view rest() const { return text_.substr(at_); }
  void advance(std::size_t by = 1) { at_ += by; }

  void skip_space();
  // Takes `token` if it comes next.
  bool take(std::string_view token);
  // The same for a keyword: what follows must not continue the word.
  bool take_word(std::string_view word);

  // At an opening double quote: the text up to the closing one. `\"` and `\\` are unescaped,
  // `\*` too unless `keep_star` asks for it as it stands (a later stage reads it).
  Result<std::string> quoted(bool keep_star);
  // At a percent sign: the text up to the next one.
  Result<std::string_view> percented();

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_word_char(char c);   // letters, digits, underscore
bool is_space_char(char c);  // space, tab, line ends

// "Invalid character(s) in term '...'", naming the run of characters that begins `rest`.
Error invalid_characters(std::string_view rest);

}  // namespace lapwing::logs
