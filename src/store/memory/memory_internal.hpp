// The memory engine's insides: one State under one mutex; a transaction changes it in place
// and keeps what undoes it. Only memory/*.cpp includes this.
#pragma once

#include <atomic>
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

#include "store/engine.hpp"
#include "store/engine_clock.hpp"
#include "store/memory/memory_engine.hpp"

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
  std::uint32_t attempts = 0;
  bool claimed = false;
};

struct DedupEntry {
  MessageId id = 0;
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
  MessageId last_message = 0;
  std::map<std::pair<std::string, std::string>, DedupEntry> dedup;  // queue, id
  Shards shards;
  std::map<std::string, HeldLease, std::less<>> leases;
  std::map<std::pair<std::string, std::string>, Budget> budgets;  // name, owner
  std::map<std::string, PastCommit> past;                         // by idempotency key
};

// What every part shares. `writer` is the thread inside the mutex with a body under way.
struct Core {
  Core(const Clock& c, const MemoryOptions& o) : clock(&c), time(c), options(o) {}
  const Clock* clock;
  EngineClock time;
  MemoryOptions options;
  std::mutex mutex;
  std::atomic<std::thread::id> body_thread{};
  std::atomic<bool> closed = false;
  State state;
  Signal changed;
  Signal queued;
  Signal logged;
  Signal bulk_logged;

  Status check_not_nested() const;
  // For calls that write: also that the engine is not shut down.
  Status check_open() const;
};

Result<std::optional<Record>> get_record(const State& state, std::string_view kind,
                                         std::string_view key);
Result<ScanPage> scan_records(const State& state, const ScanQuery& query);
// Both are called with the mutex held and everything checked.
Enqueued enqueue_message(State& state, const EnqueueRequest& request, std::int64_t now_ns);
Message* find_claimed(State& state, const Receipt& receipt);
Result<LogSequence> append_records(Shards& shards, std::string_view stream, std::string_view shard,
                                   std::span<const LogInput> records,
                                   std::optional<LogSequence> expected_next);

std::unique_ptr<Store> make_store(Core& core);
std::unique_ptr<ChangeFeed> make_feed(Core& core);
std::unique_ptr<Queue> make_queue(Core& core);
// Over `shards`, which core.mutex guards.
std::unique_ptr<Log> make_log(Core& core, Shards& shards, Signal& signal);
std::unique_ptr<Lease> make_lease(Core& core);
std::unique_ptr<BlobStore> make_blobs(const Clock& clock);

}  // namespace lapwing::store::memory
