#include "services/sns/policy.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "policy/document.hpp"
#include "policy/statements.hpp"
#include "services/sns/words.hpp"

namespace lapwing::sns {
namespace {

constexpr std::string_view kOwnersActions[] = {"GetTopicAttributes",
                                               "SetTopicAttributes",
                                               "AddPermission",
                                               "RemovePermission",
                                               "DeleteTopic",
                                               "Subscribe",
                                               "ListSubscriptionsByTopic",
                                               "Publish"};
// What else a policy may grant.
constexpr std::string_view kOtherActions[] = {"GetDataProtectionPolicy",
                                              "PutDataProtectionPolicy",
                                              "ListTagsForResource",
                                              "TagResource",
                                              "UntagResource",
                                              "Receive",
                                              "ConfirmSubscription",
                                              "Unsubscribe",
                                              "*"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

// Without "SNS:".
bool is_grantable(std::string_view action) {
  const auto same = [&](std::string_view each) { return same_word(each, action); };
  return std::ranges::any_of(kOwnersActions, same) || std::ranges::any_of(kOtherActions, same);
}

bool is_in_scope(std::string_view action) {
  if (action == "*") return true;
  const std::size_t colon = action.find(':');
  if (colon == std::string_view::npos || !same_word(action.substr(0, colon), "sns")) return false;
  const std::string_view name = action.substr(colon + 1);
  return name.find_first_of("*?") != std::string_view::npos || is_grantable(name);
}

std::string statement_of(const Topic& topic, const Grant& grant) {
  return policy::grant_json(grant, aws::partition_of(topic.scope.region.view()),
                            "SNS:", topic.arn());
}

Status check_grant(const Grant& grant) {
  if (!policy::is_label(grant.label, kLabelCharactersMax)) return fail(invalid("Label"));
  if (grant.accounts.empty()) return fail(invalid("AWSAccountId"));
  if (grant.actions.empty()) return fail(invalid("ActionName"));
  for (const std::string& action : grant.actions) {
    if (!is_grantable(action)) {
      return fail(invalid("Policy statement action out of service scope!"));
    }
  }
  for (const std::string& account : grant.accounts) {
    if (!aws::is_account_id(account)) return fail(invalid("AWSAccountId"));
  }
  return {};
}

}  // namespace

std::string default_policy(const Topic& topic) {
  policy::Statement statement;
  statement.sid = "__default_statement_ID";
  statement.effect = policy::Effect::kAllow;
  statement.principals.push_back({.type = "AWS", .name = "*"});
  for (const std::string_view action : kOwnersActions) {
    statement.actions.push_back(fmt::format("SNS:{}", action));
  }
  statement.resources = {topic.arn()};
  statement.conditions.push_back(
      {.test = "StringEquals", .key = "AWS:SourceOwner", .values = {topic.scope.account.str()}});
  return policy::document_json("2008-10-17", "__default_policy_ID",
                               {policy::statement_json(statement)});
}

std::string policy_of(const Topic& topic) {
  const std::string_view set = topic.attribute("Policy");
  return set.empty() ? default_policy(topic) : std::string(set);
}

std::string policy_fault(std::string_view text) {
  if (text.size() > kPolicyBytesMax) {
    return fmt::format("Policy Reason: longer than {} bytes", kPolicyBytesMax);
  }
  const auto document = policy::parse(text, policy::Use::kResource);
  if (!document) return fmt::format("Policy Error: {}", document.error().message);
  if (document->statements.size() > kPolicyStatementsMax) {
    return fmt::format("Policy Reason: more than {} statements", kPolicyStatementsMax);
  }
  std::size_t principals = 0;
  for (const policy::Statement& statement : document->statements) {
    principals += statement.principals.size();
    if (!std::ranges::all_of(statement.actions, is_in_scope)) {
      return "Policy statement action out of service scope!";
    }
  }
  if (principals > kPolicyPrincipalsMax) {
    return fmt::format("Policy Reason: more than {} principals", kPolicyPrincipalsMax);
  }
  return {};
}

Result<std::string> with_statement(const Topic& topic, const Grant& grant) {
  LAPWING_CHECK(check_grant(grant));
  const std::string before = policy_of(topic);
  if (policy::has_statement(before, grant.label)) {
    return fail(invalid("Statement already exists"));
  }
  std::string out = policy::with_statement(before, statement_of(topic, grant));
  if (const std::string fault = policy_fault(out); !fault.empty()) return fail(invalid(fault));
  return out;
}

std::string without_statement(const Topic& topic, std::string_view label) {
  std::string before = policy_of(topic);
  return policy::without_statement(before, label).value_or(std::move(before));
}

}  // namespace lapwing::sns
