#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "store/checks.hpp"
#include "store/sqlite/db_file_internal.hpp"

namespace lapwing::store::sqlite {
namespace {

// Transactions that share one commit. More would delay the first of them for little gain.
constexpr std::size_t kMaxGroup = 256;
// The writer waits for others to come along for at most this part of what a commit takes.
constexpr int kGatherPart = 4;
constexpr std::chrono::nanoseconds kGatherMax = std::chrono::microseconds(500);
constexpr int kMaxReaders = 8;
// Idle work that is pending goes on after so many groups though others wait.
constexpr int kGroupsBetweenIdle = 32;
// Commits may have left free pages for idle work to give back: it is asked when none has come for a
// while, and now and then where they come without end.
constexpr auto kQuiet = std::chrono::seconds(1);
constexpr auto kLooksEvery = std::chrono::minutes(1);
// Idle work that failed, and a reserve that is not held, are tried again after this.
constexpr auto kTryAgainAfter = std::chrono::seconds(1);
// A file made before files could shrink is rewritten for that, if it is no larger.
constexpr std::int64_t kRewriteBytesMax = 256 * 1024 * 1024;
// "LPWG": tells our files from other programs'.
constexpr std::int64_t kApplicationId = 0x4c505747;

Status migrate(Database& db, const FileOptions& options, Logger& log) {
  const auto known = static_cast<std::int64_t>(options.migrations.size());
  LAPWING_TRY(const std::int64_t format, db.number("PRAGMA user_version"));
  LAPWING_TRY(const std::int64_t application, db.number("PRAGMA application_id"));
  LAPWING_TRY(const std::int64_t tables, db.number("SELECT count(*) FROM sqlite_schema"));
  if (tables > 0 && application != kApplicationId) {
    return fail(make_error(ErrorKind::kUnsupported,
                           fmt::format("The file {} was not made by Lapwing.", options.path)));
  }
  if (format > known) {
    return fail(make_error(
        ErrorKind::kUnsupported,
        fmt::format("The file {} has format {}; this Lapwing knows formats up to {}. Run the "
                    "newer version that made it, or use another data directory.",
                    options.path, format, known)));
  }
  for (std::int64_t next = format; next < known; ++next) {
    LAPWING_CHECK(db.exec("BEGIN IMMEDIATE"));
    LAPWING_CHECK(db.exec(options.migrations[static_cast<std::size_t>(next)]));
    LAPWING_CHECK(db.exec(fmt::format("PRAGMA application_id={}", kApplicationId).c_str()));
    LAPWING_CHECK(db.exec(fmt::format("PRAGMA user_version={}", next + 1).c_str()));
    LAPWING_CHECK(db.exec("COMMIT"));
    if (format > 0) log.info("store", "migrated", {{"file", options.path}, {"format", next + 1}});
  }
  return {};
}

// Only an empty file, or one that is rewritten, can be made one that shrinks.
Status let_shrink(Database& db, const FileOptions& options, Logger& log) {
  LAPWING_TRY(const std::int64_t how, db.number("PRAGMA auto_vacuum"));
  if (how == kIncrementalVacuum) return {};
  LAPWING_CHECK(db.exec("PRAGMA auto_vacuum=INCREMENTAL"));
  LAPWING_TRY(const std::int64_t pages, db.number("PRAGMA page_count"));
  LAPWING_TRY(const std::int64_t page, db.number("PRAGMA page_size"));
  if (pages == 0) return {};
  if (pages * page > kRewriteBytesMax) {
    log.info("store", "an older file, too large to be rewritten: it does not shrink",
             {{"file", options.path}, {"bytes", pages * page}});
    return {};
  }
  if (const Status rewritten = db.exec("VACUUM"); !rewritten) {
    log.warn("store", "an older file could not be rewritten: it does not shrink",
             {{"file", options.path}, {"error", rewritten.error().to_log()}});
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> open_and_migrate(const FileOptions& options, Logger& log) {
  LAPWING_TRY(auto db, Database::open(options.path, Database::Mode::kReadWrite));
  if (sqlite3_db_readonly(db->raw(), "main") == 1) return fail(db->error(SQLITE_READONLY));
  if (options.shrinks) LAPWING_CHECK(let_shrink(*db, options, log));
  LAPWING_CHECK(db->exec("PRAGMA journal_mode=WAL"));
  LAPWING_CHECK(db->exec(options.durability == Durability::kFull ? "PRAGMA synchronous=FULL"
                                                                 : "PRAGMA synchronous=NORMAL"));
  LAPWING_CHECK(
      db->exec("PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY;"
               "PRAGMA journal_size_limit=67108864"));
  LAPWING_CHECK(db->exec(fmt::format("PRAGMA wal_autocheckpoint={}; PRAGMA cache_size=-{}",
                                     options.checkpoint_pages, options.cache_kib)
                             .c_str()));
  LAPWING_CHECK(migrate(*db, options, log));
  return db;
}

DbFile::DbFile(std::unique_ptr<Database> writer, const Clock& clock, Logger& log,
               os::ReserveFile* reserve)
    : writer_(std::move(writer)), clock_(&clock), log_(&log), reserve_(reserve), thread_([this] {
        writer_main();
      }) {}

DbFile::~DbFile() { stop(); }

void DbFile::stop() {
  close();
  if (thread_.joinable()) thread_.join();
}

void DbFile::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  arrived_.notify_all();
}

void DbFile::add_idle_work(IdleWork& work) {
  const std::scoped_lock lock(mutex_);
  idle_work_.push_back(&work);
  idle_pending_ = true;
  arrived_.notify_all();
}

void DbFile::wake_idle_work() {
  const std::scoped_lock lock(mutex_);
  idle_pending_ = true;
  arrived_.notify_all();
}

Status DbFile::write(Body body, MonoTime deadline, Reserve reserve) {
  if (std::this_thread::get_id() == thread_.get_id()) return fail(nested_call_error());
  const MonoTime now = clock_->mono();
  if (now > deadline) return fail(timed_out_error());
  Job job(body, reserve);
  std::unique_lock lock(mutex_);
  if (closed_) return fail(shut_down_error());
  queue_.push_back(&job);
  arrived();
  const auto done = [&] { return job.state == Job::State::kDone; };
  if (deadline == MonoTime::max()) {
    job.done.wait(lock, done);
  } else if (!job.done.wait_for(lock, deadline - now, done)) {
    if (job.state == Job::State::kQueued) {
      std::erase(queue_, &job);
      return fail(timed_out_error());
    }
    job.done.wait(lock, done);  // begun: it ends with a known outcome
  }
  lock.unlock();
  if (job.thrown) std::rethrow_exception(job.thrown);
  return std::move(job.status);
}

struct DbFile::Submitted {
  Submitted(OwnedBody b, MonoTime deadline, Done d)
      : body(std::move(b)), done(std::move(d)), job(body, Reserve::kMay) {
    job.deadline = deadline;
    job.submitted = this;
  }
  OwnedBody body;
  Done done;
  Job job;
};

Status DbFile::submit(OwnedBody body, MonoTime deadline, Done done) {
  auto submitted = std::make_unique<Submitted>(std::move(body), deadline, std::move(done));
  const std::scoped_lock lock(mutex_);
  if (closed_) return fail(shut_down_error());
  if (queue_.size() >= kMaxSubmitted) return fail(backlog_error());
  queue_.push_back(&submitted.release()->job);
  arrived();
  return {};
}

void DbFile::arrived() {
  if (wake_at_ != 0 && queue_.size() >= wake_at_) arrived_.notify_one();
}

// Callers that wait for their answers come in waves; without this the first of a wave would have
// a commit to itself, and all others the next.
void DbFile::gather(std::unique_lock<std::mutex>& lock) {
  const std::size_t expected = std::min(kMaxGroup, std::max(last_group_, group_before_));
  if (queue_.size() >= expected || closed_) return;
  wake_at_ = expected;
  arrived_.wait_for(lock, std::min(kGatherMax, commit_takes_ / kGatherPart),
                    [&] { return closed_ || queue_.size() >= expected; });
  wake_at_ = 0;
}

void DbFile::writer_main() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_at_ = 1;
    const auto ready = [this] { return something_to_do(); };
    if (!idle_failed_ && !changed_since_look_) {
      arrived_.wait(lock, ready);
    } else if (!arrived_.wait_for(lock, idle_failed_ ? kTryAgainAfter : kQuiet, ready)) {
      idle_failed_ = false;
      idle_pending_ = true;
      changed_since_look_.reset();
    }
    wake_at_ = 0;
    if (queue_.empty() && closed_) return;
    const bool idle = idle_pending_ && !idle_work_.empty() && !closed_;
    if (queue_.empty() || (idle && groups_since_idle_ >= kGroupsBetweenIdle)) {
      groups_since_idle_ = 0;
      changed_since_look_.reset();
      lock.unlock();
      run_idle_step();
      lock.lock();
      continue;
    }
    gather(lock);
    std::vector<Job*> jobs;
    while (!queue_.empty() && jobs.size() < kMaxGroup) {
      jobs.push_back(queue_.front());
      queue_.pop_front();
      jobs.back()->state = Job::State::kRunning;
    }
    ++groups_since_idle_;
    if (jobs.empty()) continue;  // one that gave up while it waited
    group_before_ = std::exchange(last_group_, jobs.size());
    lock.unlock();
    const auto began = std::chrono::steady_clock::now();
    run_group(jobs);
    const auto took = std::chrono::steady_clock::now() - began;
    lock.lock();
    if (!changed_since_look_) changed_since_look_ = began;
    if (began - *changed_since_look_ >= kLooksEvery && !idle_failed_) idle_pending_ = true;
    commit_takes_ = (commit_takes_ * 7 + took) / 8;
    std::vector<std::unique_ptr<Submitted>> submitted;
    for (Job* job : jobs) {
      if (job->submitted != nullptr) {
        submitted.emplace_back(job->submitted);
        continue;
      }
      job->state = Job::State::kDone;
      job->done.notify_one();  // under the mutex: the job lives on its waiter's stack
    }
    lock.unlock();
    call_back(submitted);
    submitted.clear();
    lock.lock();
  }
}

void DbFile::call_back(std::span<const std::unique_ptr<Submitted>> submitted) {
  for (const std::unique_ptr<Submitted>& one : submitted) {
    Status status = std::move(one->job.status);
    if (one->job.thrown) status = fail(internal_error("the body of a transaction threw"));
    one->body = nullptr;
    one->done(std::move(status));
  }
}

bool DbFile::something_to_do() const {
  return closed_ || !queue_.empty() || (idle_pending_ && !idle_work_.empty());
}

void DbFile::run_group(std::vector<Job*>& jobs) {
  hold_reserve();
  if (jobs.size() == 1) return run_alone(*jobs[0]);
  Result<bool> whole = try_group(jobs, Undo::kAll);
  if (whole && *whole) return;
  if (whole) whole = try_group(jobs, Undo::kEach);
  if (whole) return;
  const Status status = fail(std::move(whole).error());
  if (status.error().kind() == ErrorKind::kUnknown) {
    for (Job* job : jobs) {
      if (job->status) job->status = status;
    }
    return;
  }
  // The whole group was undone because of one: each again, for its own outcome.
  for (Job* job : jobs) run_alone(*job);
}

// Fails when the group as a whole did; then nothing of it is committed (kUnknown: perhaps). False,
// and nothing committed: with Undo::kAll one failed after it had changed something.
Result<bool> DbFile::try_group(std::vector<Job*>& jobs, Undo undo) {
  LAPWING_CHECK(writer_->run("BEGIN IMMEDIATE"));
  for (Job* job : jobs) {
    const std::int64_t before = writer_->changes_in_all();
    job->status = run_body(*job, undo);
    if (writer_->transaction_lost()) {
      return fail(internal_error("the transaction was rolled back under its group"));
    }
    if (undo == Undo::kAll && !job->status && writer_->changes_in_all() != before) {
      LAPWING_CHECK(writer_->run("ROLLBACK"));
      return false;
    }
  }
  const Status committed = writer_->run("COMMIT");
  if (committed) return true;
  const int code = sqlite3_extended_errcode(writer_->raw()) & 0xff;
  (void)writer_->exec("ROLLBACK");
  // A failed write or sync may have reached the disk all the same.
  if (code == SQLITE_IOERR) {
    return fail(make_error(ErrorKind::kUnknown, "It is not known whether the change was kept.")
                    .with_detail(committed.error().to_log()));
  }
  return fail(committed.error());
}

void DbFile::run_alone(Job& job) {
  try_alone(job);
  if (job.reserve == Reserve::kMay && release_reserve(job.status)) try_alone(job);
}

bool DbFile::release_reserve(const Status& status) {
  if (status || reserve_ == nullptr || !os::is_disk_full(status.error())) return false;
  if (!reserve_->release()) return false;
  log_->warn("store", "the disk is full: the reserve is in use",
             {{"error", status.error().to_log()}});
  reserve_tried_ = clock_->mono();
  return true;
}

void DbFile::hold_reserve() {
  if (reserve_ == nullptr || reserve_->held()) return;
  const MonoTime now = clock_->mono();
  if (now - reserve_tried_ < kTryAgainAfter) return;
  reserve_tried_ = now;
  (void)reserve_->hold();
}

void DbFile::try_alone(Job& job) {
  std::vector<Job*> one{&job};
  Result<bool> done = try_group(one, Undo::kAll);
  if (done) return;
  if (!writer_->transaction_lost()) (void)writer_->exec("ROLLBACK");
  // Its own error says more than that the transaction was lost.
  if (job.status) job.status = fail(std::move(done).error());
}

Status DbFile::run_body(Job& job, Undo undo) {
  job.thrown = nullptr;
  if (job.submitted != nullptr && clock_->mono() > job.deadline) return fail(timed_out_error());
  if (undo == Undo::kEach) LAPWING_CHECK(writer_->run("SAVEPOINT body"));
  Status status;
  try {
    status = job.body(*writer_);
  } catch (...) {
    job.thrown = std::current_exception();
    status = fail(internal_error("the body of a transaction threw"));
  }
  if (writer_->transaction_lost() || undo == Undo::kAll) return status;
  if (!status) LAPWING_CHECK(writer_->run("ROLLBACK TO body"));
  LAPWING_CHECK(writer_->run("RELEASE body"));
  return status;
}

Result<bool> DbFile::try_idle_step() {
  if (Status begun = writer_->exec("BEGIN IMMEDIATE"); !begun) {
    return fail(std::move(begun).error());
  }
  Result<bool> more = false;
  const std::vector<IdleWork*> all = [this] {
    const std::scoped_lock lock(mutex_);
    return idle_work_;
  }();
  for (IdleWork* work : all) {
    Result<bool> step = work->idle_step(*writer_);
    if (!step) {
      more = std::move(step);
      break;
    }
    more = *more || *step;
  }
  const Status ended = writer_->exec(more ? "COMMIT" : "ROLLBACK");
  if (!ended && more) more = fail(ended.error());
  if (!writer_->transaction_lost()) (void)writer_->exec("ROLLBACK");
  return more;
}

void DbFile::run_idle_step() {
  Result<bool> more = try_idle_step();
  // What is removed here frees space: it may take from the reserve.
  if (!more && release_reserve(Status(std::unexpect, more.error()))) more = try_idle_step();
  // A file that has become shorter is cut when its log is copied into it.
  idle_changed_ = idle_changed_ || (more && *more);
  if (more && !*more && std::exchange(idle_changed_, false)) {
    (void)writer_->exec("PRAGMA wal_checkpoint(PASSIVE)");
  }
  const std::scoped_lock lock(mutex_);
  // On an error the work waits a while rather than spinning.
  idle_pending_ = more && *more;
  idle_failed_ = !more;
  if (!more) log_->warn("store", "background removal failed", {{"error", more.error().to_log()}});
}

Result<std::unique_ptr<Database>> DbFile::take_reader() {
  std::unique_lock lock(readers_mutex_);
  reader_free_.wait(lock, [&] { return !readers_.empty() || readers_out_ < kMaxReaders; });
  ++readers_out_;
  if (!readers_.empty()) {
    std::unique_ptr<Database> reader = std::move(readers_.back());
    readers_.pop_back();
    return reader;
  }
  lock.unlock();
  auto opened = Database::open(writer_->path(), Database::Mode::kReadOnly);
  if (!opened) {
    lock.lock();
    --readers_out_;
    reader_free_.notify_one();
  }
  return opened;
}

Status DbFile::read(Body body) {
  if (std::this_thread::get_id() == thread_.get_id()) return fail(nested_call_error());
  LAPWING_TRY(std::unique_ptr<Database> reader, take_reader());
  struct GiveBack {
    ~GiveBack() {
      (void)(*db)->run("ROLLBACK");
      const std::scoped_lock lock(file->readers_mutex_);
      file->readers_.push_back(std::move(*db));
      --file->readers_out_;
      file->reader_free_.notify_one();
    }
    DbFile* file;
    std::unique_ptr<Database>* db;
  };
  const GiveBack give_back{this, &reader};
  LAPWING_CHECK(reader->run("BEGIN"));
  return body(*reader);
}

Result<std::uint64_t> DbFile::used_bytes() {
  std::int64_t bytes = 0;
  LAPWING_CHECK(read([&](Database& db) -> Status {
    LAPWING_TRY(const std::int64_t pages, db.number("PRAGMA page_count"));
    LAPWING_TRY(const std::int64_t unused, db.number("PRAGMA freelist_count"));
    LAPWING_TRY(const std::int64_t page, db.number("PRAGMA page_size"));
    bytes = (pages - unused) * page;
    return {};
  }));
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace lapwing::store::sqlite
