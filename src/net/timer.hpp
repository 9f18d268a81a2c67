// Timers of one loop. TimerNode is the intrusive form that costs nothing to create and
// O(log n) to arm or cancel, without allocation: a request may arm several. Timer is the
// form with a callback. Waiting in a coroutine: `co_await loop.sleep(duration)`.
//
// A timer fires on its loop's thread, never early, and late by at most a millisecond plus
// what the loop is busy with. Disarmed (or destroyed) it never fires.
//
// Thread-safety: the loop's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/unique_function.hpp"

namespace lapwing::net {

class Loop;
class TimerHeap;

class TimerNode {
 public:
  explicit TimerNode(Loop& loop) : loop_(&loop) {}
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  virtual ~TimerNode() { disarm(); }

  void arm_at(MonoTime when);  // re-arms when armed already
  void arm_after(Duration delay);
  void disarm();
  bool armed() const { return index_ != kNone; }
  MonoTime when() const { return when_; }
  Loop& loop() const { return *loop_; }

 protected:
  // May arm this timer again, and may destroy it.
  virtual void on_timer() = 0;

 private:
  friend class TimerHeap;
  static constexpr std::uint32_t kNone = 0xffffffff;
  Loop* loop_;
  MonoTime when_{};
  std::uint32_t index_ = kNone;
};

class Timer final : public TimerNode {
 public:
  Timer(Loop& loop, UniqueFunction<void()> callback)
      : TimerNode(loop), callback_(std::move(callback)) {}

 private:
  void on_timer() override { callback_(); }
  UniqueFunction<void()> callback_;
};

// A four-way heap with positions kept in the nodes. Owned by Loop.
class TimerHeap {
 public:
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  MonoTime earliest() const { return heap_.front()->when_; }
  void arm(TimerNode& node, MonoTime when);
  void disarm(TimerNode& node);
  // Fires what is due at `now`, earliest first. Timers armed meanwhile for a time that is
  // already due wait for the next call.
  void fire_due(MonoTime now);

 private:
  void sift_up(std::uint32_t index);
  void sift_down(std::uint32_t index);
  void place(TimerNode* node, std::uint32_t index);

  std::vector<TimerNode*> heap_;
};

}  // namespace lapwing::net
