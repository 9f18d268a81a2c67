#include "http/server.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "http/connection.hpp"
#include "net/loop.hpp"
#include "net/timeout.hpp"

namespace lapwing::http {

net::Task<void> serve_connection(net::Stream stream, ServiceShared& shared, Origin origin) {
  Connection connection(std::move(stream), shared, false, origin.caller, 0);
  co_await connection.run();
}

// --- Connections ---

Connections::Connections(net::Loop& loop, ServiceShared& shared)
    : loop_(loop), shared_(shared), tasks_(loop), acceptors_(loop) {}

Connections::~Connections() { cut(); }

void Connections::accept_from(net::Listener listener) {
  acceptors_.spawn(accept_loop(std::move(listener)));
}

net::Task<void> Connections::accept_loop(net::Listener listener) {
  while (true) {
    Result<os::UniqueFd> fd = co_await listener.accept();
    if (!fd) {
      loop_.logger().error("http", "accepting ended", {{"error", fd.error().to_log()}});
      co_return;
    }
    Result<net::Stream> stream = net::Stream::adopt(loop_, *std::move(fd));
    if (stream) serve(*std::move(stream));
  }
}

std::size_t Connections::size() const { return tasks_.size(); }

namespace {

net::Task<void> refuse(net::Stream stream) {
  std::string out;
  ResponseFraming framing;
  framing.framing = BodyFraming::kLength;
  framing.close = true;
  write_response_head(out, Response(503), framing);
  [[maybe_unused]] Status sent = co_await stream.write_all(out);
}

std::uint64_t network_of_peer(const net::Stream& stream) {
  const std::optional<net::Address> peer = stream.peer_address();
  return peer ? network_of(*peer) : 0;
}

// TLS that is being negotiated: as a head that has not come whole.
class Handshake final : public OpenConnection {
 public:
  explicit Handshake(net::Loop& loop) : loop_(loop), since_(loop.now()) {}
  std::stop_token stopped() const { return stop_.get_token(); }
  std::optional<Waiting> waiting() const override {
    if (stop_.stop_requested()) return std::nullopt;
    const bool slow = loop_.now() - since_ >= kSlowHead;
    return Waiting{slow ? Idleness::kLong : Idleness::kYoung, since_};
  }
  void close_now() override { stop_.request_stop(); }
  void close_if_idle() override { stop_.request_stop(); }
  void request_stop() override { stop_.request_stop(); }

 private:
  net::Loop& loop_;
  MonoTime since_;
  std::stop_source stop_;
};

}  // namespace

void Connections::serve(net::Stream stream, const net::TlsServerContext* tls) {
  tasks_.spawn(run(std::move(stream), tls));
}

bool Connections::close_one() {
  const std::size_t many = std::max(kFewConnections, shared_.connections().max() / kManyPart);
  return open_.close_cheapest(many) != nullptr;
}

// What is closed ends in one of the next rounds, unless a request arrives on it just now.
net::Task<ConnectionPlace> Connections::place_for(std::uint64_t network) {
  ConnectionPlace place = shared_.connections().open(network);
  bool closes = false;
  for (int round = 0; !place && round < kRoundsToClose; ++round) {
    closes = closes || close_one();
    co_await loop_.yield();
    place = shared_.connections().open(network);
  }
  co_return place;
}

// Nothing where it fails.
net::Task<std::optional<net::Stream>> Connections::secure(net::Stream stream,
                                                          const net::TlsServerContext& tls,
                                                          const ConnectionPlace& place) {
  const MonoTime deadline = loop_.now() + shared_.options.timeouts.head;
  Handshake handshake(loop_);
  const OpenConnections::Membership member(open_, handshake, place);
  Result<net::Stream> secured = co_await net::with_stop(
      loop_, handshake.stopped(), net::tls_accept(std::move(stream), tls, deadline));
  if (!secured) co_return std::nullopt;
  co_return *std::move(secured);
}

// For what cannot be served at once. False: it is not served.
net::Task<bool> Connections::admit(net::Stream& stream, ConnectionPlace& place,
                                   std::uint64_t network, const net::TlsServerContext* tls) {
  if (!place) place = co_await place_for(network);
  if (!place) {
    if (tls == nullptr) co_await refuse(std::move(stream));
    co_return false;
  }
  if (tls == nullptr) co_return true;
  std::optional<net::Stream> secured = co_await secure(std::move(stream), *tls, place);
  if (!secured) co_return false;
  stream = *std::move(secured);
  co_return true;
}

// What is only needed at the beginning is in a coroutine of its own: thousands wait in here.
net::Task<void> Connections::run(net::Stream stream, const net::TlsServerContext* tls) {
  ++shared_.stats.accepted;
  const std::uint64_t network = network_of_peer(stream);
  ConnectionPlace place = shared_.connections().open(network);
  if ((!place || tls != nullptr) && !co_await admit(stream, place, network, tls)) co_return;
  Connection connection(std::move(stream), shared_, tls != nullptr, 0, network);
  const OpenConnections::Membership member(open_, connection, place);
  co_await connection.run();
}

void Connections::begin_drain() {
  acceptors_.cancel_all();
  shared_.draining = true;
  for (OpenConnection* connection : open_.all()) connection->close_if_idle();
}

net::Task<void> Connections::drained() { co_await tasks_.join(); }

void Connections::cut() {
  acceptors_.cancel_all();
  // Stop callbacks may end connections.
  const std::vector<OpenConnection*> open = open_.all();
  for (OpenConnection* connection : open) {
    if (std::ranges::find(open_.all(), connection) != open_.all().end()) connection->request_stop();
  }
  tasks_.cancel_all();
}

// --- Server ---

struct Server::Impl {
  Impl(net::LoopGroup& group, ServerOptions options, Handler handler)
      : loops(group), shared(std::move(options), std::move(handler)) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      connections.push_back(std::make_unique<Connections>(loops.at(i), shared));
      acceptors.push_back(std::make_unique<net::TaskGroup>(loops.at(i)));
    }
  }

  net::Task<void> accept_loop(net::Listener listener, const net::TlsServerContext* tls);
  void hand_over(os::UniqueFd fd, const net::TlsServerContext* tls);
  // One on each loop, as descriptors have run out.
  void close_idle_everywhere();
  // Runs `what(i)` on every loop and waits for all.
  template <class F>
  void on_every_loop(F what);

  net::LoopGroup& loops;
  ServiceShared shared;
  std::vector<std::unique_ptr<Connections>> connections;   // one a loop
  std::vector<std::unique_ptr<net::TaskGroup>> acceptors;  // one a loop
  std::size_t next_loop = 0;                               // of the accepting loop
  std::mutex mutex;
  std::vector<net::Address> addresses;  // guarded by mutex
};

