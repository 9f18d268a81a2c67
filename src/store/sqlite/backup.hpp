// A consistent copy of a data directory, also of one that is in use, and back.
//
// A backup is itself a data directory: state.db, the spaces, and bulk_log.db as of one moment, then
// the blobs. That moment is made by holding up the writers of all files together, for as long as
// it takes to begin a read of each (milliseconds); nothing is copied meanwhile. So a copy
// never shows what was committed to one file without what was committed to another before it. A
// blob that a record of the copy names is in the copy unless gc() removed it meanwhile, so keep
// gc's age longer than a backup takes.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace lapwing::store {

struct BackupSummary {
  std::uint64_t database_bytes = 0;
  std::uint64_t blobs = 0;
  std::uint64_t blob_bytes = 0;
};

// `to` must not exist or be empty (kConflict otherwise). On an error what was copied so far
// stays there.
Result<BackupSummary> back_up(const std::string& data_dir, const std::string& to,
                              const Clock& clock);

// Copies the backup to `data_dir`, which must not exist or be empty. Both check what they
// copied, blobs against their names: kInternal when it is damaged.
Result<BackupSummary> restore(const std::string& backup, const std::string& data_dir,
                              const Clock& clock);

}  // namespace lapwing::store
