// Streaming JSON writer: appends to a string, puts the commas itself.
//
//   std::string out;
//   text::JsonWriter json(out);
//   json.begin_object();
//   json.member("FunctionName", name);
//   json.key("Layers");
//   json.begin_array();
//   json.end_array();
//   json.end_object();
//
// Compact, UTF-8 passed through, only ", \ and control characters escaped; bytes that are
// not UTF-8 become U+FFFD so that the output is always valid. Balance of begin and end, and
// a key before each member's value, are the caller's duty.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace lapwing::text {

class JsonValue;

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(&out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);

  void string(std::string_view value);
  void integer(std::int64_t value);
  void unsigned_integer(std::uint64_t value);
  // Shortest text that reads back the same ("1", "0.1", "1e+21"); NaN and infinities as the
  // strings AWS uses: "NaN", "Infinity", "-Infinity".
  void number(double value);
  // Seconds since the epoch with up to three decimals: AWS's epochSeconds timestamps.
  void epoch_seconds(std::int64_t unix_ms);
  void boolean(bool value);
  void null();
  // A value that is JSON already; not checked.
  void raw(std::string_view json);
  // What was read (json.hpp), numbers as they were written.
  void value(const JsonValue& read);

  void member(std::string_view name, std::string_view value) { key(name), string(value); }
  void member(std::string_view name, const std::string& value) { key(name), string(value); }
  void member(std::string_view name, const char* value) { key(name), string(value); }
  void member(std::string_view name, std::same_as<bool> auto value) { key(name), boolean(value); }
  void member(std::string_view name, std::signed_integral auto value) { key(name), integer(value); }
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  void member(std::string_view name, T value) {
    key(name), unsigned_integer(value);
  }
  void member(std::string_view name, double value) { key(name), number(value); }

  std::string& out() { return *out_; }

 private:
  void before_value();
  void open(char bracket);
  void close(char bracket);

  std::string* out_;
  bool comma_ = false;
};

// `value` as one document.
std::string to_json(const JsonValue& value);

// "text" with quotes, escaped as above.
void append_json_string(std::string& out, std::string_view value);

}  // namespace lapwing::text
