// Whether who sends (OnBehalf) may do what it asks of somebody's resource: one answer for every
// service that takes what others send.
//
//   if (!ports::may(parcel.as, {"sqs:SendMessage", queue.arn(), queue.account}, queue.document))
//
// A service by itself needs the resource's policy, in its own account, too. Who acts under a role
// needs it only where the resource is another account's; the policy then names the role, or its
// account.
// A role counts only where it is one of the account that sends: the others are somebody else's, and
// nobody acts under them, whatever a record says.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "policy/evaluate.hpp"
#include "ports/destination.hpp"

namespace lapwing::ports {

struct Asked {
  std::string_view action;    // "sqs:SendMessage"
  std::string_view resource;  // its ARN
  AccountId owner;            // whose it is
};

enum class Standing : std::uint8_t {
  kOwn,       // under a role of the resource's own account: no policy is asked
  kByPolicy,  // as the resource's policy says
  kNobody,    // under no role, or under one that is not of the account that sends
};

bool is_role_of(std::string_view role_arn, const AccountId& account);
// The same role in that account: of services that let a role of any account be named, and act in
// their own account all the same (Lambda).
std::string role_in(std::string_view role_arn, const AccountId& account);

Standing standing(const OnBehalf& as, const AccountId& owner);
// As a policy sees it.
policy::Request request_of(const OnBehalf& as, std::string_view action, std::string_view resource);
bool is_allowed(policy::Verdict verdict);
// `document` null: the resource has no policy.
bool may(const OnBehalf& as, const Asked& asked, const policy::Document* document);
// As refusals name who sends.
std::string_view sender(const OnBehalf& as);

}  // namespace lapwing::ports
