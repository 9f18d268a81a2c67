#include <optional>

#include "store/checks.hpp"
#include "store/memory/memory_internal.hpp"
#include "store/pages.hpp"

namespace lapwing::store::memory {
namespace {

bool matches(std::string_view text, const ScanQuery& query) {
  return query.match == Match::kExact ? text == query.prefix : text.starts_with(query.prefix);
}

// Walks [begin, end) in the query's order, handing each element to `visit` until it says stop.
template <class Iterator, class Visit>
void walk(Iterator begin, Iterator end, Order order, Visit visit) {
  if (order == Order::kAscending) {
    for (; begin != end; ++begin) {
      if (!visit(*begin)) return;
    }
    return;
  }
  while (begin != end) {
    --end;
    if (!visit(*end)) return;
  }
}

ScanPage scan_keys(const KindTable& table, const ScanQuery& query) {
  ScanPageBuilder page(query);
  const auto& records = table.records;
  auto begin = records.lower_bound(query.prefix);
  const auto limit = prefix_end(query.prefix);
  auto end = limit ? records.lower_bound(*limit) : records.end();
  if (!query.after.empty()) {
    if (query.order == Order::kAscending && query.after >= query.prefix) {
      if (limit && query.after >= *limit) return {};
      begin = records.upper_bound(query.after);
    } else if (query.order == Order::kDescending && !(limit && query.after >= *limit)) {
      if (query.after < query.prefix) return {};
      end = records.lower_bound(query.after);
    }
  }
  walk(begin, end, query.order, [&](const auto& item) {
    if (!matches(item.first, query)) return true;
    return page.add({item.first, item.second.value, item.second.revision, {}});
  });
  return page.take();
}

Result<ScanPage> scan_index(const KindTable& table, const ScanQuery& query) {
  using Entry = std::tuple<std::string, std::string, std::string>;
  ScanPageBuilder page(query);
  const auto& terms = table.terms;
  auto begin = terms.lower_bound(Entry{query.index, query.prefix, ""});
  const auto limit = prefix_end(query.prefix);
  // The end of an index without a limit: the first entry of any later index.
  auto end =
      terms.lower_bound(limit ? Entry{query.index, *limit, ""} : Entry{query.index + '\0', "", ""});
  if (!query.after.empty()) {
    LAPWING_TRY(const IndexCursor cursor, decode_cursor(query.after));
    const Entry at{query.index, cursor.term, cursor.key};
    if (query.order == Order::kAscending) {
      if (begin == end || at >= *std::prev(end)) return ScanPage{};
      if (at >= *begin) begin = terms.upper_bound(at);
    } else {
      if (begin == end || at <= *begin) return ScanPage{};
      if (at <= *std::prev(end)) end = terms.lower_bound(at);
    }
  }
  walk(begin, end, query.order, [&](const Entry& entry) {
    const auto& [index, term, key] = entry;
    if (!matches(term, query)) return true;
    const StoredRecord& record = table.records.find(key)->second;
    return page.add({key, record.value, record.revision, term});
  });
  return page.take();
}

class MemoryReader : public Txn {
 public:
  MemoryReader(Core& core, State& state)
      : core_(&core), state_(&state), queues_(core, state, undo_) {}

  Result<std::optional<Record>> get(std::string_view kind, std::string_view key) override {
    return get_record(*state_, kind, key);
  }
  Result<ScanPage> scan(const ScanQuery& query) override { return scan_records(*state_, query); }
  Result<CommitSequence> sequence() override { return state_->last_commit; }

