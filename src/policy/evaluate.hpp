// What a document says of a request: the statements that match it, as IAM evaluates them. One
// document is looked at; how those of a caller, a boundary and a resource come together is the
// business of who asks.
//
//   auto request = policy::service_request("sns.amazonaws.com", topic_arn, account);
//   request.action = "lambda:InvokeFunction";
//   request.resource = function_arn;
//   if (policy::evaluate(document, request) == policy::Verdict::kAllowed) ...
//
// Sources: IAM user guide, "JSON policy elements reference" (principals, conditions, variables),
// and answers of the service as its users report them.
//
// Thread-safety: pure functions, plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/document.hpp"

namespace lapwing::policy {

struct IgnoringCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};
// Values by condition key ("aws:SourceArn"). Keys match whatever their case.
using Context = std::map<std::string, std::vector<std::string>, IgnoringCase>;
// Null: the key is not in the request.
const std::vector<std::string>* find(const Context& context, std::string_view key);

// Who asks; nobody where all is empty (an anonymous request).
struct Asker {
  std::string service = {};   // "sns.amazonaws.com": a service that acts for itself
  std::string arn = {};       // of the user, or of the session
  std::string role_arn = {};  // of the session's role
  std::string account = {};
};

struct Request {
  Asker asker = {};
  std::string action = {};    // "lambda:InvokeFunction"
  std::string resource = {};  // an ARN, or "*" where the action is about no resource
  Context context = {};
};

// A service that acts for itself, about `source_arn` of `source_account`; each may be empty where
// the service does not say it.
Request service_request(std::string_view service, std::string_view source_arn,
                        std::string_view source_account);

enum class Verdict : std::uint8_t {
  kNone,     // no statement matches
  kAccount,  // allowed to the asker's account as a whole: its own policies decide
  kAllowed,  // to the asker itself, or to everyone
  kDenied,   // by a statement, whatever else allows it
};
// A document without resources (of a role) is about any.
Verdict evaluate(const Document& document, const Request& request);

// One condition, with variables where the document's version has them.
bool holds(const Condition& condition, const Context& context, bool variables);

}  // namespace lapwing::policy
