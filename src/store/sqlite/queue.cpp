#include <algorithm>
#include <set>
#include <utility>

#include "store/checks.hpp"
#include "store/sqlite/sqlite_internal.hpp"

namespace lapwing::store::sqlite {
namespace {

struct Candidate {
  std::int64_t visible_ns = 0;
  MessageId id = 0;
  std::string queue;
  std::string group;
};

// When the group can next be claimed: 0 when at once. Never before what is claimed of it is
// visible again, nor before its first message is.
Result<std::int64_t> group_due_on(Database& db, std::string_view queue, std::string_view group,
                                  std::int64_t now) {
  LAPWING_TRY(Statement due,
              db.prepare("SELECT max(coalesce((SELECT max(visible_ns) FROM message WHERE queue=?1 "
                         "AND grp=?2 AND grp<>x'' AND claimed=1 AND visible_ns>?3), 0), "
                         "coalesce((SELECT visible_ns FROM message WHERE queue=?1 AND grp=?2 AND "
                         "grp<>x'' ORDER BY id LIMIT 1), 0))"));
  LAPWING_TRY(const bool row, due.bind(queue).bind(group).bind(now).step());
  const std::int64_t at = row ? due.integer(0) : 0;
  return at <= now ? 0 : at;
}

// Due messages of one queue in the order of being due, a group by its first only.
Status collect_due(Database& db, const std::string& queue, std::size_t max, std::int64_t now,
                   std::vector<Candidate>& out) {
  LAPWING_TRY(Statement scan,
              db.prepare("SELECT visible_ns, id, grp FROM message WHERE queue=? AND "
                         "visible_ns<=? ORDER BY visible_ns, id"));
  scan.bind(queue).bind(now);
  std::set<std::string> groups;
  for (std::size_t found = 0; found < max;) {
    LAPWING_TRY(const bool row, scan.step());
    if (!row) break;
    Candidate candidate{scan.integer(0), scan.natural(1), queue, scan.bytes(2)};
    if (!candidate.group.empty()) {
      // TODO(perf): a long backlog behind a claimed group is walked through each time.
      if (!groups.insert(candidate.group).second) continue;
      LAPWING_TRY(const std::int64_t due, group_due_on(db, queue, candidate.group, now));
      if (due != 0) continue;
    }
    out.push_back(std::move(candidate));
    ++found;
  }
  return {};
}

Result<std::vector<MessageId>> due_of_group(Database& db, const Candidate& of, std::size_t max,
                                            std::int64_t now) {
  LAPWING_TRY(Statement scan, db.prepare("SELECT id, visible_ns FROM message WHERE queue=? AND "
                                         "grp=? AND grp<>x'' ORDER BY id LIMIT ?"));
  scan.bind(of.queue).bind(of.group).bind(std::uint64_t{max});
  std::vector<MessageId> out;
  while (true) {
    LAPWING_TRY(const bool row, scan.step());
    // One that is not due holds back what stands behind it.
    if (!row || scan.integer(1) > now) return out;
    out.push_back(scan.natural(0));
  }
}

Result<Claimed> take_on(Database& db, MessageId id, std::int64_t now, Duration visibility) {
  Claimed claimed;
  {
    LAPWING_TRY(Statement take,
                db.prepare("UPDATE message SET claimed=1, visible_ns=?, attempts=attempts+1, "
                           "first_claim_ns=iif(attempts=0, ?, first_claim_ns) WHERE id=? "
                           "RETURNING queue, grp, attempts, enqueued_ns, first_claim_ns"));
    take.bind(std::int64_t{now + visibility.count()}).bind(now).bind(id);
    LAPWING_TRY(const bool row, take.step());
    if (!row) return fail(internal_error("a message vanished while it was claimed"));
    claimed.queue = take.bytes(0);
    claimed.group = take.bytes(1);
    claimed.attempt = static_cast<std::uint32_t>(take.integer(2));
    claimed.receipt = {id, claimed.attempt};
    claimed.age = Duration(now - take.integer(3));
    claimed.since_first_claim = Duration(now - take.integer(4));
  }
  LAPWING_TRY(Statement payload, db.prepare("SELECT bytes FROM payload WHERE id=?"));
  LAPWING_TRY(const bool row, payload.bind(id).step());
  if (!row) return fail(internal_error("a message has lost its payload"));
  claimed.payload = payload.bytes(0);
  return claimed;
}

class SqliteQueue final : public Queue {
 public:
  explicit SqliteQueue(const StateParts& parts) : parts_(parts) {}

