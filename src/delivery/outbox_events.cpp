#include "delivery/outbox_events.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "delivery/limits.hpp"

namespace lapwing::delivery {
namespace {

using journal::EventAsk;
using journal::EventList;
using journal::EventPage;
using journal::EventRow;

Result<EventPage> row_of(const Outbox& outbox, std::string_view name, const EventAsk& ask) {
  EventPage out;
  LAPWING_TRY(const std::uint64_t waiting, outbox.waiting());
  EventRow row{.what = "outbox", .name = std::string(name), .waiting = waiting};
  if (passes(ask, row)) out.rows.push_back(std::move(row));
  return out;
}

Result<EventPage> behind(const Outbox& outbox, WallTime now, const EventAsk& ask) {
  EventPage out;
  LAPWING_TRY(Outbox::LanePage page, outbox.lanes_after(ask.after, ask.max));
  out.next = std::move(page.next);
  for (LaneFacts& lane : page.lanes) {
    EventRow row{.what = lane.dead_letters ? "to a dead-letter queue" : "addressee",
                 .name = std::move(lane.addressee),
                 .reason = std::move(lane.last_failure),
                 .waiting = lane.waiting,
                 .at_work = lane.under_way,
                 .oldest = lane.oldest};
    if (lane.next_in) row.due_ms = unix_ms(now + *lane.next_in);
    if (passes(ask, row)) out.rows.push_back(std::move(row));
  }
  return out;
}

}  // namespace

Result<EventPage> dead_letters(const EventAsk& ask, DeadPages pages) {
  EventPage out;
  std::uint64_t before = 0;
  std::from_chars(ask.after.data(), ask.after.data() + ask.after.size(), before);
  std::size_t left = journal::looked_at(ask);
  while (left > 0) {
    LAPWING_TRY(DeadEvents::Page page, pages(before, std::min({left, ask.max, kDeadPage})));
    for (DeadEvent& event : page.events) {
      before = event.number;
      --left;
      EventRow row{.what = "event",
                   .name = std::move(event.at),
                   .to = std::move(event.to),
                   .id = std::move(event.id),
                   .reason = std::move(event.reason),
                   .at_ms = event.died_ms,
                   .attempts = event.attempts,
                   .dead_letters = std::move(event.dead_letters),
                   .replayable = !event.work.empty()};
      if (passes(ask, row)) out.rows.push_back(std::move(row));
      if (out.rows.size() < ask.max) continue;
      out.next = std::to_string(before);
      return out;
    }
    if (!page.more || page.events.empty()) return out;
  }
  out.next = std::to_string(before);
  return out;
}

Result<EventPage> outbox_events(const Outbox& outbox, std::string_view name, WallTime now,
                                const EventAsk& ask) {
  switch (ask.list) {
    case EventList::kQueues:
      return row_of(outbox, name, ask);
    case EventList::kRetries:
      return behind(outbox, now, ask);
    case EventList::kDeadLetters:
      return dead_letters(
          ask, [&](std::uint64_t before, std::size_t max) { return outbox.dead(before, max); });
    default:
      return EventPage();
  }
}

}  // namespace lapwing::delivery
