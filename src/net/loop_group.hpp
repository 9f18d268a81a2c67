// LoopGroup: N loops, each on its own thread, sharing nothing.
//
// The loops exist from construction to destruction; the threads from start() to stop().
// stop() ends every loop (destroying its tasks on its own thread) and joins; the destructor
// calls it. Thread-safety: loop access from anywhere; start/stop from one owner.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "net/loop.hpp"

namespace lapwing::net {

class LoopGroup {
 public:
  LoopGroup(std::size_t count, const Clock& clock, Logger& logger);
  ~LoopGroup();

  void start();
  void stop();

  std::size_t size() const { return loops_.size(); }
  Loop& at(std::size_t index) { return *loops_[index]; }
  // Round robin.
  Loop& next() { return *loops_[next_.fetch_add(1, std::memory_order_relaxed) % loops_.size()]; }

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace lapwing::net
