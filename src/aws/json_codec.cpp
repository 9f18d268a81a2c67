#include "aws/json_codec.hpp"

#include <limits>
#include <memory>

#include <fmt/core.h>

#include "aws/http_binding.hpp"
#include "aws/scalar.hpp"
#include "text/base64.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::aws {
namespace {

using text::JsonKind;
using text::JsonValue;

std::string_view token_name(const JsonValue& json) {
  switch (json.kind()) {
    case JsonKind::kNull:
      return "NULL_VALUE";
    case JsonKind::kBool:
      return json.as_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
    case JsonKind::kNumber:
      return "NUMBER_VALUE";
    case JsonKind::kString:
      return "STRING_VALUE";
    case JsonKind::kArray:
    case JsonKind::kObject:
      break;
  }
  return "";
}

Error wrong_type(const JsonValue& json, ShapeKind wanted) {
  if (json.is_object()) {
    return serialization_error("Start of structure or map found where not expected.");
  }
  if (json.is_array()) return serialization_error("Start of list found where not expected.");
  return serialization_error(
      fmt::format("{} cannot be converted to {}", token_name(json), type_name(wanted)));
}

bool named(const ServiceModel& model, const MemberRow& member, JsonNames names,
           std::string_view key) {
  if (names == JsonNames::kModel) return model.text(member.name) == key;
  return member.location == Location::kBody && model.text(member.wire) == key;
}

struct Reader {
  const ServiceModel& model;
  Arena& arena;
  JsonNames names = JsonNames::kWire;

  Result<Value> read(const ShapeRow& shape, TimestampFormat format, const JsonValue& json) {
    switch (shape.kind) {
      case ShapeKind::kStructure:
        return structure(shape, json);
      case ShapeKind::kList:
        return list(shape, json);
      case ShapeKind::kMap:
        return map(shape, json);
      case ShapeKind::kString:
        if (!json.is_string()) break;
        return Value::string(arena.copy(json.as_string()));
      case ShapeKind::kBlob:
        if (!json.is_string()) break;
        return parse_scalar(shape, json.as_string(), format, arena);
      case ShapeKind::kBoolean:
        if (!json.is_bool()) break;
        return Value::boolean(json.as_bool());
      case ShapeKind::kInteger:
      case ShapeKind::kLong:
        return integer(shape, json);
      case ShapeKind::kFloat:
      case ShapeKind::kDouble:
        if (json.is_number()) return Value::number(json.as_double());
        if (json.as_string() == "NaN" || json.as_string().ends_with("Infinity")) {
          return parse_scalar(shape, json.as_string(), format, arena);
        }
        break;
      case ShapeKind::kTimestamp:
        return timestamp(shape, format, json);
    }
    return fail(wrong_type(json, shape.kind));
  }

  Result<Value> integer(const ShapeRow& shape, const JsonValue& json) {
    const auto number = json.as_int64();
    const bool fits = number && (shape.kind == ShapeKind::kLong ||
                                 (*number >= std::numeric_limits<std::int32_t>::min() &&
                                  *number <= std::numeric_limits<std::int32_t>::max()));
    if (!fits) return fail(wrong_type(json, shape.kind));
    return Value::integer(*number);
  }

  Result<Value> timestamp(const ShapeRow& shape, TimestampFormat format, const JsonValue& json) {
    if (names == JsonNames::kModel) {
      format = json.is_number() ? TimestampFormat::kEpochSeconds : TimestampFormat::kIso8601;
    }
    if (format == TimestampFormat::kEpochSeconds) {
      if (!json.is_number()) return fail(wrong_type(json, shape.kind));
      return parse_timestamp(json.number_text(), format);
    }
    if (!json.is_string()) return fail(wrong_type(json, shape.kind));
    return parse_timestamp(json.as_string(), format);
  }

  Result<Value> structure(const ShapeRow& shape, const JsonValue& json) {
    if (!json.is_object()) return fail(wrong_type(json, shape.kind));
    const auto members = model.members_of(shape);
    auto slots = arena.make_array<Value>(members.size());
    std::size_t set = 0;
    for (const text::JsonMember& entry : json.members()) {
      for (std::size_t i = 0; i < members.size(); ++i) {
        const MemberRow& member = members[i];
        if (!named(model, member, names, entry.key)) continue;
        if (entry.value.is_null()) {
          slots[i] = Value();
          break;
        }
        const ShapeRow& target = model.shape(member.shape);
        const auto format = timestamp_format(&member, target, TimestampFormat::kEpochSeconds);
        LAPWING_TRY(slots[i], read(target, format, entry.value));
        ++set;
        break;
      }
    }
    if (shape.has(ShapeFlags::kUnion) && set != 1) {
      return fail(serialization_error("Exactly one member of a union must be set."));
    }
    return Value::structure(slots);
  }

