// The SHA256_* functions are marked deprecated in favour of EVP, which costs a fetch or an
// allocation a call: three times the hashing of the short texts that signatures are made of.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/sha256.hpp"

#include <algorithm>

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace lapwing::crypto {
namespace {

// Safe: std::byte and unsigned char may alias.
unsigned char* as_uchar(Sha256Digest& digest) {
  return reinterpret_cast<unsigned char*>(digest.data());
}

}  // namespace

Sha256Digest sha256(std::string_view data) {
  SHA256_CTX context;
  Sha256Digest digest;
  SHA256_Init(&context);
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(as_uchar(digest), &context);
  return digest;
}

Sha256Digest sha256(ByteView data) { return sha256(as_text(data)); }

std::string to_hex(const Sha256Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out(2 * digest.size(), '\0');
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto byte = std::to_integer<unsigned>(digest[i]);
    out[2 * i] = kDigits[byte >> 4];
    out[2 * i + 1] = kDigits[byte & 0xF];
  }
  return out;
}

std::string to_base64(const Sha256Digest& digest) {
  unsigned char out[45];
  const auto* bytes = reinterpret_cast<const unsigned char*>(digest.data());  // safe, as above
  const int length = EVP_EncodeBlock(out, bytes, kSha256Bytes);
  return {out, out + length};
}

std::string sha256_hex(std::string_view data) { return to_hex(sha256(data)); }
std::string sha256_base64(std::string_view data) { return to_base64(sha256(data)); }

struct Sha256::State {
  SHA256_CTX context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view data) {
  SHA256_Update(&state_->context, data.data(), data.size());
}

void Sha256::update(ByteView data) { update(as_text(data)); }

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  SHA256_Final(as_uchar(digest), &state_->context);
  SHA256_Init(&state_->context);
  return digest;
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view data) {
  constexpr std::size_t kBlock = 64;
  std::array<unsigned char, kBlock> pad{};
  if (key.size() > kBlock) {
    const Sha256Digest hashed = sha256(key);
    std::ranges::transform(hashed, pad.begin(),
                           [](std::byte b) { return std::to_integer<unsigned char>(b); });
  } else {
    std::ranges::copy(key, pad.begin());
  }
  SHA256_CTX context;
  Sha256Digest digest;
  for (unsigned char& c : pad) c ^= 0x36;
  SHA256_Init(&context);
  SHA256_Update(&context, pad.data(), pad.size());
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(as_uchar(digest), &context);
  for (unsigned char& c : pad) c ^= 0x36 ^ 0x5C;
  SHA256_Init(&context);
  SHA256_Update(&context, pad.data(), pad.size());
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(as_uchar(digest), &context);
  return digest;
}

Sha256Digest hmac_sha256(const Sha256Digest& key, std::string_view data) {
  return hmac_sha256(as_text(key), data);
}

}  // namespace lapwing::crypto
