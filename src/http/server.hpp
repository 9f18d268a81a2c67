// The HTTP server: one implementation for the public API (Server, many loops) and for the
// Runtime API of one sandbox (Connections, on one loop).
//
// A handler is a coroutine called once a request, when the head has arrived:
//
//   Task<void> handle(RequestContext& context) {
//     auto body = co_await context.body().read_all(6 * kMiB);
//     if (!body) co_return;                       // the server answers 400, 408 or 413
//     co_await context.respond(Response(200, "text/plain", *std::move(body)));
//   }
//
// The server answers for the handler when it does not: a handler that returns without an
// answer gets the status that fits the failed body read (400, 408, 413), else 500; one that
// throws is logged and gets 500. Requests of one connection are handled one after another,
// in order. No time limit applies while a handler runs and reads nothing: a long poll may
// wait forever.
//
// "100 Continue" is sent when the handler first reads the body. A body left unread is
// skipped up to kUnreadBodyBytesMax, beyond which the connection closes.
//
// Thread-safety: a context is used on its connection's loop only, and only until its handler
// returns. A Server's handler is called from all its loops at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "http/body.hpp"
#include "http/budget.hpp"
#include "http/connection_budget.hpp"
#include "http/limits.hpp"
#include "http/message.hpp"
#include "http/open_connections.hpp"
#include "net/address.hpp"
#include "net/interrupt.hpp"
#include "net/listener.hpp"
#include "net/loop_group.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"
#include "net/task_group.hpp"
#include "net/tls.hpp"

namespace lapwing::http {

class RequestContext {
 public:
  virtual ~RequestContext() = default;

  virtual const Request& request() const = 0;
  virtual net::Loop& loop() const = 0;
  // Nothing for Unix sockets without a name.
  virtual const std::optional<net::Address>& peer() const = 0;
  virtual bool is_tls() const = 0;
  // Nothing when the body is chunked (its length is not known yet); 0 without a body.
  virtual std::optional<std::uint64_t> content_length() const = 0;
  virtual BodyReader& body() = 0;

  // The answer, whole. Content-Length and Connection are the server's; Date is added where
  // missing. HEAD gets the head of it, and 1xx, 204 and 304 no body. The first answer counts:
  // a second is kConflict. kCancelled and kTimeout: the client has gone or takes nothing;
  // the connection closes after the handler returns.
  virtual net::Task<Status> respond(Response response) = 0;
  // As respond(), for a client that asks its next question without waiting: when that has
  // arrived already, both answers leave together, however long the second one takes. `response`
  // must stay until done.
  virtual net::Task<Status> respond_with_next(const Response& response) = 0;
  // The answer in pieces: writes the head; response.body must be empty. Chunked, unless
  // response.headers hold a Content-Length, which is then kept to (towards HTTP/1.0: until
  // close). The writer belongs to the context.
  virtual net::Task<Result<BodyWriter*>> respond_stream(Response response) = 0;
  // Whether a head was written: from here on errors can only break the connection.
  virtual bool answered() const = 0;

  // The client closed its side or vanished. What it sent before is still read and answers
  // are still tried.
  virtual bool client_gone() const = 0;
  // Triggered (on the loop) by client_gone(), and by Server::stop(). Made on first use.
  virtual std::stop_token stop_token() = 0;
  // Raised when stop_token() is triggered: what is awaited through it ends then. Costs nothing.
  virtual net::Interrupt& gone() = 0;
  // Close the connection after this answer.
  virtual void close_after() = 0;

