// For tests: waits, in real time, for what another thread or process does.
//
//   ASSERT_TRUE(eventually([&] { return service.waiting_polls() == 1; }));
//
// False when it did not come within kEventually, which is for machines under load: a test that
// would hang fails instead.
#pragma once

#include <chrono>
#include <poll.h>
#include <thread>

namespace lapwing::testing {

inline constexpr std::chrono::seconds kEventually{60};

template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
  constexpr int kTurnsAtOnce = 1'000;  // of threads of this process; then others get the processor
  const auto give_up = std::chrono::steady_clock::now() + kEventually;
  for (int turn = 0; !condition(); ++turn) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    if (turn < kTurnsAtOnce) {
      std::this_thread::yield();
    } else {
      ::poll(nullptr, 0, 1);
    }
  }
  return true;
}

}  // namespace lapwing::testing
