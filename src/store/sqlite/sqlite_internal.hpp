// What the parts of the SQLite engine share. The *_on functions work inside a transaction
// or snapshot that someone else began. Only sqlite/*.cpp includes this.
#pragma once

#include <memory>
#include <string>

#include "store/engine.hpp"
#include "store/engine_clock.hpp"
#include "store/sqlite/db_file_internal.hpp"
#include "store/sqlite/schema_internal.hpp"

namespace lapwing::store::sqlite {

Result<std::int64_t> counter_on(Database& db, Counter counter);
Result<std::int64_t> raise_counter_on(Database& db, Counter counter);
// Keeps the greatest engine time, so that it never goes back over a restart.
Status note_time_on(Database& db, std::int64_t now_ns);

Result<std::optional<Record>> get_on(Database& db, std::string_view kind, std::string_view key);
Result<ScanPage> scan_on(Database& db, const ScanQuery& query);
Result<Enqueued> enqueue_on(Database& db, const EnqueueRequest& request, std::int64_t now_ns);
Status complete_on(Database& db, const Receipt& receipt);
Result<LogSequence> append_on(Database& db, std::string_view stream, std::string_view shard,
                              std::span<const LogInput> records,
                              std::optional<LogSequence> expected_next);
Status guard_on(Database& db, std::string_view lease, std::uint64_t epoch, std::int64_t now_ns);

struct Signals {
  Signal changed;
  Signal queued;
  Signal logged;
  Signal bulk_logged;
  void close() {
    for (Signal* signal : {&changed, &queued, &logged, &bulk_logged}) signal->close();
  }
};

struct StateParts {
  DbFile& file;
  const EngineClock& time;
  Signals& signals;
  std::uint64_t feed_history;
};

std::unique_ptr<Store> make_store(const StateParts& parts);
std::unique_ptr<ChangeFeed> make_feed(const StateParts& parts);
std::unique_ptr<Queue> make_queue(const StateParts& parts);
std::unique_ptr<Lease> make_lease(const StateParts& parts);
// Removes what was dropped as `file`'s idle work.
std::unique_ptr<Log> make_log(DbFile& file, Signal& signal);

}  // namespace lapwing::store::sqlite
