#include "store/sqlite/sqlite_engine.hpp"

#include <utility>

#include "os/unique_fd.hpp"
#include "store/blob_files.hpp"
#include "store/data_dir.hpp"
#include "store/sqlite/sqlite_internal.hpp"

namespace lapwing::store {
namespace sqlite {
namespace {

struct Opened {
  os::UniqueFd lock;
  std::unique_ptr<Database> state;
  std::unique_ptr<Database> bulk_log;
  std::unique_ptr<BlobStore> blobs;
  std::int64_t engine_time_ns = 0;
};

class SqliteEngine final : public Engine {
 public:
  SqliteEngine(Opened opened, const SqliteOptions& options, const Clock& clock, Logger& log)
      : lock_(std::move(opened.lock)),
        time_(clock, opened.engine_time_ns),
        reserve_(options.data_dir + "/reserve", kReserveFileBytes),
        state_(std::move(opened.state), clock, log, &reserve_),
        bulk_(std::move(opened.bulk_log), clock, log, &reserve_),
        parts_{state_, time_, signals_, options.feed_history},
        store_(make_store(parts_)),
        feed_(make_feed(parts_)),
        queue_(make_queue(parts_)),
        log_(make_log(state_, signals_.logged)),
        bulk_log_(make_log(bulk_, signals_.bulk_logged)),
        lease_(make_lease(parts_)),
        blobs_(std::move(opened.blobs)) {}

  ~SqliteEngine() override {
    SqliteEngine::shut_down();
    // The writers may be in an idle step of a log that goes before them.
    state_.stop();
    bulk_.stop();
  }

  Store& store() override { return *store_; }
  ChangeFeed& changes() override { return *feed_; }
  Queue& queue() override { return *queue_; }
  Log& log() override { return *log_; }
  Log& bulk_log() override { return *bulk_log_; }
  Lease& lease() override { return *lease_; }
  BlobStore& blobs() override { return *blobs_; }

  void shut_down() override {
    state_.close();
    bulk_.close();
    signals_.close();
  }

 private:
  os::UniqueFd lock_;  // the last to go
  EngineClock time_;
  Signals signals_;
  os::ReserveFile reserve_;
  DbFile state_;
  DbFile bulk_;
  StateParts parts_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ChangeFeed> feed_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Log> bulk_log_;
  std::unique_ptr<Lease> lease_;
  std::unique_ptr<BlobStore> blobs_;
};

}  // namespace
}  // namespace sqlite

Result<std::unique_ptr<Engine>> open_sqlite_engine(const SqliteOptions& options, const Clock& clock,
                                                   Logger& log) {
  const std::string& dir = options.data_dir;
  sqlite::Opened opened;
  LAPWING_CHECK(make_dirs(dir));
  LAPWING_TRY(opened.lock, lock_data_dir(dir));
  LAPWING_TRY(opened.state, sqlite::open_and_migrate({.path = dir + "/state.db",
                                                      .durability = sqlite::Durability::kFull,
                                                      .migrations = sqlite::state_migrations()},
                                                     log));
  LAPWING_TRY(opened.bulk_log,
              sqlite::open_and_migrate({.path = dir + "/bulk_log.db",
                                        .durability = sqlite::Durability::kNormal,
                                        .shrinks = true,
                                        .migrations = sqlite::bulk_log_migrations()},
                                       log));
  LAPWING_TRY(opened.engine_time_ns,
              sqlite::counter_on(*opened.state, sqlite::Counter::kEngineTime));
  LAPWING_TRY(opened.blobs, open_blob_files(dir + "/blobs", clock));
  return std::make_unique<sqlite::SqliteEngine>(std::move(opened), options, clock, log);
}

}  // namespace lapwing::store
