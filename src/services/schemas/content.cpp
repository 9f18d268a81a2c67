#include "services/schemas/content.hpp"

#include <fmt/core.h>

#include "gen/schemas/enums.hpp"
#include "services/schemas/limits.hpp"
#include "services/schemas/words.hpp"
#include "text/json.hpp"

namespace lapwing::schemas {
namespace {

using gen::schemas::Type;
using text::JsonValue;

std::unexpected<Error> not_valid(std::string_view type, std::string_view why) {
  return fail(bad_request(fmt::format("The content is no valid {}: {}.", type, why)));
}

bool has_text(const JsonValue& object, std::string_view name) {
  const JsonValue* const value = object.find(name);
  return value != nullptr && value->is_string();
}

bool has_object(const JsonValue& object, std::string_view name) {
  const JsonValue* const value = object.find(name);
  return value != nullptr && value->is_object();
}

Status check_open_api(const JsonValue& root) {
  const auto wrong = [](std::string_view why) { return not_valid(Type::kOpenApi3, why); };
  if (!has_text(root, "openapi") || !root.find("openapi")->as_string().starts_with("3.")) {
    return wrong("its member openapi must say a version 3");
  }
  if (!has_object(root, "info") || !has_text(*root.find("info"), "title") ||
      !has_text(*root.find("info"), "version")) {
    return wrong("its member info must have a title and a version");
  }
  if (!has_object(root, "paths")) return wrong("its member paths must be an object");
  const JsonValue* const components = root.find("components");
  if (components == nullptr) return {};
  if (!components->is_object()) return wrong("its member components must be an object");
  const JsonValue* const schemas = components->find("schemas");
  if (schemas != nullptr && !schemas->is_object()) {
    return wrong("its member components.schemas must be an object");
  }
  return {};
}

Status check_json_schema(const JsonValue& root) {
  const auto wrong = [](std::string_view why) { return not_valid(Type::kJSONSchemaDraft4, why); };
  if (const JsonValue* const draft = root.find("$schema")) {
    const std::string_view said = draft->as_string();
    if (!draft->is_string() || !said.contains("json-schema.org/draft-04/schema")) {
      return wrong("its member $schema must name draft 4");
    }
  }
  if (const JsonValue* const type = root.find("type")) {
    if (!type->is_string() && !type->is_array()) {
      return wrong("its member type must be a name or a list of names");
    }
  }
  for (const std::string_view member : {"properties", "definitions", "patternProperties"}) {
    if (root.find(member) != nullptr && !has_object(root, member)) {
      return wrong(fmt::format("its member {} must be an object", member));
    }
  }
  if (const JsonValue* const required = root.find("required")) {
    if (!required->is_array()) return wrong("its member required must be a list");
  }
  return {};
}

}  // namespace

Status check_content(std::string_view type, std::string_view content) {
  const auto document = text::parse_json(content, {.max_depth = kContentDepthMax});
  if (!document) return not_valid(type, fmt::format("JSON, {}", document.error().message()));
  if (!document->root().is_object()) return not_valid(type, "it must be an object");
  return type == Type::kOpenApi3 ? check_open_api(document->root())
                                 : check_json_schema(document->root());
}

}  // namespace lapwing::schemas
