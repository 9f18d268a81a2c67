// DnsForwarder: the sandboxes' name server. Takes questions at the router's address and asks
// the machine's own servers (/etc/resolv.conf, read again when it changes), which may well
// listen on the machine's loopback, out of the sandboxes' reach. It caches nothing: the
// machine's resolver does. Search domains stay here: sandboxes have none.
//
// Each question goes out from a socket of its own, with an id of our own, to one server after
// the other; what no server answers in time is answered with SERVFAIL. So is a question beyond
// what one sandbox may have in flight, and one that gives its place to another sandbox's because
// all are taken (dns_places.hpp). Of connections the oldest gives way, within the sandbox that
// opens more than its share as well; none is kept idle, nor forever.
//
// Thread-safety: the loop's thread; made and destroyed while the loop does not run, or on it.
#pragma once

#include <cstdint>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "net/fd_watcher.hpp"
#include "net/listener.hpp"
#include "net/task_group.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/network/dns_places.hpp"
#include "sandbox/network/network.hpp"

namespace lapwing::net {
class Loop;
}

namespace lapwing::sandbox {

struct DnsOptions {
  std::string resolv_conf = "/etc/resolv.conf";
  std::uint16_t port = 53;               // of the machine's servers
  Duration timeout = kDnsServerTimeout;  // of each
};

class DnsForwarder {
 public:
  static Result<std::unique_ptr<DnsForwarder>> start(net::Loop& loop, NameServerSockets sockets,
                                                     Random& random, DnsOptions options = {});
  ~DnsForwarder();
  DnsForwarder(const DnsForwarder&) = delete;
  DnsForwarder& operator=(const DnsForwarder&) = delete;

 private:
  struct Peer {
    sockaddr_storage address{};
    socklen_t size = 0;
    std::string key() const;  // the sandbox, whatever its port
  };
  struct Server {
    sockaddr_storage address{};
    socklen_t size = 0;
  };

  DnsForwarder(net::Loop& loop, os::UniqueFd udp, net::Listener tcp, Random& random,
               DnsOptions options);
  net::Task<void> serve_udp();
  net::Task<void> serve_tcp();
  void take_datagram(std::string query, const Peer& peer);
  net::Task<void> answer_udp(std::string query, Peer peer, DnsPlaces::Ticket place);
  net::Task<void> answer_tcp(os::UniqueFd connection, DnsPlaces::Ticket place);
  net::Task<Status> converse(net::FdWatcher& client);
  net::Task<Status> exchange_tcp(net::FdWatcher& client);
  net::Task<Result<std::string>> ask(std::string query, bool by_tcp);
  net::Task<Result<std::string>> ask_udp(Server server, std::string query);
  net::Task<Result<std::string>> ask_tcp(Server server, std::string query);
  std::vector<Server> servers();
  std::uint16_t random_id();

  net::Loop& loop_;
  Random& random_;
  const DnsOptions options_;
  std::vector<Server> servers_;
  struct stat servers_read_{};
  DnsPlaces questions_{kDnsQueriesMax, kDnsQueriesPerSandboxMax};  // datagrams in flight
  DnsPlaces connections_{kDnsConnectionsMax, kDnsConnectionsPerSandboxMax};
  net::FdWatcher udp_;
  net::Listener tcp_;
  net::TaskGroup tasks_;  // last: its tasks use everything above
};

}  // namespace lapwing::sandbox
