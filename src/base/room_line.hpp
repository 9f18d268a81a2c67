// The line of those who wait for room that others hold.
//
//   line.wait(weak_from_this());
//   if (has_room()) wake();          // it came before this one stood in the line
//   ...
//   line.wake_first();               // by who leaves room, or does not take all that there is
//
// T has wake(): from any thread, makes it look again whether there is room, and stand in the line
// again where there is none. Everybody stands in it once, however often it was said. Those that
// have gone are passed over.
//
// Thread-safety: any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

namespace lapwing {

template <class T>
class RoomLine {
 public:
  // Behind all others; where it stands in the line already, there it stays.
  void wait(std::weak_ptr<T> whom) {
    const std::scoped_lock lock(mutex_);
    if (inside_.insert(whom).second) line_.push_back(std::move(whom));
  }
  // False: nobody waits.
  bool wake_first() {
    while (true) {
      std::weak_ptr<T> first;
      {
        const std::scoped_lock lock(mutex_);
        if (line_.empty()) return false;
        first = std::move(line_.front());
        line_.pop_front();
        inside_.erase(first);
      }
      if (const std::shared_ptr<T> there = first.lock()) {
        there->wake();
        return true;
      }
    }
  }
  void wake_all() {
    std::deque<std::weak_ptr<T>> all;
    {
      const std::scoped_lock lock(mutex_);
      all.swap(line_);
      inside_.clear();
    }
    for (const std::weak_ptr<T>& each : all) {
      if (const std::shared_ptr<T> there = each.lock()) there->wake();
    }
  }
  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return line_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::weak_ptr<T>> line_;                     // guarded by mutex_
  std::set<std::weak_ptr<T>, std::owner_less<>> inside_;  // the same ones
};

}  // namespace lapwing
