// Who writes events passes the gate; who deletes a group or stream closes it, so that events
// are never written to what has just gone. Closing waits for those inside and lets nobody
// else in meanwhile: writers without pause cannot keep a deletion out.
//
// Thread-safety: any thread; a thread that is inside must not pass again.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace lapwing::logs {

class DeletionGate {
 public:
  using Passed = std::shared_lock<std::shared_mutex>;
  using Closed = std::unique_lock<std::shared_mutex>;

  [[nodiscard]] Passed pass() {
    const std::lock_guard turn(turn_);
    return Passed(gate_);
  }
  [[nodiscard]] Closed close() {
    const std::lock_guard turn(turn_);
    return Closed(gate_);
  }

 private:
  std::mutex turn_;
  std::shared_mutex gate_;
};

}  // namespace lapwing::logs
