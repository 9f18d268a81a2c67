// The attributes of a subscription as its API has them: names and texts.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "services/sns/subscription.hpp"
#include "services/sns/topic.hpp"
#include "services/sns/topic_attributes.hpp"

namespace lapwing::sns {

// Where an attribute is given: what refusals begin with, and which operation is named where
// something is not built.
struct Setting {
  std::string_view before;  // "" or "Attributes Reason: "
  std::string_view operation;
};
inline constexpr Setting kInSubscribe = {"Attributes Reason: ", "Subscribe"};
inline constexpr Setting kInSetAttributes = {"", "SetSubscriptionAttributes"};

// Sets one. No value: it is taken away. Compiles the filter policy, where that or its scope is set.
Status set_subscription_attribute(Subscription& subscription, const std::string& name,
                                  const std::optional<std::string>& value, const Setting& where);
// The scope before the policy that is read by it.
Status apply_subscription_attributes(Subscription& subscription, const Attributes& given,
                                     const Setting& where);
// What GetSubscriptionAttributes answers.
Attributes subscription_attributes(const Subscription& subscription, const Topic& topic);
// Whether what is given is what the subscription has.
bool has_attributes(const Subscription& subscription, const Subscription& wanted,
                    const Attributes& given);

// Of the filter policy that a record holds.
Status compile_filter(Subscription& subscription);

}  // namespace lapwing::sns
