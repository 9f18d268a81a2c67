#include "services/iam/sealing.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "crypto/sha256.hpp"
#include "text/base64.hpp"

namespace lapwing::iam {

// Keys of different use come from the server's one, so that none says anything about another.
Sealer::Sealer(const crypto::AesKey& server_key, Random& random) : random_(random) {
  const std::string_view root = as_text(server_key);
  const crypto::Sha256Digest key = crypto::hmac_sha256(root, "lapwing iam secrets");
  static_assert(sizeof(key) == sizeof(key_));
  std::ranges::copy(key, key_.begin());
  mark_key_ = as_text(crypto::hmac_sha256(root, "lapwing iam passwords"));
}

std::string Sealer::seal(std::string_view secret, std::string_view owner) const {
  return text::base64_encode(std::string_view(crypto::aes_gcm_seal(key_, random_, secret, owner)));
}

Result<std::string> Sealer::open(std::string_view sealed, std::string_view owner) const {
  const auto bytes = text::base64_decode(sealed);
  auto secret = bytes ? crypto::aes_gcm_open(key_, *bytes, owner) : fail(internal_error("base64"));
  if (secret) return secret;
  return fail(
      internal_error("a secret of IAM was not sealed with this server's key: was "
                     "server.key restored with the rest of the data directory?"));
}

std::string Sealer::mark(std::string_view secret, std::string_view owner) const {
  std::string text(owner);
  text += '\0';
  text += secret;
  return crypto::to_base64(crypto::hmac_sha256(mark_key_, text));
}

}  // namespace lapwing::iam
