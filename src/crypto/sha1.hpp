// HMAC-SHA-1, only where a protocol demands it (one-time passwords, RFC 6238).
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace lapwing::crypto {

using Sha1Digest = std::array<std::byte, 20>;

Sha1Digest hmac_sha1(std::string_view key, std::string_view data);

}  // namespace lapwing::crypto
