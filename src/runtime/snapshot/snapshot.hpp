// Snapshots of initialised functions (SnapStart): what one is, and those that are kept.
//
// A snapshot is two files without names below the data directory: the memory of a process that
// has loaded one version of one function and waits (sandbox/checkpoint), and what it left in /tmp.
// The files go with their last descriptor; after a restart of the server snapshots are made again.
// What is in them came out of a sandbox, and is only ever read inside sandboxes of that version.
//
// Thread-safety: Snapshot is immutable; SnapshotStore from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "os/disk_space.hpp"
#include "os/unique_fd.hpp"
#include "runtime/function_version.hpp"

namespace lapwing::runtime {

struct Snapshot {
  os::UniqueFd image;  // both for reading alone
  os::UniqueFd files;
  std::uint64_t bytes = 0;
  std::string token;  // with which restored processes fetch credentials: it is in their memory
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// How taking one went.
struct SnapshotResult {
  enum class Kind {
    kTaken,
    kUnfit,       // the function works, but this state of it cannot be kept: `text` says why
    kInitFailed,  // its initialisation or a hook failed: `code` and `text` as the API shows them
    kPlatform,    // something of ours; `text` for our log
  } kind = Kind::kPlatform;
  std::string code;
  std::string text;
  SnapshotPtr snapshot;
};

class SnapshotStore {
 public:
  // `directory` is made when it is needed; `bytes_max` bounds all snapshots together.
  SnapshotStore(std::string directory, std::uint64_t bytes_max)
      : directory_(std::move(directory)), bytes_max_(bytes_max) {}

  // What snapshots must leave free; before any use. Null: nothing.
  void set_space(const os::DiskSpace* space) { space_ = space; }
  // Whether the disk has room for as much more.
  Status check_room(std::uint64_t bytes) const;

  // A file without a name.
  Result<os::UniqueFd> make_file() const;
  // Null when there is none of exactly this version.
  SnapshotPtr find(const FunctionVersion& function);
  // Told, on the thread of find_or_ask(), of a version that has lost its snapshot; once, until
  // it had one again. Before any use.
  using Missing = UniqueFunction<void(const FunctionVersionPtr& function)>;
  void on_missing(Missing callback) { missing_ = std::move(callback); }
  SnapshotPtr find_or_ask(const FunctionVersionPtr& function);
  // One is being taken: there is no need to ask.
  void note_asked(const FunctionVersion& function);
  // Those not used for longest make room. False when it is too large to be kept at all.
  bool keep(const FunctionVersion& function, SnapshotPtr snapshot);
  // The version is gone. `arn` is unqualified.
  void drop(std::string_view arn, std::string_view version);
  // The snapshot is of no use, and another would not be either.
  void give_up(const FunctionVersion& function);

  // A process has come back from one.
  void note_restored() { restored_.fetch_add(1, std::memory_order_relaxed); }

  std::uint64_t restored() const { return restored_.load(std::memory_order_relaxed); }
  std::uint64_t count() const;
  std::uint64_t bytes() const;

 private:
  struct Kept {
    std::string revision_id;
    SnapshotPtr snapshot;
    std::uint64_t used = 0;
  };
  using Kepts = std::map<std::string, Kept>;
  static std::string key_of(std::string_view arn, std::string_view version);
  static std::string asked_key(const std::string& key, std::string_view revision_id);
  SnapshotPtr find_locked(const FunctionVersion& function);
  void erase(Kepts::iterator which);
  void make_room();

  std::string directory_;
  std::uint64_t bytes_max_;
  const os::DiskSpace* space_ = nullptr;
  std::atomic<std::uint64_t> restored_{0};
  mutable std::mutex mutex_;
  Missing missing_;
  Kepts kept_;  // the rest is guarded by mutex_
  std::set<std::string, std::less<>> asked_;
  std::uint64_t bytes_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace lapwing::runtime
