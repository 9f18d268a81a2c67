#include "crypto/crc32.hpp"

#include <zlib.h>

namespace lapwing::crypto {

std::uint32_t crc32(std::string_view data, std::uint32_t previous) {
  const auto* bytes = reinterpret_cast<const Bytef*>(data.data());  // safe: bytes may alias
  return static_cast<std::uint32_t>(::crc32_z(previous, bytes, data.size()));
}

}  // namespace lapwing::crypto
