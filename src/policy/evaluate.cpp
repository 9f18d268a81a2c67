#include "policy/evaluate.hpp"

#include <algorithm>
#include <optional>

#include "policy/elements.hpp"
#include "policy/variables.hpp"

namespace lapwing::policy {
namespace {

constexpr std::size_t kArnParts = 6;

bool matches_action(std::string_view pattern, std::string_view action) {
  if (pattern == "*") return true;
  const std::size_t colon = pattern.find(':');
  const std::size_t asked = action.find(':');
  if (colon == std::string_view::npos || asked == std::string_view::npos ||
      !same_ignoring_case(pattern.substr(0, colon), action.substr(0, asked))) {
    return false;
  }
  const auto name = read_tokens(pattern.substr(colon + 1), {});
  return name && matches(*name, action.substr(asked + 1), true);
}

// Each part of the ARN on its own; the last one takes the rest. A pattern that ends early is about
// every one of the parts it leaves out, if it has a wildcard.
bool matches_resource(std::string_view pattern, std::string_view resource,
                      const Context* variables) {
  if (pattern == "*") return true;
  const auto wanted = split_colons(pattern, kArnParts);
  const auto asked = split_colons(resource, kArnParts);
  if (asked.size() < kArnParts) return false;
  if (wanted.size() < kArnParts && !pattern.contains('*')) return false;
  for (std::size_t at = 0; at < wanted.size(); ++at) {
    const bool last = at + 1 == kArnParts;
    const auto part =
        read_tokens(wanted[at], {.wildcards = true, .variables = last ? variables : nullptr});
    if (!part || !matches(*part, asked[at])) return false;
  }
  return true;
}

bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The account that a principal names as a whole; empty where it names something else.
std::string_view account_of(std::string_view name) {
  if (is_account(name)) return name;
  const auto parts = split_colons(name, kArnParts);
  if (parts.size() < kArnParts || parts[2] != "iam" || parts[5] != "root") return {};
  return parts[4];
}

// As whom the statement names the asker, if it does.
Verdict named(const Statement& statement, const Asker& asker) {
  Verdict out = Verdict::kNone;
  for (const Principal& principal : statement.principals) {
    if (principal.type == "Service") {
      if (!asker.service.empty() && principal.name == asker.service) return Verdict::kAllowed;
    } else if (principal.type == "AWS") {
      if (principal.name == "*") return Verdict::kAllowed;
      if (!asker.arn.empty() && principal.name == asker.arn) return Verdict::kAllowed;
      if (!asker.role_arn.empty() && principal.name == asker.role_arn) return Verdict::kAllowed;
      if (!asker.account.empty() && account_of(principal.name) == asker.account) {
        out = Verdict::kAccount;
      }
    }
  }
  return out;
}

Verdict asked_by(const Statement& statement, const Asker& asker) {
  if (statement.everyone && !statement.not_principal) return Verdict::kAllowed;
  // A document of a user or a role says nothing of principals.
  if (statement.principals.empty() && !statement.not_principal) return Verdict::kAllowed;
  const Verdict found = named(statement, asker);
  if (!statement.not_principal) return found;
  return statement.everyone || found != Verdict::kNone ? Verdict::kNone : Verdict::kAllowed;
}

bool about_action(const Statement& statement, std::string_view action) {
  const bool found = std::ranges::any_of(statement.actions, [&](const std::string& pattern) {
    return matches_action(pattern, action);
  });
  return found != statement.not_action;
}

bool about_resource(const Statement& statement, std::string_view resource,
                    const Context* variables) {
  if (statement.resources.empty() && !statement.not_resource) return true;
  const bool found = std::ranges::any_of(statement.resources, [&](const std::string& pattern) {
    return matches_resource(pattern, resource, variables);
  });
  return found != statement.not_resource;
}

}  // namespace

bool IgnoringCase::operator()(std::string_view a, std::string_view b) const {
  return std::ranges::lexicographical_compare(a, b, [](char x, char y) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    };
    return lower(x) < lower(y);
  });
}

const std::vector<std::string>* find(const Context& context, std::string_view key) {
  const auto found = context.find(key);
  return found == context.end() ? nullptr : &found->second;
}

Request service_request(std::string_view service, std::string_view source_arn,
                        std::string_view source_account) {
  Request out;
  out.asker.service = service;
  out.context["aws:PrincipalIsAWSService"] = {"true"};
  out.context["aws:PrincipalServiceName"] = {std::string(service)};
  if (!source_arn.empty()) out.context["aws:SourceArn"] = {std::string(source_arn)};
  if (!source_account.empty()) out.context["aws:SourceAccount"] = {std::string(source_account)};
  return out;
}

Verdict evaluate(const Document& document, const Request& request) {
  // Older documents mean "${aws:username}" as it stands.
  const bool variables = document.version == "2012-10-17";
  Verdict out = Verdict::kNone;
  for (const Statement& statement : document.statements) {
    const Verdict as = asked_by(statement, request.asker);
    if (as == Verdict::kNone || !about_action(statement, request.action) ||
        !about_resource(statement, request.resource, variables ? &request.context : nullptr) ||
        !std::ranges::all_of(statement.conditions, [&](const Condition& condition) {
          return holds(condition, request.context, variables);
        })) {
      continue;
    }
    if (statement.effect == Effect::kDeny) return Verdict::kDenied;
    out = std::max(out, as);
  }
  return out;
}

}  // namespace lapwing::policy
