#include "crypto/certificate.hpp"

#include <memory>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace lapwing::crypto {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// The default would ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Owned<BIO> reader(std::string_view pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Owned<X509> parse(std::string_view pem) {
  const Owned<BIO> bio = reader(pem);
  Owned<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

bool read_time(const ASN1_TIME* from, WallTime& out) {
  tm broken{};
  if (from == nullptr || ASN1_TIME_to_tm(from, &broken) != 1) return false;
  out = WallTime(std::chrono::seconds(timegm(&broken)));
  return true;
}

}  // namespace

Result<CertificateFacts> read_certificate(std::string_view pem) {
  const Owned<X509> certificate = parse(pem);
  CertificateFacts facts;
  if (certificate == nullptr ||
      !read_time(X509_get0_notBefore(certificate.get()), facts.not_before) ||
      !read_time(X509_get0_notAfter(certificate.get()), facts.not_after)) {
    return fail(make_error(ErrorKind::kInvalid, "no certificate in PEM"));
  }
  return facts;
}

KeyMatch match_private_key(std::string_view certificate_pem, std::string_view key_pem) {
  const Owned<X509> certificate = parse(certificate_pem);
  const Owned<BIO> bio = reader(key_pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  const bool same = certificate != nullptr && key != nullptr &&
                    X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr) return KeyMatch::kNoKey;
  return same ? KeyMatch::kMatches : KeyMatch::kAnother;
}

}  // namespace lapwing::crypto
