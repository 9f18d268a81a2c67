// Confirming and ending subscriptions, by those who sign their requests and those who follow a link
// in a message.
#pragma once

#include "aws/empty.hpp"
#include "gen/sns/confirm_subscription.hpp"
#include "gen/sns/unsubscribe.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

Result<gen::sns::ConfirmSubscriptionResponse> confirm_subscription(
    Core& core, const aws::Call& call, const gen::sns::ConfirmSubscriptionInput& in);
Result<aws::Empty> unsubscribe(Core& core, const aws::Call& call,
                               const gen::sns::UnsubscribeInput& in);

}  // namespace lapwing::sns
