// The API as functions reach it: connections accepted inside their sandboxes, served by the
// front door like any other. The acceptor has counted them.
//
// Thread-safety: open() before the first connection; serve() on the loops.
#pragma once

#include "http/server.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "runtime/environment/environment.hpp"

namespace lapwing::server {

class Endpoint final : public runtime::EndpointServer {
 public:
  // `refusal` answers functions that are not to reach the API.
  void open(http::Handler handler, http::Handler refusal, http::Memory& memory) {
    shared_.handler = std::move(handler);
    refusing_.handler = std::move(refusal);
    shared_.options.memory = refusing_.options.memory = &memory;
  }
  // Answers in flight say "Connection: close"; the connections end with their sandboxes.
  void stop() { shared_.draining = refusing_.draining = true; }

  void serve(net::Loop& loop, os::UniqueFd connection, http::Origin origin) override {
    serve(loop, std::move(connection), std::move(origin), shared_);
  }
  void refuse(net::Loop& loop, os::UniqueFd connection, http::Origin origin) override {
    serve(loop, std::move(connection), std::move(origin), refusing_);
  }

 private:
  static void serve(net::Loop& loop, os::UniqueFd connection, http::Origin origin,
                    http::ServiceShared& shared) {
    Result<net::Stream> stream = net::Stream::adopt(loop, std::move(connection));
    if (!stream) return;
    loop.spawn(http::serve_connection(*std::move(stream), shared, std::move(origin)));
  }

  http::ServiceShared shared_;
  http::ServiceShared refusing_;
};

}  // namespace lapwing::server
