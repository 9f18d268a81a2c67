#include "services/sqs/policy.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/sqs/errors.hpp"
#include "gen/sqs/model.hpp"
#include "services/sqs/words.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::sqs {
namespace {

namespace errors = gen::sqs::errors;

Error invalid_policy() {
  return errors::invalid_attribute_value("Invalid value for the parameter Policy.");
}

void write_json(text::JsonWriter& json, const text::JsonValue& value) {
  switch (value.kind()) {
    case text::JsonKind::kNull:
      return json.null();
    case text::JsonKind::kBool:
      return json.boolean(value.as_bool());
    case text::JsonKind::kNumber:
      return json.raw(value.number_text());
    case text::JsonKind::kString:
      return json.string(value.as_string());
    case text::JsonKind::kArray:
      json.begin_array();
      for (const text::JsonValue& item : value.items()) write_json(json, item);
      return json.end_array();
    case text::JsonKind::kObject:
      json.begin_object();
      for (const text::JsonMember& member : value.members()) {
        json.key(member.key);
        write_json(json, member.value);
      }
      return json.end_object();
  }
}

// A single statement may stand without a list.
std::vector<const text::JsonValue*> statements_of(const text::JsonValue& root) {
  std::vector<const text::JsonValue*> out;
  const text::JsonValue* const statements = root.find("Statement");
  if (statements == nullptr) return out;
  if (statements->is_object()) out.push_back(statements);
  for (const text::JsonValue& each : statements->items()) out.push_back(&each);
  return out;
}

std::string_view label_of(const text::JsonValue& statement) {
  const text::JsonValue* const sid = statement.find("Sid");
  return sid == nullptr ? std::string_view() : sid->as_string();
}

bool is_good_statement(const text::JsonValue& statement) {
  if (!statement.is_object()) return false;
  const text::JsonValue* const effect = statement.find("Effect");
  if (effect == nullptr || (effect->as_string() != "Allow" && effect->as_string() != "Deny")) {
    return false;
  }
  const bool principal =
      statement.find("Principal") != nullptr || statement.find("NotPrincipal") != nullptr;
  const bool action = statement.find("Action") != nullptr || statement.find("NotAction") != nullptr;
  return principal && action;
}

void write_list(text::JsonWriter& json, const std::vector<std::string>& items) {
  if (items.size() == 1) return json.string(items.front());
  json.begin_array();
  for (const std::string& item : items) json.string(item);
  json.end_array();
}

void write_statement(text::JsonWriter& json, const Queue& queue, const Grant& grant) {
  std::vector<std::string> principals;
  for (const std::string& account : grant.accounts) {
    principals.push_back(
        fmt::format("arn:{}:iam::{}:root", aws::partition_of(queue.scope.region.view()), account));
  }
  std::vector<std::string> actions;
  for (const std::string& action : grant.actions) actions.push_back("SQS:" + action);
  json.begin_object();
  json.member("Sid", grant.label);
  json.member("Effect", "Allow");
  json.key("Principal");
  json.begin_object();
  json.key("AWS");
  write_list(json, principals);
  json.end_object();
  json.key("Action");
  write_list(json, actions);
  json.member("Resource", queue.arn());
  json.end_object();
}

// The document's head, then what `body` writes as its statements.
template <class Body>
std::string write_policy(const Queue& queue, const text::JsonValue* root, const Body& body) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  if (root == nullptr) {
    json.member("Version", "2008-10-17");
    json.member("Id", queue.arn() + "/SQSDefaultPolicy");
  } else {
    for (const text::JsonMember& member : root->members()) {
      if (member.key == "Statement") continue;
      json.key(member.key);
      write_json(json, member.value);
    }
  }
  json.key("Statement");
  json.begin_array();
  body(json);
  json.end_array();
  json.end_object();
  return out;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelCharactersMax &&
         std::ranges::all_of(label, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

// What a policy may grant to others: those that are about messages, and reading.
bool is_grantable(std::string_view action) {
  constexpr std::string_view kOwnersOnly[] = {
      "AddPermission",        "CancelMessageMoveTask", "CreateQueue", "DeleteQueue",
      "ListMessageMoveTasks", "ListQueueTags",         "ListQueues",  "RemovePermission",
      "SetQueueAttributes",   "StartMessageMoveTask",  "TagQueue",    "UntagQueue"};
  if (action == "*") return true;
  return gen::sqs::kModel.find_operation(action) != nullptr && !action.ends_with("Batch") &&
         std::ranges::find(kOwnersOnly, action) == std::end(kOwnersOnly);
}

Status check_grant(const Grant& grant) {
  if (!is_label(grant.label)) {
    return fail(invalid_value(grant.label, "Label",
                              "Can only include alphanumeric characters, hyphens, or underscores. "
                              "1 to 80 in length."));
  }
  if (grant.actions.empty()) {
    return fail(
        errors::missing_required_parameter("The request must contain the parameter Actions."));
  }
  if (grant.accounts.empty()) {
    return fail(errors::missing_required_parameter(
        "The request must contain the parameter AWSAccountIds."));
  }
  if (grant.actions.size() > kPolicyActionsMax) {
    return fail(errors::over_limit(fmt::format("{} Actions were found, maximum allowed is {}.",
                                               grant.actions.size(), kPolicyActionsMax)));
  }
  if (grant.accounts.size() > kPolicyPrincipalsMax) {
    return fail(errors::over_limit(fmt::format("{} PrincipalIds were found, maximum allowed is {}.",
                                               grant.accounts.size(), kPolicyPrincipalsMax)));
  }
  for (const std::string& action : grant.actions) {
    if (is_grantable(action)) continue;
    return fail(invalid_value("SQS:" + action, "ActionName",
                              "Only the queue owner is allowed to invoke this action."));
  }
  for (const std::string& account : grant.accounts) {
    if (aws::is_account_id(account)) continue;
    return fail(invalid_value(account, "PrincipalId", "Unable to verify."));
  }
  return {};
}

}  // namespace

Status check_policy(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > kPolicyBytesMax) return fail(invalid_policy());
  const auto document = text::parse_json(text);
  if (!document || !document->root().is_object()) return fail(invalid_policy());
  const auto statements = statements_of(document->root());
  if (statements.empty()) return fail(invalid_policy());
  if (statements.size() > kPolicyStatementsMax) {
    return fail(errors::over_limit(fmt::format("{} statements were found, maximum allowed is {}.",
                                               statements.size(), kPolicyStatementsMax)));
  }
  const bool good = std::ranges::all_of(
      statements, [](const text::JsonValue* each) { return is_good_statement(*each); });
  if (!good) return fail(invalid_policy());
  return {};
}

