// What the parts of the SQLite engine share. The *_on functions work inside a transaction
// or snapshot that someone else began. Only sqlite/*.cpp includes this.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "store/engine.hpp"
#include "store/engine_clock.hpp"
#include "store/queue_signals.hpp"
#include "store/sqlite/db_file_internal.hpp"
#include "store/sqlite/schema_internal.hpp"

namespace lapwing::store::sqlite {

Result<std::int64_t> counter_on(Database& db, Counter counter);
Result<std::int64_t> raise_counter_on(Database& db, Counter counter);
// Keeps the greatest engine time, so that it never goes back over a restart.
Status note_time_on(Database& db, std::int64_t now_ns);

Result<std::optional<Record>> get_on(Database& db, std::string_view kind, std::string_view key);
Result<ScanPage> scan_on(Database& db, const ScanQuery& query);
Result<LogSequence> append_on(Database& db, std::string_view stream, std::string_view shard,
                              std::span<const LogInput> records,
                              std::optional<LogSequence> expected_next);
Status guard_on(Database& db, std::string_view lease, std::uint64_t epoch, std::int64_t now_ns);

// Replaces what the record names.
Status name_blobs_on(Database& db, std::string_view kind, std::string_view key, bool existed,
                     std::span<const BlobId> blobs);
Result<std::vector<std::string>> undeclared_owners_on(Database& db);
Status declare_blobs_on(Database& db, std::string_view owner);
Result<std::vector<BlobId>> named_blobs_on(Database& db);

struct Signals {
  Signal changed;
  QueueSignals queues;
  Signal logged;
  Signal bulk_logged;
  void close() {
    for (Signal* signal : {&changed, &logged, &bulk_logged}) signal->close();
    queues.close();
  }
};

struct StateParts {
  DbFile& file;
  const EngineClock& time;
  const Clock& clock;
  Signals& signals;
  std::uint64_t feed_history;
  bool counts_blobs = true;  // the engine's own space
};

std::unique_ptr<Store> make_store(const StateParts& parts);
std::unique_ptr<ChangeFeed> make_feed(const StateParts& parts);
std::unique_ptr<Queue> make_queue(const StateParts& parts, Store& store);
// Tells the signals first what is to fall due.
Result<std::unique_ptr<DueSource>> make_due(const StateParts& parts);
std::unique_ptr<Lease> make_lease(const StateParts& parts);
// Removes what was dropped as `file`'s idle work.
std::unique_ptr<Log> make_log(DbFile& file, Signal& signal);

}  // namespace lapwing::store::sqlite
