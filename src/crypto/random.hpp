// The operating system's randomness. Thread-safety: any thread.
#pragma once

#include <mutex>

#include "base/random.hpp"

namespace lapwing::crypto {

// Small pieces (ids) are taken from a page that is filled at once: the generator's own way, of
// locks, a reseeding check and a cipher set up, costs more than the bytes. What was handed out is
// overwritten, and the page is empty in a forked child, which therefore never repeats its parent.
class SystemRandom final : public Random {
 public:
  // Throws std::runtime_error when the system has no memory for the page.
  SystemRandom();
  ~SystemRandom() override;
  SystemRandom(const SystemRandom&) = delete;
  SystemRandom& operator=(const SystemRandom&) = delete;

  // Throws std::runtime_error when the system has no randomness to give.
  void fill(MutableBytes out) override;

 private:
  struct Page;

  std::mutex mutex_;
  Page* page_;  // wiped by the kernel in a child
};

}  // namespace lapwing::crypto
