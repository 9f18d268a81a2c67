#include "sandbox/network/dns_forwarder.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <net/if.h>
#include <netinet/in.h>
#include <sstream>

#include "net/loop.hpp"
#include "net/timeout.hpp"
#include "os/file.hpp"
#include "sandbox/network/dns_message.hpp"

namespace lapwing::sandbox {
namespace {

constexpr int kDatagramsATurn = 64;
constexpr std::size_t kLengthBytes = 2;  // in front of a message over TCP

Error unavailable(const char* why) { return make_error(ErrorKind::kUnavailable, why); }

// The socket interface takes every address family through sockaddr.
const sockaddr* generic(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}
sockaddr* generic(sockaddr_storage& address) { return reinterpret_cast<sockaddr*>(&address); }

// Replaced or rewritten since?
bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

net::Task<Status> read_exactly(net::FdWatcher& from, std::string& into) {
  std::size_t have = 0;
  while (have < into.size()) {
    LAPWING_CO_TRY(const std::size_t got,
                   co_await from.read_some(std::as_writable_bytes(std::span(into).subspan(have))));
    if (got == 0) co_return fail(unavailable("connection closed"));
    have += got;
  }
  co_return Status();
}

net::Task<Status> write_all(net::FdWatcher& to, std::string_view bytes) {
  while (!bytes.empty()) {
    LAPWING_CO_TRY(const std::size_t put, co_await to.write_some(std::as_bytes(std::span(bytes))));
    bytes.remove_prefix(put);
  }
  co_return Status();
}

// One message with its length in front.
net::Task<Result<std::string>> read_message(net::FdWatcher& from, std::size_t limit) {
  std::string length(kLengthBytes, '\0');
  LAPWING_CO_CHECK(co_await read_exactly(from, length));
  std::string message(dns_id(length), '\0');  // the same encoding: two bytes, high one first
  if (message.size() > limit) co_return fail(make_error(ErrorKind::kTooLarge, "DNS message"));
  LAPWING_CO_CHECK(co_await read_exactly(from, message));
  co_return message;
}

net::Task<Status> write_message(net::FdWatcher& to, std::string message) {
  const std::string framed =
      with_dns_id(std::string(kLengthBytes, '\0'), static_cast<std::uint16_t>(message.size())) +
      message;
  co_return co_await write_all(to, framed);
}

}  // namespace

std::string DnsForwarder::Peer::key() const {
  // The name server's sockets are of IPv4.
  sockaddr_in in{};
  std::memcpy(&in, &address, sizeof in);
  return {reinterpret_cast<const char*>(&in.sin_addr), sizeof in.sin_addr};
}

Result<std::unique_ptr<DnsForwarder>> DnsForwarder::start(net::Loop& loop,
                                                          NameServerSockets sockets, Random& random,
                                                          DnsOptions options) {
  LAPWING_TRY(net::Listener tcp, net::Listener::adopt(loop, std::move(sockets.tcp)));
  auto forwarder = std::unique_ptr<DnsForwarder>(
      new DnsForwarder(loop, std::move(sockets.udp), std::move(tcp), random, std::move(options)));
  forwarder->tasks_.spawn(forwarder->serve_udp());
  forwarder->tasks_.spawn(forwarder->serve_tcp());
  return forwarder;
}

DnsForwarder::DnsForwarder(net::Loop& loop, os::UniqueFd udp, net::Listener tcp, Random& random,
                           DnsOptions options)
    : loop_(loop),
      random_(random),
      options_(std::move(options)),
      udp_(loop, std::move(udp)),
      tcp_(std::move(tcp)),
      tasks_(loop) {}

DnsForwarder::~DnsForwarder() { tasks_.cancel_all(); }

net::Task<void> DnsForwarder::serve_udp() {
  while (co_await udp_.readable()) {
    for (int taken = 0; taken < kDatagramsATurn; ++taken) {
      Peer peer;
      peer.size = sizeof peer.address;
      std::string query(kDnsQueryBytesMax + 1, '\0');
      const ssize_t got = ::recvfrom(udp_.fd(), query.data(), query.size(), MSG_DONTWAIT,
                                     generic(peer.address), &peer.size);
      if (got < 0) break;
      query.resize(static_cast<std::size_t>(got));
      take_datagram(std::move(query), peer);
    }
    co_await loop_.yield();
  }
}

void DnsForwarder::take_datagram(std::string query, const Peer& peer) {
  if (query.size() > kDnsQueryBytesMax || !is_dns_query(query)) return;
  std::string sandbox = peer.key();
  if (!questions_.has_its_share(sandbox)) {
    tasks_.spawn(answer_udp(std::move(query), peer, questions_.take(std::move(sandbox))));
    return;
  }
  const std::string refusal = dns_failure(query);
  (void)::sendto(udp_.fd(), refusal.data(), refusal.size(), MSG_DONTWAIT, generic(peer.address),
                 peer.size);
}

net::Task<void> DnsForwarder::answer_udp(std::string query, Peer peer, DnsPlaces::Ticket place) {
  const Result<std::string> answer =
      co_await net::with_stop(loop_, place.lost(), ask(query, false));
  const std::string bytes = answer ? *answer : dns_failure(query);
  // Lost like any datagram when the way is full.
  (void)::sendto(udp_.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT, generic(peer.address),
                 peer.size);
}

net::Task<void> DnsForwarder::serve_tcp() {
  for (;;) {
    Result<os::UniqueFd> connection = co_await tcp_.accept();
    if (!connection) co_return;
    Peer peer;
    peer.size = sizeof peer.address;
    if (::getpeername(connection->get(), generic(peer.address), &peer.size) != 0) continue;
    tasks_.spawn(answer_tcp(*std::move(connection), connections_.take(peer.key())));
  }
}

net::Task<void> DnsForwarder::answer_tcp(os::UniqueFd connection, DnsPlaces::Ticket place) {
  net::FdWatcher client(loop_, std::move(connection));
  const MonoTime end = loop_.now() + kDnsConnectionLife;
  (void)co_await net::with_stop(loop_, place.lost(),
                                net::with_deadline(loop_, end, converse(client)));
}

net::Task<Status> DnsForwarder::converse(net::FdWatcher& client) {
  for (;;) LAPWING_CO_CHECK(co_await exchange_tcp(client));
}

// One question of a connection, and its answer.
net::Task<Status> DnsForwarder::exchange_tcp(net::FdWatcher& client) {
  client.set_deadline(loop_.now() + kDnsConnectionIdle);
  LAPWING_CO_TRY(const std::string query, co_await read_message(client, kDnsQueryBytesMax));
  if (!is_dns_query(query)) co_return fail(make_error(ErrorKind::kInvalid, "no DNS query"));
  const Result<std::string> answer = co_await ask(query, true);
  client.set_deadline(loop_.now() + kDnsConnectionIdle);
  co_return co_await write_message(client, answer ? *answer : dns_failure(query));
}

net::Task<Result<std::string>> DnsForwarder::ask(std::string query, bool by_tcp) {
  // An id of our own: the sandbox's could be guessed by somebody who would answer falsely.
  const std::string asked = with_dns_id(query, random_id());
  for (const Server& server : servers()) {
    auto asking = by_tcp ? ask_tcp(server, asked) : ask_udp(server, asked);
    const Result<std::string> answer =
        co_await net::with_timeout(loop_, options_.timeout, std::move(asking));
    if (answer) co_return with_dns_id(*answer, dns_id(query));
  }
  co_return fail(unavailable("no name server answers"));
}

net::Task<Result<std::string>> DnsForwarder::ask_udp(Server server, std::string query) {
  os::UniqueFd fd(::socket(server.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) co_return fail(errno_error("DNS socket"));
  if (::connect(fd.get(), generic(server.address), server.size) != 0) {
    co_return fail(errno_error("DNS connect"));
  }
  if (::send(fd.get(), query.data(), query.size(), 0) < 0) co_return fail(errno_error("DNS send"));
  net::FdWatcher watcher(loop_, std::move(fd));
  std::string answer;
  for (;;) {
    answer.resize(kDnsDatagramBytesMax);
    LAPWING_CO_TRY(const std::size_t got,
                   co_await watcher.read_some(std::as_writable_bytes(std::span(answer))));
    answer.resize(got);
    if (is_dns_answer(answer, query)) co_return answer;
  }
}

net::Task<Result<std::string>> DnsForwarder::ask_tcp(Server server, std::string query) {
  os::UniqueFd fd(
      ::socket(server.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) co_return fail(errno_error("DNS socket"));
  if (::connect(fd.get(), generic(server.address), server.size) != 0 && errno != EINPROGRESS) {
    co_return fail(errno_error("DNS connect"));
  }
  net::FdWatcher watcher(loop_, std::move(fd));
  LAPWING_CO_CHECK(co_await watcher.writable());
  LAPWING_CO_CHECK(co_await write_message(watcher, query));
  LAPWING_CO_TRY(std::string answer, co_await read_message(watcher, UINT16_MAX));
  if (!is_dns_answer(answer, query)) co_return fail(unavailable("another question's answer"));
  co_return answer;
}

// Read again when the file has changed, as the C library does.
std::vector<DnsForwarder::Server> DnsForwarder::servers() {
  struct stat info{};
  if (::stat(options_.resolv_conf.c_str(), &info) == 0 && !servers_.empty() &&
      same_file(info, servers_read_)) {
    return servers_;
  }
  servers_read_ = info;
  servers_.clear();
  const auto text = os::read_file(options_.resolv_conf, kResolvConfBytesMax);
  std::istringstream lines(text ? *text : std::string());
  const auto add = [this](const std::string& name) {
    const std::string address = name.substr(0, name.find('%'));
    Server server;
    sockaddr_in in{};
    sockaddr_in6 in6{};
    if (::inet_pton(AF_INET, address.c_str(), &in.sin_addr) == 1) {
      in.sin_family = AF_INET;
      in.sin_port = htons(options_.port);
      std::memcpy(&server.address, &in, server.size = sizeof in);
    } else if (::inet_pton(AF_INET6, address.c_str(), &in6.sin6_addr) == 1) {
      in6.sin6_family = AF_INET6;
      in6.sin6_port = htons(options_.port);
      if (address != name) in6.sin6_scope_id = ::if_nametoindex(name.c_str() + address.size() + 1);
      std::memcpy(&server.address, &in6, server.size = sizeof in6);
    } else {
      return;
    }
    servers_.push_back(server);
  };
  for (std::string line; std::getline(lines, line) && servers_.size() < kDnsServersMax;) {
    std::istringstream words(line);
    std::string key;
    std::string value;
    if (words >> key >> value && key == "nameserver") add(value);
  }
  if (servers_.empty()) add("127.0.0.1");  // what the C library takes then
  return servers_;
}

std::uint16_t DnsForwarder::random_id() {
  std::array<std::byte, 2> bytes{};
  random_.fill(bytes);
  return static_cast<std::uint16_t>((std::to_integer<unsigned>(bytes[0]) << 8) |
                                    std::to_integer<unsigned>(bytes[1]));
}

}  // namespace lapwing::sandbox
