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

using lapwing::text::JsonMember;
using lapwing::text::JsonValue;

void require(bool holds) {
  if (!holds) std::abort();
}

// Readers of numbers look at every one.
void read_numbers(const JsonValue& value) {
  static_cast<void>(value.as_double());
  static_cast<void>(value.as_int64());
  for (const JsonValue& item : value.items()) read_numbers(item);
  for (const JsonMember& member : value.members()) read_numbers(member.value);
}

std::string written(const JsonValue& root) {
  read_numbers(root);
  return lapwing::text::to_json(root);
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
