// CBOR (RFC 8949), as far as the AWS protocols use it: a pull reader over bytes that arrived
// whole, and a writer. Both look at one item at a time; what an item means is the caller's.
//
//   text::CborReader in(body);
//   LAPWING_TRY(const text::CborItem item, in.next());
//   if (item.kind == text::CborKind::kMap) ...   // then its keys and values, one by one
//
// Thread-safety: plain values. Views point into the bytes given to the reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::text {

enum class CborKind : std::uint8_t {
  kInteger,
  kBytes,
  kText,
  kArray,
  kMap,
  kTag,  // the tagged item follows
  kBool,
  kNull,  // null and undefined
  kDouble,
  kBreak,  // the end of what was begun with an indefinite length
};

struct CborItem {
  CborKind kind = CborKind::kNull;
  bool indefinite = false;  // strings, arrays and maps: items follow until kBreak
  bool negative = false;    // integers: the value is -1 - number
  bool boolean = false;
  std::uint64_t number = 0;  // integers, tags; elements of an array, pairs of a map
  double real = 0;
  std::string_view bytes{};  // strings of definite length
};

// Errors are kInvalid and say what is wrong and at which byte. Containers whose announced count
// cannot be in what is left are refused, so a count is never a reason to allocate more than a
// small multiple of the input.
class CborReader {
 public:
  explicit CborReader(std::string_view bytes) : bytes_(bytes) {}

  Result<CborItem> next();
  // The whole of a string item, its pieces put together in `pieces` where there are some.
  Result<std::string_view> string(const CborItem& item, std::string& pieces);
  // Past the rest of an item, with all that it contains, nested kCborMaxDepth deep at most.
  Status skip(const CborItem& item);

  bool at_end() const { return at_ == bytes_.size(); }
  std::size_t position() const { return at_; }

 private:
  Result<std::uint64_t> argument(std::uint8_t info);
  Result<CborItem> simple(std::uint8_t info);
  Error malformed(std::string_view what) const;
  std::size_t left() const { return bytes_.size() - at_; }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

// Appends to a string. Lengths are definite, numbers in their shortest form; begin_map(n) is
// followed by n keys and values, which is the caller's duty.
class CborWriter {
 public:
  explicit CborWriter(std::string& out) : out_(&out) {}

  void begin_map(std::uint64_t pairs) { head(5, pairs); }
  void begin_array(std::uint64_t items) { head(4, items); }
  void text(std::string_view value);
  void bytes(std::string_view value);
  void integer(std::int64_t value);
  // Single precision where that keeps the value.
  void number(double value);
  void tag(std::uint64_t value) { head(6, value); }
  void boolean(bool value) { out_->push_back(value ? '\xf5' : '\xf4'); }
  void null() { out_->push_back('\xf6'); }

 private:
  void head(std::uint8_t major, std::uint64_t argument);
  void big_endian(std::uint64_t value, int bytes);

  std::string* out_;
};

}  // namespace lapwing::text
