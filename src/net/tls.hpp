// TLS over a Stream: TLS 1.2 and 1.3, server and client, with OpenSSL inside.
//
// A context is made once and shared: immutable afterwards, any thread. It must outlive the
// streams made with it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace lapwing::net {

class TlsServerContext {
 public:
  // PEM texts: certificate chain (leaf first) and private key.
  static Result<TlsServerContext> create(std::string_view chain_pem, std::string_view key_pem);
  TlsServerContext(TlsServerContext&&) noexcept;
  TlsServerContext& operator=(TlsServerContext&&) noexcept;
  ~TlsServerContext();

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit TlsServerContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class TlsClientContext {
 public:
  // Trusts the system's certificates, plus `extra_ca_pem` (may be empty).
  static Result<TlsClientContext> create(std::string_view extra_ca_pem = {});
  // Trusts `ca_pem` only; for links between our own nodes, and tests.
  static Result<TlsClientContext> create_private(std::string_view ca_pem);
  TlsClientContext(TlsClientContext&&) noexcept;
  TlsClientContext& operator=(TlsClientContext&&) noexcept;
  ~TlsClientContext();

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit TlsClientContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Handshakes; the stream is closed when that fails. ALPN offers and accepts http/1.1.
Task<Result<Stream>> tls_accept(Stream stream, const TlsServerContext& context,
                                MonoTime deadline = kNoDeadline);
// `host` is checked against the certificate (name or IP address) and sent as SNI.
Task<Result<Stream>> tls_connect(Stream stream, const TlsClientContext& context, std::string host,
                                 MonoTime deadline = kNoDeadline);

}  // namespace lapwing::net
