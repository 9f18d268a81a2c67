// The API as functions reach it: connections accepted inside their sandboxes, served by the
// front door like any other.
//
// Thread-safety: set_handler before the first connection; serve() on the loops.
#pragma once

#include "http/server.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "runtime/environment.hpp"

namespace lapwing::server {

class Endpoint final : public runtime::EndpointServer {
 public:
  void set_handler(http::Handler handler) { shared_.handler = std::move(handler); }
  // Answers in flight say "Connection: close"; the connections end with their sandboxes.
  void stop() { shared_.draining = true; }

  void serve(net::Loop& loop, os::UniqueFd connection) override {
    Result<net::Stream> stream = net::Stream::adopt(loop, std::move(connection));
    if (stream) loop.spawn(http::serve_connection(*std::move(stream), shared_));
  }

 private:
  http::ServiceShared shared_;
};

}  // namespace lapwing::server
