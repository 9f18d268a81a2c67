// Which subscriptions a message goes to.
//
// Thread-safety: pure function; the view is shared.
#pragma once

#include <vector>

#include "services/sns/catalog.hpp"
#include "services/sns/message.hpp"

namespace lapwing::sns {

// In no order. They live as long as the view.
std::vector<const Subscription*> matching(const View& view, const Message& message);

}  // namespace lapwing::sns
