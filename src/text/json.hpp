// JSON as the AWS protocols need it: a read-only tree over one arena, and a fast checker.
//
//   LAPWING_TRY(const text::JsonDocument doc, text::parse_json(body));
//   if (const text::JsonValue* name = doc.root().find("FunctionName")) use(name->as_string());
//
// Strict RFC 8259 in UTF-8: no comments, no trailing commas, no leading zeros, no byte order
// mark. Differences that matter:
// - Objects keep every member in the order received, repeated keys too; find() returns the
//   last one. A reader that iterates and assigns gets the same.
// - Numbers keep their text and are converted when asked, so that 1, 1.0 and 1e0 differ and
//   no digit is lost.
// - A lone surrogate escape (\ud800) becomes U+FFFD; bytes that are not UTF-8 are an error.
//
// Lifetime: strings without escapes and numbers are views into the parsed text, which must
// outlive the document; parse_json_copy() keeps its own. A JsonValue lives as long as its
// document. Thread-safety: a parsed document may be read from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "text/limits.hpp"

namespace lapwing::text {

enum class JsonKind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
// "null", "boolean", "number", "string", "array", "object".
std::string_view to_string(JsonKind kind);

struct JsonMember;

// 16 bytes, a view. Accessors of another kind return the type's zero: a reader that must tell them
// apart asks kind() first.
class JsonValue {
 public:
  constexpr JsonValue() = default;

  JsonKind kind() const { return kind_; }
  bool is_null() const { return kind_ == JsonKind::kNull; }
  bool is_bool() const { return kind_ == JsonKind::kBool; }
  bool is_number() const { return kind_ == JsonKind::kNumber; }
  bool is_string() const { return kind_ == JsonKind::kString; }
  bool is_array() const { return kind_ == JsonKind::kArray; }
  bool is_object() const { return kind_ == JsonKind::kObject; }

  bool as_bool() const { return kind_ == JsonKind::kBool && flag_; }
  // Decoded; may hold NUL.
  std::string_view as_string() const;

  // The number as written: "1.50", "-0", "1e400".
  std::string_view number_text() const;
  // Written without fraction and exponent.
  bool is_integer() const { return kind_ == JsonKind::kNumber && flag_; }
  // Absent when not an integer in the sense above, or out of range.
  std::optional<std::int64_t> as_int64() const;
  std::optional<std::uint64_t> as_uint64() const;
  // Correctly rounded; beyond the range of double: infinity.
  double as_double() const;

  std::span<const JsonValue> items() const;           // array
  std::span<const JsonMember> members() const;        // object, as received
  const JsonValue* find(std::string_view key) const;  // last of that name; nullptr if none
  std::size_t size() const { return size_; }          // bytes, items or members

 private:
  friend class JsonTreeBuilder;

  JsonKind kind_ = JsonKind::kNull;
  bool flag_ = false;  // a bool's value; a number's "is an integer"
  std::uint32_t size_ = 0;
  union {
    const char* text_ = nullptr;
    const JsonValue* items_;
    const JsonMember* members_;
  };
};
static_assert(sizeof(JsonValue) == 16);

struct JsonMember {
  std::string_view key;
  JsonValue value;
};

// Memory of one document; grows by blocks, freed at once.
class JsonArena {
 public:
  void* allocate(std::size_t bytes);  // aligned for JsonValue and JsonMember

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* cursor_ = nullptr;
  std::size_t left_ = 0;
  std::size_t next_block_ = 2048;
};

class JsonDocument {
 public:
  JsonDocument() = default;  // null
  const JsonValue& root() const { return root_; }

 private:
  friend class JsonTreeBuilder;

  JsonArena arena_;
  JsonValue root_;
};

struct JsonLimits {
  std::size_t max_bytes = std::size_t{64} << 20;  // capped at kJsonHardMaxBytes
  std::uint32_t max_depth = kJsonMaxDepth;
};

// What is wrong and where. `line` and `column` count from 1, columns in bytes, and are those
// Jackson reports for the same document (it points just behind a bad token, for example).
struct JsonError {
  std::string message;
  std::size_t offset = 0;
  std::uint32_t line = 1;
  std::uint32_t column = 1;

  // The message followed by "\n at [Source: REDACTED (...); line: 1, column: 2]": the
  // location suffix of Jackson 2.16 and later, which AWS services pass on.
  std::string with_location() const;
};

// kInvalid / "SerializationException" with line and column in the message, or kTooLarge.
Result<JsonDocument> parse_json(std::string_view text, JsonLimits limits = {});
Result<JsonDocument> parse_json_copy(std::string_view text, JsonLimits limits = {});
// The same with the error's parts.
std::expected<JsonDocument, JsonError> parse_json_detailed(std::string_view text,
                                                           JsonLimits limits = {});

// Is this one valid JSON document? Builds nothing and allocates nothing on success; meant
// for function payloads of megabytes. An empty or blank text is not a document.
std::expected<void, JsonError> check_json(std::string_view text,
                                          std::uint32_t max_depth = kJsonPayloadMaxDepth);

}  // namespace lapwing::text
