#include "net/tls.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/limits.hpp"

namespace lapwing::net {
namespace {

template <class T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Freer<SSL_CTX, SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freer<SSL, SSL_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO, BIO_free_all>>;
using CertPtr = std::unique_ptr<X509, Freer<X509, X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;

// What OpenSSL left in this thread's queue, oldest first; empties it.
std::string openssl_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    char line[256];
    ERR_error_string_n(code, line, sizeof line);
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text.empty() ? "no detail" : text;
}

Error tls_error(ErrorKind kind, std::string message) {
  return make_error(kind, std::move(message)).with_detail(openssl_errors());
}

BioPtr memory_of(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

ContextPtr new_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Idle connections are many: give their buffers back.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned offered_size, void*) {
  // The function promises not to write through what it hands back.
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_size, kAlpn, sizeof kAlpn, offered, offered_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Status use_chain(SSL_CTX* context, std::string_view chain_pem) {
  BioPtr bio = memory_of(chain_pem);
  CertPtr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return fail(tls_error(ErrorKind::kInvalid, "the certificate cannot be read"));
  }
  while (CertPtr next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
      return fail(tls_error(ErrorKind::kInvalid, "the certificate chain cannot be used"));
    }
  }
  ERR_clear_error();  // the end of the file
  return {};
}

Status trust(SSL_CTX* context, std::string_view ca_pem) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  BioPtr bio = memory_of(ca_pem);
  std::size_t count = 0;
  while (CertPtr ca{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(store, ca.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) {
    return fail(make_error(ErrorKind::kInvalid, "no certificate in what is to be trusted"));
  }
  return {};
}

// TLS through memory: OpenSSL never touches the socket, so every wait is the plain stream's.
class TlsTransport final : public Transport {
 public:
  TlsTransport(Stream plain, SslPtr ssl)
      : plain_(std::move(plain)),
        ssl_(std::move(ssl)),
        incoming_(BIO_new(BIO_s_mem())),
        outgoing_(BIO_new(BIO_s_mem())),
        chunk_(std::make_unique_for_overwrite<char[]>(kTlsChunkBytes)) {
    BIO_set_mem_eof_return(incoming_, -1);
    BIO_set_mem_eof_return(outgoing_, -1);
    SSL_set_bio(ssl_.get(), incoming_, outgoing_);  // ssl_ owns both
  }

  Task<Status> handshake(MonoTime deadline) {
    plain_.set_read_deadline(deadline);
    while (true) {
      ERR_clear_error();
      const int result = SSL_do_handshake(ssl_.get());
      const int why = SSL_get_error(ssl_.get(), result);
      // Kept before flush(): the queue of errors belongs to the thread.
      std::string detail;
      if (result != 1 && why != SSL_ERROR_WANT_READ) detail = openssl_errors();
      LAPWING_CO_CHECK(co_await flush());
      if (result == 1) break;
      if (why != SSL_ERROR_WANT_READ) {
        co_return fail(
            make_error(ErrorKind::kDenied, "TLS handshake failed").with_detail(std::move(detail)));
      }
      Result<std::size_t> count = co_await receive();
      if (!count) co_return fail(std::move(count).error());
      if (*count == 0) co_return fail(closed_early());
    }
    plain_.set_read_deadline(kNoDeadline);
    co_return Status();
  }

  std::optional<Result<std::size_t>> try_read(MutableBytes into) override {
    while (true) {
      auto done = take_decrypted(into);
      if (done) return done;
      auto count = plain_.try_read(chunk());
      if (!count) return std::nullopt;
      if (!*count) return fail(std::move(*count).error());
      if (**count == 0) return fail(closed_early());
      BIO_write(incoming_, chunk_.get(), static_cast<int>(**count));
    }
  }

  Task<Result<std::size_t>> read_some(MutableBytes into) override {
    while (true) {
      auto done = take_decrypted(into);
      // Reading may have produced something to say: a key update, an alert.
      if (BIO_ctrl_pending(outgoing_) > 0 && !writing_) LAPWING_CO_CHECK(co_await flush());
      if (done) co_return *std::move(done);
      Result<std::size_t> count = co_await receive();
      if (!count) co_return fail(std::move(count).error());
      if (*count == 0) co_return fail(closed_early());
    }
  }

  Task<Status> write_all(std::span<const ByteView> buffers) override {
    for (ByteView buffer : buffers) {
      while (!buffer.empty()) {
        const ByteView part = buffer.first(std::min(buffer.size(), kTlsChunkBytes));
        ERR_clear_error();
        if (SSL_write(ssl_.get(), part.data(), static_cast<int>(part.size())) <= 0) {
          co_return fail(tls_error(ErrorKind::kCancelled, "TLS write failed"));
        }
        buffer = buffer.subspan(part.size());
        if (BIO_ctrl_pending(outgoing_) >= kTlsChunkBytes) LAPWING_CO_CHECK(co_await flush());
      }
    }
    co_return co_await flush();
  }

  Task<Status> shutdown_write() override {
    SSL_shutdown(ssl_.get());
    LAPWING_CO_CHECK(co_await flush());
    co_return co_await plain_.shutdown_write();
  }

  void set_read_deadline(MonoTime when) override { plain_.set_read_deadline(when); }
  void set_write_timeout(Duration stall) override { plain_.set_write_timeout(stall); }
  void fail_writes() override { plain_.fail_writes(); }
  bool peer_closed() const override { return plain_.peer_closed(); }
  void on_peer_closed(UniqueFunction<void()> callback) override {
    plain_.on_peer_closed(std::move(callback));
  }
  Result<os::UniqueFd> release() override {
    return fail(make_error(ErrorKind::kUnsupported, "a TLS stream cannot be released"));
  }
  int fd() const override { return plain_.fd(); }

 private:
  static Error closed_early() {
    return make_error(ErrorKind::kCancelled, "the peer closed without ending TLS");
  }
  MutableBytes chunk() { return std::as_writable_bytes(std::span(chunk_.get(), kTlsChunkBytes)); }

  // Nothing when more must come from the network first; 0 after the peer's close_notify.
  std::optional<Result<std::size_t>> take_decrypted(MutableBytes into) {
    ERR_clear_error();
    const int size = static_cast<int>(std::min(into.size(), kTlsChunkBytes));
    const int count = SSL_read(ssl_.get(), into.data(), size);
    if (count > 0) return static_cast<std::size_t>(count);
    switch (SSL_get_error(ssl_.get(), count)) {
      case SSL_ERROR_WANT_READ:
        return std::nullopt;
      case SSL_ERROR_ZERO_RETURN:
        return std::size_t{0};
      default:
        return fail(tls_error(ErrorKind::kCancelled, "TLS read failed"));
    }
  }

  Task<Result<std::size_t>> receive() {
    Result<std::size_t> count = co_await plain_.read_some(chunk());
    if (count && *count > 0) BIO_write(incoming_, chunk_.get(), static_cast<int>(*count));
    co_return count;
  }

  Task<Status> flush() {
    struct Writing {
      bool& flag;
      ~Writing() { flag = false; }
    };
    writing_ = true;
    Writing guard{writing_};
    while (const std::size_t pending = BIO_ctrl_pending(outgoing_)) {
      encrypted_.resize(pending);
      BIO_read(outgoing_, encrypted_.data(), static_cast<int>(pending));
      LAPWING_CO_CHECK(co_await plain_.write_all(encrypted_));
    }
    co_return Status();
  }

  Stream plain_;
  SslPtr ssl_;
  BIO* incoming_;
  BIO* outgoing_;
  std::unique_ptr<char[]> chunk_;
  std::string encrypted_;
  bool writing_ = false;
};

Task<Result<Stream>> secure(Stream stream, SslPtr ssl, MonoTime deadline) {
  Loop& loop = stream.loop();
  auto transport = std::make_unique<TlsTransport>(std::move(stream), std::move(ssl));
  LAPWING_CO_CHECK(co_await transport->handshake(deadline));
  co_return Stream(loop, std::move(transport));
}

bool is_ip(const std::string& host) {
  std::array<unsigned char, 16> unused;
  return ::inet_pton(AF_INET, host.c_str(), unused.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), unused.data()) == 1;
}

}  // namespace

