#include "expressions/path.hpp"

#include <charconv>
#include <cstddef>
#include <utility>

#include "expressions/limits.hpp"
#include "text/json_writer.hpp"

namespace lapwing::expressions {
namespace {

// "[0]" or "[-1]", the text between the brackets.
std::optional<std::int64_t> read_index(std::string_view text) {
  std::int64_t index = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, index);
  if (text.empty() || error != std::errc() || stopped != end) return std::nullopt;
  return index;
}

}  // namespace

// The text starts with '['.
std::optional<Path::Step> Path::read_bracket(std::string_view& text) {
  if (text.starts_with("['") || text.starts_with("[\"")) {
    const char quote = text[1];
    const std::size_t end = text.find(quote, 2);
    if (end == std::string_view::npos || end == 2 || !text.substr(end + 1).starts_with(']')) {
      return std::nullopt;
    }
    Step step{.kind = Step::Kind::kMember, .name = std::string(text.substr(2, end - 2))};
    text.remove_prefix(end + 2);
    return step;
  }
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view inside = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  if (inside == "*") return Step{.kind = Step::Kind::kAll};
  const auto index = read_index(inside);
  if (!index) return std::nullopt;
  return Step{.kind = Step::Kind::kItem, .index = *index};
}

std::optional<Path::Step> Path::read_step(std::string_view& text) {
  if (text.starts_with('[')) return read_bracket(text);
  if (!text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  const std::string_view name = text.substr(0, text.find_first_of(".["));
  if (name.empty() || name.find_first_of("]()?@\"'") != std::string_view::npos) return std::nullopt;
  text.remove_prefix(name.size());
  if (name == "*") return Step{.kind = Step::Kind::kAll};
  return Step{.kind = Step::Kind::kMember, .name = std::string(name)};
}

std::optional<Path> Path::read(std::string_view text) {
  if (text.size() > kPathBytesMax || !text.starts_with('$')) return std::nullopt;
  text.remove_prefix(1);
  Path path;
  while (!text.empty()) {
    auto step = read_step(text);
    if (!step || path.steps_.size() == kPathStepsMax) return std::nullopt;
    if (step->kind == Step::Kind::kAll) path.definite_ = false;
    path.steps_.push_back(*std::move(step));
  }
  return path;
}

// A name is looked for among all members; an item is where its number says.
std::size_t Path::cost(const Step& step, const text::JsonValue& value) {
  const bool walks = step.kind == Step::Kind::kAll
                         ? value.is_array() || value.is_object()
                         : step.kind == Step::Kind::kMember && value.is_object();
  return 1 + (walks ? value.size() : 0);
}

void Path::take(const Step& step, const text::JsonValue& value,
                std::vector<const text::JsonValue*>& found) {
  switch (step.kind) {
    case Step::Kind::kMember:
      if (const text::JsonValue* member = value.find(step.name)) found.push_back(member);
      return;
    case Step::Kind::kItem: {
      const auto items = value.items();
      const auto size = static_cast<std::int64_t>(items.size());
      const std::int64_t index = step.index < 0 ? size + step.index : step.index;
      if (index >= 0 && index < size) found.push_back(&items[static_cast<std::size_t>(index)]);
      return;
    }
    case Step::Kind::kAll:
      for (const text::JsonValue& item : value.items()) found.push_back(&item);
      for (const auto& member : value.members()) found.push_back(&member.value);
      return;
  }
}

std::vector<const text::JsonValue*> Path::find(const text::JsonValue& root, Visits& visits) const {
  std::vector<const text::JsonValue*> found = {&root};
  std::vector<const text::JsonValue*> next;
  for (const Step& step : steps_) {
    next.clear();
    for (const text::JsonValue* value : found) {
      if (next.size() >= kFoundMax) break;
      if (!visits.take(cost(step, *value))) return {};
      take(step, *value, next);
    }
    std::swap(found, next);
    if (found.size() > kFoundMax) found.resize(kFoundMax);
  }
  return found;
}

Value Path::in(const text::JsonValue& root, Visits& visits) const {
  const auto found = find(root, visits);
  if (visits.over()) return {.kind = Value::Kind::kTooMuch};
  if (definite_) return found.empty() ? Value{} : Value::of(*found.front());
  std::string out = "[";
  for (const text::JsonValue* value : found) {
    if (out.size() > 1) out += ',';
    append_json(out, *value);
  }
  return Value::json(out + "]");
}

}  // namespace lapwing::expressions
