// How IAM keeps what is secret: sealed with a key that is derived from the server's, each text
// bound to whose it is, so that none can stand for another one. What is only compared (passwords)
// is kept as a keyed hash.
//
// Thread-safety: any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/aes_gcm.hpp"

namespace lapwing::iam {

class Sealer {
 public:
  // Two keys of the server's own (hosting/keys.hpp): for what is sealed, and for what is only
  // compared. `random` outlives it.
  Sealer(const crypto::AesKey& secrets, const crypto::AesKey& passwords, Random& random);

  // Base64.
  std::string seal(std::string_view secret, std::string_view owner) const;
  // kInternal when it was sealed with another server's key, or for another owner.
  Result<std::string> open(std::string_view sealed, std::string_view owner) const;
  // Base64; says nothing about the secret to those who lack the server's key.
  std::string mark(std::string_view secret, std::string_view owner) const;

 private:
  crypto::AesKey key_;
  std::string mark_key_;
  Random& random_;
};

}  // namespace lapwing::iam
