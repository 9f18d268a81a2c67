// Between the value tree and the generated structs. Included by generated sources only.
//
// Values have been validated before: required members are present and kinds are right, so
// nothing here can fail. Strings put into a tree are copied to the arena, because the struct
// they come from dies before the response is written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/arena.hpp"
#include "aws/boxed.hpp"
#include "aws/value.hpp"
#include "base/clock.hpp"

namespace lapwing::aws {

template <class T>
concept GeneratedStruct = requires(const Value& value, T& out) { from(value, out); };

inline void get_value(const Value& value, std::string& out) { out = value.as_string(); }
inline void get_value(const Value& value, bool& out) { out = value.as_bool(); }
inline void get_value(const Value& value, std::int32_t& out) {
  out = static_cast<std::int32_t>(value.as_integer());
}
inline void get_value(const Value& value, std::int64_t& out) { out = value.as_integer(); }
inline void get_value(const Value& value, double& out) { out = value.as_double(); }
inline void get_value(const Value& value, WallTime& out) { out = value.as_timestamp(); }

// Found through the Value argument, so that they may call one another in any order.
template <GeneratedStruct T>
void get_value(const Value& value, T& out) {
  from(value, out);
}
template <class T>
void get_value(const Value& value, std::vector<T>& out) {
  out.reserve(value.items().size());
  for (const Value& item : value.items()) get_value(item, out.emplace_back());
}
template <class T>
void get_value(const Value& value, std::map<std::string, T>& out) {
  for (const MapEntry& entry : value.entries()) {
    get_value(entry.value, out[std::string(entry.key.as_string())]);
  }
}
template <class T>
void get_value(const Value& value, std::optional<T>& out) {
  if (value.present()) get_value(value, out.emplace());
}
template <class T>
void get_value(const Value& value, Boxed<T>& out) {
  if (value.present()) get_value(value, out.emplace());
}

inline Value put_value(const std::string& in, Arena& arena) {
  return Value::string(arena.copy(in));
}
inline Value put_value(bool in, Arena&) { return Value::boolean(in); }
inline Value put_value(std::int32_t in, Arena&) { return Value::integer(in); }
inline Value put_value(std::int64_t in, Arena&) { return Value::integer(in); }
inline Value put_value(double in, Arena&) { return Value::number(in); }
inline Value put_value(WallTime in, Arena&) { return Value::timestamp(in); }

template <GeneratedStruct T>
Value put_value(const T& in, Arena& arena) {
  return to(in, arena);
}
template <class T>
Value put_value(const std::vector<T>& in, Arena& arena) {
  auto items = arena.make_array<Value>(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) items[i] = put_value(in[i], arena);
  return Value::list(items);
}
template <class T>
Value put_value(const std::map<std::string, T>& in, Arena& arena) {
  auto entries = arena.make_array<MapEntry>(in.size());
  std::size_t at = 0;
  for (const auto& [key, value] : in) {
    entries[at++] = {Value::string(arena.copy(key)), put_value(value, arena)};
  }
  return Value::map(entries);
}
template <class T>
Value put_value(const std::optional<T>& in, Arena& arena) {
  return in ? put_value(*in, arena) : Value();
}
template <class T>
Value put_value(const Boxed<T>& in, Arena& arena) {
  return in ? put_value(*in, arena) : Value();
}

}  // namespace lapwing::aws
