#include "text/json_error.hpp"

#include <utility>

#include <fmt/format.h>

#include "text/utf8.hpp"
#include "text/utf8_inline.hpp"

namespace lapwing::text {
namespace {

constexpr std::string_view kValueList =
    "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
constexpr std::string_view kSource =
    "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)";
constexpr std::size_t kMaxTokenUnits = 256;  // ErrorReportConfiguration's default

struct Position {
  std::uint32_t line;
  std::uint32_t column;
};

// Lines end at LF, CR or CR LF; only those before `lines_to` count.
Position position_of(std::string_view text, std::size_t at, std::size_t lines_to) {
  std::uint32_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < lines_to && i < text.size(); ++i) {
    const bool lone_cr = text[i] == '\r' && !(i + 1 < text.size() && text[i + 1] == '\n');
    if (text[i] == '\n' || lone_cr) {
      ++line;
      line_start = i + 1;
    }
  }
  if (line_start > at) line_start = at;
  return {line, static_cast<std::uint32_t>(at - line_start + 1)};
}

std::string describe_char(std::uint32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return fmt::format("(CTRL-CHAR, code {})", c);
  std::string shown;
  append_utf8(shown, c);
  if (c > 255) return fmt::format("'{}' (code {} / 0x{:x})", shown, c, c);
  return fmt::format("'{}' (code {})", shown, c);
}

// java.lang.Character.isJavaIdentifierPart: exact below U+0100; beyond, the blocks of
// punctuation, symbols and private use are taken as not part.
bool is_identifier_part(std::uint32_t c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  if (c == '_' || c == '$') return true;
  if (c < 0x80) return c <= 0x08 || (c >= 0x0E && c <= 0x1B) || c == 0x7F;
  if (c < 0xA0 || (c >= 0xA2 && c <= 0xA5)) return true;
  if (c < 0x100)
    return c == 0xAA || c == 0xAD || c == 0xB5 || c == 0xBA ||
           (c >= 0xC0 && c != 0xD7 && c != 0xF7);
  return !(c >= 0x2000 && c <= 0x2BFF) && !(c >= 0x3000 && c <= 0x3004) &&
         !(c >= 0x3008 && c <= 0x3020) && !(c >= 0xD800 && c <= 0xF8FF) &&
         !(c >= 0xFF01 && c <= 0xFF0F) && c <= 0xFFEF;
}

bool is_identifier_start(std::uint32_t c) {
  return is_identifier_part(c) && !(c >= '0' && c <= '9') && c > 0x1F &&
         !(c >= 0x7F && c <= 0x9F) && c != 0xAD;
}

std::uint32_t decode(std::string_view text, std::size_t at, std::size_t length) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i]));
  };
  if (length == 1) return byte(0);
  std::uint32_t value = byte(0) & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = (value << 6) | (byte(i) & 0x3F);
  return value;
}

}  // namespace

std::string_view type_name(JsonScope scope) {
  switch (scope) {
    case JsonScope::kRoot:
      return "root";
    case JsonScope::kArray:
      return "Array";
    case JsonScope::kObject:
      return "Object";
  }
  return "?";
}

std::string JsonError::with_location() const {
  if (line == 0) return message;
  return fmt::format("{}\n at {}; line: {}, column: {}]", message, kSource, line, column);
}

bool JsonErrorReporter::set(std::size_t at, std::string message) {
  return set(at, std::move(message), at);
}

bool JsonErrorReporter::set(std::size_t at, std::string message, std::size_t lines_to) {
  const Position position = position_of(text_, at, lines_to);
  error_ = {std::move(message), at, position.line, position.column};
  return false;
}

std::string JsonErrorReporter::location(std::size_t at) const {
  const Position position = position_of(text_, at, at);
  return fmt::format("{}; line: {}, column: {}]", kSource, position.line, position.column);
}

bool JsonErrorReporter::unexpected_char(std::size_t at, std::string_view comment) {
  const auto c = static_cast<unsigned char>(text_[at]);
  if (c == '/') {
    comment =
        "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' "
        "not enabled for parser)";
  }
  return set(at, fmt::format("Unexpected character ({}): {}", describe_char(c), comment));
}

bool JsonErrorReporter::not_a_name(std::size_t at) {
  constexpr std::string_view kComment = "was expecting double-quote to start field name";
  if (text_[at] == '/') return unexpected_char(at, kComment);
  const std::size_t length = utf8_length_at(text_.data() + at, text_.data() + text_.size());
  if (length == 0) return invalid_utf8(at);
  // A character of several bytes was consumed whole: Jackson points at its last byte.
  return set(at + length - 1, fmt::format("Unexpected character ({}): {}",
                                          describe_char(decode(text_, at, length)), kComment));
}

