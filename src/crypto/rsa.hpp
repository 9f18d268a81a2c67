// RSA keys that sign what others check with a certificate: PKCS #1 v1.5 over SHA-1 or SHA-256.
//
// Thread-safety: a key is const once made, and signs on any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace lapwing::crypto {

enum class RsaDigest : std::uint8_t { kSha1, kSha256 };

class RsaKey {
 public:
  // Takes some hundred milliseconds.
  static RsaKey generate(int bits);
  // An unencrypted PEM; kInvalid otherwise.
  static Result<RsaKey> read(std::string_view pem);
  RsaKey(RsaKey&&) noexcept;
  RsaKey& operator=(RsaKey&&) noexcept;
  ~RsaKey();

  std::string pem() const;
  // The signature's bytes.
  std::string sign(RsaDigest digest, std::string_view text) const;
  // Self-signed, PEM, for the key's public part.
  std::string certificate(const std::string& common_name, WallTime from, int days) const;

 private:
  struct State;
  explicit RsaKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether the key of a certificate (PEM) made the signature.
bool rsa_verify(std::string_view certificate_pem, RsaDigest digest, std::string_view text,
                std::string_view signature);

}  // namespace lapwing::crypto
