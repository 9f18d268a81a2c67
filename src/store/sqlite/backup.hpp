// A consistent copy of a data directory, also of one that is in use, and back.
//
// A backup is itself a data directory: state.db, the spaces in the order of their names, and
// bulk_log.db as of one moment each, then the blobs. The moments follow one another within
// milliseconds, in that order, before anything is copied: what is handed from one file to another
// by way of an outbox is in the copy of at least one of them where it is handed to a later file.
// A blob that a record of the copy names is in the copy
// unless gc() removed it meanwhile, so keep gc's age longer than a backup takes.
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
