// ChangeFeed: what was committed to records, in commit order, gap-free, resumable. The way
// in-memory snapshots are kept: read everything in one Store::read() (which names its
// sequence), then follow the feed from there; on `resync` do that again.
//
// Thread-safety: any thread.
#pragma once

#include <string>
#include <vector>

#include "store/signal.hpp"
#include "store/store.hpp"

namespace lapwing::store {

struct Change {
  CommitSequence sequence = 0;  // changes of one commit share it
  std::string kind;
  std::string key;
  Revision revision = 0;
  bool erased = false;
};

struct ChangePage {
  // The history asked for was trimmed, or lies ahead of this store (it was restored from a
  // backup): rescan. `changes` is empty and `next` says where to go on afterwards.
  bool resync = false;
  std::vector<Change> changes;  // whole commits only; a record changed twice in one commit
                                // is told once, as it ended
  CommitSequence next = 0;      // pass as `after` for the next page
};

class ChangeFeed {
 public:
  virtual ~ChangeFeed() = default;

  // Commits after `after`, at most `max_commits` (1..kMaxFeedCommits). No changes and
  // next == after means up to date.
  virtual Result<ChangePage> read(CommitSequence after, std::size_t max_commits = 100) = 0;
  virtual Result<CommitSequence> last() = 0;
  // Waits until there is something after `after`; answers false when `timeout` passed first.
  virtual Result<bool> wait(CommitSequence after, Duration timeout) = 0;
  // Called after commits that changed records.
  virtual Subscription subscribe(Listener& listener) = 0;
};

}  // namespace lapwing::store
