// Store and ChangeFeed: transactions and what they tell the feed.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "store/checks.hpp"
#include "store/sqlite/queue_txn_internal.hpp"
#include "store/sqlite/sqlite_internal.hpp"

namespace lapwing::store::sqlite {
namespace {

// The feed is trimmed once in so many commits.
constexpr std::int64_t kTrimEvery = 64;

class SqliteReader final : public Reader {
 public:
  explicit SqliteReader(Database& db) : db_(&db) {}
  Result<std::optional<Record>> get(std::string_view kind, std::string_view key) override {
    return get_on(*db_, kind, key);
  }
  Result<ScanPage> scan(const ScanQuery& query) override { return scan_on(*db_, query); }
  Result<CommitSequence> sequence() override {
    LAPWING_TRY(const std::int64_t value, counter_on(*db_, Counter::kCommit));
    return static_cast<CommitSequence>(value);
  }

 private:
  Database* db_;
};

class SqliteTxn final : public Txn {
 public:
  SqliteTxn(Database& db, const StateParts& parts, std::int64_t now_ns)
      : queues(db, now_ns, unix_ms(parts.clock.wall())),
        db_(&db),
        now_ns_(now_ns),
        counts_blobs_(parts.counts_blobs) {}

  Result<std::optional<Record>> get(std::string_view kind, std::string_view key) override {
    return get_on(*db_, kind, key);
  }
  Result<ScanPage> scan(const ScanQuery& query) override { return scan_on(*db_, query); }
  Result<CommitSequence> sequence() override { return SqliteReader(*db_).sequence(); }

  Result<Revision> put(std::string_view kind, std::string_view key, std::string_view value,
                       const PutOptions& options) override;
  Status erase(std::string_view kind, std::string_view key, Expect expect) override;
  Result<Enqueued> enqueue(const EnqueueRequest& request) override {
    return noted(queues.enqueue(request));
  }
  Result<ClaimResult> claim(const ClaimRequest& request) override {
    return noted(queues.claim(request));
  }
  Status complete(const Receipt& receipt, Lateness lateness) override {
    return noted(queues.complete(receipt, lateness));
  }
  Status extend(const Receipt& receipt, Duration visibility, Lateness lateness) override {
    return noted(queues.extend(receipt, visibility, lateness));
  }
  Status release(const Receipt& receipt, Duration delay) override {
    return noted(queues.release(receipt, delay));
  }
  Result<MessageId> move_unclaimed(MessageId id, std::string_view from_queue,
                                   std::string_view to_queue, const MoveOptions& options) override {
    return noted(queues.move_unclaimed(id, from_queue, to_queue, options));
  }
  Result<MessageId> move(const Receipt& receipt, std::string_view to_queue,
                         const MoveOptions& options) override {
    return noted(queues.move(receipt, to_queue, options));
  }
  Result<Peeked> peek(const Receipt& receipt) override { return noted(queues.peek(receipt)); }
  Result<LogSequence> append(std::string_view stream, std::string_view shard,
                             const std::vector<LogInput>& records) override {
    logged = true;
    return append_on(*db_, stream, shard, records, std::nullopt);
  }
  Status guard(std::string_view lease, std::uint64_t epoch) override {
    return guard_on(*db_, lease, epoch, now_ns_);
  }
  void set_outcome(std::string bytes) override { outcome = std::move(bytes); }

  std::string outcome;
  std::optional<CommitSequence> commit;  // set once a record has changed
  QueueTxn queues;
  bool logged = false;
  // What the file answered in the middle of a change: the body cannot go on from there.
  std::optional<Error> broken;

 private:
  Result<Revision> current(std::string_view kind, std::string_view key);
  Status drop_terms(std::string_view kind, std::string_view key);
  Status set_terms(std::string_view kind, std::string_view key, bool existed,
                   const std::vector<IndexTerm>& terms);
  Status tell_feed(std::string_view kind, std::string_view key, Revision revision, bool erased);

  template <class T>
  Result<T> noted(Result<T> made) {
    if (!made && !broken && !refused(made.error().kind())) broken = made.error();
    return made;
  }
  // Refusals come before anything is written.
  static bool refused(ErrorKind kind) {
    return kind == ErrorKind::kConflict || kind == ErrorKind::kInvalid ||
           kind == ErrorKind::kTooLarge || kind == ErrorKind::kNotFound;
  }

