// Where steps of the control plane in the background run. server/ adapts its worker pool; tests run
// the steps by hand.
#pragma once

#include "base/unique_function.hpp"

namespace lapwing::engine {

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `job` later on some thread, or at once on the caller's when nothing can take it.
  // Jobs may run concurrently and in any order.
  virtual void post(UniqueFunction<void()> job) = 0;
};

}  // namespace lapwing::engine
