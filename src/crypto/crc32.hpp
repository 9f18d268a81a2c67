// CRC-32 (IEEE 802.3), as event streams and zip files use it.
#pragma once

#include <cstdint>
#include <string_view>

namespace lapwing::crypto {

// `previous`: the result for the data before, so that pieces can be chained.
std::uint32_t crc32(std::string_view data, std::uint32_t previous = 0);

}  // namespace lapwing::crypto
