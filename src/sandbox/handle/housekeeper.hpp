// Housekeeper: what must happen around sandboxes but not on an event loop: removing control
// groups, making and dropping /tmp file systems.
//
// Before begin() there is no thread and everything happens in the calling one.
// Thread-safety: any thread after begin().
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/fwd.hpp"
#include "sandbox/cgroup/cgroup.hpp"
#include "sandbox/tmp/tmp_pace.hpp"
#include "sandbox/tmp/tmp_pool.hpp"

namespace lapwing {
class Logger;
}

namespace lapwing::sandbox {

class Housekeeper {
 public:
  Housekeeper(CgroupTree cgroups, TmpPool::Options tmp, TmpRates rates);
  ~Housekeeper();

  void begin(Logger& logger);
  const CgroupTree& cgroups() const { return cgroups_; }
  const TmpPool& tmp_pool() const { return *tmp_; }
  TmpPace& tmp_pace() { return tmp_pace_; }
  const TmpPace& tmp_pace() const { return tmp_pace_; }

  // A /tmp of that size: a ready one at once, a fresh one after its making; an empty
  // TmpMount where images do not work.
  net::Task<Result<TmpMount>> take_tmp(net::Loop& loop, std::uint64_t bytes);
  // Kills what is left of the sandbox, removes its groups, drops its /tmp.
  net::Task<void> release(net::Loop& loop, std::string id, TmpMount tmp);
  // Drops a /tmp that was replaced by another.
  void discard_tmp(TmpMount tmp);
  // The same as release(), later.
  void release_later(std::string id, TmpMount tmp);

 private:
  void release_now(const std::string& id, TmpMount tmp);

  CgroupTree cgroups_;
  TmpPace tmp_pace_;
  std::unique_ptr<TmpPool> tmp_;
  Logger* logger_ = nullptr;
  std::unique_ptr<net::WorkerPool> worker_;  // last: its jobs use everything above
};

}  // namespace lapwing::sandbox
