// SHA-256 and HMAC-SHA-256.
// Thread-safety: functions from any thread; one Sha256 object is used by one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace lapwing::crypto {

inline constexpr std::size_t kSha256Bytes = 32;
using Sha256Digest = std::array<std::byte, kSha256Bytes>;

Sha256Digest sha256(std::string_view data);
Sha256Digest sha256(ByteView data);
// 64 lower-case hexadecimal characters.
std::string sha256_hex(std::string_view data);
std::string to_hex(const Sha256Digest& digest);
// Base64 of the digest: Lambda's CodeSha256.
std::string sha256_base64(std::string_view data);
std::string to_base64(const Sha256Digest& digest);

// For data that arrives in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view data);
  void update(ByteView data);
  // The digest of everything so far; the object starts again.
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256Digest hmac_sha256(std::string_view key, std::string_view data);
Sha256Digest hmac_sha256(const Sha256Digest& key, std::string_view data);

// "e3b0c442...": the hash of nothing.
inline constexpr std::string_view kEmptySha256Hex =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

}  // namespace lapwing::crypto
