#include "policy/statements.hpp"

#include <algorithm>
#include <vector>

#include <fmt/core.h>

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

void write_list(text::JsonWriter& json, const std::vector<std::string>& items) {
  if (items.size() == 1) return json.string(items.front());
  json.begin_array();
  for (const std::string& item : items) json.string(item);
  json.end_array();
}

void write_principals(text::JsonWriter& json, const Statement& statement) {
  if (statement.everyone) return json.string("*");
  json.begin_object();
  std::vector<std::string_view> written;
  for (const Principal& first : statement.principals) {
    if (std::ranges::find(written, first.type) != written.end()) continue;
    written.push_back(first.type);
    std::vector<std::string> names;
    for (const Principal& each : statement.principals) {
      if (each.type == first.type) names.push_back(each.name);
    }
    json.key(first.type);
    write_list(json, names);
  }
  json.end_object();
}

void write_conditions(text::JsonWriter& json, const std::vector<Condition>& conditions) {
  json.begin_object();
  std::vector<std::string_view> written;
  for (const Condition& first : conditions) {
    if (std::ranges::find(written, first.test) != written.end()) continue;
    written.push_back(first.test);
    json.key(first.test);
    json.begin_object();
    for (const Condition& each : conditions) {
      if (each.test != first.test) continue;
      json.key(each.key);
      write_list(json, each.values);
    }
    json.end_object();
  }
  json.end_object();
}

}  // namespace

std::string statement_json(const Statement& statement) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("Sid", statement.sid);
  json.member("Effect", statement.effect == Effect::kAllow ? "Allow" : "Deny");
  json.key("Principal");
  write_principals(json, statement);
  json.key("Action");
  write_list(json, statement.actions);
  json.key("Resource");
  write_list(json, statement.resources);
  if (!statement.conditions.empty()) {
    json.key("Condition");
    write_conditions(json, statement.conditions);
  }
  json.end_object();
  return out;
}

std::string document_json(std::string_view version, std::string_view id,
                          const std::vector<std::string>& statements) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("Version", version);
  if (!id.empty()) json.member("Id", id);
  json.key("Statement");
  json.begin_array();
  for (const std::string& statement : statements) json.raw(statement);
  json.end_array();
  json.end_object();
  return out;
}

std::vector<Principal> account_principals(std::string_view partition,
                                          const std::vector<std::string>& accounts) {
  std::vector<Principal> out;
  for (const std::string& account : accounts) {
    out.push_back({"AWS", fmt::format("arn:{}:iam::{}:root", partition, account)});
  }
  return out;
}

bool is_label(std::string_view label, std::size_t max) {
  return !label.empty() && label.size() <= max && std::ranges::all_of(label, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

std::string grant_json(const AccountGrant& grant, std::string_view partition,
                       std::string_view prefix, const std::string& resource) {
  Statement out;
  out.sid = grant.label;
  out.effect = Effect::kAllow;
  out.principals = account_principals(partition, grant.accounts);
  for (const std::string& action : grant.actions)
    out.actions.push_back(std::string(prefix) + action);
  out.resources = {resource};
  return statement_json(out);
}

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
