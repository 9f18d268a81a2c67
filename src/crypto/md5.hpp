// MD5, only where an AWS protocol demands it (Content-MD5, SQS's checksums).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace lapwing::crypto {

using Md5Digest = std::array<std::byte, 16>;

Md5Digest md5(std::string_view data);
std::string md5_hex(std::string_view data);

}  // namespace lapwing::crypto
