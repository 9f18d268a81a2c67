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
  void set_refusal(http::Handler handler) { refusing_.handler = std::move(handler); }
  // Answers in flight say "Connection: close"; the connections end with their sandboxes.
  void stop() { shared_.draining = refusing_.draining = true; }

  void serve(net::Loop& loop, os::UniqueFd connection) override {
    serve(loop, std::move(connection), shared_);
  }
  void refuse(net::Loop& loop, os::UniqueFd connection) override {
    serve(loop, std::move(connection), refusing_);
  }

 private:
  static void serve(net::Loop& loop, os::UniqueFd connection, http::ServiceShared& shared) {
    Result<net::Stream> stream = net::Stream::adopt(loop, std::move(connection));
    if (stream) loop.spawn(http::serve_connection(*std::move(stream), shared));
  }

  http::ServiceShared shared_;
  http::ServiceShared refusing_;
};

}  // namespace lapwing::server
