// The HTTP client of one loop: connections are kept and reused per endpoint.
//
//   Client client(loop, {});
//   Result<Response> answer = co_await client.send(endpoint, request, body, deadline);
//
// send(): a request of an idempotent method (not POST, not PATCH) that fails on a reused
// connection before any byte of the answer is tried once more on a fresh one. An answer that
// comes before the body was taken whole is returned. Redirects are not followed; bodies are
// not decompressed.
//
// Errors: kUnavailable (cannot connect), kTimeout (deadline), kUnknown (broken after the
// request was sent), kInvalid (the answer is not HTTP), kTooLarge (answer over the limit).
//
// Thread-safety: the loop's thread. The client must outlive its exchanges.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "http/body.hpp"
#include "http/limits.hpp"
#include "http/message.hpp"
#include "net/address.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

namespace lapwing::http {

struct Endpoint {
  net::Address address;
  std::string host;                            // Host header and TLS name
  const net::TlsClientContext* tls = nullptr;  // must outlive the client
};

struct ClientOptions {
  HeadLimits limits;
  std::size_t body_bytes_max = 64 * kMiB;  // of whole answers: beyond is kTooLarge
  std::size_t idle_per_endpoint_max = 64;
  Duration idle_timeout = std::chrono::seconds(30);
};

// One request and its answer in pieces. Write the body, finish() it, await head(), then pull
// the answer. Destroyed before its end it closes the connection.
class ClientExchange {
 public:
  virtual ~ClientExchange() = default;
  virtual BodyWriter& request_body() = 0;
  // Waits for the final head (1xx are skipped); `body` of it is empty.
  virtual net::Task<Result<const Response*>> head() = 0;
  virtual BodyReader& body() = 0;
  // Every read ends by then; a write that stalls ends at the latest then.
  virtual void set_deadline(MonoTime deadline) = 0;
};

// How to reach an endpoint's address where Stream::connect() does not: in another network
// namespace. TLS comes on top.
using Connector =
    UniqueFunction<net::Task<Result<net::Stream>>(const Endpoint& endpoint, MonoTime deadline)>;

class Client {
 public:
  Client(net::Loop& loop, ClientOptions options, Connector connector = {});
  ~Client();

  net::Task<Result<Response>> send(const Endpoint& endpoint, Request request, std::string body,
                                   MonoTime deadline);
  // The request body is chunked unless request.headers hold a Content-Length; GET and HEAD
  // have none. The deadline
  // covers connecting and every wait until it is moved by set_deadline of the exchange.
  net::Task<Result<std::unique_ptr<ClientExchange>>> open(const Endpoint& endpoint, Request request,
                                                          MonoTime deadline);
  std::size_t idle_connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lapwing::http