  Result<Revision> put(std::string_view kind, std::string_view key, std::string_view value,
                       const PutOptions& options) override;
  Status erase(std::string_view kind, std::string_view key, Expect expect) override;
  Result<Enqueued> enqueue(const EnqueueRequest& request) override {
    return queues_.enqueue(request);
  }
  Result<ClaimResult> claim(const ClaimRequest& request) override { return queues_.claim(request); }
  Status complete(const Receipt& receipt, Lateness lateness) override {
    return queues_.complete(receipt, lateness);
  }
  Status extend(const Receipt& receipt, Duration visibility, Lateness lateness) override {
    return queues_.extend(receipt, visibility, lateness);
  }
  Status release(const Receipt& receipt, Duration delay) override {
    return queues_.release(receipt, delay);
  }
  Result<MessageId> move_unclaimed(MessageId id, std::string_view from_queue,
                                   std::string_view to_queue, const MoveOptions& options) override {
    return queues_.move_unclaimed(id, from_queue, to_queue, options);
  }
  Result<MessageId> move(const Receipt& receipt, std::string_view to_queue,
                         const MoveOptions& options) override {
    return queues_.move(receipt, to_queue, options);
  }
  Result<Peeked> peek(const Receipt& receipt) override { return queues_.peek(receipt); }
  Result<LogSequence> append(std::string_view stream, std::string_view shard,
                             const std::vector<LogInput>& records) override;
  Status guard(std::string_view lease, std::uint64_t epoch) override;
  void set_outcome(std::string bytes) override { outcome_ = std::move(bytes); }

  void undo_all() {
    for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) (*step)(*state_);
  }
  std::string& outcome() { return outcome_; }
  std::map<std::pair<std::string, std::string>, Change>& changes() { return changes_; }
  const QueueEffects& queued() const { return queues_.effects; }
  bool logged() const { return logged_; }

 private:
  void set_record(const std::string& kind, const std::string& key,
                  std::optional<StoredRecord> record, std::vector<BlobId> blobs);

  Core* core_;
  State* state_;
  std::vector<Undo> undo_;
  std::string outcome_;
  std::map<std::pair<std::string, std::string>, Change> changes_;
  QueueChange queues_;
  bool logged_ = false;
};

// Puts, replaces or erases; answers what was there.
std::optional<StoredRecord> replace(State& state, const std::string& kind, const std::string& key,
                                    std::optional<StoredRecord> record) {
  KindTable& table = state.kinds[kind];
  std::optional<StoredRecord> old;
  if (const auto found = table.records.find(key); found != table.records.end()) {
    old = std::move(found->second);
    table.records.erase(found);
    for (const IndexTerm& term : old->terms) table.terms.erase({term.index, term.term, key});
  }
  if (record) {
    for (const IndexTerm& term : record->terms) table.terms.insert({term.index, term.term, key});
    table.records.emplace(key, std::move(*record));
  }
  return old;
}

// Replaces what the record names; answers what it named.
std::vector<BlobId> name_blobs(State& state, const std::string& kind, const std::string& key,
                               std::vector<BlobId> blobs) {
  for (const BlobId& id : blobs) ++state.blob_uses[id];
  std::vector<BlobId> old;
  if (const auto found = state.blobs_of.find({kind, key}); found != state.blobs_of.end()) {
    old = std::move(found->second);
    state.blobs_of.erase(found);
  }
  for (const BlobId& id : old) {
    if (--state.blob_uses[id] == 0) state.blob_uses.erase(id);
  }
  if (!blobs.empty()) state.blobs_of.emplace(std::pair(kind, key), std::move(blobs));
  return old;
}

void MemoryReader::set_record(const std::string& kind, const std::string& key,
                              std::optional<StoredRecord> record, std::vector<BlobId> blobs) {
  undo_.push_back([kind, key, old = name_blobs(*state_, kind, key, std::move(blobs))](
                      State& state) mutable { name_blobs(state, kind, key, std::move(old)); });
  changes_[{kind, key}] = {0, kind, key, record ? record->revision : 0, !record};
  undo_.push_back([kind, key, old = replace(*state_, kind, key, std::move(record))](
                      State& state) mutable { replace(state, kind, key, std::move(old)); });
}

Result<Revision> MemoryReader::put(std::string_view kind, std::string_view key,
                                   std::string_view value, const PutOptions& options) {
  LAPWING_CHECK(check_put(kind, key, value, options));
  if (!options.blobs.empty() && !core_->counts_blobs) return fail(foreign_blobs_error());
  LAPWING_TRY(const auto current, get_record(*state_, kind, key));
  if (!options.expect.holds(current ? current->revision : 0)) return fail(changed_error(kind, key));
  const Revision revision = ++state_->last_revision;
  set_record(std::string(kind), std::string(key),
             StoredRecord{std::string(value), revision, options.terms}, options.blobs);
  return revision;
}

Status MemoryReader::erase(std::string_view kind, std::string_view key, Expect expect) {
  LAPWING_CHECK(check_name(kind, key));
  LAPWING_TRY(const auto current, get_record(*state_, kind, key));
  if (!current) {
    if (expect.is_any()) return {};
    return fail(no_record_error(kind, key));
  }
  if (!expect.holds(current->revision)) return fail(changed_error(kind, key));
  set_record(std::string(kind), std::string(key), std::nullopt, {});
  return {};
}

Result<LogSequence> MemoryReader::append(std::string_view stream, std::string_view shard,
                                         const std::vector<LogInput>& records) {
  LAPWING_CHECK(check_append(stream, shard, records));
  const ShardName name{stream, shard};
  const bool existed = state_->shards.contains(name);
  LAPWING_TRY(const LogSequence first,
              append_records(state_->shards, stream, shard, records, std::nullopt));
  logged_ = true;
  undo_.push_back([name, existed, first](State& state) {
    if (!existed) {
      state.shards.erase(name);
      return;
    }
    Shard& undone = state.shards[name];
    while (undone.next > first) {
      const auto record = undone.records.find(--undone.next);
      undone.bytes -= record->second.data.size();
      undone.by_time.erase({record->second.time_ms, record->first});
      undone.records.erase(record);
    }
  });
  return first;
}

Status MemoryReader::guard(std::string_view lease, std::uint64_t epoch) {
  const auto found = state_->leases.find(lease);
  if (found == state_->leases.end() || found->second.epoch != epoch ||
      found->second.until_ns <= core_->time.now_ns()) {
    return fail(stale_lease_error(lease));
  }
  return {};
}

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(Core& core) : core_(&core) {}

