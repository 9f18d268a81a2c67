#include "store/sqlite/sqlite_engine.hpp"

#include <map>
#include <mutex>
#include <utility>

#include <fmt/core.h>

#include "os/unique_fd.hpp"
#include "store/blob_files.hpp"
#include "store/checks.hpp"
#include "store/data_dir.hpp"
#include "store/sqlite/sqlite_internal.hpp"

namespace lapwing::store {
namespace sqlite {
namespace {

// A hot file is copied from its log seldom, but never so seldom that a start after a crash, which
// reads the log, takes long.
constexpr int kSpaceCheckpointPages = 8000;
constexpr int kStateCacheKib = 16 * 1024;

struct OpenedFile {
  std::unique_ptr<Database> file;
  std::int64_t engine_time_ns = 0;
};

// `shrinks`: what is hot comes and goes, and gives its pages back.
Result<OpenedFile> open_state(std::string path, int checkpoint_pages, bool shrinks, Logger& log) {
  OpenedFile out;
  LAPWING_TRY(out.file, open_and_migrate({.path = std::move(path),
                                          .durability = Durability::kFull,
                                          .shrinks = shrinks,
                                          .checkpoint_pages = checkpoint_pages,
                                          .cache_kib = kStateCacheKib,
                                          .migrations = state_migrations()},
                                         log));
  LAPWING_TRY(out.engine_time_ns, counter_on(*out.file, Counter::kEngineTime));
  return out;
}

// What all files of an engine share.
struct Shared {
  const Clock& clock;
  Logger& log;
  os::ReserveFile& reserve;
  std::uint64_t feed_history;
};

class SqliteSpace final : public Space {
 public:
  SqliteSpace(OpenedFile opened, const Shared& shared, bool counts_blobs)
      : time_(shared.clock, opened.engine_time_ns),
        file_(std::move(opened.file), shared.clock, shared.log, &shared.reserve),
        parts_{file_, time_, shared.clock, signals_, shared.feed_history, counts_blobs},
        store_(make_store(parts_)),
        feed_(make_feed(parts_)),
        queue_(make_queue(parts_, *store_)),
        log_(make_log(file_, signals_.logged)),
        lease_(make_lease(parts_)) {}
  // The writer may be in an idle step of what goes before it.
  ~SqliteSpace() override { stop(); }

  Status start() {
    LAPWING_TRY(due_, make_due(parts_));
    return {};
  }

  Store& store() override { return *store_; }
  ChangeFeed& changes() override { return *feed_; }
  Queue& queue() override { return *queue_; }
  Log& log() override { return *log_; }
  Lease& lease() override { return *lease_; }
  DueSource& due() override { return *due_; }
  Result<std::uint64_t> used_bytes() override { return file_.used_bytes(); }

  DbFile& file() { return file_; }
  Signals& signals() { return signals_; }
  void shut_down() {
    file_.close();
    signals_.close();
  }
  void stop() { file_.stop(); }

 private:
  EngineClock time_;
  Signals signals_;
  DbFile file_;
  StateParts parts_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ChangeFeed> feed_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Lease> lease_;
  std::unique_ptr<DueSource> due_;
};

struct Opened {
  os::UniqueFd lock;
  OpenedFile state;
  std::unique_ptr<Database> bulk_log;
  std::unique_ptr<BlobStore> blobs;
};

class SqliteEngine final : public Engine {
 public:
  SqliteEngine(Opened opened, const SqliteOptions& options, const Clock& clock, Logger& log)
      : lock_(std::move(opened.lock)),
        dir_(options.data_dir),
        reserve_(options.data_dir + "/reserve", kReserveFileBytes),
        shared_{clock, log, reserve_, options.feed_history},
        own_(std::move(opened.state), shared_, true),
        bulk_(std::move(opened.bulk_log), clock, log, &reserve_),
        bulk_log_(make_log(bulk_, own_.signals().bulk_logged)),
        blobs_(std::move(opened.blobs)) {}

