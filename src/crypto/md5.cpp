#include "crypto/md5.hpp"

#include <stdexcept>

#include <openssl/evp.h>

namespace lapwing::crypto {

Md5Digest md5(std::string_view data) {
  Md5Digest digest;
  auto* out = reinterpret_cast<unsigned char*>(digest.data());  // safe: bytes may alias
  if (EVP_Digest(data.data(), data.size(), out, nullptr, EVP_md5(), nullptr) != 1) {
    throw std::runtime_error("EVP_Digest(md5)");
  }
  return digest;
}

std::string md5_hex(std::string_view data) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte byte : md5(data)) {
    out += kDigits[std::to_integer<unsigned>(byte) >> 4];
    out += kDigits[std::to_integer<unsigned>(byte) & 0xF];
  }
  return out;
}

}  // namespace lapwing::crypto