  Database* db_;
  std::int64_t now_ns_;
  bool counts_blobs_;
};

Result<Revision> SqliteTxn::current(std::string_view kind, std::string_view key) {
  LAPWING_TRY(Statement get, db_->prepare("SELECT revision FROM record WHERE kind=? AND key=?"));
  LAPWING_TRY(const bool row, get.bind(kind).bind(key).step());
  return row ? get.natural(0) : Revision{0};
}

Status SqliteTxn::drop_terms(std::string_view kind, std::string_view key) {
  LAPWING_TRY(Statement drop, db_->prepare("DELETE FROM term WHERE kind=? AND key=?"));
  return drop.bind(kind).bind(key).run();
}

// What stays is not written again: most changes of a record leave its terms, and each lies in two
// trees, which are the deeper the more records there are.
Status SqliteTxn::set_terms(std::string_view kind, std::string_view key, bool existed,
                            const std::vector<IndexTerm>& terms) {
  std::set<std::pair<std::string, std::string>> old;
  if (existed) {
    LAPWING_TRY(Statement scan, db_->prepare("SELECT name, term FROM term WHERE kind=? AND key=?"));
    scan.bind(kind).bind(key);
    while (true) {
      LAPWING_TRY(const bool row, scan.step());
      if (!row) break;
      old.emplace(scan.bytes(0), scan.bytes(1));
    }
  }
  for (const IndexTerm& term : terms) {
    if (old.erase({term.index, term.term}) != 0) continue;
    LAPWING_TRY(Statement add, db_->prepare("INSERT OR IGNORE INTO term VALUES (?, ?, ?, ?)"));
    LAPWING_CHECK(add.bind(kind).bind(term.index).bind(term.term).bind(key).run());
  }
  for (const auto& [index, term] : old) {
    LAPWING_TRY(Statement drop,
                db_->prepare("DELETE FROM term WHERE kind=? AND name=? AND term=? AND key=?"));
    LAPWING_CHECK(drop.bind(kind).bind(index).bind(term).bind(key).run());
  }
  return {};
}

Status SqliteTxn::tell_feed(std::string_view kind, std::string_view key, Revision revision,
                            bool erased) {
  if (!commit) {
    LAPWING_TRY(const std::int64_t next, raise_counter_on(*db_, Counter::kCommit));
    commit = static_cast<CommitSequence>(next);
  }
  LAPWING_TRY(Statement tell, db_->prepare("INSERT OR REPLACE INTO change VALUES (?, ?, ?, ?, ?)"));
  return tell.bind(*commit).bind(kind).bind(key).bind(revision).bind(std::int64_t{erased}).run();
}

Result<Revision> SqliteTxn::put(std::string_view kind, std::string_view key, std::string_view value,
                                const PutOptions& options) {
  LAPWING_CHECK(check_put(kind, key, value, options));
  if (!options.blobs.empty() && !counts_blobs_) return fail(foreign_blobs_error());
  LAPWING_TRY(const Revision old, current(kind, key));
  if (!options.expect.holds(old)) return fail(changed_error(kind, key));
  LAPWING_TRY(const std::int64_t raised, raise_counter_on(*db_, Counter::kRevision));
  const auto revision = static_cast<Revision>(raised);
  {
    LAPWING_TRY(Statement write,
                db_->prepare("INSERT INTO record (kind, key, value, revision) VALUES (?, ?, ?, ?) "
                             "ON CONFLICT (kind, key) DO UPDATE SET value=excluded.value, "
                             "revision=excluded.revision"));
    LAPWING_CHECK(write.bind(kind).bind(key).bind(value).bind(revision).run());
  }
  if (counts_blobs_) LAPWING_CHECK(name_blobs_on(*db_, kind, key, old != 0, options.blobs));
  LAPWING_CHECK(set_terms(kind, key, old != 0, options.terms));
  LAPWING_CHECK(tell_feed(kind, key, revision, false));
  return revision;
}

Status SqliteTxn::erase(std::string_view kind, std::string_view key, Expect expect) {
  LAPWING_CHECK(check_name(kind, key));
  LAPWING_TRY(const Revision old, current(kind, key));
  if (old == 0) {
    if (expect.is_any()) return {};
    return fail(no_record_error(kind, key));
  }
  if (!expect.holds(old)) return fail(changed_error(kind, key));
  {
    LAPWING_TRY(Statement erase, db_->prepare("DELETE FROM record WHERE kind=? AND key=?"));
    LAPWING_CHECK(erase.bind(kind).bind(key).run());
  }
  LAPWING_CHECK(drop_terms(kind, key));
  if (counts_blobs_) LAPWING_CHECK(name_blobs_on(*db_, kind, key, true, {}));
  return tell_feed(kind, key, 0, true);
}

Status trim_feed(Database& db, CommitSequence commit, std::uint64_t history) {
  if (commit % kTrimEvery != 0 || commit <= history) return {};
  const CommitSequence keep_after = commit - history;
  LAPWING_TRY(Statement trim, db.prepare("DELETE FROM change WHERE seq<=?"));
  LAPWING_CHECK(trim.bind(keep_after).run());
  LAPWING_TRY(Statement note, db.prepare("UPDATE counter SET value=? WHERE id=3 AND value<?"));
  return note.bind(keep_after).bind(keep_after).run();
}

// Answers the earlier commit when `key` was used within the window.
Result<std::optional<Committed>> find_past(Database& db, const std::string& key,
                                           std::int64_t now_ns) {
  LAPWING_TRY(Statement find,
              db.prepare("SELECT seq, outcome FROM past WHERE key=? AND until_ns>?"));
  LAPWING_TRY(const bool row, find.bind(key).bind(now_ns).step());
  if (!row) return std::nullopt;
  return Committed{find.natural(0), true, find.bytes(1)};
}

Status keep_past(Database& db, const std::string& key, const Committed& committed,
                 std::int64_t now_ns) {
  LAPWING_TRY(Statement forget, db.prepare("DELETE FROM past WHERE until_ns<=?"));
  LAPWING_CHECK(forget.bind(now_ns).run());
  LAPWING_TRY(Statement keep, db.prepare("INSERT INTO past VALUES (?, ?, ?, ?)"));
  keep.bind(key).bind(committed.sequence).bind(committed.outcome);
  LAPWING_CHECK(keep.bind(std::int64_t{now_ns + Duration(kIdempotencyWindow).count()}).run());
  return note_time_on(db, now_ns);
}

// One transaction on its way: run on the writer's thread, perhaps more than once, and told to
// those who wait once it is committed.
class Running {
 public:
  Running(const StateParts& parts, std::string key) : parts_(parts), key_(std::move(key)) {}

