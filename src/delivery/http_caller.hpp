// One HTTP request to an address somebody named, and its answer: what HTTP destinations are made
// of. Nothing is followed (redirects), nothing tried again, and no connection kept.
//
//   Result<http::Response> answer = co_await caller.send(loop, {.url = "https://...", ...});
//
// Errors: is_refused_address() (http_reach.hpp: not to be connected to), kInvalid (the URL, or the
// answer is no HTTP), kUnavailable (no such name, cannot connect,
// TLS fails), kTimeout, kUnknown (broken when the request was sent), kTooLarge (the answer).
//
// Thread-safety: any loop. Outlives its tasks.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "delivery/http_reach.hpp"
#include "http/message.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"
#include "net/worker_pool.hpp"

namespace lapwing::delivery {

struct HttpCall {
  std::string url;
  http::Method method = http::Method::kPost;
  // Host, Content-Length and Connection are written besides.
  http::Headers headers = {};
  std::string body = {};
  Duration timeout = std::chrono::seconds(15);  // for all of it, in real time
  std::size_t answer_bytes_max = 64 * kKiB;
};

class HttpCaller {
 public:
  // Names are resolved on `workers`. `extra_ca_pem`: trusted besides the system's certificates.
  HttpCaller(net::WorkerPool& workers, const HttpReach& reach, std::string extra_ca_pem = {})
      : workers_(workers), reach_(reach), extra_ca_pem_(std::move(extra_ca_pem)) {}

  net::Task<Result<http::Response>> send(net::Loop& loop, HttpCall call);

 private:
  Result<const net::TlsClientContext*> tls();

  net::WorkerPool& workers_;
  const HttpReach& reach_;
  const std::string extra_ca_pem_;
  std::mutex mutex_;
  std::optional<net::TlsClientContext> tls_;  // made when it is first needed
};

}  // namespace lapwing::delivery
