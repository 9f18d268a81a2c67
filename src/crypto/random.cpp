#include "crypto/random.hpp"

#include <algorithm>
#include <stdexcept>

#include <openssl/rand.h>

namespace lapwing::crypto {

void SystemRandom::fill(MutableBytes out) {
  auto* data = reinterpret_cast<unsigned char*>(out.data());  // safe: bytes may alias
  constexpr std::size_t kMost = 1 << 30;                      // RAND_bytes counts in int
  for (std::size_t done = 0; done < out.size();) {
    const std::size_t piece = std::min(out.size() - done, kMost);
    if (RAND_bytes(data + done, static_cast<int>(piece)) != 1) {
      throw std::runtime_error("the system has no randomness to give");
    }
    done += piece;
  }
}

}  // namespace lapwing::crypto
