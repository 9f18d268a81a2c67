// JSON: the checker and the tree must agree on what is valid, what is valid must survive
// being written and read again, and errors must point into the text.
#include "text/json.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "text/json_writer.hpp"

namespace {

using lapwing::text::JsonKind;
using lapwing::text::JsonMember;
using lapwing::text::JsonValue;
using lapwing::text::JsonWriter;

void require(bool holds) {
  if (!holds) std::abort();
}

void write(JsonWriter& json, const JsonValue& value) {
  switch (value.kind()) {
    case JsonKind::kNull:
      return json.null();
    case JsonKind::kBool:
      return json.boolean(value.as_bool());
    case JsonKind::kNumber:
      static_cast<void>(value.as_double());
      static_cast<void>(value.as_int64());
      return json.raw(value.number_text());
    case JsonKind::kString:
      return json.string(value.as_string());
    case JsonKind::kArray:
      json.begin_array();
      for (const JsonValue& item : value.items()) write(json, item);
      return json.end_array();
    case JsonKind::kObject:
      json.begin_object();
      for (const JsonMember& member : value.members()) {
        json.key(member.key);
        write(json, member.value);
      }
      return json.end_object();
  }
}

std::string written(const JsonValue& root) {
  std::string out;
  JsonWriter json(out);
  write(json, root);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto checked = lapwing::text::check_json(text, lapwing::text::kJsonMaxDepth);
  const auto parsed = lapwing::text::parse_json_detailed(text);
  require(checked.has_value() == parsed.has_value());
  if (!parsed) {
    require(checked.error().offset <= size);
    require(checked.error().message == parsed.error().message);
    return 0;
  }
  const std::string once = written(parsed->root());
  const auto again = lapwing::text::parse_json(once);
  require(again.has_value());
  require(written(again->root()) == once);
  return 0;
}
