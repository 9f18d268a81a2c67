// How fast sandboxes may use their /tmp. What they write reaches the disk by threads of the kernel
// (the loop devices', the file system's) that no control group pays for: a few sandboxes that write
// as fast as they can take processors and disk from everybody else. So each has a rate and a burst
// besides, and all together have theirs; one that is beyond is frozen until what it took is paid
// back, a while at a time. Where the rate of all is exceeded, those that take least go on.
//
// What counts: blocks taken in the image, at once, since what waits in memory is written all the
// same; and what the device reads and writes beyond those (overwriting, O_DIRECT), with something
// for each request and each flush. What stays in the page cache costs nothing.
//
// A thread looks, while any sandbox of these is not resting: a server where nothing runs is not
// woken. A /tmp that is memory has no disk below it and is not looked at.
//
// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "sandbox/cgroup/cgroup.hpp"
#include "sandbox/tmp/tmp_debt.hpp"

namespace lapwing {
class Logger;
}

namespace lapwing::sandbox {

class TmpPace {
 public:
  // One sandbox, as long as its programs run.
  class Member {
   public:
    // Freezes or thaws for its owner's reasons, by `files` where they are open.
    Status rest(bool resting, const CgroupTree::Files& files);
    // It is not paused from here on, and runs again if it was; its /tmp may go.
    void leave();
    // After leave(). What it owes it still owes.
    void come_back();

   private:
    friend class TmpPace;
    Member(TmpPace& pace, std::string id, int mount);

    Status set_frozen(bool frozen, const CgroupTree::Files* files) const;
    std::uint64_t taken_since_last();

    TmpPace* pace_;
    const std::string id_;
    int mount_;
    std::string device_stat_;
    std::mutex mutex_;
    bool left_ = false;     // guarded by mutex_, as what follows
    bool resting_ = false;  // frozen by its owner
    bool paused_ = false;   // frozen by us
    // Of the one who looks.
    bool known_ = false;
    std::uint64_t used_ = 0;       // in the image
    std::uint64_t device_ = 0;     // what its device has done, as taken_by_device() counts
    std::uint64_t unwritten_ = 0;  // has been counted, and not been written
    MonoTime seen_{};
    MonoTime paused_until_{};
    TmpDebt debt_;
    double lately_ = 0;  // bytes, of which each second leaves half
  };

  // `cgroups` outlives it.
  TmpPace(const CgroupTree& cgroups, TmpRates rates) : cgroups_(&cgroups), rates_(rates) {}
  ~TmpPace();

  // Whether there is anything to keep, and the means.
  bool works() const { return (rates_.each != 0 || rates_.all != 0) && cgroups_->can_freeze(); }
  // Starts the thread.
  void begin(Logger& logger);

  // From now on the sandbox with that /tmp is looked at. `mount` stays open until leave().
  // Null: nothing is kept here.
  std::shared_ptr<Member> add(const std::string& id, int mount);

  const TmpPauses& pauses() const { return pauses_; }

  // One look at all; answers when to look again, or 0 when all rest.
  Duration look(MonoTime now);

 private:
  using Members = std::vector<std::shared_ptr<Member>>;
  // While the rate of all is exceeded: who has taken more lately is paused, until all together owe
  // no more than this.
  struct Others {
    double much = 0;
    std::uint64_t burst = 0;
  };

  void run();
  void wake();
  Members members();
  void count(Member& member, MonoTime now);
  bool judge(Member& member, const Others& others, MonoTime now);  // true: it is to be looked at
  void note_pause(const Member& member, Duration pause);

  const CgroupTree* cgroups_;
  const TmpRates rates_;
  Logger* logger_ = nullptr;
  TmpPauses pauses_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::weak_ptr<Member>> members_;  // guarded by mutex_
  bool stopping_ = false;                       // guarded by mutex_
  std::atomic<bool> asleep_ = false;
  // Of the one who looks.
  TmpDebt all_;
  Duration pause_{kTmpPaceLook};
  Duration soonest_{};
  std::uint64_t taken_ = 0;
  MonoTime said_{};
  std::thread thread_;
};

}  // namespace lapwing::sandbox
