#include "hosting/testing/bad_values.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "text/json_writer.hpp"

namespace lapwing::hosting::testing {
namespace {

using aws::MemberFlags;
using aws::MemberRow;
using aws::ShapeFlags;
using aws::ShapeKind;
using aws::ShapeRow;

// Shapes that hold themselves end here.
constexpr int kDepthMax = 5;
// Longer ones are sent by the tests of the wire.
constexpr std::int64_t kTextMax = 100'000;
constexpr std::int64_t kElementsMax = 1000;

std::string as_text(std::string_view text) {
  std::string out;
  text::append_json_string(out, text);
  return out;
}

bool is_enum(const ShapeRow& shape) { return shape.kind == ShapeKind::kString && shape.count > 0; }

std::string list_of(const std::string& item, std::int64_t count) {
  std::string out = "[";
  for (std::int64_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + item;
  return out + "]";
}

}  // namespace

std::string BadValues::good(const ShapeRow& shape, int depth) const {
  switch (shape.kind) {
    case ShapeKind::kStructure:
      return compose(shape, nullptr, {}, depth);
    case ShapeKind::kList: {
      const std::int64_t least = shape.has(ShapeFlags::kHasMin) ? shape.min : 0;
      if (least == 0 || depth > kDepthMax) return "[]";
      return list_of(good(model_.shape(shape.element), depth + 1), std::min(least, kElementsMax));
    }
    case ShapeKind::kMap:
      return "{}";
    case ShapeKind::kString: {
      if (is_enum(shape)) return as_text(model_.text(model_.enum_of(shape).front()));
      const std::int64_t least = shape.has(ShapeFlags::kHasMin) ? shape.min : 1;
      return as_text(
          std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(least, 1, 4096)), 'a'));
    }
    case ShapeKind::kBlob:
      return R"("eA==")";
    case ShapeKind::kBoolean:
      return "true";
    case ShapeKind::kTimestamp:
      return "1700000000";
    case ShapeKind::kInteger:
    case ShapeKind::kLong:
    case ShapeKind::kFloat:
    case ShapeKind::kDouble:
      break;
  }
  return std::to_string(shape.has(ShapeFlags::kHasMin) ? shape.min : 1);
}

std::string BadValues::compose(const ShapeRow& structure, const MemberRow* changed,
                               std::string_view with, int depth) const {
  std::string out = "{";
  const auto put = [&](std::string_view name, std::string_view json) {
    if (out.size() > 1) out += ',';
    out += as_text(name);
    out += ':';
    out += json;
  };
  for (const MemberRow& member : model_.members_of(structure)) {
    if (&member == changed) {
      if (!with.empty()) put(name_of(member), with);
      continue;
    }
    if (!member.has(MemberFlags::kRequired) || depth > kDepthMax) continue;
    const auto given = how_.good.find(std::string(model_.text(member.name)));
    put(name_of(member),
        given != how_.good.end() ? given->second : good(model_.shape(member.shape), depth + 1));
  }
  if (changed == nullptr && !with.empty()) put("NoSuchMember", with);
  return out + "}";
}

std::vector<BadValue> BadValues::bad(const ShapeRow& shape, int depth) const {
  std::vector<BadValue> out;
  if (depth > kDepthMax) return out;
  switch (shape.kind) {
    case ShapeKind::kStructure:
      of_structure(shape, depth, out);
      break;
    case ShapeKind::kList:
      of_list(shape, depth, out);
      break;
    case ShapeKind::kMap:
      of_map(shape, depth, out);
      break;
    case ShapeKind::kString:
      of_string(shape, out);
      break;
    case ShapeKind::kBlob:
    case ShapeKind::kTimestamp:
      for (const char* json : {R"("%%%")", "{}", "[]", R"("\u0000")", "-1e300", "true", R"("")"}) {
        out.push_back({"a wrong value", json});
      }
      break;
    case ShapeKind::kBoolean:
      for (const char* json : {R"("perhaps")", "2", "{}", "[]"})
        out.push_back({"a wrong type", json});
      break;
    case ShapeKind::kInteger:
    case ShapeKind::kLong:
    case ShapeKind::kFloat:
    case ShapeKind::kDouble:
      of_number(shape, out);
      break;
  }
  out.push_back({"null", "null"});
  return out;
}

void BadValues::of_structure(const ShapeRow& shape, int depth, std::vector<BadValue>& out) const {
  for (const MemberRow& member : model_.members_of(shape)) {
    const std::string name(model_.text(member.name));
    const bool checked = std::ranges::find(how_.unchecked, name) == how_.unchecked.end();
    if (member.has(MemberFlags::kRequired)) {
      out.push_back({name + " is missing", compose(shape, &member, {}, depth), checked});
    }
    for (BadValue& value : bad(model_.shape(member.shape), depth + 1)) {
      out.push_back({fmt::format("{}: {}", name, value.what),
                     compose(shape, &member, value.json, depth), value.surely && checked});
    }
  }
  for (const char* json : {R"("text")", "[]", "1", "[{}]"}) out.push_back({"a wrong type", json});
  out.push_back({"an unknown member", compose(shape, nullptr, R"({"a":[[{"b":null}]]})", depth)});
}

