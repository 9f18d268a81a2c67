// Messages in a transaction: where they stand, and what is counted.
#include <algorithm>

#include "store/checks.hpp"
#include "store/sqlite/queue_txn_internal.hpp"
#include "store/sqlite/sqlite_internal.hpp"

namespace lapwing::store::sqlite {
namespace {

// A longer payload has a table of its own: a claim does not write it again.
constexpr std::size_t kInlineBytes = 1500;

std::int64_t number_of(Place place) { return static_cast<std::int64_t>(place); }

}  // namespace

Result<QueueTxn::Row*> QueueTxn::row(std::string_view queue, bool make) {
  if (const auto known = numbers_.find(queue); known != numbers_.end()) {
    return &rows_.at(known->second);
  }
  Row found;
  found.name = queue;
  {
    LAPWING_TRY(Statement find,
                db_->prepare("SELECT id, in_flight FROM queue WHERE name=? AND dropped=0"));
    LAPWING_TRY(const bool there, find.bind(queue).step());
    if (there) {
      found.number = find.integer(0);
      found.in_flight = find.integer(1);
    }
  }
  if (found.number == 0) {
    if (!make) return nullptr;
    LAPWING_TRY(Statement add, db_->prepare("INSERT INTO queue (name, ready, delayed, in_flight, "
                                            "dropped) VALUES (?, 0, 0, 0, 0)"));
    LAPWING_CHECK(add.bind(queue).run());
    found.number = sqlite3_last_insert_rowid(db_->raw());
  }
  numbers_.emplace(queue, found.number);
  return &rows_.try_emplace(found.number, std::move(found)).first->second;
}

Result<QueueTxn::Row*> QueueTxn::row(std::int64_t number) {
  if (const auto known = rows_.find(number); known != rows_.end()) return &known->second;
  LAPWING_TRY(Statement find,
              db_->prepare("SELECT name, in_flight FROM queue WHERE id=? AND dropped=0"));
  LAPWING_TRY(const bool there, find.bind(number).step());
  if (!there) return nullptr;
  Row found;
  found.number = number;
  found.name = find.bytes(0);
  found.in_flight = find.integer(1);
  numbers_.emplace(found.name, number);
  return &rows_.try_emplace(number, std::move(found)).first->second;
}

Result<MessageId> QueueTxn::next_id() {
  if (!last_id_) {
    LAPWING_TRY(last_id_, counter_on(*db_, Counter::kMessage));
  }
  return static_cast<MessageId>(++*last_id_);
}

Result<std::optional<Msg>> QueueTxn::load(MessageId id, Payload payload) {
  Msg out;
  {
    LAPWING_TRY(Statement get,
                db_->prepare("SELECT queue, place, at_ns, claim, attempts, attempts_in_all, "
                             "first_claim_ns, first_claim_ms, enqueued_ns, enqueued_ms, ordered, "
                             "apart, grp, payload FROM msg WHERE id=?"));
    LAPWING_TRY(const bool there, get.bind(id).step());
    if (!there) return std::nullopt;
    out = {.id = id,
           .queue = get.integer(0),
           .place = static_cast<Place>(get.integer(1)),
           .at_ns = get.integer(2),
           .claim = get.natural(3),
           .attempts = static_cast<std::uint32_t>(get.integer(4)),
           .attempts_in_all = static_cast<std::uint32_t>(get.integer(5)),
           .first_claim_ns = get.integer(6),
           .first_claim_ms = get.integer(7),
           .enqueued_ns = get.integer(8),
           .enqueued_ms = get.integer(9),
           .ordered = get.integer(10) != 0,
           .apart = get.integer(11) != 0,
           .group = get.bytes(12),
           .payload = {}};
    if (payload == Payload::kNotWanted) return out;
    if (!out.apart) {
      out.payload = get.bytes(13);
      return out;
    }
  }
  LAPWING_TRY(Statement get, db_->prepare("SELECT bytes FROM payload WHERE id=?"));
  LAPWING_TRY(const bool there, get.bind(id).step());
  if (!there) return fail(internal_error("a message has lost its payload"));
  out.payload = get.bytes(0);
  return out;
}

Result<Msg> QueueTxn::claimed(const Receipt& receipt, Lateness lateness, Payload payload) {
  LAPWING_TRY(std::optional<Msg> found, load(receipt.id, payload));
  if (!found || receipt.claim == 0 || found->claim != receipt.claim) {
    return fail(late_receipt_error());
  }
  LAPWING_TRY(const Row* const queue, row(found->queue));
  if (queue == nullptr) return fail(late_receipt_error());
  if (lateness == Lateness::kStrict && (found->place != Place::kInFlight || found->at_ns <= now_)) {
    return fail(lapsed_receipt_error());
  }
  return *std::move(found);
}

Claimed QueueTxn::describe(const Msg& message, const Row& row) const {
  const bool taken = message.attempts > 0;
  return {.receipt = {message.id, message.claim},
          .queue = row.name,
          .payload = message.payload,
          .group = message.group,
          .attempt = message.attempts,
          .age = Duration(now_ - message.enqueued_ns),
          .since_first_claim = Duration(taken ? now_ - message.first_claim_ns : 0),
          .attempts_in_all = message.attempts_in_all,
          .enqueued_ms = message.enqueued_ms,
          .first_claim_ms = message.attempts_in_all > 0 ? message.first_claim_ms : 0};
}

void QueueTxn::count(const Msg& message, Place place, std::int64_t by) {
  changed_ = true;
  Row& of = rows_.at(message.queue);
  if (place == Place::kDelayed) {
    of.delayed_by += by;
  } else if (place == Place::kInFlight) {
    of.in_flight_by += by;
  } else {
    of.ready_by += by;
  }
  const bool fair = !message.group.empty() && !message.ordered;
  if (!fair || place == Place::kDelayed) return;
  LaneChange& lane = lanes_[{message.queue, message.group}];
  (place == Place::kInFlight ? lane.in_flight_by : lane.ready_by) += by;
}

Result<bool> QueueTxn::has_group(std::int64_t queue, std::string_view group) {
  LAPWING_TRY(Statement find,
              db_->prepare("SELECT 1 FROM msg WHERE queue=? AND grp=? AND ordered=1 LIMIT 1"));
  return find.bind(queue).bind(group).step();
}

// Where it stands once it is visible.
Result<Place> QueueTxn::ready_place(const Msg& message) {
  if (message.group.empty()) return Place::kReady;
  if (!message.ordered) return Place::kLane;
  LAPWING_TRY(Statement first,
              db_->prepare("SELECT id FROM msg WHERE queue=? AND grp=? AND ordered=1 "
                           "ORDER BY id LIMIT 1"));
  LAPWING_TRY(const bool there, first.bind(message.queue).bind(message.group).step());
  return there && first.natural(0) == message.id ? Place::kReady : Place::kBehind;
}

Status QueueTxn::put(Msg& message, Place place, std::int64_t at_ns) {
  count(message, message.place, -1);
  message.place = place;
  message.at_ns = at_ns;
  count(message, place, 1);
  LAPWING_TRY(Statement update,
              db_->prepare("UPDATE msg SET place=?, at_ns=?, claim=?, attempts=?, "
                           "attempts_in_all=?, first_claim_ns=?, first_claim_ms=?, aged=1 "
                           "WHERE id=?"));
  update.bind(number_of(place)).bind(at_ns).bind(message.claim);
  update.bind(std::int64_t{message.attempts}).bind(std::int64_t{message.attempts_in_all});
  update.bind(message.first_claim_ns).bind(message.first_claim_ms).bind(message.id);
  return update.run();
}

Status QueueTxn::insert(Msg& message, Place place) {
  message.place = place;
  // One that never left the order of enqueueing is found by that, the others by an index.
  const bool aged =
      place != Place::kReady || message.at_ns != message.enqueued_ns || message.ordered;
  message.apart = message.payload.size() > kInlineBytes;
  const std::string_view payload = message.payload;
  {
    LAPWING_TRY(Statement add, db_->prepare("INSERT INTO msg VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                            "?, ?, ?, ?, ?, ?)"));
    add.bind(message.id).bind(message.queue).bind(number_of(place)).bind(message.at_ns);
    add.bind(message.claim).bind(std::int64_t{message.attempts});
    add.bind(std::int64_t{message.attempts_in_all}).bind(message.first_claim_ns);
    add.bind(message.first_claim_ms).bind(std::int64_t{aged}).bind(message.enqueued_ns);
    add.bind(message.enqueued_ms).bind(std::int64_t{message.ordered});
    add.bind(std::int64_t{message.apart}).bind(message.group);
    add.bind(message.apart ? std::string_view() : payload);
    LAPWING_CHECK(add.run());
  }
  count(message, place, 1);
  if (!message.apart) return {};
  LAPWING_TRY(Statement keep, db_->prepare("INSERT INTO payload VALUES (?, ?)"));
  return keep.bind(message.id).bind(payload).run();
}

Status QueueTxn::remove(const Msg& message) {
  count(message, message.place, -1);
  {
    LAPWING_TRY(Statement gone, db_->prepare("DELETE FROM msg WHERE id=?"));
    LAPWING_CHECK(gone.bind(message.id).run());
  }
  if (message.apart) {
    LAPWING_TRY(Statement gone, db_->prepare("DELETE FROM payload WHERE id=?"));
    LAPWING_CHECK(gone.bind(message.id).run());
  }
  return message.ordered ? advance(message.queue, message.group) : Status{};
}

Status QueueTxn::advance(std::int64_t queue, const std::string& group) {
  Msg first;
  {
    LAPWING_TRY(Statement find, db_->prepare("SELECT id, place, at_ns FROM msg WHERE queue=? AND "
                                             "grp=? AND ordered=1 ORDER BY id LIMIT 1"));
    LAPWING_TRY(const bool there, find.bind(queue).bind(group).step());
    if (!there || static_cast<Place>(find.integer(1)) != Place::kBehind) return {};
    first.id = find.natural(0);
  }
  LAPWING_TRY(Statement update, db_->prepare("UPDATE msg SET place=2 WHERE id=?"));
  LAPWING_CHECK(update.bind(first.id).run());
  effects.claimable(rows_.at(queue).name);
  return {};
}

Result<Enqueued> QueueTxn::enqueue(const EnqueueRequest& request) {
  LAPWING_CHECK(check_enqueue(request));
  if (!request.dedup_id.empty()) {
    LAPWING_TRY(Statement forget, db_->prepare("DELETE FROM dedup WHERE until_ns<=?"));
    LAPWING_CHECK(forget.bind(now_).run());
    LAPWING_TRY(Statement find,
                db_->prepare("SELECT message, note FROM dedup WHERE queue=? AND dedup=?"));
    LAPWING_TRY(const bool there, find.bind(request.queue).bind(request.dedup_id).step());
    if (there) return Enqueued{find.natural(0), true, find.bytes(1)};
  }
  LAPWING_TRY(Row* const queue, row(request.queue, true));
  LAPWING_TRY(const MessageId id, next_id());
  Msg message{.id = id,
              .queue = queue->number,
              .at_ns = now_ + request.delay.count(),
              // As long as what a claim writes here, so that the row keeps its length.
              .first_claim_ns = now_,
              .first_claim_ms = wall_ms_,
              .enqueued_ns = now_,
              .enqueued_ms = wall_ms_,
              .ordered = !request.group.empty() && request.grouping == Grouping::kOrdered,
              .group = request.group,
              .payload = request.payload};
  Place place = Place::kDelayed;
  if (request.delay > Duration::zero()) {
    effects.due(request.queue, message.at_ns);
  } else {
    effects.claimable(request.queue);
    place = message.group.empty() ? Place::kReady : Place::kLane;
    if (message.ordered) {
      LAPWING_TRY(const bool behind, has_group(message.queue, message.group));
      place = behind ? Place::kBehind : Place::kReady;
    }
  }
  LAPWING_CHECK(insert(message, place));
  if (!request.dedup_id.empty()) {
    LAPWING_TRY(Statement keep,
                db_->prepare("INSERT INTO dedup (queue, dedup, message, until_ns, note) "
                             "VALUES (?, ?, ?, ?, ?)"));
    keep.bind(request.queue).bind(request.dedup_id).bind(id);
    keep.bind(std::int64_t{now_ + Duration(kDedupWindow).count()}).bind(request.dedup_note);
    LAPWING_CHECK(keep.run());
  }
  return Enqueued{id, false, {}};
}

Status QueueTxn::complete(const Receipt& receipt, Lateness lateness) {
  LAPWING_TRY(const Msg message, claimed(receipt, lateness, Payload::kNotWanted));
  return remove(message);
}

// Visible after `delay`, until then as `hidden`.
Status QueueTxn::make_visible(Msg& message, Duration delay, Place hidden) {
  const std::string& queue = rows_.at(message.queue).name;
  if (delay > Duration::zero()) {
    effects.due(queue, now_ + delay.count());
    return put(message, hidden, now_ + delay.count());
  }
  effects.claimable(queue);
  LAPWING_TRY(const Place place, ready_place(message));
  return put(message, place, now_);
}

Status QueueTxn::extend(const Receipt& receipt, Duration visibility, Lateness lateness) {
  LAPWING_CHECK(check_delay(visibility));
  LAPWING_TRY(Msg message, claimed(receipt, lateness, Payload::kNotWanted));
  return make_visible(message, visibility, Place::kInFlight);
}

Status QueueTxn::release(const Receipt& receipt, Duration delay) {
  LAPWING_CHECK(check_delay(delay));
  LAPWING_TRY(Msg message, claimed(receipt, Lateness::kAllowed, Payload::kNotWanted));
  ++message.claim;
  return make_visible(message, delay, Place::kDelayed);
}

Result<MessageId> QueueTxn::move(const Receipt& receipt, std::string_view to_queue,
                                 const MoveOptions& options) {
  LAPWING_CHECK(check_move(to_queue, options));
  LAPWING_TRY(Msg message, claimed(receipt, Lateness::kAllowed, Payload::kWanted));
  return move_found(std::move(message), to_queue, options);
}

Result<MessageId> QueueTxn::move_unclaimed(MessageId id, std::string_view from_queue,
                                           std::string_view to_queue, const MoveOptions& options) {
  LAPWING_CHECK(check_move(to_queue, options));
  LAPWING_TRY(std::optional<Msg> found, load(id, Payload::kWanted));
  if (!found) return fail(no_such_message_error());
  LAPWING_TRY(const Row* const from, row(found->queue));
  if (from == nullptr || from->name != from_queue) return fail(no_such_message_error());
  if (found->place == Place::kInFlight && found->at_ns > now_) return fail(held_message_error());
  return move_found(*std::move(found), to_queue, options);
}

Result<MessageId> QueueTxn::move_found(Msg message, std::string_view to_queue,
                                       const MoveOptions& options) {
  LAPWING_CHECK(remove(message));
  LAPWING_TRY(const Row* const queue, row(to_queue, true));
  LAPWING_TRY(message.id, next_id());
  message.queue = queue->number;
  message.ordered = !message.group.empty() && options.grouping == Grouping::kOrdered;
  message.at_ns = now_ + options.delay.count();
  message.claim = message.attempts = 0;
  if (options.uncount_claim) --message.attempts_in_all;
  if (options.as_new) {
    message.attempts_in_all = 0;
    message.enqueued_ns = message.first_claim_ns = now_;
    message.enqueued_ms = message.first_claim_ms = wall_ms_;
  }
  if (options.payload) message.payload = *options.payload;
  Place place = Place::kDelayed;
  if (options.delay > Duration::zero()) {
    effects.due(to_queue, message.at_ns);
  } else {
    effects.claimable(to_queue);
    place = message.group.empty() ? Place::kReady : Place::kLane;
    if (message.ordered) {
      LAPWING_TRY(const bool behind, has_group(message.queue, message.group));
      place = behind ? Place::kBehind : Place::kReady;
    }
  }
  LAPWING_CHECK(insert(message, place));
  return message.id;
}

Result<Peeked> QueueTxn::peek(const Receipt& receipt) {
  LAPWING_TRY(const std::optional<Msg> message, load(receipt.id, Payload::kWanted));
  if (!message) return Peeked{};
  LAPWING_TRY(const Row* const queue, row(message->queue));
  if (queue == nullptr) return Peeked{};
  const bool held = message->place == Place::kInFlight && message->at_ns > now_;
  const ReceiptState state = receipt.claim == 0 || message->claim != receipt.claim
                                 ? ReceiptState::kSuperseded
                             : held ? ReceiptState::kHeld
                                    : ReceiptState::kLapsed;
  return Peeked{state, describe(*message, *queue)};
}

Status QueueTxn::flush_lanes() {
  for (const auto& [name, change] : lanes_) {
    const auto& [queue, group] = name;
    {
      LAPWING_TRY(Statement keep,
                  db_->prepare("INSERT INTO lane VALUES (?, ?, ?, ?, ?) ON CONFLICT (queue, grp) "
                               "DO UPDATE SET ready=ready+excluded.ready, "
                               "in_flight=in_flight+excluded.in_flight, "
                               "served_ns=max(served_ns, excluded.served_ns)"));
      keep.bind(queue).bind(group).bind(change.ready_by).bind(change.in_flight_by);
      LAPWING_CHECK(keep.bind(change.served_ns).run());
    }
    LAPWING_TRY(Statement drop, db_->prepare("DELETE FROM lane WHERE queue=? AND grp=? AND "
                                             "ready=0 AND in_flight=0"));
    LAPWING_CHECK(drop.bind(queue).bind(group).run());
  }
  lanes_.clear();
  return {};
}

Status QueueTxn::flush() {
  LAPWING_CHECK(flush_lanes());
  for (const auto& [number, row] : rows_) {
    if (row.ready_by == 0 && row.delayed_by == 0 && row.in_flight_by == 0) continue;
    LAPWING_TRY(Statement count, db_->prepare("UPDATE queue SET ready=ready+?, delayed=delayed+?, "
                                              "in_flight=in_flight+? WHERE id=?"));
    count.bind(row.ready_by).bind(row.delayed_by).bind(row.in_flight_by).bind(number);
    LAPWING_CHECK(count.run());
  }
  if (last_id_) {
    LAPWING_TRY(Statement keep, db_->prepare("UPDATE counter SET value=? WHERE id=5"));
    LAPWING_CHECK(keep.bind(*last_id_).run());
  }
  return changed_ ? note_time_on(*db_, now_) : Status{};
}

}  // namespace lapwing::store::sqlite
