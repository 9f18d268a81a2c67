// What is told of SQS's queues and of messages that have died (hosting::Service::events), and one
// of these moved back.
//
// Thread-safety: any thread that may block.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.hpp"
#include "journal/event_facts.hpp"

namespace lapwing::sqs {

struct Core;

Result<journal::EventPage> event_facts(Core& core, const journal::EventAsk& ask);
// Back to the queue that it came from. cannot_replay() where it cannot go now, and why.
Result<std::size_t> move_back(Core& core, std::string_view message_id);

}  // namespace lapwing::sqs