Result<std::string> with_statement(const Queue& queue, const Grant& grant) {
  LAPWING_CHECK(check_grant(grant));
  if (queue.policy.empty()) {
    return write_policy(queue, nullptr,
                        [&](text::JsonWriter& json) { write_statement(json, queue, grant); });
  }
  LAPWING_TRY(const text::JsonDocument document, text::parse_json(queue.policy));
  const auto statements = statements_of(document.root());
  for (const text::JsonValue* const each : statements) {
    if (label_of(*each) == grant.label) {
      return fail(invalid_value(grant.label, "Label", "Already exists."));
    }
  }
  std::string out = write_policy(queue, &document.root(), [&](text::JsonWriter& json) {
    for (const text::JsonValue* const each : statements) write_json(json, *each);
    write_statement(json, queue, grant);
  });
  LAPWING_CHECK(check_policy(out));
  return out;
}

Result<std::string> without_statement(const Queue& queue, std::string_view label) {
  const auto unknown = [&] { return fail(invalid_value(label, "Label", "can't find label.")); };
  if (queue.policy.empty()) return unknown();
  LAPWING_TRY(const text::JsonDocument document, text::parse_json(queue.policy));
  auto statements = statements_of(document.root());
  const auto removed = std::erase_if(
      statements, [&](const text::JsonValue* each) { return label_of(*each) == label; });
  if (removed == 0) return unknown();
  if (statements.empty()) return std::string();
  return write_policy(queue, &document.root(), [&](text::JsonWriter& json) {
    for (const text::JsonValue* const each : statements) write_json(json, *each);
  });
}

}  // namespace lapwing::sqs