  Result<Value> list(const ShapeRow& shape, const JsonValue& json) {
    if (!json.is_array()) return fail(wrong_type(json, shape.kind));
    const ShapeRow& element = model.shape(shape.element);
    const auto format = timestamp_format(nullptr, element, TimestampFormat::kEpochSeconds);
    auto items = arena.make_array<Value>(json.size());
    std::size_t at = 0;
    for (const JsonValue& item : json.items()) {
      LAPWING_TRY(items[at], read(element, format, item));
      ++at;
    }
    return Value::list(items);
  }

  Result<Value> map(const ShapeRow& shape, const JsonValue& json) {
    if (!json.is_object()) return fail(wrong_type(json, shape.kind));
    const ShapeRow& element = model.shape(shape.element);
    const auto format = timestamp_format(nullptr, element, TimestampFormat::kEpochSeconds);
    auto entries = arena.make_array<MapEntry>(json.size());
    std::size_t at = 0;
    for (const text::JsonMember& member : json.members()) {
      entries[at].key = Value::string(arena.copy(member.key));
      LAPWING_TRY(entries[at].value, read(element, format, member.value));
      ++at;
    }
    return Value::map(entries);
  }
};

struct Writer {
  const ServiceModel& model;
  text::JsonWriter& out;
  JsonNames names = JsonNames::kWire;

  void write(const ShapeRow& shape, TimestampFormat format, const Value& value) {
    switch (shape.kind) {
      case ShapeKind::kStructure:
        return structure(shape, value);
      case ShapeKind::kList:
        out.begin_array();
        for (const Value& item : value.items()) element(shape, item);
        return out.end_array();
      case ShapeKind::kMap:
        out.begin_object();
        for (const MapEntry& entry : value.entries()) {
          out.key(entry.key.as_string());
          element(shape, entry.value);
        }
        return out.end_object();
      case ShapeKind::kString:
        return out.string(value.as_string());
      case ShapeKind::kBlob:
        return out.string(text::base64_encode(value.as_string()));
      case ShapeKind::kBoolean:
        return out.boolean(value.as_bool());
      case ShapeKind::kInteger:
      case ShapeKind::kLong:
        return out.integer(value.as_integer());
      case ShapeKind::kFloat:
      case ShapeKind::kDouble:
        return out.number(value.as_double());
      case ShapeKind::kTimestamp: {
        if (names == JsonNames::kModel) format = TimestampFormat::kIso8601;
        const std::string text = format_timestamp(value.as_timestamp(), format);
        return format == TimestampFormat::kEpochSeconds ? out.raw(text) : out.string(text);
      }
    }
  }

  void element(const ShapeRow& collection, const Value& value) {
    const ShapeRow& shape = model.shape(collection.element);
    if (!value.present()) return out.null();
    write(shape, timestamp_format(nullptr, shape, TimestampFormat::kEpochSeconds), value);
  }

  void structure(const ShapeRow& shape, const Value& value) {
    out.begin_object();
    const auto members = model.members_of(shape);
    for (std::size_t i = 0; i < members.size(); ++i) {
      const bool whole = names == JsonNames::kModel;
      if ((!whole && !is_written_in_body(members[i])) || !value[i].present()) continue;
      const ShapeRow& target = model.shape(members[i].shape);
      out.key(model.text(whole ? members[i].name : members[i].wire));
      write(target, timestamp_format(&members[i], target, TimestampFormat::kEpochSeconds),
            value[i]);
    }
    out.end_object();
  }
};

}  // namespace

Result<Value> read_json(const ServiceModel& model, const ShapeRow& shape, const JsonValue& json,
                        Arena& arena, JsonNames names) {
  return Reader{model, arena, names}.read(
      shape, timestamp_format(nullptr, shape, TimestampFormat::kEpochSeconds), json);
}

Result<Value> read_json_text(const ServiceModel& model, const ShapeRow& shape,
                             std::string_view text, Arena& arena, JsonNames names) {
  if (text.empty()) {
    return Value::structure(arena.make_array<Value>(model.members_of(shape).size()));
  }
  auto document = text::parse_json_detailed(text, {.max_bytes = text.size()});
  if (!document) {
    return fail(serialization_error("Could not parse request body into json: " +
                                    document.error().with_location()));
  }
  return read_json(model, shape, document->root(), arena, names);
}

void write_json(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                text::JsonWriter& out, JsonNames names) {
  Writer{model, out, names}.write(
      shape, timestamp_format(nullptr, shape, TimestampFormat::kEpochSeconds), value);
}

}  // namespace lapwing::aws