  Result<Enqueued> enqueue(const EnqueueRequest& request, const TransactOptions& options) override;
  Result<std::vector<Claimed>> claim(std::span<const std::string> queues, std::size_t max,
                                     Duration visibility) override;
  Status extend(const Receipt& receipt, Duration visibility) override;
  Status complete(const Receipt& receipt) override;
  Status release(const Receipt& receipt, Duration delay) override;
  Result<MessageId> move(const Receipt& receipt, std::string_view to_queue) override;
  Result<std::uint64_t> purge(std::string_view queue) override;
  Result<QueueStats> stats(std::string_view queue) override;
  Result<std::optional<Duration>> next_due(std::span<const std::string> queues) override;
  Subscription subscribe(Listener& listener) override {
    return parts_.signals.queued.subscribe(listener);
  }

 private:
  // One statement about one claimed message; kConflict when the receipt is late.
  Status update_claimed(const char* sql, std::int64_t visible_ns, const Receipt& receipt);
  StateParts parts_;
};

Result<Enqueued> SqliteQueue::enqueue(const EnqueueRequest& request,
                                      const TransactOptions& options) {
  EnqueueRequest keyed = request;
  // A retried enqueue and a deduplicated one are the same thing here.
  if (keyed.dedup_id.empty() && !options.idempotency_key.empty()) {
    keyed.dedup_id = "\x01" + options.idempotency_key;
  }
  LAPWING_CHECK(check_enqueue(keyed));
  Enqueued out;
  LAPWING_CHECK(parts_.file.write(
      [&](Database& db) -> Status {
        LAPWING_TRY(out, enqueue_on(db, keyed, parts_.time.now_ns()));
        return {};
      },
      options.deadline));
  parts_.signals.queued.raise();
  return out;
}

Result<std::vector<Claimed>> SqliteQueue::claim(std::span<const std::string> queues,
                                                std::size_t max, Duration visibility) {
  LAPWING_CHECK(check_claim(queues, max, visibility));
  // Whoever polls an empty queue costs no commit.
  LAPWING_TRY(const std::optional<Duration> due, next_due(queues));
  std::vector<Claimed> out;
  if (!due || *due > Duration::zero()) return out;
  LAPWING_CHECK(parts_.file.write([&](Database& db) -> Status {
    out.clear();
    const std::int64_t now = parts_.time.now_ns();
    std::vector<Candidate> candidates;
    for (const std::string& queue : queues) {
      LAPWING_CHECK(collect_due(db, queue, max, now, candidates));
    }
    std::ranges::sort(candidates, {},
                      [](const Candidate& c) { return std::pair(c.visible_ns, c.id); });
    for (const Candidate& candidate : candidates) {
      std::vector<MessageId> ids{candidate.id};
      if (!candidate.group.empty()) {
        LAPWING_TRY(ids, due_of_group(db, candidate, max - out.size(), now));
      }
      for (const MessageId id : ids) {
        LAPWING_TRY(Claimed claimed, take_on(db, id, now, visibility));
        out.push_back(std::move(claimed));
      }
      if (out.size() == max) break;
    }
    return note_time_on(db, now);
  }));
  return out;
}

Status SqliteQueue::update_claimed(const char* sql, std::int64_t visible_ns,
                                   const Receipt& receipt) {
  return parts_.file.write([&](Database& db) -> Status {
    LAPWING_TRY(Statement update, db.prepare(sql));
    LAPWING_CHECK(update.bind(visible_ns).bind(receipt.id).bind(receipt.claim).run());
    if (db.changed_rows() == 0) return fail(late_receipt_error());
    return {};
  });
}

Status SqliteQueue::extend(const Receipt& receipt, Duration visibility) {
  LAPWING_CHECK(check_delay(visibility));
  return update_claimed("UPDATE message SET visible_ns=? WHERE id=? AND claimed=1 AND attempts=?",
                        parts_.time.now_ns() + visibility.count(), receipt);
}

Status SqliteQueue::complete(const Receipt& receipt) {
  LAPWING_CHECK(parts_.file.write([&](Database& db) { return complete_on(db, receipt); }));
  parts_.signals.queued.raise();
  return {};
}

Status SqliteQueue::release(const Receipt& receipt, Duration delay) {
  LAPWING_CHECK(check_delay(delay));
  LAPWING_CHECK(update_claimed(
      "UPDATE message SET visible_ns=?, claimed=0 WHERE id=? AND claimed=1 AND attempts=?",
      parts_.time.now_ns() + delay.count(), receipt));
  parts_.signals.queued.raise();
  return {};
}

Result<MessageId> SqliteQueue::move(const Receipt& receipt, std::string_view to_queue) {
  LAPWING_CHECK(check_enqueue({std::string(to_queue), ""}));
  MessageId id = 0;
  LAPWING_CHECK(parts_.file.write([&](Database& db) -> Status {
    {
      LAPWING_TRY(Statement copy,
                  db.prepare("INSERT INTO message (queue, grp, visible_ns, enqueued_ns, "
                             "first_claim_ns, attempts, claimed) SELECT ?, grp, ?, enqueued_ns, 0, "
                             "0, 0 FROM message WHERE id=? AND claimed=1 AND attempts=? "
                             "RETURNING id"));
      copy.bind(to_queue).bind(parts_.time.now_ns()).bind(receipt.id).bind(receipt.claim);
      LAPWING_TRY(const bool row, copy.step());
      if (!row) return fail(late_receipt_error());
      id = copy.natural(0);
    }
    LAPWING_TRY(Statement payload, db.prepare("UPDATE payload SET id=? WHERE id=?"));
    LAPWING_CHECK(payload.bind(id).bind(receipt.id).run());
    LAPWING_TRY(Statement remove, db.prepare("DELETE FROM message WHERE id=?"));
    return remove.bind(receipt.id).run();
  }));
  parts_.signals.queued.raise();
  return id;
}

Result<std::uint64_t> SqliteQueue::purge(std::string_view queue) {
  std::uint64_t removed = 0;
  LAPWING_CHECK(parts_.file.write([&](Database& db) -> Status {
    {
      LAPWING_TRY(Statement payloads, db.prepare("DELETE FROM payload WHERE id IN "
                                                 "(SELECT id FROM message WHERE queue=?)"));
      LAPWING_CHECK(payloads.bind(queue).run());
    }
    LAPWING_TRY(Statement messages, db.prepare("DELETE FROM message WHERE queue=?"));
    LAPWING_CHECK(messages.bind(queue).run());
    removed = db.changed_rows();
    return {};
  }));
  return removed;
}

Result<QueueStats> SqliteQueue::stats(std::string_view queue) {
  QueueStats out;
  const std::int64_t now = parts_.time.now_ns();
  LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
    LAPWING_TRY(Statement count, db.prepare("SELECT count(*) FILTER (WHERE visible_ns<=?2), "
                                            "count(*) FILTER (WHERE visible_ns>?2 AND claimed=0), "
                                            "count(*) FILTER (WHERE visible_ns>?2 AND claimed=1), "
                                            "min(enqueued_ns) FROM message WHERE queue=?1"));
    LAPWING_CHECK(count.bind(queue).bind(now).step());
    out = {count.natural(0), count.natural(1), count.natural(2), std::nullopt};
    if (!count.null(3)) out.oldest_age = Duration(now - count.integer(3));
    return {};
  }));
  return out;
}

