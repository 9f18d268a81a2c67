#include "crypto/aes_gcm.hpp"

#include <limits>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

namespace lapwing::crypto {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Safe: char, std::byte and unsigned char may alias.
unsigned char* as_uchar(char* p) { return reinterpret_cast<unsigned char*>(p); }
const unsigned char* as_uchar(const char* p) { return reinterpret_cast<const unsigned char*>(p); }
const unsigned char* as_uchar(const AesKey& key) {
  return reinterpret_cast<const unsigned char*>(key.data());
}

int length_of(std::string_view text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw std::length_error("AES-GCM text beyond 2 GiB");
  }
  return static_cast<int>(text.size());
}

void check(int result, const char* what) {
  if (result != 1) throw std::runtime_error(what);
}

}  // namespace

std::string aes_gcm_seal(const AesKey& key, Random& random, std::string_view plain,
                         std::string_view associated) {
  std::string out(kNonceBytes + plain.size() + kTagBytes, '\0');
  random.fill(std::as_writable_bytes(std::span(out.data(), kNonceBytes)));
  const Context context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* c = context.get();
  int written = 0;
  check(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), nullptr, as_uchar(key), as_uchar(out.data())),
        "EVP_EncryptInit_ex");
  check(EVP_EncryptUpdate(c, nullptr, &written, as_uchar(associated.data()), length_of(associated)),
        "EVP_EncryptUpdate");
  unsigned char* body = as_uchar(out.data()) + kNonceBytes;
  check(EVP_EncryptUpdate(c, body, &written, as_uchar(plain.data()), length_of(plain)),
        "EVP_EncryptUpdate");
  check(EVP_EncryptFinal_ex(c, body + plain.size(), &written), "EVP_EncryptFinal_ex");
  check(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, kTagBytes, body + plain.size()),
        "EVP_CTRL_GCM_GET_TAG");
  return out;
}

Result<std::string> aes_gcm_open(const AesKey& key, std::string_view sealed,
                                 std::string_view associated) {
  const auto refused = [] {
    return fail(make_error(ErrorKind::kInvalid, "Sealed text is not authentic"));
  };
  if (sealed.size() < kAesOverheadBytes) return refused();
  const std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kAesOverheadBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(body.size(), '\0');
  const Context context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* c = context.get();
  int written = 0;
  check(EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), nullptr, as_uchar(key), as_uchar(sealed.data())),
        "EVP_DecryptInit_ex");
  check(EVP_DecryptUpdate(c, nullptr, &written, as_uchar(associated.data()), length_of(associated)),
        "EVP_DecryptUpdate");
  check(EVP_DecryptUpdate(c, as_uchar(plain.data()), &written, as_uchar(body.data()),
                          length_of(body)),
        "EVP_DecryptUpdate");
  check(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()),
        "EVP_CTRL_GCM_SET_TAG");
  if (EVP_DecryptFinal_ex(c, as_uchar(plain.data()) + plain.size(), &written) != 1) {
    return refused();
  }
  return plain;
}

}  // namespace lapwing::crypto
