#include "delivery/http_caller.hpp"

#include <algorithm>
#include <utility>

#include "http/client.hpp"
#include "http/url.hpp"
#include "net/address.hpp"
#include "net/timeout.hpp"

namespace lapwing::delivery {

Result<const net::TlsClientContext*> HttpCaller::tls() {
  const std::lock_guard lock(mutex_);
  if (!tls_) {
    LAPWING_TRY(net::TlsClientContext made, net::TlsClientContext::create(extra_ca_pem_));
    tls_.emplace(std::move(made));
  }
  return &*tls_;
}

net::Task<Result<http::Response>> HttpCaller::send(net::Loop& loop, HttpCall call) {
  LAPWING_CO_TRY(const http::Url url, http::parse_url(call.url));
  const MonoTime deadline = loop.now() + call.timeout;
  http::Endpoint endpoint;
  endpoint.host = url.host;
  if (url.tls) {
    LAPWING_CO_TRY(endpoint.tls, tls());
  }
  LAPWING_CO_TRY(endpoint.address,
                 co_await net::with_timeout(loop, call.timeout,
                                            net::resolve(loop, workers_, url.name, url.port)));
  LAPWING_CO_CHECK(reach_.check(endpoint.address));
  http::Request request;
  request.method = call.method;
  request.target = url.target;
  request.headers = std::move(call.headers);
  http::ClientOptions options;
  options.body_bytes_max = call.answer_bytes_max;
  options.idle_per_endpoint_max = 0;
  http::Client client(loop, options);
  co_return co_await client.send(endpoint, std::move(request), std::move(call.body), deadline);
}

}  // namespace lapwing::delivery
