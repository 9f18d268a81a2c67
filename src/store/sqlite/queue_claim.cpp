// Claiming: what falls due, in which order messages are taken, and what is too old.
#include <algorithm>

#include "store/checks.hpp"
#include "store/sqlite/queue_txn_internal.hpp"

namespace lapwing::store::sqlite {
namespace {

// What one claim works off of what has fallen due or is too old, beside its own messages.
constexpr std::size_t kClaimStep = 256;

}  // namespace

Result<std::size_t> QueueTxn::promote(const Row& row, Place place, std::size_t max) {
  std::vector<Msg> due;
  {
    LAPWING_TRY(Statement scan,
                db_->prepare("SELECT id, at_ns, ordered, grp FROM msg WHERE queue=? AND place=? "
                             "AND +place<5 AND at_ns<=? ORDER BY at_ns LIMIT ?"));
    scan.bind(row.number).bind(static_cast<std::int64_t>(place)).bind(now_);
    scan.bind(std::uint64_t{max});
    while (true) {
      LAPWING_TRY(const bool there, scan.step());
      if (!there) break;
      Msg& message = due.emplace_back();
      message.id = scan.natural(0);
      message.queue = row.number;
      message.place = place;
      message.at_ns = scan.integer(1);
      message.ordered = scan.integer(2) != 0;
      message.group = scan.bytes(3);
    }
  }
  for (const Msg& message : due) {
    LAPWING_TRY(const Place now, ready_place(message));
    count(message, place, -1);
    count(message, now, 1);
    LAPWING_TRY(Statement update, db_->prepare("UPDATE msg SET place=? WHERE id=?"));
    LAPWING_CHECK(update.bind(static_cast<std::int64_t>(now)).bind(message.id).run());
  }
  if (!due.empty()) effects.claimable(row.name);
  return due.size();
}

Result<std::size_t> QueueTxn::promote(std::string_view queue, std::size_t max) {
  LAPWING_TRY(const Row* const found, row(queue, false));
  if (found == nullptr) return std::size_t{0};
  LAPWING_TRY(const std::size_t delayed, promote(*found, Place::kDelayed, max));
  LAPWING_TRY(const std::size_t lapsed, promote(*found, Place::kInFlight, max));
  return delayed + lapsed;
}

Result<std::uint64_t> QueueTxn::expire(const char* sql, const Row& row, std::int64_t before_ns,
                                       std::size_t max) {
  std::vector<MessageId> old;
  {
    LAPWING_TRY(Statement scan, db_->prepare(sql));
    scan.bind(row.number).bind(before_ns).bind(now_).bind(std::uint64_t{max});
    while (true) {
      LAPWING_TRY(const bool there, scan.step());
      if (!there) break;
      old.push_back(scan.natural(0));
    }
  }
  for (const MessageId id : old) {
    LAPWING_TRY(const std::optional<Msg> message, load(id, Payload::kNotWanted));
    if (message) LAPWING_CHECK(remove(*message));
  }
  return old.size();
}

Result<std::uint64_t> QueueTxn::expire(std::string_view queue, std::int64_t enqueued_before_ns,
                                       std::size_t max) {
  LAPWING_TRY(const Row* const found, row(queue, false));
  if (found == nullptr) return std::uint64_t{0};
  LAPWING_TRY(std::uint64_t removed,
              expire("SELECT id FROM msg WHERE queue=? AND aged=1 AND enqueued_ns<? AND "
                     "(place<>4 OR at_ns<=?) ORDER BY enqueued_ns LIMIT ?",
                     *found, enqueued_before_ns, max));
  if (removed == max) return removed;
  // Those that have stood since they were enqueued are in the order of that.
  LAPWING_TRY(const std::uint64_t fresh,
              expire("SELECT id FROM msg WHERE queue=? AND place=2 AND +place<5 AND at_ns<? AND "
                     "at_ns<=? ORDER BY at_ns LIMIT ?",
                     *found, enqueued_before_ns, max - removed));
  return removed + fresh;
}

Result<std::uint64_t> QueueTxn::give_back(std::string_view queue) {
  LAPWING_TRY(const Row* const found, row(queue, false));
  if (found == nullptr) return std::uint64_t{0};
  std::uint64_t out = 0;
  {
    LAPWING_TRY(Statement held, db_->prepare("SELECT count(*) FROM msg WHERE queue=? AND place=4 "
                                             "AND +place<5"));
    LAPWING_CHECK(held.bind(found->number).step());
    out = held.natural(0);
  }
  LAPWING_TRY(Statement end, db_->prepare("UPDATE msg SET at_ns=?1 WHERE queue=?2 AND place=4 AND "
                                          "+place<5 AND at_ns>?1"));
  LAPWING_CHECK(end.bind(now_).bind(found->number).run());
  effects.due(found->name, now_);
  return out;
}

Result<std::uint64_t> QueueTxn::drop(std::string_view queue) {
  LAPWING_TRY(const Row* const found, row(queue, false));
  if (found == nullptr) return std::uint64_t{0};
  LAPWING_TRY(Statement drop, db_->prepare("UPDATE queue SET dropped=1 WHERE id=? "
                                           "RETURNING ready+delayed+in_flight"));
  LAPWING_TRY(const bool there, drop.bind(found->number).step());
  return there ? drop.natural(0) : std::uint64_t{0};
}

// The longest run from the group's first message on that is visible.
Result<std::vector<MessageId>> QueueTxn::run_of(std::int64_t queue, std::string_view group,
                                                std::size_t max) {
  LAPWING_TRY(Statement scan, db_->prepare("SELECT id, place, at_ns FROM msg WHERE queue=? AND "
                                           "grp=? AND ordered=1 ORDER BY id LIMIT ?"));
  scan.bind(queue).bind(group).bind(std::uint64_t{max});
  std::vector<MessageId> out;
  while (true) {
    LAPWING_TRY(const bool there, scan.step());
    if (!there) return out;
    const auto place = static_cast<Place>(scan.integer(1));
    const bool hidden = place == Place::kDelayed || place == Place::kInFlight;
    if (hidden && scan.integer(2) > now_) return out;
    out.push_back(scan.natural(0));
  }
}

Result<std::vector<ClaimUnit>> QueueTxn::fair_units(const Row& row, std::size_t max,
                                                    std::int64_t after_ns) {
  LAPWING_CHECK(flush_lanes());
  std::vector<Lane> lanes;
  {
    LAPWING_TRY(Statement scan,
                db_->prepare("SELECT grp, ready, in_flight, served_ns FROM lane WHERE queue=? AND "
                             "ready>0 ORDER BY in_flight, served_ns LIMIT ?"));
    scan.bind(row.number).bind(std::uint64_t{max});
    while (true) {
      LAPWING_TRY(const bool there, scan.step());
      if (!there) break;
      lanes.push_back({scan.bytes(0), scan.natural(1), scan.natural(2), scan.integer(3)});
    }
  }
  if (lanes.empty()) return std::vector<ClaimUnit>{};
  const std::vector<std::size_t> picks = pick_lanes(lanes, max);
  std::vector<std::vector<ClaimUnit>> of_lane(lanes.size());
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const auto wanted = static_cast<std::uint64_t>(std::ranges::count(picks, i));
    if (wanted == 0) continue;
    LAPWING_TRY(Statement scan,
                db_->prepare("SELECT id, at_ns FROM msg WHERE queue=? AND grp=? AND place=6 AND "
                             "enqueued_ns>? ORDER BY at_ns LIMIT ?"));
    scan.bind(row.number).bind(lanes[i].group).bind(after_ns).bind(wanted);
    while (true) {
      LAPWING_TRY(const bool there, scan.step());
      if (!there) break;
      of_lane[i].push_back({scan.integer(1), {scan.natural(0)}});
    }
  }
  std::vector<std::size_t> taken(lanes.size(), 0);
  std::vector<ClaimUnit> out;
  for (const std::size_t lane : picks) {
    if (taken[lane] < of_lane[lane].size()) out.push_back(of_lane[lane][taken[lane]++]);
  }
  return out;
}

