// Randomness as a constructor parameter. The real source is crypto::SystemRandom; tests
// seed a SeededRandom so that ids replay.
//
// Thread-safety: fill() may be called from any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>

#include "base/bytes.hpp"

namespace lapwing {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableBytes out) = 0;
};

// Reproducible, for tests only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(MutableBytes out) override;

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

std::uint64_t random_bits(Random& random);
// RFC 9562 version 4, lower case: "3f2504e0-4f89-41d3-9a0c-0305e82c3301".
std::string make_uuid(Random& random);
// `digits` lower-case hexadecimal characters.
std::string random_hex(Random& random, std::size_t digits);

}  // namespace lapwing
