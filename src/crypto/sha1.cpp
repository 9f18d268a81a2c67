#include "crypto/sha1.hpp"

#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace lapwing::crypto {

Sha1Digest hmac_sha1(std::string_view key, std::string_view data) {
  Sha1Digest digest;
  auto* out = reinterpret_cast<unsigned char*>(digest.data());              // safe: bytes may alias
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());  // safe: as above
  unsigned size = 0;
  if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), bytes, data.size(), out, &size) ==
          nullptr ||
      size != digest.size()) {
    throw std::runtime_error("HMAC(sha1)");
  }
  return digest;
}

}  // namespace lapwing::crypto
