#include "store/sqlite/backup.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "store/blob_files.hpp"
#include "store/data_dir.hpp"
#include "store/sqlite/database_internal.hpp"

namespace lapwing::store {
namespace {

namespace fs = std::filesystem;
using sqlite::Database;

constexpr char kState[] = "state.db";
constexpr char kBulkLog[] = "bulk_log.db";
// For one file; then all are let go, so that nobody's write waits longer than it would for another
// one (busy_timeout, 5 s).
constexpr int kHoldTries = 1'000;
constexpr int kHoldRetryMilliseconds = 1;
constexpr int kHoldRounds = 20;

Error damaged(const std::string& path) {
  return make_error(ErrorKind::kInternal, fmt::format("The file {} is damaged.", path));
}

Status check_database(Database& db) {
  LAPWING_TRY(auto check, db.prepare("PRAGMA quick_check(1)"));
  LAPWING_TRY(const bool row, check.step());
  if (row && check.bytes(0) == "ok") return {};
  return fail(damaged(db.path()));
}

// A file as it is at one moment.
struct Snapshot {
  std::string name;  // below the data directory
  std::unique_ptr<Database> source;
};

Result<Snapshot> snapshot_of(const std::string& data_dir, std::string name) {
  Snapshot out{std::move(name), nullptr};
  LAPWING_TRY(out.source,
              Database::open(fmt::format("{}/{}", data_dir, out.name), Database::Mode::kReadOnly));
  LAPWING_CHECK(out.source->exec("BEGIN"));
  // Only a read begins it.
  LAPWING_CHECK(out.source->number("SELECT count(*) FROM sqlite_schema"));
  return out;
}

// state.db, the spaces by name, the bulk log.
std::vector<std::string> databases_of(const std::string& data_dir) {
  std::vector<std::string> spaces;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(data_dir + "/spaces", error)) {
    if (file.path().extension() == ".db") {
      spaces.push_back("spaces/" + file.path().filename().string());
    }
  }
  std::ranges::sort(spaces);
  std::vector<std::string> out{kState};
  out.insert(out.end(), spaces.begin(), spaces.end());
  out.emplace_back(kBulkLog);
  return out;
}

// A file whose writers wait until this goes; readers are not held up. Null where they do not let
// anybody in: SQLite's lock is nobody's turn, so it is asked for often and briefly.
Result<std::unique_ptr<Database>> hold_writers(const std::string& path) {
  LAPWING_TRY(auto db, Database::open(path, Database::Mode::kReadWrite));
  sqlite3_busy_timeout(db->raw(), 0);
  for (int tries = 0; tries < kHoldTries; ++tries) {
    const int code = sqlite3_exec(db->raw(), "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return db;
    if ((code & 0xff) != SQLITE_BUSY) return fail(db->error(code));
    sqlite3_sleep(kHoldRetryMilliseconds);
  }
  return nullptr;
}

// Of several files at once; nothing of them where one cannot be had soon.
Result<std::vector<std::unique_ptr<Database>>> hold_all(const std::string& data_dir,
                                                        const std::vector<std::string>& names) {
  std::vector<std::unique_ptr<Database>> held;
  for (const std::string& name : names) {
    LAPWING_TRY(auto db, hold_writers(fmt::format("{}/{}", data_dir, name)));
    if (db == nullptr) {
      held.clear();
      break;
    }
    held.push_back(std::move(db));
  }
  return held;
}

// Of one moment, where somebody may be writing: no file is written to while they are begun.
Result<std::vector<Snapshot>> snapshots_of(const std::string& data_dir, bool in_use) {
  std::vector<std::string> names = databases_of(data_dir);
  std::vector<std::unique_ptr<Database>> held;
  for (int rounds = 0; in_use && held.empty(); ++rounds) {
    if (rounds == kHoldRounds) {
      return fail(make_error(ErrorKind::kUnavailable,
                             fmt::format("{} is written to without a pause.", data_dir)));
    }
    LAPWING_TRY(held, hold_all(data_dir, names));
  }
  std::vector<Snapshot> out;
  for (std::string& name : names) {
    LAPWING_TRY(Snapshot snapshot, snapshot_of(data_dir, std::move(name)));
    out.push_back(std::move(snapshot));
  }
  return out;
}

Status copy_database(const Snapshot& from, const std::string& to, BackupSummary& summary) {
  Database* const source = from.source.get();
  LAPWING_TRY(const auto target, Database::open(to, Database::Mode::kReadWrite));
  sqlite3_backup* copy = sqlite3_backup_init(target->raw(), "main", source->raw(), "main");
  if (copy == nullptr) return fail(target->error(sqlite3_errcode(target->raw())));
  const int stepped = sqlite3_backup_step(copy, -1);
  const int finished = sqlite3_backup_finish(copy);
  if (stepped != SQLITE_DONE) {
    // The code does not say whose file it is about; damage can only be the source's.
    const int kind = stepped & 0xff;
    const bool source_fault = kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
    return fail((source_fault ? *source : *target).error(stepped));
  }
  if (finished != SQLITE_OK) return fail(target->error(finished));
  LAPWING_CHECK(check_database(*target));
  std::error_code error;
  summary.database_bytes += fs::file_size(to, error);
  return {};
}

Status copy_blob(BlobStore& from, BlobStore& to, const BlobId& id, BackupSummary& summary) {
  LAPWING_TRY(const auto reader, from.open(id));
  LAPWING_TRY(const auto writer, to.begin());
  std::vector<std::byte> buffer(256 * kKiB);
  while (true) {
    LAPWING_TRY(const std::size_t got, reader->read(buffer));
    if (got == 0) break;
    LAPWING_CHECK(writer->write(ByteView(buffer).first(got)));
  }
  LAPWING_TRY(const BlobInfo info, writer->finish());
  if (info.id != id) return fail(damaged("blob " + id.hex()));
  ++summary.blobs;
  summary.blob_bytes += info.size;
  return {};
}

Status copy_blobs(const std::string& from, const std::string& to, const Clock& clock,
                  BackupSummary& summary) {
  std::error_code error;
  std::vector<BlobId> ids;
  for (auto at = fs::recursive_directory_iterator(from, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const auto id = BlobId::from_hex(at->path().parent_path().filename().string() +
                                     at->path().filename().string());
    if (id) ids.push_back(*id);
  }
  if (error) return fail(errno_error("list " + from, error.value()));
  // Not start()ed over: a server may be writing into its tmp.
  const auto source = view_blob_files(from, clock);
  LAPWING_TRY(const auto target, open_blob_files(to, clock));
  for (const BlobId& id : ids) {
    const Status copied = copy_blob(*source, *target, id, summary);
    // Swept since it was listed: no record names it.
    if (!copied && copied.error().kind() != ErrorKind::kNotFound) return copied;
  }
  return {};
}

Result<BackupSummary> copy_all(const std::string& from, const std::string& to, const Clock& clock,
                               bool in_use) {
  std::error_code error;
  if (!fs::exists(from + "/" + kState, error)) {
    return fail(
        make_error(ErrorKind::kNotFound, fmt::format("There is no Lapwing data in {}.", from)));
  }
  LAPWING_CHECK(make_dirs(to));
  if (!fs::is_empty(to, error)) {
    return fail(make_error(ErrorKind::kConflict,
                           fmt::format("The directory {} is not empty; nothing was copied.", to)));
  }
  LAPWING_TRY(const os::UniqueFd lock, lock_data_dir(to));
  BackupSummary summary;
  LAPWING_TRY(std::vector<Snapshot> snapshots, snapshots_of(from, in_use));
  if (snapshots.size() > 2) LAPWING_CHECK(make_dirs(to + "/spaces"));
  for (Snapshot& snapshot : snapshots) {
    LAPWING_CHECK(copy_database(snapshot, fmt::format("{}/{}", to, snapshot.name), summary));
    snapshot.source.reset();  // its log may be cut again
  }
  LAPWING_CHECK(copy_blobs(from + "/blobs", to + "/blobs", clock, summary));
  return summary;
}

}  // namespace

Result<BackupSummary> back_up(const std::string& data_dir, const std::string& to,
                              const Clock& clock) {
  return copy_all(data_dir, to, clock, true);
}

Result<BackupSummary> restore(const std::string& backup, const std::string& data_dir,
                              const Clock& clock) {
  return copy_all(backup, data_dir, clock, false);
}

}  // namespace lapwing::store
