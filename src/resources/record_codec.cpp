#include "resources/record_codec.hpp"

#include <fmt/core.h>

namespace lapwing::resources {

Result<text::JsonDocument> parse_record(std::string_view kind, std::string_view bytes, int known) {
  auto document = text::parse_json(bytes);
  if (!document) {
    return fail(internal_error(
        fmt::format("a record of {} cannot be read: {}", kind, document.error().message())));
  }
  if (format_of(*document) > known) {
    return fail(internal_error(fmt::format("a record of {} has format {}; this program knows {}",
                                           kind, format_of(*document), known)));
  }
  return *std::move(document);
}

int format_of(const text::JsonDocument& document) {
  const text::JsonValue* format = document.root().find(kFormatField);
  return format == nullptr ? 0 : static_cast<int>(format->as_int64().value_or(0));
}

}  // namespace lapwing::resources
