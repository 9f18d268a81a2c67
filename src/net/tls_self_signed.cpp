#include "net/tls_self_signed.hpp"

#include <arpa/inet.h>
#include <memory>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace lapwing::net {
namespace {

template <class T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
using CertPtr = std::unique_ptr<X509, Freer<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION, X509_EXTENSION_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO, BIO_free_all>>;

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    unsigned char unused[16];
    const bool is_ip = ::inet_pton(AF_INET, name.c_str(), unused) == 1 ||
                       ::inet_pton(AF_INET6, name.c_str(), unused) == 1;
    if (!list.empty()) list += ',';
    list += (is_ip ? "IP:" : "DNS:") + name;
  }
  return list;
}

bool set_name(X509* certificate, const std::string& common_name) {
  X509_NAME* name = X509_get_subject_name(certificate);
  // Safe: unsigned char may alias char; OpenSSL takes text as bytes.
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.c_str());
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

bool set_serial(X509* certificate) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

Result<SelfSigned> make_self_signed(const std::vector<std::string>& names, int days) {
  if (names.empty()) return fail(make_error(ErrorKind::kInvalid, "a certificate needs a name"));
  const auto broken = [] { return fail(internal_error("OpenSSL cannot make a certificate")); };
  KeyPtr key(EVP_EC_gen("P-256"));
  CertPtr certificate(X509_new());
  if (!key || !certificate) return broken();
  X509* raw = certificate.get();
  X509_set_version(raw, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(raw), -3600);
  X509_gmtime_adj(X509_getm_notAfter(raw), 24L * 3600 * days);
  if (!set_serial(raw) || X509_set_pubkey(raw, key.get()) != 1 || !set_name(raw, names[0]) ||
      !add_extension(raw, NID_basic_constraints, "critical,CA:TRUE") ||
      !add_extension(raw, NID_subject_alt_name, alternative_names(names)) ||
      X509_sign(raw, key.get(), EVP_sha256()) == 0) {
    return broken();
  }
  BioPtr certificate_out(BIO_new(BIO_s_mem()));
  BioPtr key_out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_out.get(), raw) != 1 ||
      PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return broken();
  }
  return SelfSigned{text_of(certificate_out.get()), text_of(key_out.get())};
}

}  // namespace lapwing::net
