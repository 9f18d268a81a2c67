#include "services/sqs/event_facts.hpp"

#include <charconv>
#include <utility>

#include <fmt/core.h>

#include "delivery/outbox_events.hpp"
#include "hosting/cannot_replay.hpp"
#include "services/sqs/core.hpp"
#include "services/sqs/message.hpp"

namespace lapwing::sqs {
namespace {

using journal::EventAsk;
using journal::EventList;
using journal::EventPage;
using journal::EventRow;

Result<EventPage> queues(Core& core, const EventAsk& ask) {
  EventPage out;
  std::size_t looked_at = 0;
  std::string key = ask.after;
  while (true) {
    const std::vector<QueuePtr> page = core.catalog().after(key, ask.max);
    for (const QueuePtr& queue : page) {
      key = queue->key();
      ++looked_at;
      EventRow row{.what = "queue", .name = queue->arn()};
      if (!passes(ask, row)) continue;
      LAPWING_TRY(const store::QueueStats stats, core.messages().stats(queue->place));
      row.waiting = stats.visible;
      row.delayed = stats.delayed;
      row.at_work = stats.in_flight;
      row.oldest = stats.oldest_age;
      if (queue->redrive) row.dead_letters = queue->redrive->target_arn;
      out.rows.push_back(std::move(row));
      if (out.rows.size() < ask.max) continue;
      out.next = key;
      return out;
    }
    if (page.size() < ask.max) return out;
    if (looked_at < journal::looked_at(ask)) continue;
    out.next = key;
    return out;
  }
}

QueuePtr queue_of(Core& core, std::string_view arn) {
  const auto address = parse_arn(arn);
  return address ? core.catalog().find(*address) : nullptr;
}

}  // namespace

Result<EventPage> event_facts(Core& core, const EventAsk& ask) {
  if (ask.list == EventList::kQueues) return queues(core, ask);
  if (ask.list != EventList::kDeadLetters) return EventPage();
  return delivery::dead_letters(ask, [&](std::uint64_t before, std::size_t max) {
    return core.parts->telling.dead().newest(before, max);
  });
}

Result<std::size_t> move_back(Core& core, std::string_view message_id) {
  LAPWING_TRY(const std::vector<delivery::DeadEvent> found,
              core.parts->telling.dead().find(message_id));
  if (found.empty()) return std::size_t{0};
  const delivery::DeadEvent& dead = found.front();
  const QueuePtr from = queue_of(core, dead.dead_letters);
  const QueuePtr to = queue_of(core, dead.to);
  if (from == nullptr || to == nullptr) {
    return fail(hosting::cannot_replay(
        fmt::format("{} is not there any more.", from == nullptr ? dead.dead_letters : dead.to)));
  }
  store::MessageId number = 0;
  std::from_chars(dead.work.data(), dead.work.data() + dead.work.size(), number);
  const store::Grouping grouping = to->fifo ? store::Grouping::kOrdered : store::Grouping::kFair;
  const auto moved = core.store().transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const store::Peeked there, txn.peek({.id = number}));
    store::MoveOptions options{.grouping = grouping, .as_new = true};
    if (there.state != store::ReceiptState::kGone) {
      LAPWING_TRY(Message message, decode(there.message.payload));
      message.source_arn.clear();
      options.payload = encode(message);
    }
    LAPWING_TRY([[maybe_unused]] const store::MessageId there_now,
                txn.move_unclaimed(number, from->place, to->place, options));
    return {};
  });
  if (!moved && moved.error().kind() == ErrorKind::kNotFound) {
    return fail(hosting::cannot_replay(fmt::format(
        "The message is in {} no more: it was deleted, moved, or has expired there, and is kept "
        "nowhere else.",
        dead.dead_letters)));
  }
  if (!moved && moved.error().kind() == ErrorKind::kConflict) {
    return fail(hosting::cannot_replay(
        fmt::format("Somebody has received the message from {}: it can be moved "
                    "back when its visibility ends.",
                    dead.dead_letters)));
  }
  if (!moved) return fail(moved.error());
  core.parts->retention.sent(*to);
  core.parts->telling.moved_back(*from, *to, {.id = dead.id, .trace = dead.trace}, dead.id);
  return std::size_t{1};
}

}  // namespace lapwing::sqs