void BadValues::of_list(const ShapeRow& shape, int depth, std::vector<BadValue>& out) const {
  const ShapeRow& element = model_.shape(shape.element);
  for (BadValue& value : bad(element, depth + 1)) {
    out.push_back({value.what, fmt::format("[{}]", value.json), value.surely});
  }
  for (const char* json : {R"("text")", "{}", "1"}) out.push_back({"a wrong type", json});
  if (shape.has(ShapeFlags::kHasMax) && shape.max < kElementsMax) {
    out.push_back({"too many elements", list_of(good(element, depth + 1), shape.max + 1), true});
  }
  if (shape.has(ShapeFlags::kHasMin) && shape.min > 0) out.push_back({"no elements", "[]", true});
}

void BadValues::of_map(const ShapeRow& shape, int depth, std::vector<BadValue>& out) const {
  const std::string value = good(model_.shape(shape.element), depth + 1);
  const std::string key = good(model_.shape(shape.key), depth + 1);
  for (BadValue& each : bad(model_.shape(shape.element), depth + 1)) {
    out.push_back({each.what, fmt::format("{{{}:{}}}", key, each.json), each.surely});
  }
  for (BadValue& each : bad(model_.shape(shape.key), depth + 1)) {
    if (!each.json.starts_with('"')) continue;
    out.push_back({"key: " + each.what, fmt::format("{{{}:{}}}", each.json, value), each.surely});
  }
  for (const char* json : {R"("text")", "[]", "1"}) out.push_back({"a wrong type", json});
}

void BadValues::of_string(const ShapeRow& shape, std::vector<BadValue>& out) const {
  for (const char* json : {"1", "true", "[]", "{}", R"("")", R"("\u0000")", R"("\ud800")",
                           R"("\ufffe\uffff")", "1e999"}) {
    out.push_back({fmt::format("{:.12}", json), json});
  }
  std::string letters;
  for (int i = 0; i < 300; ++i) letters += "\xc3\xa9";
  out.push_back({"letters of two bytes", as_text(letters)});
  for (const char* bytes : {"\xff", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"}) {
    out.push_back({"no UTF-8", fmt::format("\"{}\"", bytes), true});
  }
  if (is_enum(shape)) out.push_back({"none of its values", R"("nothing of the sort")", true});
  if (is_enum(shape)) return;
  if (shape.has(ShapeFlags::kHasMin) && shape.min > 0) out.push_back({"empty", R"("")", true});
  if (shape.has(ShapeFlags::kHasMax) && shape.max < kTextMax) {
    const std::string longer(static_cast<std::size_t>(shape.max) + 1, 'a');
    out.push_back({fmt::format("longer than {}", shape.max), as_text(longer), true});
  }
  if (shape.pattern == 0) return;
  // One that says what may not stand there, or begins with anything, lets this one in.
  const std::string_view pattern = model_.text(shape.pattern);
  const bool anything = pattern.starts_with(".*") || pattern.starts_with("^.*") ||
                        pattern.starts_with("(?!\\s*$).+") || pattern.starts_with("^(?!\\s*$).+");
  const bool of_what_may = pattern.find("[^") == std::string_view::npos && !anything;
  out.push_back({"a character of no pattern", R"("\u0001")", of_what_may});
}

void BadValues::of_number(const ShapeRow& shape, std::vector<BadValue>& out) {
  for (const char* json : {R"("many")", "1.5", "1e30", "-1", "1e999", "true", "[]", "{}", R"("")",
                           "9223372036854775808"}) {
    out.push_back({fmt::format("{:.12}", json), json});
  }
  if (shape.has(ShapeFlags::kHasMin)) {
    out.push_back({"too little", std::to_string(shape.min - 1), true});
  }
  if (shape.has(ShapeFlags::kHasMax) && shape.max < INT64_MAX) {
    out.push_back({"too much", std::to_string(shape.max + 1), true});
  }
}

std::string BadValues::all_bad(const ShapeRow& structure) const {
  std::string out = "{";
  for (const MemberRow& member : model_.members_of(structure)) {
    auto values = bad(model_.shape(member.shape), 1);
    const auto sure = std::ranges::find_if(values, [](const BadValue& each) {
      return each.surely && each.what.find("UTF-8") == std::string::npos;
    });
    const BadValue& chosen = sure != values.end() ? *sure : values.front();
    out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", as_text(name_of(member)), chosen.json);
  }
  return out + "}";
}

}  // namespace lapwing::hosting::testing
