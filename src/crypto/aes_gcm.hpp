// AES-256-GCM: authenticated encryption. A sealed text is nonce (12) + ciphertext + tag (16).
// The nonce is random, so one key may seal at most 2^32 texts.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"

namespace lapwing::crypto {

inline constexpr std::size_t kAesKeyBytes = 32;
inline constexpr std::size_t kAesOverheadBytes = 28;
using AesKey = std::array<std::byte, kAesKeyBytes>;

std::string aes_gcm_seal(const AesKey& key, Random& random, std::string_view plain,
                         std::string_view associated = {});
// kInvalid when the text was not sealed with this key and associated data, or was changed.
Result<std::string> aes_gcm_open(const AesKey& key, std::string_view sealed,
                                 std::string_view associated = {});

}  // namespace lapwing::crypto