  Result<std::optional<Record>> get(std::string_view kind, std::string_view key) override {
    LAPWING_CHECK(core_->check_not_nested());
    const std::scoped_lock lock(core_->mutex);
    return get_record(core_->state, kind, key);
  }
  Result<ScanPage> scan(const ScanQuery& query) override {
    LAPWING_CHECK(core_->check_not_nested());
    const std::scoped_lock lock(core_->mutex);
    return scan_records(core_->state, query);
  }
  Status read(FunctionRef<Status(Reader&)> body) override {
    LAPWING_CHECK(core_->check_not_nested());
    const std::scoped_lock lock(core_->mutex);
    MemoryReader reader(*core_, core_->state);
    return run(body, reader);
  }
  Result<Committed> transact(FunctionRef<Status(Txn&)> body,
                             const TransactOptions& options) override;
  Status submit(TxnBody body, TransactOptions options, TxnDone done) override {
    return core_->writer.submit([this, body = std::move(body), options = std::move(options),
                                 done = std::move(done)]() mutable {
      Result<Committed> committed = attempt(body, options);
      body = nullptr;
      done(std::move(committed));
    });
  }
  Result<std::vector<std::string>> undeclared_owners() override {
    return std::vector<std::string>{};
  }
  Status declare_blobs(std::string_view) override { return {}; }

 private:
  template <class Body, class Argument>
  Status run(Body& body, Argument& argument) {
    core_->body_thread = std::this_thread::get_id();
    try {
      Status status = body(argument);
      core_->body_thread = std::thread::id();
      return status;
    } catch (...) {
      core_->body_thread = std::thread::id();
      argument.undo_all();
      throw;
    }
  }
  Result<Committed> commit(MemoryReader& txn, const std::string& idempotency_key);
  // Nobody is there who could catch what a submitted body throws.
  Result<Committed> attempt(TxnBody& body, const TransactOptions& options) {
    try {
      return transact(body, options);
    } catch (...) {
      return fail(internal_error("the body of a transaction threw"));
    }
  }

  Core* core_;
};

Result<Committed> MemoryStore::commit(MemoryReader& txn, const std::string& idempotency_key) {
  State& state = core_->state;
  if (!txn.changes().empty()) {
    std::vector<Change> commit;
    ++state.last_commit;
    for (auto& [name, change] : txn.changes()) {
      change.sequence = state.last_commit;
      commit.push_back(std::move(change));
    }
    state.feed.push_back(std::move(commit));
    while (state.feed.size() > core_->options.feed_history) state.feed.pop_front();
  }
  if (!idempotency_key.empty()) {
    const std::int64_t now = core_->time.now_ns();
    std::erase_if(state.past, [&](const auto& item) { return item.second.until_ns <= now; });
    state.past[idempotency_key] = {state.last_commit, txn.outcome(),
                                   now + Duration(kIdempotencyWindow).count()};
  }
  return Committed{state.last_commit, false, std::move(txn.outcome())};
}

