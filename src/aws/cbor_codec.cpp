#include "aws/cbor_codec.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <fmt/core.h>

#include "aws/scalar.hpp"
#include "text/cbor.hpp"
#include "text/limits.hpp"
#include "text/time_format.hpp"

namespace lapwing::aws {
namespace {

using text::CborItem;
using text::CborKind;

constexpr std::uint64_t kEpochTag = 1;

Error wrong_type(ShapeKind wanted) {
  return serialization_error(
      fmt::format("The CBOR value cannot be converted to {}", type_name(wanted)));
}

// What is no CBOR, in the words of a service.
template <class T>
Result<T> readable(Result<T> read) {
  if (!read) return fail(serialization_error(read.error().message()));
  return read;
}

class Reader {
 public:
  Reader(const ServiceModel& model, std::string_view bytes, Arena& arena)
      : model_(model), in_(bytes), arena_(arena) {}

  Result<Value> document(const ShapeRow& shape) {
    LAPWING_TRY(const CborItem item, next());
    LAPWING_TRY(const Value value, read(shape, item));
    if (!in_.at_end()) return fail(serialization_error("Bytes follow the CBOR value."));
    return value;
  }

 private:
  Result<CborItem> next() { return readable(in_.next()); }

  Result<Value> read(const ShapeRow& shape, const CborItem& item) {
    switch (shape.kind) {
      case ShapeKind::kStructure:
        return nested(shape, item, CborKind::kMap, &Reader::structure);
      case ShapeKind::kList:
        return nested(shape, item, CborKind::kArray, &Reader::list);
      case ShapeKind::kMap:
        return nested(shape, item, CborKind::kMap, &Reader::map);
      case ShapeKind::kString:
        return string(shape, item, CborKind::kText);
      case ShapeKind::kBlob:
        return string(shape, item, CborKind::kBytes);
      case ShapeKind::kBoolean:
        if (item.kind == CborKind::kBool) return Value::boolean(item.boolean);
        break;
      case ShapeKind::kInteger:
      case ShapeKind::kLong:
        return integer(shape, item);
      case ShapeKind::kFloat:
      case ShapeKind::kDouble:
        if (item.kind == CborKind::kDouble) return Value::number(item.real);
        if (item.kind == CborKind::kInteger) return Value::number(real_of(item));
        break;
      case ShapeKind::kTimestamp:
        return timestamp(shape, item);
    }
    return fail(wrong_type(shape.kind));
  }

  using Inner = Result<Value> (Reader::*)(const ShapeRow&, const CborItem&);
  Result<Value> nested(const ShapeRow& shape, const CborItem& item, CborKind wanted, Inner inner) {
    if (item.kind != wanted) return fail(wrong_type(shape.kind));
    // Recursive shapes follow the input's depth on the stack.
    if (depth_ == text::kCborMaxDepth) return fail(serialization_error("Nested too deep."));
    ++depth_;
    auto out = (this->*inner)(shape, item);
    --depth_;
    return out;
  }

  Result<Value> string(const ShapeRow& shape, const CborItem& item, CborKind wanted) {
    if (item.kind != wanted) return fail(wrong_type(shape.kind));
    if (!item.indefinite) return Value::string(item.bytes);
    std::string pieces;
    LAPWING_CHECK(readable(in_.string(item, pieces)));
    return Value::string(arena_.keep(std::move(pieces)));
  }

  Result<Value> integer(const ShapeRow& shape, const CborItem& item) {
    const bool wide = shape.kind == ShapeKind::kLong;
    std::int64_t value = 0;
    if (item.kind == CborKind::kInteger &&
        item.number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      value = item.negative ? -1 - static_cast<std::int64_t>(item.number)
                            : static_cast<std::int64_t>(item.number);
    } else if (item.kind == CborKind::kDouble && std::trunc(item.real) == item.real &&
               std::abs(item.real) < 0x1p63) {
      value = static_cast<std::int64_t>(item.real);
    } else {
      return fail(wrong_type(shape.kind));
    }
    const bool fits = wide || (value >= std::numeric_limits<std::int32_t>::min() &&
                               value <= std::numeric_limits<std::int32_t>::max());
    if (!fits) return fail(wrong_type(shape.kind));
    return Value::integer(value);
  }

  static double real_of(const CborItem& item) {
    const auto magnitude = static_cast<double>(item.number);
    return item.negative ? -1.0 - magnitude : magnitude;
  }

  Result<Value> timestamp(const ShapeRow& shape, const CborItem& item) {
    if (item.kind != CborKind::kTag || item.number != kEpochTag)
      return fail(wrong_type(shape.kind));
    LAPWING_TRY(const CborItem seconds, next());
    if (seconds.kind != CborKind::kInteger && seconds.kind != CborKind::kDouble) {
      return fail(wrong_type(shape.kind));
    }
    const auto time = text::from_epoch_seconds(seconds.kind == CborKind::kInteger ? real_of(seconds)
                                                                                  : seconds.real);
    if (!time) return fail(wrong_type(shape.kind));
    return Value::timestamp(*time);
  }

  // The next item of a container; nothing at its end. `left` counts down.
  Result<bool> more(const CborItem& container, std::uint64_t& left, CborItem& item) {
    if (!container.indefinite && left-- == 0) return false;
    LAPWING_TRY(item, next());
    if (item.kind != CborKind::kBreak) return true;
    if (container.indefinite) return false;
    return fail(serialization_error("Unexpected break in CBOR."));
  }

