#include "aws/validator.hpp"

#include <cmath>
#include <vector>

#include <fmt/core.h>
#include <fmt/format.h>

#include "text/json_writer.hpp"
#include "text/pattern.hpp"
#include "text/utf8.hpp"

namespace lapwing::aws {
namespace {

// Bounds of floating-point shapes are written "1.0", all others "1".
std::string bound_text(const ShapeRow& shape, std::int64_t bound) {
  const bool floating = shape.kind == ShapeKind::kDouble || shape.kind == ShapeKind::kFloat;
  return fmt::format("{}{}", bound, floating ? ".0" : "");
}

std::string java_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::string out;
  text::JsonWriter(out).number(value);
  if (out.find_first_of(".eE") == std::string::npos) out += ".0";
  return out;
}

bool is_number(const ShapeRow& shape) {
  return shape.kind == ShapeKind::kInteger || shape.kind == ShapeKind::kLong ||
         shape.kind == ShapeKind::kDouble || shape.kind == ShapeKind::kFloat;
}

class Validator {
 public:
  Validator(const ServiceModel& model, text::PatternCache& patterns)
      : model_(model), patterns_(patterns) {}

  void structure(const ShapeRow& shape, const Value& value, const std::string& prefix) {
    const auto members = model_.members_of(shape);
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::string path = prefix + std::string(model_.text(members[i].path));
      if (value[i].present()) {
        check(model_.shape(members[i].shape), value[i], path);
      } else if (members[i].has(MemberFlags::kRequired) &&
                 !members[i].has(MemberFlags::kStreaming)) {  // it may be coming yet
        if (missing_.empty()) missing_ = model_.text(members[i].name);
        violations_.push_back(fmt::format(
            "Value null at '{}' failed to satisfy constraint: Member must not be null", path));
      }
    }
  }

  Status finish() const {
    if (violations_.empty()) return {};
    if (!missing_.empty() && !model_.missing_code.empty()) {
      return fail(Error(ErrorKind::kInvalid, std::string(model_.missing_code),
                        fmt::format("The request must contain the parameter {}.", missing_))
                      .with_status(400));
    }
    std::string message = fmt::format("{} validation error{} detected: ", violations_.size(),
                                      violations_.size() == 1 ? "" : "s");
    for (std::size_t i = 0; i < violations_.size(); ++i) {
      if (i > 0) message += "; ";
      message += violations_[i];
    }
    return fail(
        Error(ErrorKind::kInvalid, std::string(model_.validation_code), message).with_status(400));
  }

 private:
  void check(const ShapeRow& shape, const Value& value, const std::string& path) {
    for (const std::string& constraint : violated(shape, value)) {
      complain(shape, value, path, constraint);
    }
    switch (shape.kind) {
      case ShapeKind::kStructure:
        return structure(shape, value, path + ".");
      case ShapeKind::kList:
        return list(shape, value, path);
      case ShapeKind::kMap:
        return map(shape, value, path);
      case ShapeKind::kString:
      case ShapeKind::kBlob:
      case ShapeKind::kBoolean:
      case ShapeKind::kInteger:
      case ShapeKind::kLong:
      case ShapeKind::kFloat:
      case ShapeKind::kDouble:
      case ShapeKind::kTimestamp:
        return;
    }
  }

  void complain(const ShapeRow& shape, const Value& value, const std::string& path,
                const std::string& constraint) {
    // Secrets are not repeated to those who read the error.
    violations_.push_back(
        is_sensitive(shape)
            ? fmt::format("Value at '{}' failed to satisfy constraint: {}", path, constraint)
            : constraint_violation(print(shape, value), path, constraint));
  }

  bool is_sensitive(const ShapeRow& shape) const {
    if (shape.has(ShapeFlags::kSensitive)) return true;
    if (shape.kind != ShapeKind::kList && shape.kind != ShapeKind::kMap) return false;
    return model_.shape(shape.element).has(ShapeFlags::kSensitive) ||
           (shape.kind == ShapeKind::kMap && model_.shape(shape.key).has(ShapeFlags::kSensitive));
  }