  ~SqliteEngine() override {
    SqliteEngine::shut_down();
    // The writers may be in an idle step of a log that goes before them.
    own_.stop();
    bulk_.stop();
  }

  Status start() { return own_.start(); }

  Store& store() override { return own_.store(); }
  ChangeFeed& changes() override { return own_.changes(); }
  Queue& queue() override { return own_.queue(); }
  Log& log() override { return own_.log(); }
  Lease& lease() override { return own_.lease(); }
  DueSource& due() override { return own_.due(); }
  Result<std::uint64_t> used_bytes() override { return own_.used_bytes(); }
  Log& bulk_log() override { return *bulk_log_; }
  BlobStore& blobs() override { return *blobs_; }
  Result<Space*> space(std::string_view name) override;
  Result<BlobStore::Swept> collect_blobs(Duration older_than) override;

  void shut_down() override {
    own_.shut_down();
    bulk_.close();
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    for (const auto& [name, space] : spaces_) space->shut_down();
  }

 private:
  os::UniqueFd lock_;  // the last to go
  std::string dir_;
  os::ReserveFile reserve_;
  Shared shared_;
  SqliteSpace own_;
  DbFile bulk_;
  std::unique_ptr<Log> bulk_log_;
  std::unique_ptr<BlobStore> blobs_;
  std::mutex mutex_;
  bool closed_ = false;                                         // guarded by mutex_
  std::map<std::string, std::unique_ptr<SqliteSpace>> spaces_;  // guarded by mutex_
};

Result<Space*> SqliteEngine::space(std::string_view name) {
  LAPWING_CHECK(check_space_name(name));
  const std::scoped_lock lock(mutex_);
  if (closed_) return fail(shut_down_error());
  const auto known = spaces_.find(std::string(name));
  if (known != spaces_.end()) return known->second.get();
  LAPWING_CHECK(make_dirs(dir_ + "/spaces"));
  LAPWING_TRY(OpenedFile opened, open_state(fmt::format("{}/spaces/{}.db", dir_, name),
                                            kSpaceCheckpointPages, true, shared_.log));
  auto space = std::make_unique<SqliteSpace>(std::move(opened), shared_, false);
  LAPWING_CHECK(space->start());
  return spaces_.emplace(name, std::move(space)).first->second.get();
}

Result<BlobStore::Swept> SqliteEngine::collect_blobs(Duration older_than) {
  std::vector<BlobId> named;
  bool all_declared = false;
  LAPWING_CHECK(own_.file().read([&](Database& db) -> Status {
    LAPWING_TRY(const std::vector<std::string> missing, undeclared_owners_on(db));
    all_declared = missing.empty();
    LAPWING_TRY(named, named_blobs_on(db));
    return {};
  }));
  if (!all_declared) return BlobStore::Swept{};
  return blobs_->gc(std::move(named), older_than);
}

}  // namespace
}  // namespace sqlite

Result<std::unique_ptr<Engine>> open_sqlite_engine(const SqliteOptions& options, const Clock& clock,
                                                   Logger& log) {
  const std::string& dir = options.data_dir;
  sqlite::Opened opened;
  LAPWING_CHECK(make_dirs(dir));
  LAPWING_TRY(opened.lock, lock_data_dir(dir));
  LAPWING_TRY(opened.state, sqlite::open_state(dir + "/state.db", 2000, false, log));
  LAPWING_TRY(opened.bulk_log,
              sqlite::open_and_migrate({.path = dir + "/bulk_log.db",
                                        .durability = sqlite::Durability::kNormal,
                                        .shrinks = true,
                                        .migrations = sqlite::bulk_log_migrations()},
                                       log));
  LAPWING_TRY(
      opened.blobs,
      open_blob_files(dir + "/blobs", options.file_clock != nullptr ? *options.file_clock : clock));
  auto engine = std::make_unique<sqlite::SqliteEngine>(std::move(opened), options, clock, log);
  LAPWING_CHECK(engine->start());
  return engine;
}

}  // namespace lapwing::store
