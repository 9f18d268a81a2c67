// Makes a JsonError out of a place in the text: wording and columns of Jackson 2.17's
// UTF-8 parser, from its published sources. Only ever called when a document is bad, so
// everything here may be slow.
//
// Two conventions of Jackson's are kept: most "unexpected character" errors point at the
// character, most others just behind what was consumed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "text/json.hpp"

namespace lapwing::text {

enum class JsonScope : std::uint8_t { kRoot, kArray, kObject };

class JsonErrorReporter {
 public:
  explicit JsonErrorReporter(std::string_view text) : text_(text) {}

  // Each returns false, so that the scanner can say `return report.x(...)`.
  bool unexpected_char(std::size_t at, std::string_view comment);
  bool not_a_name(std::size_t at);
  bool missing_root_space(std::size_t at);
  bool unexpected_number_char(std::size_t at, std::string_view comment);
  bool not_a_value(std::size_t at, JsonScope scope);
  bool bad_token(std::size_t start);
  bool illegal_space(std::size_t at);
  bool unescaped_control(std::size_t at, bool in_name);
  bool bad_escape(std::size_t at);
  bool invalid_utf8(std::size_t at);
  bool leading_zeros(std::size_t at);
  bool bad_number_start(std::size_t at);
  // `after`: what follows "Unexpected end-of-input".
  bool end_of_input(std::string_view after);
  bool end_in_scope(JsonScope scope, std::size_t opened_at);
  bool end_between(JsonScope scope);
  bool end_in_token(JsonScope scope, std::size_t token_start);
  bool mismatched_close(std::size_t at, JsonScope scope, std::size_t opened_at);
  bool trailing_token(std::size_t at);
  bool empty_document();
  bool too_deep(std::uint32_t max_depth);

  JsonError take() { return std::move(error_); }

 private:
  bool set(std::size_t at, std::string message);
  bool set(std::size_t at, std::string message, std::size_t lines_to);
  std::string location(std::size_t at) const;

  std::string_view text_;
  JsonError error_;
};

std::string_view type_name(JsonScope scope);  // "root", "Array", "Object"

}  // namespace lapwing::text