  static bool is_collection(const ShapeRow& shape) {
    return shape.kind == ShapeKind::kStructure || shape.kind == ShapeKind::kList ||
           shape.kind == ShapeKind::kMap;
  }

  void list(const ShapeRow& shape, const Value& value, const std::string& path) {
    const ShapeRow& element = model_.shape(shape.element);
    std::size_t number = 1;
    for (const Value& item : value.items()) {
      if (is_collection(element)) {
        check(element, item, fmt::format("{}.{}.member", path, number++));
      } else if (!violated(element, item).empty()) {
        // One entry a list, naming all constraints of its elements, whichever was broken.
        complain(shape, value, path,
                 fmt::format("Member must satisfy constraint: [{}]", all_constraints(element)));
        return;
      }
    }
  }

  void map(const ShapeRow& shape, const Value& value, const std::string& path) {
    const ShapeRow& key = model_.shape(shape.key);
    const ShapeRow& element = model_.shape(shape.element);
    bool key_broken = false;
    bool value_broken = false;
    for (const MapEntry& entry : value.entries()) {
      key_broken = key_broken || !violated(key, entry.key).empty();
      if (is_collection(element)) {
        check(element, entry.value, fmt::format("{}.{}.member", path, entry.key.as_string()));
      } else {
        value_broken = value_broken || !violated(element, entry.value).empty();
      }
    }
    if (key_broken) {
      complain(shape, value, path,
               fmt::format("Map keys must satisfy constraint: [{}]",
                           fmt::join(own_constraints(key), ", ")));
    }
    if (value_broken) {
      complain(shape, value, path,
               fmt::format("Map value must satisfy constraint: [{}]", all_constraints(element)));
    }
  }

  std::string enum_constraint(const ShapeRow& shape) const {
    std::string out = "Member must satisfy enum value set: [";
    bool first = true;
    for (const StringRef value : model_.enum_of(shape)) {
      if (!first) out += ", ";
      first = false;
      out += model_.text(value);
    }
    return out + "]";
  }

  std::string max_constraint(const ShapeRow& shape) const {
    return fmt::format("Member must have {} less than or equal to {}",
                       is_number(shape) ? "value" : "length", bound_text(shape, shape.max));
  }
  std::string min_constraint(const ShapeRow& shape) const {
    return fmt::format("Member must have {} greater than or equal to {}",
                       is_number(shape) ? "value" : "length", bound_text(shape, shape.min));
  }
  std::string pattern_constraint(const ShapeRow& shape) const {
    return fmt::format("Member must satisfy regular expression pattern: {}",
                       model_.text(shape.pattern));
  }
  static bool has_enum(const ShapeRow& shape) {
    return shape.kind == ShapeKind::kString && shape.count > 0;
  }

  std::vector<std::string> own_constraints(const ShapeRow& shape) const {
    std::vector<std::string> out;
    if (has_enum(shape)) out.push_back(enum_constraint(shape));
    if (shape.has(ShapeFlags::kHasMax)) out.push_back(max_constraint(shape));
    if (shape.has(ShapeFlags::kHasMin)) out.push_back(min_constraint(shape));
    if (shape.pattern != 0) out.push_back(pattern_constraint(shape));
    return out;
  }

  // Elements and values may not be null; of keys, which cannot be, recorded answers do not say it.
  std::string all_constraints(const ShapeRow& shape) const {
    std::vector<std::string> out = own_constraints(shape);
    out.emplace_back("Member must not be null");
    return fmt::format("{}", fmt::join(out, ", "));
  }

  // The size that min and max speak of.
  static double measure(const ShapeRow& shape, const Value& value) {
    if (is_number(shape)) return value.as_double();
    if (shape.kind == ShapeKind::kString) {
      return static_cast<double>(text::utf8_length(value.as_string()));
    }
    return static_cast<double>(value.size());
  }

