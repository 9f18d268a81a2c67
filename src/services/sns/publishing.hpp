// From prepared messages to what is on disk: whom they go to, FIFO topics' order and
// deduplication, one transaction for all of a batch; for what others send, transactions of a size
// that holds up nobody.
//
// Thread-safety: the task stays on its loop.
#pragma once

#include <string>
#include <vector>

#include "net/loop.hpp"
#include "net/task.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

// Of one topic; answered in the messages' order.
net::Task<Result<std::vector<Accepted>>> publish_to(Core& core, net::Loop& loop, ViewPtr view,
                                                    std::vector<Message> messages);

// What another service sends to a topic.
struct Sent {
  ViewPtr view;
  Message message;
  std::string parcel;  // its id: taken once, though it comes again
};
// Of any topics; answered in their order, each for itself.
net::Task<std::vector<Result<Accepted>>> take_all(Core& core, net::Loop& loop,
                                                  std::vector<Sent> all);

}  // namespace lapwing::sns
