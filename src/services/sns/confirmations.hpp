// Messages that ask a subscriber to confirm, and the tokens in them.
//
// Thread-safety: as Core.
#pragma once

#include "services/sns/core.hpp"

namespace lapwing::sns {

// Its token, for kTokenFor from now.
void give_token(Core& core, Subscription& subscription);

// What asks to confirm the subscription, or tells that it has ended and may be taken back.
Mail confirmation(Core& core, const Topic& topic, const Subscription& subscription);

// Of a subscription that was there before (`made` is not `wanted`), so that nothing was written:
// sends what asks for its confirmation by itself.
Status send_again(Core& core, const Subscription& made, const Subscription& wanted,
                  const Mail& mail);

}  // namespace lapwing::sns
