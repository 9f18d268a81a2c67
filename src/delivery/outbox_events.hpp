// What an outbox tells of its events (journal/event_facts.hpp): its row among the queues, its
// addressees that are behind, and what has died in it. Other lists are empty.
//
// Thread-safety: any thread that may block.
#pragma once

#include <string_view>

#include "base/clock.hpp"
#include "delivery/dead_events.hpp"
#include "delivery/outbox.hpp"
#include "journal/event_facts.hpp"

namespace lapwing::delivery {

// `name`: the outbox's row.
Result<journal::EventPage> outbox_events(const Outbox& outbox, std::string_view name, WallTime now,
                                         const journal::EventAsk& ask);

// A list of dead letters: `page` reads those before a number.
using DeadPages = FunctionRef<Result<DeadEvents::Page>(std::uint64_t before, std::size_t max)>;
Result<journal::EventPage> dead_letters(const journal::EventAsk& ask, DeadPages pages);

}  // namespace lapwing::delivery
