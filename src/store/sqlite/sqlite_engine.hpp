// The embedded engine: SQLite in WAL mode under one data directory, owned by one process.
//
//   DATA/lock           flock(2)ed while open; a second process is refused (kConflict)
//   DATA/state.db       records, feed, queue, log, leases; synchronous=FULL
//   DATA/spaces/NAME.db the same of each space, with a writer of its own
//   DATA/bulk_log.db    the bulk log; synchronous=NORMAL, its own writer
//   DATA/reserve        space kept for the commits that free some on a full disk
//   DATA/blobs/ab/cd... blobs by SHA-256; blobs/tmp/ for those being written
//
// Each file has one writer thread that commits what has gathered (group commit), and a pool
// of reading connections on snapshots. Files carry the number of their format; one made by
// a newer Lapwing is refused (kUnsupported), an older one is migrated at open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "store/engine.hpp"

namespace lapwing::store {

struct SqliteOptions {
  std::string data_dir;  // made (0700) when missing, with its parents
  std::uint64_t feed_history = kFeedHistory;
  // Of files, whose times are the file system's, where the engine's clock stands still; null: the
  // engine's.
  const Clock* file_clock = nullptr;
};

// `clock` and `log` outlive the engine. Errors name the file, what is wrong and what to do.
Result<std::unique_ptr<Engine>> open_sqlite_engine(const SqliteOptions& options, const Clock& clock,
                                                   Logger& log);

}  // namespace lapwing::store
