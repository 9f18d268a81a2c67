#include "aws/value.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace lapwing::aws {

void* Arena::allocate(std::size_t bytes, std::size_t align) {
  auto address = reinterpret_cast<std::uintptr_t>(cursor_);  // for alignment arithmetic only
  std::size_t padding = (align - address % align) % align;
  if (cursor_ == nullptr || padding + bytes > left_) {
    // Large pieces get a block of their own, so that the rest of the current one stays usable.
    if (bytes > kBlockBytes / 4) {
      blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
      return blocks_.back().get();
    }
    while (next_block_ < 4 * bytes) next_block_ *= 2;
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(next_block_));
    cursor_ = blocks_.back().get();
    left_ = next_block_;
    next_block_ = std::min(2 * next_block_, kBlockBytes);
    padding = 0;
  }
  void* out = cursor_ + padding;
  cursor_ += padding + bytes;
  left_ -= padding + bytes;
  return out;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* out = static_cast<char*>(allocate(text.size(), 1));
  std::memcpy(out, text.data(), text.size());
  return {out, text.size()};
}

std::string_view Arena::keep(std::string text) { return strings_.emplace_front(std::move(text)); }

Value Value::boolean(bool value) {
  Value out;
  out.kind_ = Kind::kBool;
  out.bool_ = value;
  return out;
}

Value Value::integer(std::int64_t value) {
  Value out;
  out.kind_ = Kind::kInteger;
  out.integer_ = value;
  return out;
}

Value Value::number(double value) {
  Value out;
  out.kind_ = Kind::kDouble;
  out.double_ = value;
  return out;
}

Value Value::string(std::string_view bytes) {
  Value out;
  out.kind_ = Kind::kString;
  out.size_ = static_cast<std::uint32_t>(bytes.size());
  out.text_ = bytes.data();
  return out;
}

Value Value::timestamp(WallTime time) {
  Value out;
  out.kind_ = Kind::kTimestamp;
  out.integer_ = time.time_since_epoch().count();
  return out;
}

Value Value::list(std::span<const Value> items) {
  Value out;
  out.kind_ = Kind::kList;
  out.size_ = static_cast<std::uint32_t>(items.size());
  out.values_ = items.data();
  return out;
}

Value Value::map(std::span<const MapEntry> entries) {
  Value out;
  out.kind_ = Kind::kMap;
  out.size_ = static_cast<std::uint32_t>(entries.size());
  out.entries_ = entries.data();
  return out;
}

Value Value::structure(std::span<const Value> slots) {
  Value out;
  out.kind_ = Kind::kStruct;
  out.size_ = static_cast<std::uint32_t>(slots.size());
  out.values_ = slots.data();
  return out;
}

double Value::as_double() const {
  if (kind_ == Kind::kDouble) return double_;
  return kind_ == Kind::kInteger ? static_cast<double>(integer_) : 0.0;
}

std::string_view Value::as_string() const {
  if (kind_ != Kind::kString || size_ == 0) return {};
  return {text_, size_};
}

WallTime Value::as_timestamp() const {
  return kind_ == Kind::kTimestamp ? WallTime(Duration(integer_)) : WallTime();
}

std::span<const Value> Value::items() const {
  if (kind_ != Kind::kList) return {};
  return {values_, size_};
}

std::span<const MapEntry> Value::entries() const {
  if (kind_ != Kind::kMap) return {};
  return {entries_, size_};
}

const Value& Value::operator[](std::size_t slot) const {
  static constexpr Value kAbsentValue{};
  return kind_ == Kind::kStruct && slot < size_ ? values_[slot] : kAbsentValue;
}

bool is_empty(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kAbsent:
      return true;
    case Value::Kind::kBool:
      return !value.as_bool();
    case Value::Kind::kInteger:
    case Value::Kind::kDouble:
    case Value::Kind::kTimestamp:
      return false;
    case Value::Kind::kString:
    case Value::Kind::kList:
    case Value::Kind::kMap:
      return value.size() == 0;
    case Value::Kind::kStruct:
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (!is_empty(value[i])) return false;
      }
      return true;
  }
  return true;
}

std::size_t text_bytes(const Value& value, std::size_t limit) {
  // Of a number, or of a name and what stands around a value.
  constexpr std::size_t kAround = 16;
  std::size_t out = kAround;
  const auto add = [&](const Value& each) {
    if (out < limit) out += text_bytes(each, limit - out);
  };
  switch (value.kind()) {
    case Value::Kind::kAbsent:
      return 0;
    case Value::Kind::kBool:
    case Value::Kind::kInteger:
    case Value::Kind::kDouble:
    case Value::Kind::kTimestamp:
      break;
    case Value::Kind::kString:
      out += value.size();
      break;
    case Value::Kind::kList:
      for (const Value& item : value.items()) add(item);
      break;
    case Value::Kind::kMap:
      for (const MapEntry& entry : value.entries()) {
        add(entry.key);
        add(entry.value);
      }
      break;
    case Value::Kind::kStruct:
      for (std::size_t i = 0; i < value.size(); ++i) add(value[i]);
      break;
  }
  return std::min(out, limit);
}

}  // namespace lapwing::aws
