// The value tree: what a protocol reader makes of a request and a protocol writer turns into
// a response. Shapes are not stored in the tree; reader, validator and writer walk it next
// to the descriptor tables (aws/model.hpp).
//
// A Value is a view: strings, lists, maps and structures live in the request's Arena (or in
// the request's bytes) and must outlive it. Structures are slots indexed by member number,
// not by name. Blobs are strings holding the decoded bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "aws/arena.hpp"
#include "base/clock.hpp"

namespace lapwing::aws {

struct MapEntry;

class Value {
 public:
  enum class Kind : std::uint8_t {
    kAbsent,
    kBool,
    kInteger,
    kDouble,
    kString,
    kTimestamp,
    kList,
    kMap,
    kStruct,
  };

  constexpr Value() = default;
  static Value boolean(bool value);
  static Value integer(std::int64_t value);
  static Value number(double value);
  static Value string(std::string_view bytes);
  static Value timestamp(WallTime time);
  static Value list(std::span<const Value> items);
  static Value map(std::span<const MapEntry> entries);
  static Value structure(std::span<const Value> slots);

  Kind kind() const { return kind_; }
  bool present() const { return kind_ != Kind::kAbsent; }
  explicit operator bool() const { return present(); }

  // Each returns the type's zero for another kind: readers that must tell them apart ask kind().
  bool as_bool() const { return kind_ == Kind::kBool && bool_; }
  std::int64_t as_integer() const { return kind_ == Kind::kInteger ? integer_ : 0; }
  double as_double() const;
  std::string_view as_string() const;
  WallTime as_timestamp() const;
  std::span<const Value> items() const;        // list
  std::span<const MapEntry> entries() const;   // map, in the order received
  const Value& operator[](std::size_t) const;  // structure; absent when out of range
  std::size_t size() const { return size_; }   // bytes, items, entries or slots

 private:
  Kind kind_ = Kind::kAbsent;
  std::uint32_t size_ = 0;
  union {
    bool bool_;
    std::int64_t integer_ = 0;
    double double_;
    const char* text_;
    const Value* values_;
    const MapEntry* entries_;
  };
};
static_assert(sizeof(Value) == 16);

struct MapEntry {
  Value key;  // a string
  Value value;
};

// True for what means the same as leaving the member out: absent, false, and strings,
// lists, maps and structures without content.
bool is_empty(const Value& value);

// About how many bytes of text it becomes; counts no further than `limit`.
std::size_t text_bytes(const Value& value, std::size_t limit);

}  // namespace lapwing::aws
