// Queue and its due source: what is asked outside a transaction, and what is done beside them.
#include <algorithm>
#include <utility>

#include "store/checks.hpp"
#include "store/sqlite/queue_txn_internal.hpp"
#include "store/sqlite/sqlite_internal.hpp"

namespace lapwing::store::sqlite {
namespace {

#define LAPWING_QUEUE_SIZE(which)                                                                 \
  "SELECT count(*), coalesce(sum(iif(apart, (SELECT length(bytes) FROM payload WHERE payload.id=" \
  "msg.id), length(payload))), 0) FROM msg WHERE queue=? AND " which

// Each message is in one of three indexes, or is the first of its ordered group and in two. Of a
// payload only the length is read.
constexpr const char* kSizes[] = {LAPWING_QUEUE_SIZE("+place<5"),
                                  LAPWING_QUEUE_SIZE("ordered=1 AND place=5"),
                                  LAPWING_QUEUE_SIZE("place=6")};

#undef LAPWING_QUEUE_SIZE
// Of those that have fallen due, worked off in one transaction.
constexpr std::size_t kDueQueuesAtOnce = 100;

class SqliteQueue final : public Queue, private IdleWork {
 public:
  SqliteQueue(const StateParts& parts, Store& store) : Queue(store), parts_(parts) {
    parts_.file.add_idle_work(*this);
  }

  using Queue::claim;
  Result<ClaimResult> claim(const ClaimRequest& request) override;
  Result<QueueStats> stats(std::string_view queue) override;
  Result<QueueSize> size(std::string_view queue) override;
  Result<std::optional<Duration>> next_due(std::span<const std::string> queues) override;
  Result<std::vector<std::string>> names(std::string_view prefix, std::string_view after,
                                         std::size_t limit) override;
  Result<std::uint64_t> give_back(std::string_view queue) override;
  Result<std::uint64_t> purge(std::string_view queue) override {
    LAPWING_CHECK(check_queue(queue));
    LAPWING_TRY(const std::uint64_t removed,
                change<std::uint64_t>([&](QueueTxn& txn) { return txn.drop(queue); }));
    parts_.file.wake_idle_work();
    return removed;
  }
  Result<std::uint64_t> expire(std::string_view queue, Duration age) override {
    LAPWING_TRY(const std::uint64_t removed, change<std::uint64_t>([&](QueueTxn& txn) {
                  return txn.expire(queue, parts_.time.now_ns() - age.count(), kQueueRemovalStep);
                }));
    if (removed > 0) parts_.file.wake_idle_work();
    return removed;
  }
  Result<Peeked> peek(const Receipt& receipt) override {
    Peeked out;
    LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
      LAPWING_TRY(out, QueueTxn(db, parts_.time.now_ns(), 0).peek(receipt));
      return {};
    }));
    return out;
  }

  Subscription subscribe(std::string_view queue, Listener& listener) override {
    return parts_.signals.queues.subscribe(queue, listener);
  }
  Subscription subscribe(Listener& listener) override {
    return parts_.signals.queues.subscribe(listener);
  }
  Subscription watch_due(Listener& listener) override {
    return parts_.signals.queues.watch_due(listener);
  }

 private:
  template <class T, class Change>
  Result<T> change(Change body) {
    T out{};
    QueueEffects effects;
    LAPWING_CHECK(parts_.file.write([&](Database& db) -> Status {
      QueueTxn txn(db, parts_.time.now_ns(), unix_ms(parts_.clock.wall()));
      LAPWING_TRY(out, body(txn));
      LAPWING_CHECK(txn.flush());
      effects = std::move(txn.effects);
      return {};
    }));
    parts_.signals.queues.apply(effects);
    return out;
  }
  Result<bool> idle_step(Database& db) override;

  StateParts parts_;
};

Result<ClaimResult> SqliteQueue::claim(const ClaimRequest& request) {
  LAPWING_CHECK(check_claim(request));
  // Polling an empty queue costs no commit.
  LAPWING_TRY(const std::optional<Duration> due, next_due(request.queues));
  if ((!due || *due > Duration::zero()) && request.in_flight_max == 0) return ClaimResult{};
  return change<ClaimResult>([&](QueueTxn& txn) { return txn.claim(request); });
}

Result<std::vector<std::string>> SqliteQueue::names(std::string_view prefix, std::string_view after,
                                                    std::size_t limit) {
  LAPWING_CHECK(check_page(limit));
  std::vector<std::string> out;
  LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
    LAPWING_TRY(Statement find, db.prepare("SELECT name FROM queue WHERE dropped=0 AND name>=? AND "
                                           "name>? AND ready+delayed+in_flight>0 ORDER BY name"));
    find.bind(prefix).bind(after);
    while (out.size() < limit) {
      LAPWING_TRY(const bool there, find.step());
      if (!there) break;
      std::string name = find.bytes(0);
      if (!name.starts_with(prefix)) break;
      out.push_back(std::move(name));
    }
    return {};
  }));
  return out;
}

