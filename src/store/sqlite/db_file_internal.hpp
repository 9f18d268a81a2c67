// One database file: its writer thread, which commits what has gathered, and its pool of
// reading connections. Only sqlite/*.cpp includes this.
//
// Thread-safety: any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/function_ref.hpp"
#include "base/log.hpp"
#include "base/unique_function.hpp"
#include "os/disk_space.hpp"
#include "store/sqlite/database_internal.hpp"

namespace lapwing::store::sqlite {

// SQLite's number of auto_vacuum=INCREMENTAL.
inline constexpr std::int64_t kIncrementalVacuum = 2;

enum class Durability { kFull, kNormal };

struct FileOptions {
  std::string path;
  Durability durability = Durability::kFull;
  // Its free pages can be given back to the file system (shrink_step in log.cpp).
  bool shrinks = false;
  // Pages of log after which it is copied into the file, and of cache for the writer.
  int checkpoint_pages = 2000;
  int cache_kib = 2048;
  // Migrations in order; the file's format number is how many it has been through.
  std::vector<const char*> migrations;
};

// Opens for writing, sets the pragmas, checks the format and migrates.
Result<std::unique_ptr<Database>> open_and_migrate(const FileOptions& options, Logger& log);

// Work the writer does when nothing waits, in small transactions of its own.
class IdleWork {
 public:
  virtual ~IdleWork() = default;
  // Answers whether there is more.
  virtual Result<bool> idle_step(Database& db) = 0;
};

using Body = FunctionRef<Status(Database&)>;

// Whether a write may take from the reserve; what only adds may not.
enum class Reserve { kMay, kMayNot };

class DbFile {
 public:
  // `reserve` (or null) is released when a commit finds the disk full, which is then tried again,
  // and held again once there is room.
  DbFile(std::unique_ptr<Database> writer, const Clock& clock, Logger& log,
         os::ReserveFile* reserve = nullptr);
  ~DbFile();

  // Runs `body` in a transaction on the writer's thread, perhaps together with others' and
  // perhaps more than once, and answers when it is committed. A body that fails, or throws,
  // is undone alone.
  Status write(Body body, MonoTime deadline = MonoTime::max(), Reserve reserve = Reserve::kMay);
  // The same without waiting: `done` is called on the writer's thread when it is committed or has
  // failed, unless this answers an error (kThrottled: kMaxSubmitted wait already).
  using OwnedBody = UniqueFunction<Status(Database&)>;
  using Done = UniqueFunction<void(Status)>;
  Status submit(OwnedBody body, MonoTime deadline, Done done);
  // Runs `body` on one snapshot, on this thread.
  Status read(Body body);
  // Free pages do not count.
  Result<std::uint64_t> used_bytes();

  // Called from bodies or before the first write: `work` is asked for steps from now on.
  void add_idle_work(IdleWork& work);
  void wake_idle_work();

  // Refuses further writes; those under way end.
  void close();
  // Closes and waits for the writer's thread. By one thread only.
  void stop();

 private:
  struct Submitted;  // a job that nobody waits for
  struct Job {
    Job(Body b, Reserve r) : body(b), reserve(r) {}
    Body body;
    Reserve reserve;
    MonoTime deadline = MonoTime::max();
    Submitted* submitted = nullptr;  // what it belongs to, when nobody waits
    enum class State { kQueued, kRunning, kDone } state = State::kQueued;
    Status status;
    std::exception_ptr thrown;
    std::condition_variable done;
  };

  void writer_main();
  // mutex_ is held.
  void arrived();
  void gather(std::unique_lock<std::mutex>& lock);
  void call_back(std::span<const std::unique_ptr<Submitted>> submitted);
  void run_group(std::vector<Job*>& jobs);
  // What is undone where a body has failed after it had changed something: a savepoint for each
  // costs as much as a small body.
  enum class Undo { kAll, kEach };
  Result<bool> try_group(std::vector<Job*>& jobs, Undo undo);
  void run_alone(Job& job);
  void try_alone(Job& job);
  bool release_reserve(const Status& status);
  void hold_reserve();
  Status run_body(Job& job, Undo undo);
  bool something_to_do() const;  // mutex_ is held
  void run_idle_step();
  Result<bool> try_idle_step();
  Result<std::unique_ptr<Database>> take_reader();

  std::unique_ptr<Database> writer_;
  const Clock* clock_;
  Logger* log_;
  os::ReserveFile* reserve_;
  MonoTime reserve_tried_{};
  std::vector<IdleWork*> idle_work_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Job*> queue_;
  bool closed_ = false;
  bool idle_pending_ = false;
  bool idle_failed_ = false;
  int groups_since_idle_ = 0;
  // The first group since idle work was asked last.
  std::optional<std::chrono::steady_clock::time_point> changed_since_look_;
  bool idle_changed_ = false;  // by steps since the last checkpoint; the writer's
  // How many must wait for the writer to be woken; 0: it is at work.
  std::size_t wake_at_ = 0;
  // The sizes of the last two groups, and what a commit takes: one who was answered often comes
  // again at once, and then shares the next commit.
  std::size_t last_group_ = 1;
  std::size_t group_before_ = 1;
  std::chrono::nanoseconds commit_takes_{};

  std::mutex readers_mutex_;
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<Database>> readers_;
  int readers_out_ = 0;

  std::thread thread_;
};

}  // namespace lapwing::store::sqlite
