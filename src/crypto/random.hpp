// The operating system's randomness. Thread-safety: any thread.
#pragma once

#include "base/random.hpp"

namespace lapwing::crypto {

class SystemRandom final : public Random {
 public:
  // Throws std::runtime_error when the system has no randomness to give.
  void fill(MutableBytes out) override;
};

}  // namespace lapwing::crypto
