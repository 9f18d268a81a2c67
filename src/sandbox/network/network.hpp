// Network: the way out of the sandboxes.
//
//   sandbox --eth0=====nat7-- router --up0=====lw1a2b3c4d-- machine -- elsewhere
//
// All sandboxes of a server meet in one network namespace, the router, which belongs to the
// helper: it holds one interface a sandbox, keeps them apart, hands their packets on as its
// own (address translation), and answers for names. The machine sees one more interface,
// three addresses, and one table of packet rules. So a machine's other software has little
// to notice, and cleaning up is the kernel's work: when the helper ends, by whatever signal,
// its last descriptors take the router with every interface in it and the table of rules
// along.
//
// Modes: kNone, loopback and Lapwing's endpoints only; kNat, everything elsewhere too, except
// the walls of network_rules.hpp; kHost, as kNat and the machine's own ports, those on its
// loopback at host.lapwing.internal. Even then a sandbox has its own namespace: the Runtime
// API has one address in each, and the machine's abstract sockets stay out of reach.
// Below that, each sandbox may have rules for what it lets out (limit()).
//
// Thread-safety: one thread (the helper's).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.hpp"
#include "os/ip.hpp"
#include "os/unique_fd.hpp"
#include "sandbox/network/address_plan.hpp"
#include "sandbox/plan.hpp"

namespace lapwing::sandbox {

struct NetworkOptions {
  bool wanted = false;             // kNat (and kHost) may be planned
  bool host = false;               // kHost may be planned
  std::optional<os::IpNet> range;  // else one is chosen
  std::vector<os::IpNet> denied;   // nobody's, besides always_denied()
  // Connections of all sandboxes, beyond which each may open few; 0: a part of what the machine
  // can remember.
  std::uint64_t connections_max = 0;
  Weakness weakness = Weakness::kNone;
  // What describe() is to show instead of this instance's own interface; its addresses are not
  // shown then. Empty: its own.
  struct Shown {
    std::string name;  // "lw1a2b3c4d"
    std::string of;    // "of the server that is running"
  };
  Shown shown;
};

// One sandbox's end, as its first process sets it up.
struct NetworkEnd {
  bool ipv6_known = false;
  AddressPair addresses;
};
// Called in the sandbox's network namespace, once attach() has been.
Status join_network(const NetworkEnd& end);

// The router's name server, for the server process to answer at.
struct NameServerSockets {
  os::UniqueFd udp;
  os::UniqueFd tcp;
};

class Network {
 public:
  // `tag` tells servers on one machine apart. Leaves the calling thread in the namespace it
  // was in, and nothing behind when it fails.
  static Result<std::unique_ptr<Network>> set_up(const NetworkOptions& options,
                                                 const std::string& tag);
  // Takes everything away at once.
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Gives the network namespace of `first_process` its interface. A slot is one sandbox's
  // at a time.
  Status attach(std::uint32_t slot, NetworkMode mode, pid_t first_process);
  NetworkEnd end(std::uint32_t slot) const;
  // What the sandbox lets out, instead of what was said before; of one that is attached.
  // TODO(perf): every packet passes the tables of all sandboxes that have rules.
  Status limit(std::uint32_t slot, NetworkMode mode, const Egress& egress);
  // The sandbox has ended.
  void release(std::uint32_t slot);
  // Now and then: while the sandboxes have more connections than all are to have, each may open
  // kConnectionsWhenCrowded more.
  void look();

  NameServerSockets take_name_server();
  // "NAT by lw1a2b3c4d, 10.1.32.0/19; no IPv6: ...", for people.
  std::string describe() const;

 private:
  struct Parts;
  explicit Network(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lapwing::sandbox
