#include "text/json_writer.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>

#include "text/hex.hpp"
#include "text/json.hpp"
#include "text/utf8_inline.hpp"

namespace lapwing::text {
namespace {

template <class... Number>
void append_chars(std::string& out, Number... number) {
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, number...);
  out.append(buffer, result.ptr);
}

void append_escape(std::string& out, char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kDigits[(c >> 4) & 0xF];
      out += kDigits[c & 0xF];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view value) {
  out += '"';
  const char* p = value.data();
  const char* const end = p + value.size();
  const char* plain = p;  // start of what is copied as it is
  const auto flush = [&] { out.append(plain, static_cast<std::size_t>(p - plain)); };
  while (p != end) {
    const unsigned char c = static_cast<unsigned char>(*p);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++p;
      continue;
    }
    if (c >= 0x80) {
      if (const std::size_t length = utf8_length_at(p, end); length != 0) {
        p += length;
        continue;
      }
      flush();
      out += "\xEF\xBF\xBD";
    } else {
      flush();
      append_escape(out, *p);
    }
    plain = ++p;
  }
  flush();
  out += '"';
}

void JsonWriter::before_value() {
  if (comma_) *out_ += ',';
  comma_ = true;
}

void JsonWriter::open(char bracket) {
  before_value();
  *out_ += bracket;
  comma_ = false;
}

void JsonWriter::close(char bracket) {
  *out_ += bracket;
  comma_ = true;
}

void JsonWriter::key(std::string_view name) {
  before_value();
  append_json_string(*out_, name);
  *out_ += ':';
  comma_ = false;
}

void JsonWriter::string(std::string_view value) {
  before_value();
  append_json_string(*out_, value);
}

void JsonWriter::integer(std::int64_t value) {
  before_value();
  append_chars(*out_, value);
}

void JsonWriter::unsigned_integer(std::uint64_t value) {
  before_value();
  append_chars(*out_, value);
}

void JsonWriter::number(double value) {
  before_value();
  if (std::isnan(value)) {
    *out_ += "\"NaN\"";
  } else if (std::isinf(value)) {
    *out_ += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    append_chars(*out_, value);
  }
}

void JsonWriter::epoch_seconds(std::int64_t unix_ms) {
  before_value();
  std::int64_t seconds = unix_ms / 1000;
  std::int64_t milliseconds = unix_ms % 1000;
  if (unix_ms < 0) {
    *out_ += '-';
    seconds = -seconds;
    milliseconds = -milliseconds;
  }
  append_chars(*out_, seconds);
  if (milliseconds == 0) return;
  *out_ += '.';
  const char digits[3] = {static_cast<char>('0' + milliseconds / 100),
                          static_cast<char>('0' + milliseconds / 10 % 10),
                          static_cast<char>('0' + milliseconds % 10)};
  std::size_t count = 3;
  while (digits[count - 1] == '0') --count;
  out_->append(digits, count);
}

void JsonWriter::boolean(bool value) {
  before_value();
  *out_ += value ? "true" : "false";
}

void JsonWriter::null() {
  before_value();
  *out_ += "null";
}

void JsonWriter::raw(std::string_view json) {
  before_value();
  *out_ += json;
}

// No deeper than the reader allows.
void JsonWriter::value(const JsonValue& read) {
  switch (read.kind()) {
    case JsonKind::kNull:
      return null();
    case JsonKind::kBool:
      return boolean(read.as_bool());
    case JsonKind::kNumber:
      return raw(read.number_text());
    case JsonKind::kString:
      return string(read.as_string());
    case JsonKind::kArray:
      begin_array();
      for (const JsonValue& item : read.items()) value(item);
      return end_array();
    case JsonKind::kObject:
      begin_object();
      for (const JsonMember& member : read.members()) {
        key(member.key);
        value(member.value);
      }
      return end_object();
  }
}

std::string to_json(const JsonValue& value) {
  std::string out;
  JsonWriter(out).value(value);
  return out;
}

}  // namespace lapwing::text
