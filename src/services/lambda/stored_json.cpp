#include "services/lambda/stored_json.hpp"

#include <fmt/core.h>

namespace lapwing::lambda {

Result<text::JsonDocument> parse_stored(std::string_view bytes, std::string_view what,
                                        std::int64_t format) {
  auto doc = text::parse_json(bytes);
  if (!doc) {
    return fail(internal_error(fmt::format("record of {}: {}", what, doc.error().message())));
  }
  const std::int64_t found = read_integer(doc->root(), "v");
  if (found != format) {
    return fail(internal_error(
        fmt::format("record of {} has format {}; this program knows {}", what, found, format)));
  }
  return *std::move(doc);
}

std::string read_string(const text::JsonValue& from, std::string_view key) {
  const text::JsonValue* value = from.find(key);
  return value == nullptr ? std::string() : std::string(value->as_string());
}

std::int64_t read_integer(const text::JsonValue& from, std::string_view key) {
  const text::JsonValue* value = from.find(key);
  return value == nullptr ? 0 : value->as_int64().value_or(0);
}

std::uint64_t read_unsigned(const text::JsonValue& from, std::string_view key) {
  const text::JsonValue* value = from.find(key);
  return value == nullptr ? 0 : value->as_uint64().value_or(0);
}

std::optional<std::vector<std::string>> read_strings(const text::JsonValue& from,
                                                     std::string_view key) {
  const text::JsonValue* value = from.find(key);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> out;
  for (const text::JsonValue& item : value->items()) out.emplace_back(item.as_string());
  return out;
}

}  // namespace lapwing::lambda