Status next_due_on(Database& db, const std::string& queue, std::int64_t now,
                   std::optional<Duration>& out) {
  const auto note = [&](std::int64_t due) {
    const Duration wait(std::max<std::int64_t>(0, due - now));
    out = std::min(out.value_or(wait), wait);
  };
  {
    LAPWING_TRY(Statement first,
                db.prepare("SELECT visible_ns FROM message WHERE queue=? AND grp=x'' "
                           "ORDER BY visible_ns, id LIMIT 1"));
    LAPWING_TRY(const bool row, first.bind(queue).step());
    if (row) note(first.integer(0));
  }
  LAPWING_TRY(Statement groups, db.prepare("SELECT DISTINCT grp FROM message WHERE queue=? AND "
                                           "grp<>x''"));
  groups.bind(queue);
  while (!out || *out > Duration::zero()) {
    LAPWING_TRY(const bool row, groups.step());
    if (!row) break;
    LAPWING_TRY(const std::int64_t due, group_due_on(db, queue, groups.bytes(0), now));
    note(due);
  }
  return {};
}

Result<std::optional<Duration>> SqliteQueue::next_due(std::span<const std::string> queues) {
  std::optional<Duration> out;
  const std::int64_t now = parts_.time.now_ns();
  LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
    for (const std::string& queue : queues) LAPWING_CHECK(next_due_on(db, queue, now, out));
    return {};
  }));
  return out;
}

}  // namespace

