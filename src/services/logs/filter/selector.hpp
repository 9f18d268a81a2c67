// A JSON property selector: "$.a.b[0]", "$.items[*].id", "$['a.name']". Patterns compare what it
// leads to, metric filters take their values and dimensions from there.
//
// Thread-safety: plain values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "services/logs/filter/scanner.hpp"
#include "text/json.hpp"

namespace lapwing::logs {

class JsonSelector {
 public:
  // Reads as far as the selector goes. `wildcards` counts those of the whole pattern.
  static Result<JsonSelector> parse(Scanner& in, std::size_t& wildcards);
  // A whole text.
  static Result<JsonSelector> parse(std::string_view text);

  const std::string& source() const { return source_; }
  // Calls `test` on every value the selector leads to until one answers true.
  template <class Test>
  bool any(const text::JsonValue& root, const Test& test) const {
    return any_at(root, 0, test);
  }
  // The first string, number or truth value that it leads to, as text.
  std::optional<std::string> text_at(const text::JsonValue& root) const;

 private:
  struct Step {
    enum class Kind { kName, kIndex, kAny };
    Kind kind = Kind::kAny;
    std::string name = {};
    std::size_t index = 0;
  };

  static Result<Step> parse_name(Scanner& in);
  static Result<Step> parse_bracket(Scanner& in);
  template <class Test>
  bool any_at(const text::JsonValue& value, std::size_t step, const Test& test) const;

  std::vector<Step> steps_;
  std::string source_;
};

template <class Test>
bool JsonSelector::any_at(const text::JsonValue& value, std::size_t step, const Test& test) const {
  if (step == steps_.size()) return test(value);
  const Step& next = steps_[step];
  switch (next.kind) {
    case Step::Kind::kName: {
      const text::JsonValue* member = value.is_object() ? value.find(next.name) : nullptr;
      return member != nullptr && any_at(*member, step + 1, test);
    }
    case Step::Kind::kIndex: {
      const auto items = value.items();
      return value.is_array() && next.index < items.size() &&
             any_at(items[next.index], step + 1, test);
    }
    case Step::Kind::kAny:
      break;
  }
  if (value.is_array()) {
    for (const text::JsonValue& item : value.items()) {
      if (any_at(item, step + 1, test)) return true;
    }
  } else if (value.is_object()) {
    for (const text::JsonMember& member : value.members()) {
      if (any_at(member.value, step + 1, test)) return true;
    }
  }
  return false;
}

}  // namespace lapwing::logs