  // Whose this request says it is, before that is proven and before the body is read: charged
  // beside the connection's origin, but not to who it may not be. Where the same was proven on this
  // connection before, that share is charged. Without a claim the origin alone counts.
  virtual void claim(std::uint64_t claimed) = 0;
  // Whose it is, once that is proven: charged from here on. What was charged already stays where it
  // is.
  virtual void charge_to(std::uint64_t key) = 0;
  // What of the caller's share a large answer is charged to (CallerId::part).
  virtual void charge_answer_to(std::uint64_t part) = 0;
  // Who is charged, of what has been said so far.
  virtual CallerId caller() = 0;
  // What the body that was read holds of the budget: with those who keep the body longer than the
  // handler runs. The handler's end gives back the rest.
  virtual Charge take_body_charge() = 0;
  // The body has been read, and the answer may take long: memory for reading is given back until
  // the next request, and the headers of this one are gone.
  virtual void rest() = 0;
  // Answers of this caller wait unread beyond its share, or everybody's beyond the limit: refuse
  // what would make another.
  virtual bool answers_stalled() = 0;
};

using Handler = UniqueFunction<net::Task<void>(RequestContext&)>;

struct ServerOptions {
  HeadLimits limits;
  Timeouts timeouts;
  // A Server's own limit of connections. Beyond it one that is slow to send its request, or idle,
  // is closed for the new one; where there is none, the new one is answered 503 at once.
  std::size_t connections_max = 10'000;
  // Instead of a limit of its own, where several listeners share one; outlives the server.
  ConnectionBudget* connections = nullptr;
  // What bodies and answers are charged to; null: to nobody. Outlives the server.
  Memory* memory = nullptr;
  // Body of the answers the server makes itself (400, 413 ...); empty means a short JSON
  // {"message": "..."}.
  UniqueFunction<Response(int status, std::string_view message)> error_page;
};

// Counters of one server or connection set; plain reads are exact enough from anywhere.
struct ServerStats {
  std::atomic<std::uint64_t> connections{0};  // open now
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> protocol_errors{0};
};

// What the connections of a service share, on all its loops. Must outlive them.
struct ServiceShared {
  ServiceShared() = default;
  ServiceShared(ServerOptions with, Handler answer)
      : options(std::move(with)), handler(std::move(answer)), own_budget(options.connections_max) {}
  ConnectionBudget& connections() {
    return options.connections != nullptr ? *options.connections : own_budget;
  }
  ServerOptions options;
  Handler handler;
  ServerStats stats;
  // From here on answers say "Connection: close"; set by draining.
  std::atomic<bool> draining{false};
  ConnectionBudget own_budget{ServerOptions().connections_max};
};

// Where a connection comes from, for those who know more than its address.
struct Origin {
  std::uint64_t caller = 0;  // a function, hashed; 0: its address
  ConnectionPlace place;     // held until it ends
};

// Serves one connection until it ends; destroying the task cuts it. For those who keep their
// connections themselves; the others take Connections.
net::Task<void> serve_connection(net::Stream stream, ServiceShared& shared, Origin origin = {});

// The connections of one service on one loop: what the Runtime API of a sandbox uses, and
// what Server has one of for each loop. Destroying it cuts what is left.
// Thread-safety: the loop's thread.
class Connections {
 public:
  Connections(net::Loop& loop, ServiceShared& shared);
  ~Connections();

  // Serves the connection in the background until it ends.
  void serve(net::Stream stream, const net::TlsServerContext* tls = nullptr);
  // Accepts and serves in the background, until cut or destroyed.
  void accept_from(net::Listener listener);
  std::size_t size() const;
  // Closes the one whose end costs least (OpenConnections); false where none was found.
  bool close_one();
  // Idle connections close; requests in flight are finished ("Connection: close").
  void begin_drain();
  // Waits until no connection is left.
  net::Task<void> drained();
  // Triggers every stop_token, then destroys whatever still runs. Not from a handler.
  void cut();

 private:
  net::Task<void> run(net::Stream stream, const net::TlsServerContext* tls);
  [[gnu::noinline]] net::Task<bool> admit(net::Stream& stream, ConnectionPlace& place,
                                          std::uint64_t network, const net::TlsServerContext* tls);
  // No place (false) at the limit, where none could be closed for it.
  [[gnu::noinline]] net::Task<ConnectionPlace> place_for(std::uint64_t network);
  [[gnu::noinline]] net::Task<std::optional<net::Stream>> secure(net::Stream stream,
                                                                 const net::TlsServerContext& tls,
                                                                 const ConnectionPlace& place);
  net::Task<void> accept_loop(net::Listener listener);

  net::Loop& loop_;
  ServiceShared& shared_;
  OpenConnections open_;
  net::TaskGroup tasks_;
  net::TaskGroup acceptors_;
};

class Server {
 public:
  // Connections are spread over the loops of the group; each stays where it is.
  Server(net::LoopGroup& loops, ServerOptions options, Handler handler);
  // Either stop() has returned or the loops have stopped. The loops outlive the server.
  ~Server();

  // Starts accepting, from any thread. TLS when given, which must outlive the server.
  Status listen(const net::Address& address, const net::TlsServerContext* tls = nullptr);
  Status adopt_listener(os::UniqueFd listening, const net::TlsServerContext* tls = nullptr);
  // As bound: port 0 resolved.
  std::vector<net::Address> addresses() const;

  // Graceful end, from any thread, blocking (not on a loop's thread): stop accepting, close
  // idle connections, let requests in flight finish ("Connection: close") until `grace` has
  // passed, then stop_token()s are triggered and what is left is cut. True when nothing had
  // to be cut. The loops must be running.
  bool stop(Duration grace);

  ServerStats& stats();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lapwing::http
