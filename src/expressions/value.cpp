#include "expressions/value.hpp"

#include "text/json_writer.hpp"

namespace lapwing::expressions {
void append_json(std::string& out, const text::JsonValue& value) {
  text::JsonWriter(out).value(value);
}

Value Value::of(const lapwing::text::JsonValue& value) {
  if (value.is_string()) return string(std::string(value.as_string()));
  return json(text::to_json(value));
}

std::string Value::as_json() const {
  if (kind == Kind::kJson) return text;
  std::string out;
  lapwing::text::append_json_string(out, text);
  return out;
}

}  // namespace lapwing::expressions
