// Subscriptions: making, listing, setting, ending them.
#pragma once

#include "aws/empty.hpp"
#include "gen/sns/get_subscription_attributes.hpp"
#include "gen/sns/list_subscriptions.hpp"
#include "gen/sns/list_subscriptions_by_topic.hpp"
#include "gen/sns/set_subscription_attributes.hpp"
#include "gen/sns/subscribe.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

Result<gen::sns::SubscribeResponse> subscribe(Core& core, const aws::Call& call,
                                              const gen::sns::SubscribeInput& in);
Result<gen::sns::GetSubscriptionAttributesResponse> get_subscription_attributes(
    Core& core, const aws::Call& call, const gen::sns::GetSubscriptionAttributesInput& in);
Result<aws::Empty> set_subscription_attributes(Core& core, const aws::Call& call,
                                               const gen::sns::SetSubscriptionAttributesInput& in);
Result<gen::sns::ListSubscriptionsResponse> list_subscriptions(
    Core& core, const aws::Call& call, const gen::sns::ListSubscriptionsInput& in);
Result<gen::sns::ListSubscriptionsByTopicResponse> list_subscriptions_by_topic(
    Core& core, const aws::Call& call, const gen::sns::ListSubscriptionsByTopicInput& in);

}  // namespace lapwing::sns