struct TlsServerContext::Impl {
  ContextPtr context;
};
struct TlsClientContext::Impl {
  ContextPtr context;
};

TlsServerContext::TlsServerContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsServerContext::TlsServerContext(TlsServerContext&&) noexcept = default;
TlsServerContext& TlsServerContext::operator=(TlsServerContext&&) noexcept = default;
TlsServerContext::~TlsServerContext() = default;
TlsClientContext::TlsClientContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsClientContext::TlsClientContext(TlsClientContext&&) noexcept = default;
TlsClientContext& TlsClientContext::operator=(TlsClientContext&&) noexcept = default;
TlsClientContext::~TlsClientContext() = default;

Result<TlsServerContext> TlsServerContext::create(std::string_view chain_pem,
                                                  std::string_view key_pem) {
  ContextPtr context = new_context(TLS_server_method());
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
  LAPWING_CHECK(use_chain(context.get(), chain_pem));
  BioPtr bio = memory_of(key_pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return fail(tls_error(ErrorKind::kInvalid, "the private key does not fit the certificate"));
  }
  return TlsServerContext(std::make_unique<Impl>(Impl{std::move(context)}));
}

Result<TlsClientContext> TlsClientContext::create(std::string_view extra_ca_pem) {
  ContextPtr context = new_context(TLS_client_method());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context.get());
  if (!extra_ca_pem.empty()) LAPWING_CHECK(trust(context.get(), extra_ca_pem));
  return TlsClientContext(std::make_unique<Impl>(Impl{std::move(context)}));
}

Result<TlsClientContext> TlsClientContext::create_private(std::string_view ca_pem) {
  ContextPtr context = new_context(TLS_client_method());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  LAPWING_CHECK(trust(context.get(), ca_pem));
  return TlsClientContext(std::make_unique<Impl>(Impl{std::move(context)}));
}

Task<Result<Stream>> tls_accept(Stream stream, const TlsServerContext& context, MonoTime deadline) {
  SslPtr ssl(SSL_new(context.impl().context.get()));
  SSL_set_accept_state(ssl.get());
  co_return co_await secure(std::move(stream), std::move(ssl), deadline);
}

Task<Result<Stream>> tls_connect(Stream stream, const TlsClientContext& context, std::string host,
                                 MonoTime deadline) {
  SslPtr ssl(SSL_new(context.impl().context.get()));
  SSL_set_connect_state(ssl.get());
  SSL_set_alpn_protos(ssl.get(), kAlpn, sizeof kAlpn);
  bool named = false;
  if (is_ip(host)) {
    named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) == 1;
  } else if (!host.empty()) {
    named = SSL_set1_host(ssl.get(), host.c_str()) == 1 &&
            SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1;
  }
  // Without a name the certificate would be checked against nothing.
  if (!named) co_return fail(tls_error(ErrorKind::kInvalid, "not a host name"));
  co_return co_await secure(std::move(stream), std::move(ssl), deadline);
}

}  // namespace lapwing::net