Result<std::uint64_t> SqliteQueue::give_back(std::string_view queue) {
  LAPWING_TRY(const std::uint64_t out,
              change<std::uint64_t>([&](QueueTxn& txn) { return txn.give_back(queue); }));
  // In steps, so that no other writer waits long; a claim in between finds the rest itself.
  for (std::uint64_t done = 0; done < out; done += kQueueRemovalStep) {
    LAPWING_TRY([[maybe_unused]] const std::size_t moved, change<std::size_t>([&](QueueTxn& txn) {
                  return txn.promote(queue, kQueueRemovalStep);
                }));
  }
  return out;
}

Result<QueueStats> SqliteQueue::stats(std::string_view queue) {
  QueueStats out;
  const std::int64_t now = parts_.time.now_ns();
  LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
    std::int64_t number = 0;
    {
      LAPWING_TRY(Statement counts, db.prepare("SELECT id, ready, delayed, in_flight FROM queue "
                                               "WHERE name=? AND dropped=0"));
      LAPWING_TRY(const bool there, counts.bind(queue).step());
      if (!there) return {};
      number = counts.integer(0);
      out = {counts.natural(1), counts.natural(2), counts.natural(3), std::nullopt};
    }
    // What has fallen due since it was looked at last.
    for (std::uint64_t* const hidden : {&out.delayed, &out.in_flight}) {
      LAPWING_TRY(Statement due, db.prepare("SELECT count(*) FROM msg WHERE queue=? AND place=? "
                                            "AND +place<5 AND at_ns<=?"));
      due.bind(number);
      due.bind(
          static_cast<std::int64_t>(hidden == &out.delayed ? Place::kDelayed : Place::kInFlight));
      LAPWING_CHECK(due.bind(now).step());
      *hidden -= due.natural(0);
      out.visible += due.natural(0);
    }
    LAPWING_TRY(
        Statement oldest,
        db.prepare("SELECT min(at) FROM (SELECT (SELECT min(enqueued_ns) FROM msg WHERE queue=?1 "
                   "AND aged=1) AS at UNION ALL SELECT (SELECT enqueued_ns FROM msg WHERE "
                   "queue=?1 AND place=2 AND +place<5 ORDER BY at_ns LIMIT 1))"));
    LAPWING_CHECK(oldest.bind(number).step());
    if (!oldest.null(0)) out.oldest_age = Duration(now - oldest.integer(0));
    return {};
  }));
  return out;
}

Result<QueueSize> SqliteQueue::size(std::string_view queue) {
  QueueSize out;
  LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
    std::int64_t number = 0;
    {
      LAPWING_TRY(Statement find, db.prepare("SELECT id FROM queue WHERE name=? AND dropped=0"));
      LAPWING_TRY(const bool there, find.bind(queue).step());
      if (!there) return {};
      number = find.integer(0);
    }
    for (const char* sql : kSizes) {
      LAPWING_TRY(Statement sum, db.prepare(sql));
      LAPWING_CHECK(sum.bind(number).step());
      out.messages += sum.natural(0);
      out.payload_bytes += sum.natural(1);
    }
    return {};
  }));
  return out;
}

Result<std::optional<Duration>> SqliteQueue::next_due(std::span<const std::string> queues) {
  std::optional<Duration> out;
  const std::int64_t now = parts_.time.now_ns();
  LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
    for (const std::string& queue : queues) {
      LAPWING_TRY(const std::optional<std::int64_t> at, queue_due_on(db, queue));
      if (!at) continue;
      const Duration wait(std::max<std::int64_t>(0, *at - now));
      out = std::min(out.value_or(wait), wait);
    }
    return {};
  }));
  return out;
}

// Takes away what queues held when they were purged.
Result<bool> SqliteQueue::idle_step(Database& db) {
  std::int64_t queue = 0;
  {
    LAPWING_TRY(Statement find, db.prepare("SELECT id FROM queue WHERE dropped=1 LIMIT 1"));
    LAPWING_TRY(const bool there, find.step());
    if (!there) return false;
    queue = find.integer(0);
  }
  std::vector<std::pair<MessageId, bool>> gone;
  for (const char* sql : {"SELECT id, apart FROM msg WHERE queue=? AND +place<5 LIMIT ?",
                          "SELECT id, apart FROM msg WHERE queue=? AND ordered=1 LIMIT ?",
                          "SELECT id, apart FROM msg WHERE queue=? AND place=6 LIMIT ?"}) {
    if (!gone.empty()) break;
    LAPWING_TRY(Statement find, db.prepare(sql));
    find.bind(queue).bind(std::uint64_t{kQueueRemovalStep});
    while (true) {
      LAPWING_TRY(const bool there, find.step());
      if (!there) break;
      gone.emplace_back(find.natural(0), find.integer(1) != 0);
    }
  }
  for (const auto& [id, apart] : gone) {
    LAPWING_TRY(Statement message, db.prepare("DELETE FROM msg WHERE id=?"));
    LAPWING_CHECK(message.bind(id).run());
    if (!apart) continue;
    LAPWING_TRY(Statement payload, db.prepare("DELETE FROM payload WHERE id=?"));
    LAPWING_CHECK(payload.bind(id).run());
  }
  if (!gone.empty()) return true;
  LAPWING_TRY(Statement lanes, db.prepare("DELETE FROM lane WHERE queue=?"));
  LAPWING_CHECK(lanes.bind(queue).run());
  LAPWING_TRY(Statement row, db.prepare("DELETE FROM queue WHERE id=?"));
  LAPWING_CHECK(row.bind(queue).run());
  return true;
}