bool JsonErrorReporter::missing_root_space(std::size_t at) {
  return set(at, fmt::format("Unexpected character ({}): Expected space separating root-level "
                             "values",
                             describe_char(static_cast<unsigned char>(text_[at]))));
}

bool JsonErrorReporter::unexpected_number_char(std::size_t at, std::string_view comment) {
  const auto c = static_cast<unsigned char>(text_[at]);
  return set(
      at, fmt::format("Unexpected character ({}) in numeric value: {}", describe_char(c), comment));
}

bool JsonErrorReporter::not_a_value(std::size_t at, JsonScope scope) {
  const auto c = static_cast<unsigned char>(text_[at]);
  if (c == ',' || c == '}' || (c == ']' && scope == JsonScope::kArray)) {
    return unexpected_char(at, "expected a value");
  }
  if (c == '+') {
    if (at + 1 == text_.size()) return end_of_input(" in a Number value");
    return set(at + 1,
               "Unexpected character ('+' (code 43)) in numeric value: JSON spec does not allow "
               "numbers to have plus signs: enable "
               "`JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow");
  }
  for (const std::string_view word : {std::string_view("NaN"), std::string_view("Infinity")}) {
    const std::size_t after = at + word.size();
    if (text_.substr(at, word.size()) == word &&
        (after == text_.size() || !is_identifier_part(static_cast<unsigned char>(text_[after])))) {
      return set(after, fmt::format("Non-standard token '{}': enable "
                                    "`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow",
                                    word));
    }
  }
  if (is_identifier_start(c)) return bad_token(at);
  if (c == '/') return unexpected_char(at, {});
  return set(at, fmt::format("Unexpected character ({}): expected a valid value {}",
                             describe_char(c), kValueList));
}

// The first byte is taken as it is (Jackson does not decode it), the rest as characters up
// to the first that cannot be part of a Java identifier, which is consumed as well.
bool JsonErrorReporter::bad_token(std::size_t start) {
  std::string token;
  append_utf8(token, static_cast<unsigned char>(text_[start]));
  std::size_t units = 1;
  std::size_t at = start + 1;
  while (at < text_.size()) {
    const std::size_t length = utf8_length_at(text_.data() + at, text_.data() + text_.size());
    if (length == 0) return invalid_utf8(at);
    const std::uint32_t c = decode(text_, at, length);
    at += length;
    if (!is_identifier_part(c)) break;
    append_utf8(token, c);
    if (++units >= kMaxTokenUnits) {
      token += "...";
      break;
    }
  }
  // A line end consumed with the token does not begin a new line.
  return set(at, fmt::format("Unrecognized token '{}': was expecting {}", token, kValueList),
             start);
}

bool JsonErrorReporter::illegal_space(std::size_t at) {
  const auto c = static_cast<unsigned char>(text_[at]);
  std::string message = fmt::format(
      "Illegal character ({}): only regular white space (\\r, \\n, \\t) is allowed between tokens",
      describe_char(c));
  if (c == 0x1E) {
    message +=
        " (consider enabling `JsonReadFeature.ALLOW_RS_CONTROL_CHAR` to allow use of Record "
        "Separators (\\u001E))";
  }
  return set(at + 1, std::move(message));
}

bool JsonErrorReporter::unescaped_control(std::size_t at, bool in_name) {
  return set(at, fmt::format("Illegal unquoted character ({}): has to be escaped using backslash "
                             "to be included in {}",
                             describe_char(static_cast<unsigned char>(text_[at])),
                             in_name ? "name" : "string value"));
}

bool JsonErrorReporter::bad_escape(std::size_t at) {
  const std::size_t length = utf8_length_at(text_.data() + at, text_.data() + text_.size());
  if (length == 0) return invalid_utf8(at);
  return set(at + length - 1, fmt::format("Unrecognized character escape {}",
                                          describe_char(decode(text_, at, length))));
}

bool JsonErrorReporter::invalid_utf8(std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text_[i]); };
  const unsigned char first = byte(at);
  if (first < 0xC2 || first > 0xF4) {
    return set(at + 1, fmt::format("Invalid UTF-8 start byte 0x{:x}", first));
  }
  // The first byte that does not continue the sequence; an overlong or surrogate form is
  // blamed on its second byte.
  std::size_t bad = at + 1;
  while (bad < text_.size() && bad < at + 4 && (byte(bad) & 0xC0) == 0x80) ++bad;
  const std::size_t want = first >= 0xF0 ? 4u : first >= 0xE0 ? 3u : 2u;
  if (bad == text_.size() && bad - at < want) return end_of_input(" in VALUE_STRING");
  if (bad - at >= want) bad = at + 1;
  return set(bad + 1, fmt::format("Invalid UTF-8 middle byte 0x{:x}", byte(bad)), at);
}