Result<std::vector<ClaimUnit>> QueueTxn::units(const Row& row, std::size_t max,
                                               std::int64_t after_ns) {
  std::vector<ClaimUnit> plain;
  std::vector<std::string> groups;
  {
    LAPWING_TRY(Statement scan,
                db_->prepare("SELECT id, at_ns, ordered, grp FROM msg WHERE queue=? AND place=2 "
                             "AND +place<5 AND enqueued_ns>? ORDER BY at_ns, id LIMIT ?"));
    scan.bind(row.number).bind(after_ns).bind(std::uint64_t{max});
    while (true) {
      LAPWING_TRY(const bool there, scan.step());
      if (!there) break;
      plain.push_back({scan.integer(1), {scan.natural(0)}});
      groups.push_back(scan.integer(2) != 0 ? scan.bytes(3) : std::string());
    }
  }
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (groups[i].empty()) continue;
    LAPWING_TRY(plain[i].ids, run_of(row.number, groups[i], max));
  }
  LAPWING_TRY(std::vector<ClaimUnit> fair, fair_units(row, max, after_ns));
  return take_turns(std::move(plain), std::move(fair));
}

Result<Claimed> QueueTxn::take(MessageId id, Row& row, Duration visibility) {
  LAPWING_TRY(std::optional<Msg> message, load(id, Payload::kWanted));
  if (!message) return fail(internal_error("a message vanished while it was claimed"));
  ++message->claim;
  ++message->attempts_in_all;
  if (++message->attempts == 1) {
    message->first_claim_ns = now_;
    if (message->attempts_in_all == 1) message->first_claim_ms = wall_ms_;
  }
  if (!message->group.empty() && !message->ordered) {
    lanes_[{message->queue, message->group}].served_ns = now_;
  }
  LAPWING_CHECK(make_visible(*message, visibility, Place::kInFlight));
  return describe(*message, row);
}

