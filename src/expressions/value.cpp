#include "expressions/value.hpp"

#include "text/json_writer.hpp"

namespace lapwing::expressions {
namespace {

void write(text::JsonWriter& json, const text::JsonValue& value) {
  switch (value.kind()) {
    case text::JsonKind::kNull:
      return json.null();
    case text::JsonKind::kBool:
      return json.boolean(value.as_bool());
    case text::JsonKind::kNumber:
      return json.raw(value.number_text());
    case text::JsonKind::kString:
      return json.string(value.as_string());
    case text::JsonKind::kArray:
      json.begin_array();
      for (const text::JsonValue& item : value.items()) write(json, item);
      return json.end_array();
    case text::JsonKind::kObject:
      json.begin_object();
      for (const auto& [key, member] : value.members()) {
        json.key(key);
        write(json, member);
      }
      return json.end_object();
  }
}

}  // namespace

void append_json(std::string& out, const text::JsonValue& value) {
  text::JsonWriter json(out);
  write(json, value);
}

std::string to_json(const text::JsonValue& value) {
  std::string out;
  append_json(out, value);
  return out;
}

Value Value::of(const lapwing::text::JsonValue& value) {
  if (value.is_string()) return string(std::string(value.as_string()));
  return json(to_json(value));
}

std::string Value::as_json() const {
  if (kind == Kind::kJson) return text;
  std::string out;
  lapwing::text::append_json_string(out, text);
  return out;
}

}  // namespace lapwing::expressions
