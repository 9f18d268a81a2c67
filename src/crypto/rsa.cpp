#include "crypto/rsa.hpp"

#include <stdexcept>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace lapwing::crypto {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

[[noreturn]] void broken(const char* what) {
  ERR_clear_error();
  throw std::runtime_error(what);
}

// The default would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

const EVP_MD* algorithm(RsaDigest digest) {
  return digest == RsaDigest::kSha1 ? EVP_sha1() : EVP_sha256();
}

// Safe: unsigned char may alias char; OpenSSL takes bytes so.
const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Owned<BIO> reader(std::string_view pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

struct RsaKey::State {
  Owned<EVP_PKEY> key;
};

RsaKey::RsaKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
RsaKey::RsaKey(RsaKey&&) noexcept = default;
RsaKey& RsaKey::operator=(RsaKey&&) noexcept = default;
RsaKey::~RsaKey() = default;

RsaKey RsaKey::generate(int bits) {
  Owned<EVP_PKEY> key(EVP_RSA_gen(static_cast<unsigned>(bits)));
  if (key == nullptr) broken("OpenSSL cannot make an RSA key");
  return RsaKey(std::make_unique<State>(State{std::move(key)}));
}

Result<RsaKey> RsaKey::read(std::string_view pem) {
  const Owned<BIO> bio = reader(pem);
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return fail(make_error(ErrorKind::kInvalid, "no RSA key in PEM"));
  }
  return RsaKey(std::make_unique<State>(State{std::move(key)}));
}

std::string RsaKey::pem() const {
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(out.get(), state_->key.get(), nullptr, nullptr, 0, nullptr,
                               nullptr) != 1) {
    broken("OpenSSL cannot write an RSA key");
  }
  return text_of(out.get());
}

std::string RsaKey::sign(RsaDigest digest, std::string_view text) const {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, algorithm(digest), nullptr, state_->key.get()) !=
          1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes(text), text.size()) != 1) {
    broken("OpenSSL cannot sign");
  }
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                     bytes(text), text.size()) != 1) {
    broken("OpenSSL cannot sign");
  }
  out.resize(size);
  return out;
}

std::string RsaKey::certificate(const std::string& common_name, WallTime from, int days) const {
  const Owned<X509> certificate(X509_new());
  X509* const raw = certificate.get();
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) {
    broken("OpenSSL has no randomness");
  }
  const auto begin = static_cast<time_t>(unix_ms(from) / 1000);
  X509_set_version(raw, X509_VERSION_3);
  X509_NAME* const name = X509_get_subject_name(raw);
  const bool made =
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(raw), serial >> 1) == 1 &&
      ASN1_TIME_set(X509_getm_notBefore(raw), begin) != nullptr &&
      ASN1_TIME_adj(X509_getm_notAfter(raw), begin, days, 0) != nullptr &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes(common_name), -1, -1, 0) == 1 &&
      X509_set_issuer_name(raw, name) == 1 && X509_set_pubkey(raw, state_->key.get()) == 1 &&
      X509_sign(raw, state_->key.get(), EVP_sha256()) != 0;
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  if (!made || PEM_write_bio_X509(out.get(), raw) != 1) {
    broken("OpenSSL cannot make a certificate");
  }
  return text_of(out.get());
}

bool rsa_verify(std::string_view certificate_pem, RsaDigest digest, std::string_view text,
                std::string_view signature) {
  const Owned<BIO> bio = reader(certificate_pem);
  const Owned<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const bool good = certificate != nullptr &&
                    EVP_DigestVerifyInit(context.get(), nullptr, algorithm(digest), nullptr,
                                         X509_get0_pubkey(certificate.get())) == 1 &&
                    EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text),
                                     text.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace lapwing::crypto
