// The memory engine's insides: one State under one mutex; a transaction changes it in place
// and keeps what undoes it. Only memory/*.cpp includes this.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/unique_function.hpp"
#include "store/engine.hpp"
#include "store/engine_clock.hpp"
#include "store/memory/memory_engine.hpp"
#include "store/queue_pick.hpp"
#include "store/queue_signals.hpp"

namespace lapwing::store::memory {

struct StoredRecord {
  std::string value;
  Revision revision = 0;
  std::vector<IndexTerm> terms;
};

struct KindTable {
  std::map<std::string, StoredRecord, std::less<>> records;
  std::set<std::tuple<std::string, std::string, std::string>> terms;  // index, term, key
};

struct Message {
  EnqueueRequest request;
  std::int64_t visible_ns = 0;
  std::int64_t enqueued_ns = 0;
  std::int64_t first_claim_ns = 0;
  std::int64_t enqueued_ms = 0;
  std::int64_t first_claim_ms = 0;
  std::uint32_t attempts = 0;
  std::uint32_t attempts_in_all = 0;
  std::uint64_t claim = 0;  // what a receipt that counts names
  bool claimed = false;     // until released; invisible while visible_ns is ahead
};

struct DedupEntry {
  MessageId id = 0;
  std::string note;
  std::int64_t until_ns = 0;
};

struct Shard {
  LogSequence next = 1;
  bool sealed = false;
  std::uint64_t bytes = 0;
  std::map<LogSequence, LogRecord> records;
  std::set<LogPlace> by_time;
};

struct HeldLease {
  std::string owner;
  std::uint64_t epoch = 0;
  std::int64_t until_ns = 0;  // 0: released
};

struct Budget {
  std::uint64_t amount = 0;
  std::int64_t until_ns = 0;
};

struct PastCommit {
  CommitSequence sequence = 0;
  std::string outcome;
  std::int64_t until_ns = 0;
};

using ShardName = std::pair<std::string, std::string>;
using Shards = std::map<ShardName, Shard>;

struct State {
  std::map<std::string, KindTable, std::less<>> kinds;
  Revision last_revision = 0;
  CommitSequence last_commit = 0;
  std::deque<std::vector<Change>> feed;  // the commits up to last_commit
  std::map<MessageId, Message> messages;
  std::map<std::string, std::set<MessageId>, std::less<>> queues;         // none empty
  std::map<std::pair<std::string, std::string>, std::int64_t> served_ns;  // queue, fair group
  MessageId last_message = 0;
  std::map<std::pair<std::string, std::string>, DedupEntry> dedup;  // queue, id
  Shards shards;
  std::map<std::string, HeldLease, std::less<>> leases;
  std::map<std::pair<std::string, std::string>, Budget> budgets;  // name, owner
  std::map<std::string, PastCommit> past;                         // by idempotency key
  std::map<std::pair<std::string, std::string>, std::vector<BlobId>> blobs_of;  // kind, key
  std::map<BlobId, std::uint64_t> blob_uses;
};

using Undo = UniqueFunction<void(State&)>;

// The thread of submitted transactions, begun with the first of them.
class Writer {
 public:
  ~Writer() { stop(); }
  Status submit(UniqueFunction<void()> job);
  // Does what was taken on, and takes on nothing more.
  void stop();

 private:
  void run();
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<UniqueFunction<void()>> jobs_;
  bool closed_ = false;
  std::thread thread_;
};

// What every part shares. `writer` is the thread inside the mutex with a body under way.
struct Core {
  Core(const Clock& c, const MemoryOptions& o, bool blobs)
      : clock(&c), time(c), options(o), counts_blobs(blobs) {}
  const Clock* clock;
  EngineClock time;
  MemoryOptions options;
  bool counts_blobs;  // the engine's own space
  std::mutex mutex;
  std::atomic<std::thread::id> body_thread{};
  std::atomic<bool> closed = false;
  State state;
  Signal changed;
  QueueSignals queues;
  Signal logged;
  Signal bulk_logged;
  Writer writer;  // the first to go

  Status check_not_nested() const;
  // For calls that write: also that the engine is not shut down.
  Status check_open() const;
};

Result<std::optional<Record>> get_record(const State& state, std::string_view kind,
                                         std::string_view key);
Result<ScanPage> scan_records(const State& state, const ScanQuery& query);
// What a transaction does to queues; called with the mutex held. `undo` takes back, `effects` is
// for the signals once it is committed.
class QueueChange {
 public:
  QueueChange(Core& core, State& state, std::vector<Undo>& undo)
      : state_(&state),
        undo_(&undo),
        now_(core.time.now_ns()),
        wall_ms_(unix_ms(core.clock->wall())) {}

  Result<Enqueued> enqueue(const EnqueueRequest& request);
  Result<ClaimResult> claim(const ClaimRequest& request);
  Status complete(const Receipt& receipt, Lateness lateness);
  Status extend(const Receipt& receipt, Duration visibility, Lateness lateness);
  Status release(const Receipt& receipt, Duration delay);
  Result<MessageId> move_unclaimed(MessageId id, std::string_view from_queue,
                                   std::string_view to_queue, const MoveOptions& options);
  Result<MessageId> move(const Receipt& receipt, std::string_view to_queue,
                         const MoveOptions& options);
  Peeked peek(const Receipt& receipt) const;
  // Up to `max` messages for which `which` holds.
  std::uint64_t remove_if(std::string_view queue, std::size_t max,
                          FunctionRef<bool(const Message&)> which);
  std::uint64_t give_back(std::string_view queue);
  std::int64_t now() const { return now_; }
  QueueEffects effects;

 private:
  Result<MessageId> move_found(MessageId from, std::string_view to_queue,
                               const MoveOptions& options);
  // To change, put or (with nothing) take away; before that the old one is kept for undoing.
  void set(MessageId id, std::optional<Message> message);
  Result<Message*> claimed(const Receipt& receipt, Lateness lateness);
  std::vector<ClaimUnit> units(const std::string& queue, std::size_t max, Duration age_max) const;
  std::vector<ClaimUnit> fair_units(const std::string& queue, std::size_t max,
                                    std::int64_t after_ns) const;
  Claimed describe(MessageId id, const Message& message) const;
  Claimed take(MessageId id, Duration visibility);
  void told(std::string_view queue, std::int64_t visible_ns);

  State* state_;
  std::vector<Undo>* undo_;
  std::int64_t now_;
  std::int64_t wall_ms_;
};
Result<LogSequence> append_records(Shards& shards, std::string_view stream, std::string_view shard,
                                   std::span<const LogInput> records,
                                   std::optional<LogSequence> expected_next);

std::unique_ptr<Store> make_store(Core& core);
std::unique_ptr<ChangeFeed> make_feed(Core& core);
std::unique_ptr<Queue> make_queue(Core& core, Store& store);
std::unique_ptr<DueSource> make_due(Core& core);
// Over `shards`, which core.mutex guards.
std::unique_ptr<Log> make_log(Core& core, Shards& shards, Signal& signal);
std::unique_ptr<Lease> make_lease(Core& core);
std::unique_ptr<BlobStore> make_blobs(const Clock& clock);

}  // namespace lapwing::store::memory
