// Endpoints of subscriptions: what each protocol takes, in SNS's words.
//
// Thread-safety: pure functions.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "services/sns/subscription.hpp"
#include "services/sns/topic.hpp"

namespace lapwing::sns {

// All but whether an application's endpoint exists.
Status check_endpoint(const Topic& topic, std::string_view protocol, std::string_view endpoint);
// Whether what they get is signed.
bool gets_signatures(std::string_view protocol);
// Whether a subscription of `account` needs no confirmation: what AWS's own services take in the
// subscriber's account, numbers and applications.
bool confirms_itself(const Subscription& subscription, const AccountId& account);

}  // namespace lapwing::sns
