#include "services/sqs/policy.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "gen/sqs/errors.hpp"
#include "gen/sqs/model.hpp"
#include "policy/document.hpp"
#include "policy/statements.hpp"
#include "services/sqs/words.hpp"

namespace lapwing::sqs {
namespace {

namespace errors = gen::sqs::errors;

Error invalid_policy() {
  return errors::invalid_attribute_value("Invalid value for the parameter Policy.");
}

std::string statement_of(const Queue& queue, const Grant& grant) {
  return policy::grant_json(grant, aws::partition_of(queue.scope.region.view()),
                            "SQS:", queue.arn());
}

// What AddPermission begins with.
std::string empty_policy(const Queue& queue) {
  return policy::document_json("2008-10-17", queue.arn() + "/SQSDefaultPolicy", {});
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
  if (!policy::is_label(grant.label, kLabelCharactersMax)) {
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
  const auto document = policy::parse(text, policy::Use::kResource);
  if (!document) return fail(invalid_policy());
  if (document->statements.size() > kPolicyStatementsMax) {
    return fail(errors::over_limit(fmt::format("{} statements were found, maximum allowed is {}.",
                                               document->statements.size(), kPolicyStatementsMax)));
  }
  return {};
}

Result<std::string> with_statement(const Queue& queue, const Grant& grant) {
  LAPWING_CHECK(check_grant(grant));
  if (policy::has_statement(queue.policy, grant.label)) {
    return fail(invalid_value(grant.label, "Label", "Already exists."));
  }
  std::string out = policy::with_statement(
      queue.policy.empty() ? empty_policy(queue) : queue.policy, statement_of(queue, grant));
  LAPWING_CHECK(check_policy(out));
  return out;
}

Result<std::string> without_statement(const Queue& queue, std::string_view label) {
  auto out = policy::without_statement(queue.policy, label);
  if (!out) return fail(invalid_value(label, "Label", "can't find label."));
  return *std::move(out);
}

}  // namespace lapwing::sqs