Result<Committed> MemoryStore::transact(FunctionRef<Status(Txn&)> body,
                                        const TransactOptions& options) {
  LAPWING_CHECK(core_->check_open());
  LAPWING_CHECK(check_transact(options));
  std::unique_lock lock(core_->mutex);
  if (core_->clock->mono() > options.deadline) return fail(timed_out_error());
  if (!options.idempotency_key.empty()) {
    const auto past = core_->state.past.find(options.idempotency_key);
    if (past != core_->state.past.end() && past->second.until_ns > core_->time.now_ns()) {
      return Committed{past->second.sequence, true, past->second.outcome};
    }
  }
  MemoryReader txn(*core_, core_->state);
  Status status = run(body, txn);
  if (status) status = check_outcome(txn.outcome());
  if (!status) {
    txn.undo_all();
    return fail(std::move(status).error());
  }
  const bool changed = !txn.changes().empty();
  Result<Committed> committed = commit(txn, options.idempotency_key);
  lock.unlock();
  if (changed) core_->changed.raise();
  core_->queues.apply(txn.queued());
  if (txn.logged()) core_->logged.raise();
  return committed;
}

class MemoryFeed final : public ChangeFeed {
 public:
  explicit MemoryFeed(Core& core) : core_(&core) {}

  Result<ChangePage> read(CommitSequence after, std::size_t max_commits) override {
    if (max_commits == 0 || max_commits > kMaxFeedCommits) {
      return fail(make_error(ErrorKind::kInvalid, "The number of commits is out of range."));
    }
    const std::scoped_lock lock(core_->mutex);
    const State& state = core_->state;
    const CommitSequence first = state.last_commit - state.feed.size();
    if (after < first || after > state.last_commit) return ChangePage{true, {}, state.last_commit};
    ChangePage page{false, {}, after};
    for (; page.next < state.last_commit && page.next - after < max_commits; ++page.next) {
      const auto& commit = state.feed[page.next - first];
      page.changes.insert(page.changes.end(), commit.begin(), commit.end());
    }
    return page;
  }
  Result<CommitSequence> last() override {
    const std::scoped_lock lock(core_->mutex);
    return core_->state.last_commit;
  }
  Result<bool> wait(CommitSequence after, Duration timeout) override {
    const MonoTime until = SystemClock().mono() + timeout;
    while (true) {
      const std::uint64_t seen = core_->changed.count();
      LAPWING_TRY(const CommitSequence now, last());
      if (now > after) return true;
      const Duration left = until - SystemClock().mono();
      if (left <= Duration::zero() || core_->changed.closed()) return false;
      core_->changed.wait(seen, left);
    }
  }
  Subscription subscribe(Listener& listener) override { return core_->changed.subscribe(listener); }

 private:
  Core* core_;
};

}  // namespace

Result<std::optional<Record>> get_record(const State& state, std::string_view kind,
                                         std::string_view key) {
  LAPWING_CHECK(check_name(kind, key));
  const auto table = state.kinds.find(kind);
  if (table == state.kinds.end()) return std::nullopt;
  const auto found = table->second.records.find(key);
  if (found == table->second.records.end()) return std::nullopt;
  return Record{found->first, found->second.value, found->second.revision, {}};
}

Result<ScanPage> scan_records(const State& state, const ScanQuery& query) {
  LAPWING_CHECK(check_scan(query));
  const auto table = state.kinds.find(query.kind);
  if (table == state.kinds.end()) return ScanPage{};
  return query.index.empty() ? Result<ScanPage>(scan_keys(table->second, query))
                             : scan_index(table->second, query);
}

std::unique_ptr<Store> make_store(Core& core) { return std::make_unique<MemoryStore>(core); }
std::unique_ptr<ChangeFeed> make_feed(Core& core) { return std::make_unique<MemoryFeed>(core); }

}  // namespace lapwing::store::memory