  Result<std::string_view> key(const CborItem& item) {
    if (item.kind != CborKind::kText) return fail(serialization_error("A CBOR key must be text."));
    if (!item.indefinite) return item.bytes;
    std::string pieces;
    LAPWING_CHECK(readable(in_.string(item, pieces)));
    return arena_.keep(std::move(pieces));
  }

  Result<Value> structure(const ShapeRow& shape, const CborItem& item) {
    const auto members = model_.members_of(shape);
    auto slots = arena_.make_array<Value>(members.size());
    std::uint64_t left = item.number;
    CborItem at;
    for (;;) {
      LAPWING_TRY(const bool another, more(item, left, at));
      if (!another) break;
      LAPWING_TRY(const std::string_view name, key(at));
      LAPWING_TRY(const CborItem value, next());
      const auto member = std::ranges::find_if(
          members, [&](const MemberRow& row) { return model_.text(row.name) == name; });
      if (member == members.end()) {
        LAPWING_CHECK(readable(in_.skip(value)));
        continue;
      }
      Value& slot = slots[static_cast<std::size_t>(member - members.begin())];
      slot = Value();
      if (value.kind == CborKind::kNull) continue;
      LAPWING_TRY(slot, read(model_.shape(member->shape), value));
    }
    const auto set = std::ranges::count_if(slots, [](const Value& slot) { return slot.present(); });
    if (shape.has(ShapeFlags::kUnion) && set != 1) {
      return fail(serialization_error("Exactly one member of a union must be set."));
    }
    return Value::structure(slots);
  }

  Result<Value> list(const ShapeRow& shape, const CborItem& item) {
    std::vector<Value> items;
    std::uint64_t left = item.number;
    CborItem at;
    for (;;) {
      LAPWING_TRY(const bool another, more(item, left, at));
      if (!another) break;
      LAPWING_TRY(items.emplace_back(), read(model_.shape(shape.element), at));
    }
    auto kept = arena_.make_array<Value>(items.size());
    std::ranges::copy(items, kept.begin());
    return Value::list(kept);
  }

  Result<Value> map(const ShapeRow& shape, const CborItem& item) {
    std::vector<MapEntry> entries;
    std::uint64_t left = item.number;
    CborItem at;
    for (;;) {
      LAPWING_TRY(const bool another, more(item, left, at));
      if (!another) break;
      MapEntry& entry = entries.emplace_back();
      LAPWING_TRY(const std::string_view name, key(at));
      entry.key = Value::string(name);
      LAPWING_TRY(const CborItem value, next());
      LAPWING_TRY(entry.value, read(model_.shape(shape.element), value));
    }
    auto kept = arena_.make_array<MapEntry>(entries.size());
    std::ranges::copy(entries, kept.begin());
    return Value::map(kept);
  }

  const ServiceModel& model_;
  text::CborReader in_;
  Arena& arena_;
  std::uint32_t depth_ = 0;
};

void write_timestamp(WallTime time, text::CborWriter& out) {
  out.tag(kEpochTag);
  const std::int64_t ms = unix_ms(time);
  ms % 1000 == 0 ? out.integer(ms / 1000) : out.number(static_cast<double>(ms) / 1000);
}

void write_structure(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                     text::CborWriter& out) {
  const auto members = model.members_of(shape);
  std::uint64_t present = 0;
  for (std::size_t i = 0; i < members.size(); ++i) present += value[i].present() ? 1 : 0;
  out.begin_map(present);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!value[i].present()) continue;
    out.text(model.text(members[i].name));
    write_cbor(model, model.shape(members[i].shape), value[i], out);
  }
}

}  // namespace

Result<Value> read_cbor(const ServiceModel& model, const ShapeRow& shape, std::string_view bytes,
                        Arena& arena) {
  if (bytes.empty()) {
    return Value::structure(arena.make_array<Value>(model.members_of(shape).size()));
  }
  return Reader(model, bytes, arena).document(shape);
}

void write_cbor(const ServiceModel& model, const ShapeRow& shape, const Value& value,
                text::CborWriter& out) {
  if (!value.present()) return out.null();
  switch (shape.kind) {
    case ShapeKind::kStructure:
      return write_structure(model, shape, value, out);
    case ShapeKind::kList:
      out.begin_array(value.size());
      for (const Value& item : value.items()) {
        write_cbor(model, model.shape(shape.element), item, out);
      }
      return;
    case ShapeKind::kMap:
      out.begin_map(value.size());
      for (const MapEntry& entry : value.entries()) {
        out.text(entry.key.as_string());
        write_cbor(model, model.shape(shape.element), entry.value, out);
      }
      return;
    case ShapeKind::kString:
      return out.text(value.as_string());
    case ShapeKind::kBlob:
      return out.bytes(value.as_string());
    case ShapeKind::kBoolean:
      return out.boolean(value.as_bool());
    case ShapeKind::kInteger:
    case ShapeKind::kLong:
      return out.integer(value.as_integer());
    case ShapeKind::kFloat:
    case ShapeKind::kDouble:
      return out.number(value.as_double());
    case ShapeKind::kTimestamp:
      return write_timestamp(value.as_timestamp(), out);
  }
}

}  // namespace lapwing::aws
