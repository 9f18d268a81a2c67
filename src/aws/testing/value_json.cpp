#include "aws/testing/value_json.hpp"

#include "aws/scalar.hpp"
#include "text/json_writer.hpp"

namespace lapwing::aws::testing {
namespace {

void write(const ServiceModel& model, const ShapeRow& shape, const Value& value,
           text::JsonWriter& out) {
  if (!value.present()) return out.null();
  switch (shape.kind) {
    case ShapeKind::kStructure: {
      out.begin_object();
      const auto members = model.members_of(shape);
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (!value[i].present()) continue;
        out.key(model.text(members[i].name));
        write(model, model.shape(members[i].shape), value[i], out);
      }
      return out.end_object();
    }
    case ShapeKind::kList:
      out.begin_array();
      for (const Value& item : value.items()) {
        write(model, model.shape(shape.element), item, out);
      }
      return out.end_array();
    case ShapeKind::kMap:
      out.begin_object();
      for (const MapEntry& entry : value.entries()) {
        out.key(entry.key.as_string());
        write(model, model.shape(shape.element), entry.value, out);
      }
      return out.end_object();
    case ShapeKind::kBoolean:
      return out.boolean(value.as_bool());
    case ShapeKind::kInteger:
    case ShapeKind::kLong:
      return out.integer(value.as_integer());
    case ShapeKind::kFloat:
    case ShapeKind::kDouble:
      return out.number(value.as_double());
    case ShapeKind::kString:
    case ShapeKind::kBlob:
    case ShapeKind::kTimestamp:
      return out.string(format_scalar(shape, value, TimestampFormat::kIso8601));
  }
}

}  // namespace

std::string dump(const ServiceModel& model, const ShapeRow& shape, const Value& value) {
  std::string out;
  text::JsonWriter json(out);
  write(model, shape, value, json);
  return out;
}

Value load(const ServiceModel& model, const ShapeRow& shape, const text::JsonValue& json,
           Arena& arena) {
  switch (shape.kind) {
    case ShapeKind::kStructure: {
      const auto members = model.members_of(shape);
      auto slots = arena.make_array<Value>(members.size());
      for (std::size_t i = 0; i < members.size(); ++i) {
        const text::JsonValue* found = json.find(model.text(members[i].name));
        if (found != nullptr) slots[i] = load(model, model.shape(members[i].shape), *found, arena);
      }
      return Value::structure(slots);
    }
    case ShapeKind::kList: {
      auto items = arena.make_array<Value>(json.size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        items[i] = load(model, model.shape(shape.element), json.items()[i], arena);
      }
      return Value::list(items);
    }
    case ShapeKind::kMap: {
      auto entries = arena.make_array<MapEntry>(json.size());
      for (std::size_t i = 0; i < entries.size(); ++i) {
        entries[i].key = Value::string(arena.copy(json.members()[i].key));
        entries[i].value = load(model, model.shape(shape.element), json.members()[i].value, arena);
      }
      return Value::map(entries);
    }
    case ShapeKind::kBoolean:
      return Value::boolean(json.as_bool());
    case ShapeKind::kInteger:
    case ShapeKind::kLong:
      return Value::integer(json.as_int64().value_or(0));
    case ShapeKind::kFloat:
    case ShapeKind::kDouble:
      if (json.is_number()) return Value::number(json.as_double());
      [[fallthrough]];
    case ShapeKind::kString:
    case ShapeKind::kBlob:
    case ShapeKind::kTimestamp:
      return *parse_scalar(shape, arena.copy(json.as_string()), TimestampFormat::kIso8601, arena);
  }
  return {};
}

}  // namespace lapwing::aws::testing