  std::vector<std::string> violated(const ShapeRow& shape, const Value& value) const {
    std::vector<std::string> out;
    if (!value.present()) return {"Member must not be null"};
    if (shape.kind == ShapeKind::kStructure) return out;
    if (has_enum(shape) && !in_enum(shape, value.as_string())) {
      out.push_back(enum_constraint(shape));
    }
    const bool measured = shape.has(ShapeFlags::kHasMax) || shape.has(ShapeFlags::kHasMin);
    const double size = measured ? measure(shape, value) : 0;
    // So that NaN, which is neither more nor less, is within no bounds.
    const bool too_long =
        shape.has(ShapeFlags::kHasMax) && !(size <= static_cast<double>(shape.max));
    if (shape.pattern != 0 && !too_long && !matches(shape, value.as_string())) {
      out.push_back(pattern_constraint(shape));
    }
    if (too_long) out.push_back(max_constraint(shape));
    if (shape.has(ShapeFlags::kHasMin) && !(size >= static_cast<double>(shape.min))) {
      out.push_back(min_constraint(shape));
    }
    return out;
  }

  bool in_enum(const ShapeRow& shape, std::string_view text) const {
    for (const StringRef value : model_.enum_of(shape)) {
      if (model_.text(value) == text) return true;
    }
    return false;
  }

  bool matches(const ShapeRow& shape, std::string_view text) const {
    const text::Pattern* pattern = patterns_.get(model_.text(shape.pattern));
    if (pattern == nullptr) return true;  // a test compiles every pattern of every model
    const auto matched = pattern->matches(text);
    return matched && *matched;
  }

  // As Java's toString() prints it.
  std::string print(const ShapeRow& shape, const Value& value) const {
    switch (shape.kind) {
      case ShapeKind::kStructure:
        return print_structure(shape, value);
      case ShapeKind::kList:
        return print_list(shape, value);
      case ShapeKind::kMap:
        return print_map(shape, value);
      case ShapeKind::kBlob:
        return fmt::format("java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", value.size());
      case ShapeKind::kBoolean:
        return value.as_bool() ? "true" : "false";
      case ShapeKind::kInteger:
      case ShapeKind::kLong:
        return fmt::format("{}", value.as_integer());
      case ShapeKind::kFloat:
      case ShapeKind::kDouble:
        return java_double(value.as_double());
      case ShapeKind::kString:
      case ShapeKind::kTimestamp:
        break;
    }
    return std::string(value.as_string());
  }

  std::string print_structure(const ShapeRow& shape, const Value& value) const {
    std::string out(model_.text(shape.name));
    out += '(';
    const auto members = model_.members_of(shape);
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += ", ";
      out += model_.text(members[i].path);
      out += '=';
      out += value[i].present() ? print(model_.shape(members[i].shape), value[i]) : "null";
    }
    return out + ")";
  }

  std::string print_list(const ShapeRow& shape, const Value& value) const {
    std::string out = "[";
    for (const Value& item : value.items()) {
      if (out.size() > 1) out += ", ";
      out += item.present() ? print(model_.shape(shape.element), item) : "null";
    }
    return out + "]";
  }

  std::string print_map(const ShapeRow& shape, const Value& value) const {
    std::string out = "{";
    for (const MapEntry& entry : value.entries()) {
      if (out.size() > 1) out += ", ";
      out += entry.key.as_string();
      out += '=';
      out += entry.value.present() ? print(model_.shape(shape.element), entry.value) : "null";
    }
    return out + "}";
  }

  const ServiceModel& model_;
  text::PatternCache& patterns_;
  std::vector<std::string> violations_;
  std::string_view missing_;  // the first one
};

}  // namespace

Status validate(const ServiceModel& model, const OperationRow& operation, const Value& input,
                text::PatternCache& patterns) {
  if (operation.input == kNone) return {};
  Validator validator(model, patterns);
  validator.structure(model.shape(operation.input), input, "");
  return validator.finish();
}

std::string constraint_violation(std::string_view value, std::string_view path,
                                 std::string_view constraint) {
  return fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", value, path,
                     constraint);
}

std::string validation_message(std::string_view violation) {
  return fmt::format("1 validation error detected: {}", violation);
}

}  // namespace lapwing::aws