bool JsonErrorReporter::leading_zeros(std::size_t at) {
  return set(at, "Invalid numeric value: Leading zeroes not allowed");
}

bool JsonErrorReporter::bad_number_start(std::size_t at) {
  const std::string_view rest = text_.substr(at);
  if (rest.starts_with("Infinity")) {
    return set(at + 8,
               "Non-standard token '-Infinity': enable "
               "`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow");
  }
  if (rest.starts_with('.')) {
    return set(at, fmt::format("Unexpected character ({}): expected a valid value {}",
                               describe_char('.'), kValueList));
  }
  return unexpected_number_char(
      at, "expected digit (0-9) to follow minus sign, for valid numeric value");
}

bool JsonErrorReporter::end_of_input(std::string_view after) {
  return set(text_.size(), fmt::format("Unexpected end-of-input{}", after));
}

bool JsonErrorReporter::end_in_scope(JsonScope scope, std::size_t opened_at) {
  return end_of_input(fmt::format(": expected close marker for {} (start marker at {})",
                                  type_name(scope), location(opened_at)));
}

bool JsonErrorReporter::end_between(JsonScope scope) {
  return end_of_input(fmt::format(" within/between {} entries", type_name(scope)));
}

// Jackson names the token before the unfinished one.
bool JsonErrorReporter::end_in_token(JsonScope scope, std::size_t token_start) {
  if (scope == JsonScope::kRoot) return end_of_input(" in null");
  if (scope == JsonScope::kObject) return end_of_input(" in FIELD_NAME");
  std::size_t at = token_start;
  while (at > 0 && (text_[at - 1] <= ' ' || text_[at - 1] == ',')) --at;
  switch (at == 0 ? '[' : text_[at - 1]) {
    case '[':
      return end_of_input(" in START_ARRAY");
    case ']':
      return end_of_input(" in END_ARRAY");
    case '}':
      return end_of_input(" in END_OBJECT");
    case '"':
      return end_of_input(" in VALUE_STRING");
    case 'l':
      return end_of_input(" in VALUE_NULL");
    case 'e':
      return end_of_input(text_[at - 2] == 'u' ? " in VALUE_TRUE" : " in VALUE_FALSE");
    default:
      break;
  }
  std::size_t start = at;
  while (start > 0 && std::string_view("+-.0123456789eE").contains(text_[start - 1])) --start;
  const bool is_float =
      text_.substr(start, at - start).find_first_of(".eE") != std::string_view::npos;
  return end_of_input(is_float ? " in VALUE_NUMBER_FLOAT" : " in VALUE_NUMBER_INT");
}

bool JsonErrorReporter::mismatched_close(std::size_t at, JsonScope scope, std::size_t opened_at) {
  const char actual = text_[at];
  // The root has no column.
  const std::string start =
      scope == JsonScope::kRoot ? fmt::format("{}; line: 1]", kSource) : location(opened_at);
  return set(at, fmt::format("Unexpected close marker '{}': expected '{}' (for {} starting at {})",
                             actual, actual == '}' ? ']' : '}', type_name(scope), start));
}

bool JsonErrorReporter::trailing_token(std::size_t at) {
  std::string_view type = "VALUE_NUMBER_INT";
  switch (text_[at]) {
    case '{':
      type = "START_OBJECT";
      break;
    case '[':
      type = "START_ARRAY";
      break;
    case '"':
      type = "VALUE_STRING";
      break;
    case 't':
      type = "VALUE_TRUE";
      break;
    case 'f':
      type = "VALUE_FALSE";
      break;
    case 'n':
      type = "VALUE_NULL";
      break;
    default:
      break;
  }
  return set(at, fmt::format("Trailing token (of type {}) found after value (bound as "
                             "`com.fasterxml.jackson.databind.JsonNode`): not allowed as per "
                             "`DeserializationFeature.FAIL_ON_TRAILING_TOKENS`",
                             type));
}

bool JsonErrorReporter::empty_document() {
  error_ = {"No content to map due to end-of-input", text_.size(), 1, 0};
  return false;
}

bool JsonErrorReporter::too_deep(std::uint32_t max_depth) {
  error_ = {fmt::format("Document nesting depth ({}) exceeds the maximum allowed ({}, from "
                        "`StreamReadConstraints.getMaxNestingDepth()`)",
                        max_depth + 1, max_depth),
            0, 0, 0};
  return false;
}

}  // namespace lapwing::text