  Status run(Database& db, FunctionRef<Status(Txn&)> body);
  Committed take() {
    if (changed_) parts_.signals.changed.raise();
    parts_.signals.queues.apply(queued_);
    if (logged_) parts_.signals.logged.raise();
    return std::move(out_);
  }

 private:
  StateParts parts_;
  std::string key_;
  Committed out_;
  bool changed_ = false;
  QueueEffects queued_;
  bool logged_ = false;
};

Status Running::run(Database& db, FunctionRef<Status(Txn&)> body) {
  out_ = {};
  queued_ = {};
  changed_ = logged_ = false;
  const std::int64_t now = parts_.time.now_ns();
  if (!key_.empty()) {
    LAPWING_TRY(const auto past, find_past(db, key_, now));
    if (past) {
      out_ = *past;
      return {};
    }
  }
  SqliteTxn txn(db, parts_, now);
  const Status done = body(txn);
  if (txn.broken) return fail(*std::move(txn.broken));
  LAPWING_CHECK(done);
  LAPWING_CHECK(check_outcome(txn.outcome));
  LAPWING_CHECK(txn.queues.flush());
  changed_ = txn.commit.has_value();
  if (changed_) {
    LAPWING_CHECK(trim_feed(db, *txn.commit, parts_.feed_history));
  } else {
    LAPWING_TRY(txn.commit, txn.sequence());
  }
  queued_ = std::move(txn.queues.effects);
  logged_ = txn.logged;
  out_ = {*txn.commit, false, std::move(txn.outcome)};
  return key_.empty() ? Status{} : keep_past(db, key_, out_, now);
}

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(const StateParts& parts) : parts_(parts) {}

  Result<std::optional<Record>> get(std::string_view kind, std::string_view key) override {
    return asked<std::optional<Record>>([&](Database& db) { return get_on(db, kind, key); });
  }
  Result<ScanPage> scan(const ScanQuery& query) override {
    return asked<ScanPage>([&](Database& db) { return scan_on(db, query); });
  }
  Status read(FunctionRef<Status(Reader&)> body) override {
    return parts_.file.read([&](Database& db) -> Status {
      SqliteReader reader(db);
      return body(reader);
    });
  }
  Result<Committed> transact(FunctionRef<Status(Txn&)> body,
                             const TransactOptions& options) override {
    LAPWING_CHECK(check_transact(options));
    Running running(parts_, options.idempotency_key);
    LAPWING_CHECK(
        parts_.file.write([&](Database& db) { return running.run(db, body); }, options.deadline));
    return running.take();
  }
  Status submit(TxnBody body, TransactOptions options, TxnDone done) override;
  Result<std::vector<std::string>> undeclared_owners() override {
    return asked<std::vector<std::string>>([](Database& db) { return undeclared_owners_on(db); });
  }
  Status declare_blobs(std::string_view owner) override {
    return parts_.file.write([&](Database& db) { return declare_blobs_on(db, owner); });
  }

