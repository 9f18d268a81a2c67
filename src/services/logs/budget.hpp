// What log events may take of the disk: each group by the second and in all, all groups together,
// and none where the file system's reserve is reached. What is over it is not written; who
// asked counts and says so.
//
// A group's part is asked for every append (on event loops); the state it answers from is brought
// up to date by those who write (refresh(), note_written()), so it may be late by what is written
// in kWholeLookEvery.
//
// Thread-safety: any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/disk_space.hpp"
#include "services/logs/event_log.hpp"
#include "services/logs/repository.hpp"

namespace lapwing::logs {

// 0: no limit.
struct LogLimits {
  std::uint64_t bytes = 0;                   // of all groups together, on disk
  std::uint64_t group_bytes = 0;             // of the events of one group
  std::uint64_t group_bytes_per_second = 0;  // of a group, beyond kRateBurst of that
  const os::DiskSpace* disk = nullptr;
};

// Why events are not taken.
enum class Loss : std::uint8_t { kRate, kGroup, kWhole, kDisk };
inline constexpr std::size_t kLosses = 4;
std::string_view to_string(Loss loss);  // for metrics: "rate", "group", "whole", "disk"
// For people: what is at its limit, and the setting.
std::string describe(Loss loss, const LogLimits& limits);

class LogBudget;

// One group's part, shared by its streams.
class GroupBudget {
 public:
  explicit GroupBudget(const LogBudget& whole) : whole_(&whole) {}

  // Takes `bytes` of the group's rate; why not, where they may not be written.
  std::optional<Loss> take(std::uint64_t bytes, MonoTime now);
  // What keeps everything out at the moment, whatever its size.
  std::optional<Loss> closed() const;
  // Whether a new one would answer the same: nothing was written for long.
  bool forgettable(MonoTime now);

 private:
  friend class LogBudget;
  const LogBudget* whole_;
  std::atomic<bool> full_ = false;
  std::mutex mutex_;
  std::int64_t tokens_ = 0;              // the rest is guarded by mutex_
  MonoTime filled_{};                    // when it was last asked for, and tokens_ were added
  std::optional<std::uint64_t> stored_;  // nothing: to be counted
  std::uint64_t uncounted_ = 0;          // written since that was asked for
};
using GroupBudgetPtr = std::shared_ptr<GroupBudget>;

class LogBudget {
 public:
  LogBudget(const LogLimits& limits, EventLog& events) : limits_(limits), events_(&events) {}

  const LogLimits& limits() const { return limits_; }
  GroupBudgetPtr group(const Scope& scope, std::string_view name);

  // Looks at the disk, and at times at how much all groups hold.
  void refresh(MonoTime now);
  // The events of this group have grown.
  void note_written(GroupBudget& group, const std::string& group_uid, std::uint64_t bytes);
  // Events were taken away: what groups hold is counted again.
  void recount();

  std::optional<Loss> closed() const;
  void note_lost(Loss why, std::uint64_t bytes) {
    lost_[static_cast<std::size_t>(why)].fetch_add(bytes, std::memory_order_relaxed);
  }
  std::uint64_t lost_bytes(Loss why) const { return lost_[static_cast<std::size_t>(why)]; }
  std::uint64_t used_bytes() const { return used_; }

 private:
  static constexpr std::uint8_t kOpen = 0xff;

  LogLimits limits_;
  EventLog* events_;
  std::atomic<std::uint8_t> closed_ = kOpen;  // else the Loss
  std::atomic<std::uint64_t> used_ = 0;
  std::array<std::atomic<std::uint64_t>, kLosses> lost_{};
  std::mutex mutex_;
  std::optional<MonoTime> counted_;  // guarded by mutex_: when used_ was
  MonoTime forgotten_{};             // guarded by mutex_: when groups_ was last gone through
  // Kept while they remember something: who writes only now and then must not begin again.
  std::map<std::pair<Scope, std::string>, GroupBudgetPtr> groups_;
};

}  // namespace lapwing::logs