net::Task<void> Server::Impl::accept_loop(net::Listener listener,
                                          const net::TlsServerContext* tls) {
  while (true) {
    Result<os::UniqueFd> fd = co_await listener.accept();
    if (!fd) {
      loops.at(0).logger().error("http", "accepting ended", {{"error", fd.error().to_log()}});
      co_return;
    }
    hand_over(*std::move(fd), tls);
  }
}

// From the accepting loop.
void Server::Impl::close_idle_everywhere() {
  for (std::size_t i = 0; i < loops.size(); ++i) {
    loops.at(i).post([this, i] { connections[i]->close_one(); });
  }
}

// Round robin: even with few connections every loop has its share.
void Server::Impl::hand_over(os::UniqueFd fd, const net::TlsServerContext* tls) {
  const std::size_t to = next_loop++ % loops.size();
  loops.at(to).post([this, to, tls, fd = std::move(fd)]() mutable {
    Result<net::Stream> stream = net::Stream::adopt(loops.at(to), std::move(fd));
    if (stream) connections[to]->serve(*std::move(stream), tls);
  });
}

template <class F>
void Server::Impl::on_every_loop(F what) {
  std::mutex done_mutex;
  std::condition_variable changed;
  std::size_t left = loops.size();
  for (std::size_t i = 0; i < loops.size(); ++i) {
    loops.at(i).post([&, i] {
      what(i);
      std::lock_guard lock(done_mutex);
      if (--left == 0) changed.notify_all();
    });
  }
  std::unique_lock lock(done_mutex);
  changed.wait(lock, [&] { return left == 0; });
}

Server::Server(net::LoopGroup& loops, ServerOptions options, Handler handler)
    : impl_(std::make_unique<Impl>(loops, std::move(options), std::move(handler))) {}

Server::~Server() = default;

Status Server::listen(const net::Address& address, const net::TlsServerContext* tls) {
  LAPWING_TRY(os::UniqueFd fd, net::Listener::bind(address));
  return adopt_listener(std::move(fd), tls);
}

Status Server::adopt_listener(os::UniqueFd listening, const net::TlsServerContext* tls) {
  // Accepting is cheap: the first loop does it for all.
  net::Loop& loop = impl_->loops.at(0);
  LAPWING_TRY(net::Address address, net::Listener::address_of(listening.get()));
  {
    std::lock_guard lock(impl_->mutex);
    impl_->addresses.push_back(address);
  }
  loop.post([impl = impl_.get(), &loop, tls, fd = std::move(listening)]() mutable {
    Result<net::Listener> listener = net::Listener::adopt(loop, std::move(fd));
    if (!listener) {
      loop.logger().error("http", "cannot accept", {{"error", listener.error().to_log()}});
      return;
    }
    listener->keep_spare([impl] { impl->close_idle_everywhere(); });
    impl->acceptors[0]->spawn(impl->accept_loop(*std::move(listener), tls));
  });
  return {};
}

std::vector<net::Address> Server::addresses() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->addresses;
}

namespace {

// Loops whose connections have not all ended.
struct DrainCount {
  std::size_t left = 0;
  std::mutex mutex = {};
  std::condition_variable changed = {};
};

net::Task<void> drain_one(Connections& connections, DrainCount& count) {
  co_await connections.drained();
  const std::lock_guard lock(count.mutex);
  if (--count.left == 0) count.changed.notify_all();
}

}  // namespace

bool Server::stop(Duration grace) {
  Impl& impl = *impl_;
  impl.shared.draining = true;
  impl.on_every_loop([&](std::size_t i) { impl.acceptors[i]->cancel_all(); });
  // Connections accepted before are handed over by now: posts keep their order.
  DrainCount count{.left = impl.loops.size()};
  impl.on_every_loop([&](std::size_t i) {
    impl.connections[i]->begin_drain();
    impl.acceptors[i]->spawn(drain_one(*impl.connections[i], count));
  });
  bool in_time = false;
  {
    std::unique_lock lock(count.mutex);
    in_time = count.changed.wait_for(lock, grace, [&] { return count.left == 0; });
  }
  impl.on_every_loop([&](std::size_t i) {
    impl.acceptors[i]->cancel_all();
    impl.connections[i]->cut();
  });
  return in_time;
}

ServerStats& Server::stats() { return impl_->shared.stats; }

}  // namespace lapwing::http
