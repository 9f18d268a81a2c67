#include "hosting/keys.hpp"

#include <algorithm>
#include <string>

#include "base/bytes.hpp"
#include "crypto/sha256.hpp"

namespace lapwing::hosting {

crypto::AesKey Keys::derive(std::string_view name) const {
  const crypto::Sha256Digest digest =
      crypto::hmac_sha256(as_text(root_), "lapwing " + std::string(name));
  crypto::AesKey out;
  static_assert(sizeof(out) == sizeof(digest));
  std::ranges::copy(digest, out.begin());
  return out;
}

}  // namespace lapwing::hosting
