// X.509 certificates as far as records of them need: that they are some, when they end, whether a
// key is theirs. Nothing is trusted, and no chain is followed.
//
// Thread-safety: pure functions.
#pragma once

#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace lapwing::crypto {

struct CertificateFacts {
  WallTime not_before;
  WallTime not_after;
};

// Of the first certificate in a PEM text; kInvalid where there is none.
Result<CertificateFacts> read_certificate(std::string_view pem);

enum class KeyMatch { kMatches, kAnother, kNoKey };
// Whether a private key (PEM, without a passphrase) is that of a certificate.
KeyMatch match_private_key(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace lapwing::crypto
