#include "policy/statements.hpp"

#include <algorithm>
#include <vector>

#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::policy {
namespace {

using text::JsonValue;

// A single statement may stand without a list.
std::vector<const JsonValue*> statements_of(const JsonValue& root) {
  std::vector<const JsonValue*> out;
  const JsonValue* const statements = root.find("Statement");
  if (statements == nullptr) return out;
  if (statements->is_object()) out.push_back(statements);
  for (const JsonValue& each : statements->items()) out.push_back(&each);
  return out;
}

bool is_of(const JsonValue& statement, std::string_view sid) {
  const JsonValue* const found = statement.find("Sid");
  return found != nullptr && found->is_string() && found->as_string() == sid;
}

// What stands beside the statements, then these, then `last` as it is.
std::string write(const JsonValue& root, const std::vector<const JsonValue*>& statements,
                  std::string_view last) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  for (const text::JsonMember& member : root.members()) {
    if (member.key == "Statement") continue;
    json.key(member.key);
    json.value(member.value);
  }
  json.key("Statement");
  json.begin_array();
  for (const JsonValue* const each : statements) json.value(*each);
  if (!last.empty()) json.raw(last);
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace

bool has_statement(std::string_view document, std::string_view sid) {
  const auto tree = text::parse_json(document);
  return tree && std::ranges::any_of(statements_of(tree->root()),
                                     [&](const JsonValue* each) { return is_of(*each, sid); });
}

std::string with_statement(std::string_view document, std::string_view statement) {
  const auto tree = text::parse_json(document);
  if (!tree) return std::string(document);
  return write(tree->root(), statements_of(tree->root()), statement);
}

std::optional<std::string> without_statement(std::string_view document, std::string_view sid) {
  const auto tree = text::parse_json(document);
  if (!tree) return std::nullopt;
  auto statements = statements_of(tree->root());
  if (std::erase_if(statements, [&](const JsonValue* each) { return is_of(*each, sid); }) == 0) {
    return std::nullopt;
  }
  return statements.empty() ? std::string() : write(tree->root(), statements, {});
}

}  // namespace lapwing::policy
