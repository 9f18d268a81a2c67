#include "services/events/input.hpp"

#include <fmt/core.h>

#include "expressions/path.hpp"
#include "expressions/reserved.hpp"
#include "services/events/limits.hpp"
#include "services/events/words.hpp"
#include "text/json.hpp"

namespace lapwing::events {
namespace {

using expressions::Dialect;
using expressions::Path;
using expressions::Template;
using expressions::Unsent;
using expressions::Value;
using expressions::Visits;

bool has_reserved_prefix(std::string_view name) {
  constexpr std::string_view kPrefix = "aws.";
  if (name.size() < kPrefix.size()) return false;
  for (std::size_t i = 0; i < kPrefix.size(); ++i) {
    const char c = name[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kPrefix[i]) return false;
  }
  return true;
}

Status check_transformer(const std::string& id, const gen::events::InputTransformer& transformer) {
  if (transformer.input_paths_map) {
    for (const auto& [name, path] : *transformer.input_paths_map) {
      if (has_reserved_prefix(name)) {
        return fail(invalid(fmt::format(
            "InputPathsMap for target {} contains a name that begins with AWS.: {}.", id, name)));
      }
      if (!Path::read(path)) {
        return fail(
            invalid(fmt::format("Invalid JSON path {} in InputPathsMap for target {}.", path, id)));
      }
    }
  }
  const Template body = Template::read(transformer.input_template, Dialect::kRule);
  const auto* const unknown = body.unknown([&](std::string_view name) {
    return expressions::is_reserved(name, Dialect::kRule) ||
           (transformer.input_paths_map &&
            transformer.input_paths_map->contains(std::string(name)));
  });
  if (unknown != nullptr) {
    return fail(invalid(fmt::format("InputTemplate for target {} contains invalid placeholder {}.",
                                    id, unknown->name)));
  }
  for (const expressions::Placeholder& each : body.placeholders()) {
    if (each.is_key) {
      return fail(invalid(fmt::format(
          "InputTemplate for target {} contains placeholder {} as a key.", id, each.name)));
    }
  }
  return {};
}

std::expected<std::string, Unsent> transformed(const Rule& rule,
                                               const gen::events::InputTransformer& transformer,
                                               const Event& event, const text::JsonValue& root) {
  const std::string arn = rule.address.arn();
  const expressions::RuleDelivery delivery{.rule_arn = arn,
                                           .rule_name = rule.address.name,
                                           .ingested = wall_from_unix_ms(event.ingested_ms),
                                           .event = &root};
  const Template body = Template::read(transformer.input_template, Dialect::kRule);
  Visits visits;
  return body.render([&](std::string_view name) -> Value {
    if (expressions::is_reserved(name, Dialect::kRule)) {
      return expressions::reserved_of_rule(name, delivery);
    }
    if (!transformer.input_paths_map) return {};
    const auto found = transformer.input_paths_map->find(std::string(name));
    if (found == transformer.input_paths_map->end()) return {};
    const auto path = Path::read(found->second);
    return path ? path->in(root, visits) : Value();
  });
}

}  // namespace

Status check_input(const gen::events::Target& target) {
  const int kinds =
      (target.input ? 1 : 0) + (target.input_path ? 1 : 0) + (target.input_transformer ? 1 : 0);
  if (kinds > 1) {
    return fail(invalid(fmt::format(
        "Only one of Input, InputPath, or InputTransformer must be provided for target {}.",
        target.id)));
  }
  if (target.input && !text::check_json(*target.input)) {
    return fail(invalid(fmt::format("JSON syntax error in Input for target {}.", target.id)));
  }
  if (target.input_path && !Path::read(*target.input_path)) {
    return fail(invalid(fmt::format("Invalid InputPath for target {}.", target.id)));
  }
  return target.input_transformer ? check_transformer(target.id, *target.input_transformer)
                                  : Status();
}

std::expected<std::string, Unsent> input_of(const Rule& rule, const gen::events::Target& target,
                                            const Event& event) {
  if (target.input) return *target.input;
  if (!target.input_path && !target.input_transformer) return event.json;
  const auto document = text::parse_json(
      event.json, {.max_bytes = kEnvelopeBytesMax * 2, .max_depth = kDetailDepthMax + 1});
  if (!document) return std::unexpected(Unsent::kNoJson);
  if (target.input_transformer) {
    return transformed(rule, *target.input_transformer, event, document->root());
  }
  const auto path = Path::read(*target.input_path);
  if (!path) return std::unexpected(Unsent::kNoJson);
  Visits visits;
  const Value found = path->in(document->root(), visits);
  if (found.kind == Value::Kind::kTooMuch) return std::unexpected(Unsent::kTooMuch);
  if (found.kind == Value::Kind::kMissing) return std::unexpected(Unsent::kNoJson);
  return found.as_json();
}

}  // namespace lapwing::events
