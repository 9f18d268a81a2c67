// SnapshotCapture: the receiving end of a snapshot while it is taken. The process inside writes
// its memory and its files into pipes and says on a socket how it went; what comes goes into two
// files, up to a limit, unseen.
//
// Also what a process needs to become a snapshot, and one to come from it.
//
// Thread-safety: one loop. Its tasks end by themselves when the process does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "net/fd_watcher.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "runtime/language/language.hpp"
#include "runtime/snapshot/snapshot.hpp"
#include "sandbox/launcher.hpp"

namespace lapwing::runtime {

// Where the process finds its ends, after those of every runtime process.
inline constexpr int kSnapshotFilesFd = 7;
// In a restored process likewise.
inline constexpr int kRestoredFilesFd = 7;

// Variables that tell a runtime process to become a snapshot.
void add_snapshot_variables(std::vector<std::pair<std::string, std::string>>& environment);
// The descriptors of a restored process.
Result<std::vector<sandbox::InheritedFd>> snapshot_ends(const Snapshot& snapshot);

class SnapshotCapture {
 public:
  // `changed` is set at the end.
  static Result<std::unique_ptr<SnapshotCapture>> make(net::Loop& loop, net::Event& changed,
                                                       const SnapshotStore& store,
                                                       const FunctionVersion& function,
                                                       std::string token);
  const std::string& token() const { return token_; }

  // The process's ends; once.
  std::vector<sandbox::InheritedFd> take_inherited() { return std::move(inherited_); }
  void begin();

  // Everything has been received and the process has let go of its ends.
  bool finished() const { return open_ == 0; }
  // From then on: whether there is a whole snapshot ...
  bool taken() const { return taken_ && trouble_.empty(); }
  // ... and if not, whether the process has said why.
  bool refused() const { return !refusal_.empty(); }
  // kTaken, or kUnfit.
  SnapshotResult result();

 private:
  SnapshotCapture(net::Loop& loop, net::Event& changed)
      : loop_(&loop), changed_(&changed), tasks_(loop) {}
  struct Stream {
    std::unique_ptr<net::FdWatcher> pipe;
    os::UniqueFd file;
    std::uint64_t bytes = 0;
    std::uint64_t bytes_max = 0;
    std::uint64_t room_until = 0;  // the disk has been looked at for so much
  };
  Status open(Stream& stream, const SnapshotStore& store, std::uint64_t bytes_max, int target);
  net::Task<void> receive(Stream& stream);
  Status check_room(Stream& stream);
  net::Task<void> listen();
  void close_one();

  net::Loop* loop_;
  net::Event* changed_;
  const SnapshotStore* store_ = nullptr;
  std::vector<sandbox::InheritedFd> inherited_;
  std::unique_ptr<net::FdWatcher> control_;
  std::string token_;
  Stream image_;
  Stream files_;
  int open_ = 3;
  bool taken_ = false;
  std::string refusal_;
  std::string trouble_;  // on our side
  net::TaskGroup tasks_;
};

}  // namespace lapwing::runtime
