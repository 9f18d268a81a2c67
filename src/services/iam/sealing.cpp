#include "services/iam/sealing.hpp"

#include "base/bytes.hpp"
#include "crypto/sha256.hpp"
#include "text/base64.hpp"

namespace lapwing::iam {

Sealer::Sealer(const crypto::AesKey& secrets, const crypto::AesKey& passwords, Random& random)
    : key_(secrets), mark_key_(as_text(passwords)), random_(random) {}

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
