// What is told of the events of functions, and those that ended without success run again.
#include <algorithm>
#include <mutex>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "hosting/cannot_replay.hpp"
#include "services/lambda/async/event_lane.hpp"
#include "services/lambda/async/event_queue.hpp"
#include "services/lambda/function_identifier.hpp"

namespace lapwing::lambda {

using journal::EventAsk;
using journal::EventList;
using journal::EventPage;
using journal::EventRow;

Result<std::optional<EventRow>> EventQueue::row(const std::string& queue, EventList list) {
  LAPWING_TRY(const store::QueueStats stats, needs_.space.queue().stats(queue));
  if (list == EventList::kRetries && stats.delayed == 0) return std::nullopt;
  EventRow out{.waiting = stats.visible,
               .delayed = stats.delayed,
               .at_work = stats.in_flight,
               .oldest = stats.oldest_age};
  if (stats.visible + stats.delayed > 0) {
    LAPWING_TRY(const auto due,
                needs_.space.queue().next_due(std::span<const std::string>(&queue, 1)));
    if (due) out.due_ms = unix_ms(needs_.clock.wall() + *due);
  }
  const std::lock_guard lock(mutex_);
  if (const auto found = lanes_.find(queue); found != lanes_.end()) {
    out.reason = found->second->last_reason();
  }
  return out;
}

Result<EventPage> EventQueue::facts(const EventAsk& ask) {
  EventPage out;
  std::string queue = ask.after;
  std::size_t left = journal::looked_at(ask);
  if (ask.list == EventList::kRetries) left = std::max(left, journal::kEventRowsLookedAt);
  while (true) {
    LAPWING_TRY(const std::vector<std::string> names,
                needs_.space.queue().names(kEventQueues, queue, ask.max));
    for (const std::string& name : names) {
      queue = name;
      --left;
      LAPWING_TRY(const Event of, named_by(name));
      EventRow named{.name = function_arn({of.account, of.region, of.function})};
      if (passes(ask, named)) {
        LAPWING_TRY(std::optional<EventRow> found, row(name, ask.list));
        if (found) {
          found->what = "function";
          found->name = std::move(named.name);
          out.rows.push_back(*std::move(found));
        }
      }
      if (out.rows.size() < ask.max && left > 0) continue;
      out.next = queue;
      return out;
    }
    if (names.size() < ask.max) return out;
  }
}

Result<std::size_t> EventQueue::replay(std::string_view request_id) {
  LAPWING_TRY(const std::vector<delivery::DeadEvent> found, needs_.dead.find(request_id));
  if (found.empty() || found.front().work.empty()) return std::size_t{0};
  const delivery::DeadEvent& dead = found.front();
  const std::size_t end = dead.work.find('\0');
  const std::string queue = dead.work.substr(0, end);
  LAPWING_TRY(Event event, decode_event(queue, std::string_view(dead.work).substr(end + 1)));
  const auto function =
      needs_.functions.resolve(event.account, event.region, event.function.view(), event.qualifier);
  if (!function) {
    return fail(hosting::cannot_replay(function.error().message()));
  }
  event.accepted_ms = unix_ms(needs_.clock.wall());  // its age and its attempts begin again
  event.failures = 0;
  (void)lane(queue);  // hears of it
  LAPWING_CHECK(needs_.space.queue().enqueue({.queue = queue, .payload = encode(event)}));
  if (needs_.journal != nullptr) {
    needs_.journal->note({.trace = event.trace,
                          .event = event.request_id,
                          .account = event.account,
                          .kind = journal::StepKind::kReplayed,
                          .at = event.invoked_arn});
  }
  return std::size_t{1};
}

}  // namespace lapwing::lambda
