#include "aws/query_codec.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "aws/scalar.hpp"
#include "text/query_string.hpp"

namespace lapwing::aws {
namespace {

struct Field {
  std::string_view name;
  std::string_view value;
  std::size_t order = 0;  // as sent
};

class QueryReader {
 public:
  QueryReader(const ServiceModel& model, std::vector<Field> fields, Arena& arena)
      : model_(model), fields_(std::move(fields)), arena_(arena) {
    // Of repeated names the first one sent stays first.
    std::ranges::sort(fields_, [](const Field& a, const Field& b) {
      return std::tie(a.name, a.order) < std::tie(b.name, b.order);
    });
  }

  Result<Value> structure(const ShapeRow& shape, const std::string& prefix) {
    const auto members = model_.members_of(shape);
    auto slots = arena_.make_array<Value>(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      LAPWING_TRY(slots[i], member(members[i], prefix));
    }
    return Value::structure(slots);
  }

 private:
  Result<Value> member(const MemberRow& row, const std::string& prefix) {
    const ShapeRow& shape = model_.shape(row.shape);
    std::string path = prefix + std::string(model_.text(row.query));
    if (shape.kind == ShapeKind::kList && !any(path) && shape.has(ShapeFlags::kFlattened)) {
      // Flattened lists may carry the element's name in place of the member's.
      path = prefix + std::string(model_.text(shape.element_name));
    }
    return read(&row, shape, path);
  }

  Result<Value> read(const MemberRow* row, const ShapeRow& shape, const std::string& path) {
    switch (shape.kind) {
      case ShapeKind::kStructure:
        if (!any(path)) return Value();
        return structure(shape, path + ".");
      case ShapeKind::kList:
        return list(shape, path);
      case ShapeKind::kMap:
        return map(shape, path);
      case ShapeKind::kString:
      case ShapeKind::kBlob:
      case ShapeKind::kBoolean:
      case ShapeKind::kInteger:
      case ShapeKind::kLong:
      case ShapeKind::kFloat:
      case ShapeKind::kDouble:
      case ShapeKind::kTimestamp:
        break;
    }
    const Field* field = find(path);
    if (field == nullptr) return Value();
    return parse_scalar(shape, field->value,
                        timestamp_format(row, shape, TimestampFormat::kIso8601), arena_);
  }

  Result<Value> list(const ShapeRow& shape, const std::string& path) {
    std::string base = path;
    auto indexes = indexes_below(base);
    for (const std::string_view name :
         {model_.text(shape.element_name), std::string_view("member")}) {
      if (!indexes.empty()) break;
      base = path + "." + std::string(name);
      indexes = indexes_below(base);
    }
    if (indexes.empty()) return find(path) ? Value::list({}) : Value();
    const ShapeRow& element = model_.shape(shape.element);
    auto items = arena_.make_array<Value>(indexes.size());
    std::size_t at = 0;
    for (const std::uint32_t index : indexes) {
      LAPWING_TRY(items[at], read(nullptr, element, base + "." + std::to_string(index)));
      ++at;
    }
    return Value::list(items);
  }

  Result<Value> map(const ShapeRow& shape, const std::string& path) {
    std::string base = path;
    auto indexes = indexes_below(base);
    if (indexes.empty()) {
      base = path + ".entry";
      indexes = indexes_below(base);
    }
    if (indexes.empty()) return find(path) ? Value::map({}) : Value();
    auto entries = arena_.make_array<MapEntry>(indexes.size());
    std::size_t at = 0;
    for (const std::uint32_t index : indexes) {
      const std::string entry = base + "." + std::to_string(index) + ".";
      LAPWING_TRY(entries[at].key, read(nullptr, model_.shape(shape.key),
                                        entry + std::string(model_.text(shape.key_name))));
      LAPWING_TRY(entries[at].value, read(nullptr, model_.shape(shape.element),
                                          entry + std::string(model_.text(shape.element_name))));
      ++at;
    }
    return Value::map(entries);
  }

  const Field* find(std::string_view name) const {
    const auto at = std::ranges::lower_bound(fields_, name, {}, &Field::name);
    return at != fields_.end() && at->name == name ? &*at : nullptr;
  }

  // Is there a field at this path or below it?
  bool any(const std::string& path) const {
    if (find(path) != nullptr) return true;
    const std::string below = path + ".";
    const auto at = std::ranges::lower_bound(fields_, std::string_view(below), {}, &Field::name);
    return at != fields_.end() && at->name.starts_with(below);
  }

  // The numbers N of fields "<path>.N" and "<path>.N.<more>".
  std::set<std::uint32_t> indexes_below(const std::string& path) const {
    std::set<std::uint32_t> out;
    const std::string below = path + ".";
    for (auto at = std::ranges::lower_bound(fields_, std::string_view(below), {}, &Field::name);
         at != fields_.end() && at->name.starts_with(below); ++at) {
      const std::string_view rest = at->name.substr(below.size());
      const std::string_view digits = rest.substr(0, rest.find('.'));
      std::uint32_t index = 0;
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), index);
      const bool plain = !digits.empty() && digits.front() != '0';
      if (error == std::errc() && end == digits.data() + digits.size() && plain) {
        out.insert(index);
      }
    }
    return out;
  }

  const ServiceModel& model_;
  std::vector<Field> fields_;
  Arena& arena_;
};

}  // namespace

Result<Value> read_query(const ServiceModel& model, const ShapeRow& shape,
                         std::string_view raw_query, std::string_view body, Arena& arena) {
  std::vector<Field> fields;
  for (const std::string_view source : {raw_query, body}) {
    auto parsed = text::QueryString::parse(source);
    if (!parsed) {
      return fail(Error(ErrorKind::kInvalid, "MalformedQueryString",
                        "The query string contains a syntax error.")
                      .with_status(400));
    }
    for (const auto& pair : parsed->pairs()) {
      fields.push_back({arena.copy(pair.name), arena.copy(pair.value), fields.size()});
    }
  }
  return QueryReader(model, std::move(fields), arena).structure(shape, "");
}

}  // namespace lapwing::aws