 private:
  template <class T, class Ask>
  Result<T> asked(Ask ask) {
    T out{};
    LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
      LAPWING_TRY(out, ask(db));
      return {};
    }));
    return out;
  }
  StateParts parts_;
};

Status SqliteStore::submit(TxnBody body, TransactOptions options, TxnDone done) {
  LAPWING_CHECK(check_transact(options));
  auto running = std::make_unique<Running>(parts_, std::move(options.idempotency_key));
  Running* const made = running.get();
  return parts_.file.submit(
      [made, body = std::move(body)](Database& db) mutable { return made->run(db, body); },
      options.deadline,
      [running = std::move(running), done = std::move(done)](Status status) mutable {
        if (status) {
          done(running->take());
        } else {
          done(fail(std::move(status).error()));
        }
      });
}

class SqliteFeed final : public ChangeFeed {
 public:
  explicit SqliteFeed(const StateParts& parts) : parts_(parts) {}

  Result<ChangePage> read(CommitSequence after, std::size_t max_commits) override;
  Result<CommitSequence> last() override {
    std::int64_t value = 0;
    LAPWING_CHECK(parts_.file.read([&](Database& db) -> Status {
      LAPWING_TRY(value, counter_on(db, Counter::kCommit));
      return {};
    }));
    return static_cast<CommitSequence>(value);
  }
  Result<bool> wait(CommitSequence after, Duration timeout) override {
    const MonoTime until = SystemClock().mono() + timeout;
    while (true) {
      const std::uint64_t seen = parts_.signals.changed.count();
      LAPWING_TRY(const CommitSequence now, last());
      if (now > after) return true;
      const Duration left = until - SystemClock().mono();
      if (left <= Duration::zero() || parts_.signals.changed.closed()) return false;
      parts_.signals.changed.wait(seen, left);
    }
  }
  Subscription subscribe(Listener& listener) override {
    return parts_.signals.changed.subscribe(listener);
  }

 private:
  Status read_on(Database& db, CommitSequence after, std::size_t max_commits, ChangePage& page);
  StateParts parts_;
};

Status SqliteFeed::read_on(Database& db, CommitSequence after, std::size_t max_commits,
                           ChangePage& page) {
  LAPWING_TRY(const std::int64_t counted, counter_on(db, Counter::kCommit));
  LAPWING_TRY(const std::int64_t trimmed, counter_on(db, Counter::kFeedTrimmed));
  const auto last = static_cast<CommitSequence>(counted);
  const CommitSequence kept_after =
      std::max(static_cast<CommitSequence>(trimmed), last - std::min(last, parts_.feed_history));
  if (after < kept_after || after > last) {
    page = {true, {}, last};
    return {};
  }
  page = {false, {}, std::min(last, after + max_commits)};
  LAPWING_TRY(Statement scan, db.prepare("SELECT seq, kind, key, revision, erased FROM change "
                                         "WHERE seq>? AND seq<=? ORDER BY seq, kind, key"));
  scan.bind(after).bind(page.next);
  while (true) {
    LAPWING_TRY(const bool row, scan.step());
    if (!row) return {};
    page.changes.push_back(
        {scan.natural(0), scan.bytes(1), scan.bytes(2), scan.natural(3), scan.integer(4) != 0});
  }
}

Result<ChangePage> SqliteFeed::read(CommitSequence after, std::size_t max_commits) {
  if (max_commits == 0 || max_commits > kMaxFeedCommits) {
    return fail(make_error(ErrorKind::kInvalid, "The number of commits is out of range."));
  }
  ChangePage page;
  LAPWING_CHECK(
      parts_.file.read([&](Database& db) { return read_on(db, after, max_commits, page); }));
  return page;
}

}  // namespace

std::unique_ptr<Store> make_store(const StateParts& parts) {
  return std::make_unique<SqliteStore>(parts);
}
std::unique_ptr<ChangeFeed> make_feed(const StateParts& parts) {
  return std::make_unique<SqliteFeed>(parts);
}

}  // namespace lapwing::store::sqlite