class SqliteDue final : public DueSource {
 public:
  explicit SqliteDue(const StateParts& parts) : parts_(parts) {}

  Status start() {
    std::vector<std::string> queues;
    QueueEffects effects;
    LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
      {
        LAPWING_TRY(Statement find, db.prepare("SELECT name FROM queue WHERE dropped=0 AND "
                                               "(delayed>0 OR in_flight>0)"));
        while (true) {
          LAPWING_TRY(const bool there, find.step());
          if (!there) break;
          queues.push_back(find.bytes(0));
        }
      }
      for (const std::string& queue : queues) LAPWING_CHECK(note_hidden(db, queue, effects));
      return {};
    }));
    parts_.signals.queues.apply(effects);
    return {};
  }

  Result<std::optional<MonoTime>> next_due() override {
    const auto at = parts_.signals.queues.next_due_ns();
    if (!at) return std::nullopt;
    return parts_.time.mono_of(*at);
  }

  // Some queues a transaction: thousands that fall due together are no thousands of syncs.
  Status run_due() override {
    const std::int64_t now = parts_.time.now_ns();
    const std::vector<std::string> due = parts_.signals.queues.take_due(now);
    for (std::size_t begin = 0; begin < due.size();) {
      QueueEffects effects;
      std::size_t end = begin;
      const Status done = parts_.file.write([&](Database& db) -> Status {
        QueueTxn txn(db, parts_.time.now_ns(), unix_ms(parts_.clock.wall()));
        std::size_t moved = 0;
        for (end = begin; end < std::min(due.size(), begin + kDueQueuesAtOnce); ++end) {
          if (moved >= kQueueRemovalStep) break;
          LAPWING_TRY(const std::size_t some, txn.promote(due[end], kQueueRemovalStep));
          moved += some;
        }
        LAPWING_CHECK(txn.flush());
        for (std::size_t i = begin; i < end; ++i) {
          LAPWING_CHECK(note_hidden(db, due[i], txn.effects));
        }
        effects = std::move(txn.effects);
        return {};
      });
      if (!done) {
        effects = {};
        for (std::size_t i = begin; i < due.size(); ++i) effects.due(due[i], now);
      }
      parts_.signals.queues.apply(effects);
      if (!done) return done;
      begin = end;
    }
    return {};
  }

 private:
  // When the queue's next delay or visibility ends.
  static Status note_hidden(Database& db, const std::string& queue, QueueEffects& effects) {
    LAPWING_TRY(Statement find,
                db.prepare("SELECT min(at) FROM (SELECT (SELECT min(at_ns) FROM msg, queue WHERE "
                           "queue=queue.id AND name=?1 AND dropped=0 AND place=3 AND +place<5) AS "
                           "at UNION ALL SELECT (SELECT min(at_ns) FROM msg, queue WHERE "
                           "queue=queue.id AND name=?1 AND dropped=0 AND place=4 AND +place<5))"));
    LAPWING_CHECK(find.bind(queue).step());
    if (!find.null(0)) effects.due(queue, find.integer(0));
    return {};
  }

  StateParts parts_;
};

}  // namespace

Result<std::optional<std::int64_t>> queue_due_on(Database& db, std::string_view queue) {
  std::int64_t number = 0;
  {
    LAPWING_TRY(Statement find, db.prepare("SELECT id FROM queue WHERE name=? AND dropped=0"));
    LAPWING_TRY(const bool there, find.bind(queue).step());
    if (!there) return std::nullopt;
    number = find.integer(0);
  }
  LAPWING_TRY(
      Statement find,
      db.prepare("SELECT min(at) FROM (SELECT (SELECT at_ns FROM msg WHERE queue=?1 AND place=2 "
                 "AND +place<5 ORDER BY at_ns LIMIT 1) AS at "
                 "UNION ALL SELECT (SELECT at_ns FROM msg WHERE queue=?1 AND place=3 AND +place<5 "
                 "ORDER BY at_ns LIMIT 1) "
                 "UNION ALL SELECT (SELECT at_ns FROM msg WHERE queue=?1 AND place=4 AND +place<5 "
                 "ORDER BY at_ns LIMIT 1) "
                 "UNION ALL SELECT (SELECT 0 FROM lane WHERE queue=?1 AND ready>0 LIMIT 1))"));
  LAPWING_CHECK(find.bind(number).step());
  if (find.null(0)) return std::nullopt;
  return find.integer(0);
}

std::unique_ptr<Queue> make_queue(const StateParts& parts, Store& store) {
  return std::make_unique<SqliteQueue>(parts, store);
}

Result<std::unique_ptr<DueSource>> make_due(const StateParts& parts) {
  auto due = std::make_unique<SqliteDue>(parts);
  LAPWING_CHECK(due->start());
  return due;
}

}  // namespace lapwing::store::sqlite
