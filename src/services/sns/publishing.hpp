// From prepared messages to what is on disk: whom they go to, FIFO topics' order and
// deduplication, one transaction for all of a batch.
//
// Thread-safety: the task stays on its loop.
#pragma once

#include <vector>

#include "net/loop.hpp"
#include "net/task.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

// Of one topic; answered in the messages' order.
net::Task<Result<std::vector<Accepted>>> publish_to(Core& core, net::Loop& loop, ViewPtr view,
                                                    std::vector<Message> messages);

}  // namespace lapwing::sns
