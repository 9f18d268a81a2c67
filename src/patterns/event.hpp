// An event as a matcher sees it: the values at the paths that patterns name, read in one pass over
// the text. Objects and arrays themselves are no values.
//
// An Event is a thread's own, and used again for the next event: its memory stays.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/paths.hpp"
#include "patterns/pattern.hpp"
#include "text/json.hpp"

namespace lapwing::patterns {

// A message attribute of SNS.
struct Attribute {
  enum class Kind : std::uint8_t { kString, kNumber, kStringArray, kBinary };
  std::string_view name;
  Kind kind = Kind::kString;
  std::string_view value;  // of kStringArray: JSON
};

// In which element of which arrays a value stands: a chain from the innermost one outwards, a
// number; 0 is in none. An array's own scalars stand where the array stands.
using Membership = std::uint32_t;

class Event {
 public:
  static constexpr std::uint32_t kEnd = 0xffffffffu;

  struct Field : Value {
    PathId path = 0;
    Membership membership = 0;
    std::uint32_t next = kEnd;  // of the same path
  };

  // The fields at the paths for which `used` is true. `json` and `paths` stay while this is asked.
  // False: JSON, but not an object, which no pattern matches.
  std::expected<bool, text::JsonError> read(std::string_view json, const Paths& paths,
                                            const std::vector<bool>& used);
  void read(std::span<const Attribute> attributes, const Paths& paths,
            const std::vector<bool>& used);

  // Index of the first value at the path, kEnd if there is none.
  std::uint32_t first(PathId path) const { return heads_[path]; }
  const Field& field(std::uint32_t index) const { return fields_[index]; }
  const std::vector<Field>& fields() const { return fields_; }
  // Paths that have values, each once.
  const std::vector<PathId>& touched() const { return touched_; }
  // Does any value stand in an element of an array?
  bool in_arrays() const { return in_arrays_; }
  // May values of both be taken for one match: no array of which they are in different elements?
  bool consistent(Membership a, Membership b) const;

 private:
  friend class EventSink;

  struct Link {
    Membership outer = 0;
    std::uint32_t array = 0;
    std::uint32_t index = 0;
    std::uint32_t depth = 0;
  };
  struct Frame {
    PathId node;  // of values in here: an array's, or of the last key
    PathId base;
    Membership membership;
    std::uint32_t array;
    std::uint32_t index;
    bool is_array;
  };

  void start(const Paths& paths, const std::vector<bool>& used, std::size_t text_size);
  void add(PathId path, ValueKind kind, std::string_view text, Membership membership);
  std::string_view decoded(std::string_view raw);
  void read_items(PathId path, std::string_view json);

  const Paths* paths_ = nullptr;
  const std::vector<bool>* used_ = nullptr;
  std::vector<Field> fields_;
  std::vector<std::uint32_t> heads_;
  std::vector<std::uint32_t> tails_;
  std::vector<PathId> touched_;
  std::vector<Link> links_;
  std::vector<Frame> frames_;
  std::string decoded_;  // never grows beyond what start() reserved: views into it stay
  std::uint32_t arrays_ = 0;
  bool in_arrays_ = false;
};

}  // namespace lapwing::patterns
