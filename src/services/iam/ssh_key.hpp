// SSH public keys as IAM takes and shows them: RSA, in OpenSSH's form or in PEM.
//
// Sources: RFC 4253 (the key's bytes), RFC 8017 and RFC 5280 (PEM's).
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::iam {

struct ParsedSshKey {
  std::string blob;  // what follows "ssh-rsa ", decoded
  std::string exponent;
  std::string modulus;  // without leading zeros

  // "c1:b1:30:...": MD5 of the blob.
  std::string fingerprint() const;
  std::string as_ssh() const;  // "ssh-rsa AAAA..."
  std::string as_pem() const;
};

// UnrecognizedPublicKeyEncoding for what is neither form, InvalidPublicKey for what is no RSA key
// of kSshKeyBitsMin to kSshKeyBitsMax.
Result<ParsedSshKey> parse_ssh_key(std::string_view text);

}  // namespace lapwing::iam