Result<ClaimResult> QueueTxn::claim(const ClaimRequest& request) {
  LAPWING_CHECK(check_claim(request));
  const bool ages = request.age_max > Duration::zero();
  const std::int64_t after_ns = ages ? now_ - request.age_max.count() : INT64_MIN;
  std::vector<Row*> rows;
  std::vector<std::vector<ClaimUnit>> units_of;
  std::vector<std::uint64_t> left;
  for (const std::string& queue : request.queues) {
    LAPWING_TRY(Row* const found, row(queue, false));
    rows.push_back(found);
    units_of.emplace_back();
    left.push_back(request.in_flight_max == 0 ? UINT64_MAX : request.in_flight_max);
    if (found == nullptr) continue;
    LAPWING_TRY(const std::size_t promoted, promote(queue, kClaimStep));
    static_cast<void>(promoted);
    if (ages) LAPWING_CHECK(expire(queue, after_ns + 1, kClaimStep));
    if (request.in_flight_max > 0) {
      const auto in_flight = static_cast<std::uint64_t>(found->in_flight + found->in_flight_by);
      left.back() -= std::min(left.back(), in_flight);
    }
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(request.max, left.back()));
    if (wanted == 0) continue;
    LAPWING_TRY(units_of.back(), units(*found, wanted, after_ns));
  }
  ClaimResult out;
  std::vector<std::size_t> at(units_of.size(), 0);
  std::uint64_t bytes = 0;
  const auto full = [&] {
    return out.messages.size() == request.max ||
           (!out.messages.empty() && bytes >= request.bytes_max);
  };
  while (!full()) {
    const std::size_t queue = longest_due(units_of, at);
    if (queue == units_of.size()) break;
    for (const MessageId id : units_of[queue][at[queue]++].ids) {
      if (full() || left[queue] == 0) break;
      LAPWING_TRY(Claimed claimed, take(id, *rows[queue], request.visibility));
      bytes += claimed.payload.size();
      out.messages.push_back(std::move(claimed));
      --left[queue];
    }
    if (left[queue] == 0) at[queue] = units_of[queue].size();
  }
  if (request.in_flight_max > 0 && !left.empty()) {
    out.in_flight_left = *std::ranges::min_element(left);
  }
  return out;
}

}  // namespace lapwing::store::sqlite
