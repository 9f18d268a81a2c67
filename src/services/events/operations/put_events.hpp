// Events that are put on buses.
#pragma once

#include "gen/events/put_events.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "policy/evaluate.hpp"
#include "services/events/core.hpp"

namespace lapwing::events {

net::Task<Result<gen::events::PutEventsResponse>> put_events(Core& core, net::Loop& loop,
                                                             const aws::Call& call,
                                                             gen::events::PutEventsRequest in);

// Whether who is none of the bus's account may put events on it, by the bus's policy.
bool may_put(const Bus& bus, const policy::Asker& asker);

}  // namespace lapwing::events
