// What is told of events that wait, are tried again, or have died: a service says its part
// (hosting::Service::events), the process shows all of them (GET /_lapwing/events).
//
// A page is bounded in rows, and in what is looked at for them: a filter that little passes gives
// short pages, and `next` goes on.
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/function_ref.hpp"
#include "base/result.hpp"

namespace lapwing::journal {

enum class EventList : std::uint8_t {
  kQueues,       // where events wait: functions', SQS's, outboxes
  kMappings,     // event source mappings
  kSchedules,    // when each is due next
  kRetries,      // who is behind, why, and when it is tried again
  kDeadLetters,  // what has died: what went where, why and when; newest first
};
inline constexpr EventList kEventLists[] = {EventList::kQueues, EventList::kMappings,
                                            EventList::kSchedules, EventList::kRetries,
                                            EventList::kDeadLetters};
std::string_view to_string(EventList list);  // "queues", "dead-letters"
std::optional<EventList> event_list(std::string_view name);

struct EventAsk {
  EventList list = EventList::kQueues;
  std::size_t max = 100;
  std::string after = {};  // EventPage::next of the page before; empty: from the beginning
  std::string holds = {};  // only rows whose name, target or id holds this; empty: all
  // Only rows whose name, target or id is of the function of this name; empty: all.
  std::string function = {};
};

// What does not apply is left empty, and not shown.
struct EventRow {
  std::string_view service = {};  // written by the process
  std::string_view what = {};     // "function", "queue", "outbox", "addressee", "mapping", ...
  std::string name = {};          // an ARN where there is one
  std::string to = {};
  std::string id = {};  // of one event
  std::string state = {};
  std::string reason = {};
  std::optional<std::uint64_t> waiting = {};  // those that are due
  std::optional<std::uint64_t> delayed = {};
  std::optional<std::uint64_t> at_work = {};
  std::optional<Duration> oldest = {};
  std::optional<std::int64_t> due_ms = {};  // since the epoch
  std::optional<std::int64_t> at_ms = {};   // when it happened
  // Of what has died: when it was last sent again since, as far as the journal knows. Written by
  // the process.
  std::optional<std::int64_t> replayed_ms = {};
  std::uint32_t attempts = 0;
  std::string dead_letters = {};        // the queue that it has gone to
  std::optional<bool> replayable = {};  // whether what it takes to send it again is here
};

struct EventPage {
  std::vector<EventRow> rows;
  std::string next;  // empty: there are no more
};

bool passes(const EventAsk& ask, const EventRow& row);
// How many to look at for a page: more where few pass.
std::size_t looked_at(const EventAsk& ask);

// What each part answers, one after another: asked by its number, or given.
using NumberedParts = FunctionRef<Result<EventPage>(std::size_t part, const EventAsk& ask)>;
Result<EventPage> events_of_all(const EventAsk& ask, std::size_t count, NumberedParts parts);
using EventPart = FunctionRef<Result<EventPage>(const EventAsk& ask)>;
Result<EventPage> events_of_all(const EventAsk& ask, std::span<const EventPart> parts);

}  // namespace lapwing::journal
