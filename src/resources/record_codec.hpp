// A record's fields as JSON, both ways, from one description:
//
//   template <class Fields, class R> static void fields(Fields& f, R& queue) {
//     f("name", queue.name);
//   }
//
// Fields may be strings, strong ids (as their text), bools, numbers, enums (as their numbers, which
// therefore never change their meaning), optionals, vectors, maps with string keys, and structures
// with such a fields() of their own. What is absent reads as the member's initial value: a field
// added later is simply not there in older records. An optional that is absent and an empty list or
// map are not written.
// Strings must be UTF-8 (bytes that are not belong into a blob).
//
// Thread-safety: pure functions.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::resources {

class FieldWriter;
class FieldReader;

template <class T>
concept Described = requires(FieldWriter& f, const T& value) { T::fields(f, value); };

template <class T>
concept Enum = std::is_enum_v<T>;

class FieldWriter {
 public:
  explicit FieldWriter(text::JsonWriter& json) : json_(json) {}

  template <class T>
  void operator()(std::string_view name, const T& value) {
    if (absent(value)) return;
    json_.key(name);
    write(value);
  }

 private:
  template <class T>
  static bool absent(const T&) {
    return false;
  }
  template <class T>
  static bool absent(const std::optional<T>& value) {
    return !value;
  }
  template <class T>
  static bool absent(const std::vector<T>& value) {
    return value.empty();
  }
  template <class T>
  static bool absent(const std::map<std::string, T>& value) {
    return value.empty();
  }

  void write(const std::string& value) { json_.string(value); }
  template <class Tag>
  void write(const StringId<Tag>& value) {
    json_.string(value.view());
  }
  void write(bool value) { json_.boolean(value); }
  void write(std::signed_integral auto value) { json_.integer(value); }
  void write(std::unsigned_integral auto value) { json_.unsigned_integer(value); }
  void write(Enum auto value) { json_.integer(static_cast<std::int64_t>(value)); }
  void write(double value) { json_.number(value); }
  template <class T>
  void write(const std::optional<T>& value) {
    value ? write(*value) : json_.null();
  }
  template <class T>
  void write(const std::vector<T>& value) {
    json_.begin_array();
    for (const T& item : value) write(item);
    json_.end_array();
  }
  template <class T>
  void write(const std::map<std::string, T>& value) {
    json_.begin_object();
    for (const auto& [key, item] : value) {
      json_.key(key);
      write(item);
    }
    json_.end_object();
  }
  template <Described T>
  void write(const T& value) {
    json_.begin_object();
    T::fields(*this, value);
    json_.end_object();
  }

  text::JsonWriter& json_;
};

class FieldReader {
 public:
  explicit FieldReader(const text::JsonValue& from) : from_(from) {}

  template <class T>
  void operator()(std::string_view name, T& value) {
    const text::JsonValue* found = from_.find(name);
    if (found != nullptr && !found->is_null()) read(*found, value);
  }

 private:
  static void read(const text::JsonValue& from, std::string& value) { value = from.as_string(); }
  template <class Tag>
  static void read(const text::JsonValue& from, StringId<Tag>& value) {
    value = StringId<Tag>(from.as_string());
  }
  static void read(const text::JsonValue& from, bool& value) { value = from.as_bool(); }
  template <std::signed_integral T>
  static void read(const text::JsonValue& from, T& value) {
    value = static_cast<T>(from.as_int64().value_or(0));
  }
  template <std::unsigned_integral T>
  static void read(const text::JsonValue& from, T& value) {
    value = static_cast<T>(from.as_uint64().value_or(0));
  }
  template <Enum T>
  static void read(const text::JsonValue& from, T& value) {
    value = static_cast<T>(from.as_int64().value_or(0));
  }
  static void read(const text::JsonValue& from, double& value) { value = from.as_double(); }
  template <class T>
  static void read(const text::JsonValue& from, std::optional<T>& value) {
    read(from, value.emplace());
  }
  template <class T>
  static void read(const text::JsonValue& from, std::vector<T>& value) {
    value.clear();
    for (const text::JsonValue& item : from.items()) read(item, value.emplace_back());
  }
  template <class T>
  static void read(const text::JsonValue& from, std::map<std::string, T>& value) {
    value.clear();
    for (const text::JsonMember& member : from.members()) {
      read(member.value, value[std::string(member.key)]);
    }
  }
  template <Described T>
  static void read(const text::JsonValue& from, T& value) {
    FieldReader inner(from);
    T::fields(inner, value);
  }

  const text::JsonValue& from_;
};

// Where a record's format number stands; no field may have this name.
inline constexpr std::string_view kFormatField = "v";

// The document of a record whose format is at most `known`; a newer one was written by a newer
// program, and is not ours to read (kInternal).
Result<text::JsonDocument> parse_record(std::string_view kind, std::string_view bytes, int known);
// What parse_record found; 0 in records older than format numbers.
int format_of(const text::JsonDocument& document);

}  // namespace lapwing::resources
