// What a path finds or a variable holds, as text.
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "text/json.hpp"

namespace lapwing::expressions {

struct Value {
  enum class Kind : std::uint8_t {
    kMissing,  // nothing there
    kString,   // `text` is decoded
    kJson,     // any other: `text` is compact JSON
    kTooMuch,  // not looked for to the end (Visits)
  };
  Kind kind = Kind::kMissing;
  std::string text = {};

  static Value of(const lapwing::text::JsonValue& value);
  static Value string(std::string text) { return {Kind::kString, std::move(text)}; }
  static Value json(std::string text) { return {Kind::kJson, std::move(text)}; }

  // As JSON: a string with quotes, nothing as "".
  std::string as_json() const;
};

// Without blanks; numbers as they were written, members in their order.
void append_json(std::string& out, const text::JsonValue& value);

}  // namespace lapwing::expressions