Result<Enqueued> enqueue_on(Database& db, const EnqueueRequest& request, std::int64_t now_ns) {
  LAPWING_CHECK(check_enqueue(request));
  if (!request.dedup_id.empty()) {
    LAPWING_TRY(Statement forget, db.prepare("DELETE FROM dedup WHERE until_ns<=?"));
    LAPWING_CHECK(forget.bind(now_ns).run());
    LAPWING_TRY(Statement find, db.prepare("SELECT message FROM dedup WHERE queue=? AND dedup=?"));
    LAPWING_TRY(const bool row, find.bind(request.queue).bind(request.dedup_id).step());
    if (row) return Enqueued{find.natural(0), true};
  }
  MessageId id = 0;
  {
    LAPWING_TRY(Statement add,
                db.prepare("INSERT INTO message (queue, grp, visible_ns, enqueued_ns, "
                           "first_claim_ns, attempts, claimed) VALUES (?, ?, ?, ?, 0, 0, 0) "
                           "RETURNING id"));
    add.bind(request.queue).bind(request.group);
    add.bind(std::int64_t{now_ns + request.delay.count()}).bind(now_ns);
    LAPWING_TRY(const bool row, add.step());
    if (!row) return fail(internal_error("an enqueued message has no id"));
    id = add.natural(0);
  }
  LAPWING_TRY(Statement payload, db.prepare("INSERT INTO payload VALUES (?, ?)"));
  LAPWING_CHECK(payload.bind(id).bind(request.payload).run());
  if (!request.dedup_id.empty()) {
    LAPWING_TRY(Statement keep, db.prepare("INSERT INTO dedup VALUES (?, ?, ?, ?)"));
    keep.bind(request.queue).bind(request.dedup_id).bind(id);
    LAPWING_CHECK(keep.bind(std::int64_t{now_ns + Duration(kDedupWindow).count()}).run());
  }
  LAPWING_CHECK(note_time_on(db, now_ns));
  return Enqueued{id, false};
}

Status complete_on(Database& db, const Receipt& receipt) {
  {
    LAPWING_TRY(Statement remove,
                db.prepare("DELETE FROM message WHERE id=? AND claimed=1 AND attempts=?"));
    LAPWING_CHECK(remove.bind(receipt.id).bind(receipt.claim).run());
    if (db.changed_rows() == 0) return fail(late_receipt_error());
  }
  LAPWING_TRY(Statement payload, db.prepare("DELETE FROM payload WHERE id=?"));
  return payload.bind(receipt.id).run();
}

std::unique_ptr<Queue> make_queue(const StateParts& parts) {
  return std::make_unique<SqliteQueue>(parts);
}

}  // namespace lapwing::store::sqlite
