#include "aws/scalar.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include <fmt/core.h>

#include "text/base64.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::aws {
namespace {

Error not_a(std::string_view type) {
  return serialization_error(fmt::format("STRING_VALUE cannot be converted to {}", type));
}

Result<Value> parse_integer(std::string_view text, bool wide) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool fits = wide || (number >= std::numeric_limits<std::int32_t>::min() &&
                             number <= std::numeric_limits<std::int32_t>::max());
  if (error != std::errc() || end != text.data() + text.size() || !fits) {
    return fail(not_a(wide ? "Long" : "Integer"));
  }
  return Value::integer(number);
}

Result<Value> parse_double(std::string_view text) {
  if (text == "NaN") return Value::number(std::numeric_limits<double>::quiet_NaN());
  if (text == "Infinity") return Value::number(std::numeric_limits<double>::infinity());
  if (text == "-Infinity") return Value::number(-std::numeric_limits<double>::infinity());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // from_chars also reads "inf" and "nan", which no client writes.
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return fail(not_a("Double"));
  }
  return Value::number(number);
}

}  // namespace

std::string_view type_name(ShapeKind kind) {
  switch (kind) {
    case ShapeKind::kStructure:
      return "Structure";
    case ShapeKind::kList:
      return "List";
    case ShapeKind::kMap:
      return "Map";
    case ShapeKind::kString:
      return "String";
    case ShapeKind::kBlob:
      return "Blob";
    case ShapeKind::kBoolean:
      return "Boolean";
    case ShapeKind::kInteger:
      return "Integer";
    case ShapeKind::kLong:
      return "Long";
    case ShapeKind::kFloat:
      return "Float";
    case ShapeKind::kDouble:
      return "Double";
    case ShapeKind::kTimestamp:
      return "Timestamp";
  }
  return "";
}

Error serialization_error(std::string message) {
  return Error(ErrorKind::kInvalid, "SerializationException", std::move(message)).with_status(400);
}

TimestampFormat timestamp_format(const MemberRow* member, const ShapeRow& shape,
                                 TimestampFormat otherwise) {
  if (member != nullptr && member->timestamp != TimestampFormat::kDefault) {
    return member->timestamp;
  }
  return shape.timestamp != TimestampFormat::kDefault ? shape.timestamp : otherwise;
}

Result<Value> parse_timestamp(std::string_view text, TimestampFormat format) {
  auto time = [&]() -> Result<WallTime> {
    switch (format) {
      case TimestampFormat::kEpochSeconds:
        return text::parse_epoch_seconds(text);
      case TimestampFormat::kHttpDate:
        return text::parse_http_date(text);
      case TimestampFormat::kIso8601:
      case TimestampFormat::kDefault:
        return text::parse_iso8601(text);
    }
    return text::parse_iso8601(text);
  }();
  if (!time) return fail(not_a("Timestamp"));
  return Value::timestamp(*time);
}

std::string format_timestamp(WallTime time, TimestampFormat format) {
  switch (format) {
    case TimestampFormat::kEpochSeconds:
      return text::format_epoch_seconds(time);
    case TimestampFormat::kHttpDate:
      return text::format_http_date(time);
    case TimestampFormat::kIso8601:
    case TimestampFormat::kDefault:
      break;
  }
  return text::format_date_time(time);
}

Result<Value> parse_scalar(const ShapeRow& shape, std::string_view text, TimestampFormat format,
                           Arena& arena) {
  switch (shape.kind) {
    case ShapeKind::kString:
      return Value::string(text);
    case ShapeKind::kBoolean:
      if (text != "true" && text != "false") return fail(not_a("Boolean"));
      return Value::boolean(text == "true");
    case ShapeKind::kInteger:
      return parse_integer(text, false);
    case ShapeKind::kLong:
      return parse_integer(text, true);
    case ShapeKind::kFloat:
    case ShapeKind::kDouble:
      return parse_double(text);
    case ShapeKind::kTimestamp:
      return parse_timestamp(text, format);
    case ShapeKind::kBlob: {
      auto bytes = text::base64_decode(text);
      if (!bytes) return fail(not_a("Blob"));
      return Value::string(arena.keep(std::move(*bytes)));
    }
    case ShapeKind::kStructure:
    case ShapeKind::kList:
    case ShapeKind::kMap:
      break;
  }
  return fail(not_a("Structure"));
}

std::string format_scalar(const ShapeRow& shape, const Value& value, TimestampFormat format) {
  switch (shape.kind) {
    case ShapeKind::kBoolean:
      return value.as_bool() ? "true" : "false";
    case ShapeKind::kInteger:
    case ShapeKind::kLong:
      return fmt::format("{}", value.as_integer());
    case ShapeKind::kFloat:
    case ShapeKind::kDouble: {
      const double number = value.as_double();
      if (std::isnan(number)) return "NaN";
      if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
      std::string out;
      text::JsonWriter(out).number(number);
      return out;
    }
    case ShapeKind::kTimestamp:
      return format_timestamp(value.as_timestamp(), format);
    case ShapeKind::kBlob:
      return text::base64_encode(value.as_string());
    case ShapeKind::kString:
    case ShapeKind::kStructure:
    case ShapeKind::kList:
    case ShapeKind::kMap:
      break;
  }
  return std::string(value.as_string());
}

}  // namespace lapwing::aws
