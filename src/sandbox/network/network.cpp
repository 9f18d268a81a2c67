#include "sandbox/network/network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <linux/netlink.h>
#include <map>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/core.h>

#include "os/file.hpp"
#include "os/link.hpp"
#include "os/netlink.hpp"
#include "os/network.hpp"
#include "os/packet_rules.hpp"
#include "sandbox/limits.hpp"
#include "sandbox/network/forwarding.hpp"
#include "sandbox/network/network_rules.hpp"

namespace lapwing::sandbox {
namespace {

constexpr int kRouterUplinkIndex = 2;
constexpr int kFirstSandboxIndex = 16;  // of the router's interfaces
constexpr int kOwnIndex = 2;            // of a sandbox's eth0
constexpr const char* kOwnName = "eth0";
constexpr int kNameServerBacklog = 256;
constexpr const char* kConnectionCount = "/proc/sys/net/netfilter/nf_conntrack_count";
constexpr const char* kConnectionsMax = "/proc/sys/net/netfilter/nf_conntrack_max";

os::IpNet everywhere(os::IpVersion version) {
  return {version == os::IpVersion::k4 ? os::IpAddress() : *os::IpAddress::parse("::"), 0};
}

// Enters the namespace, and the former one again at the end of the scope.
class InNamespace {
 public:
  InNamespace(int inside, int outside) : outside_(outside) {
    status_ = os::enter_network_namespace(inside);
  }
  ~InNamespace() { (void)os::enter_network_namespace(outside_); }
  InNamespace(const InNamespace&) = delete;
  InNamespace& operator=(const InNamespace&) = delete;
  const Status& status() const { return status_; }

 private:
  int outside_;
  Status status_;
};

// Up, with its addresses and a way to everywhere.
std::vector<os::NetlinkMessage> end_messages(int link, bool ipv6_known,
                                             const std::vector<AddressPair>& own) {
  std::vector<os::NetlinkMessage> batch;
  if (ipv6_known) batch.push_back(os::no_automatic_address(link));
  batch.push_back(os::bring_up(link));
  bool v6 = false;
  for (const AddressPair& pair : own) {
    batch.push_back(os::add_address(link, os::IpNet::one(pair.v4)));
    if (pair.v6) batch.push_back(os::add_address(link, os::IpNet::one(*pair.v6)));
    v6 = v6 || pair.v6.has_value();
  }
  batch.push_back(os::add_route(link, everywhere(os::IpVersion::k4)));
  if (v6) batch.push_back(os::add_route(link, everywhere(os::IpVersion::k6)));
  return batch;
}

Result<os::UniqueFd> name_server_socket(int type) {
  os::UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(errno_error("name server socket"));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kNameServerPort);
  ::inet_pton(AF_INET, kNameServerAddress, &address.sin_addr);
  // The socket interface takes every address family through sockaddr.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(errno_error("bind name server"));
  }
  if (type == SOCK_STREAM && ::listen(fd.get(), kNameServerBacklog) != 0) {
    return fail(errno_error("listen as name server"));
  }
  return fd;
}

}  // namespace

struct Network::Parts {
  std::string tag;
  std::string uplink;
  bool ipv6_known = false;
  std::string why_not_v6;
  NetworkOptions::Shown shown;
  std::vector<std::string> dropping;  // others' tables that may stand in the way
  NetworkWalls walls;
  os::UniqueFd home;  // the machine's namespace
  os::UniqueFd router;
  std::optional<os::NetlinkSocket> home_links;
  std::optional<os::NetlinkSocket> router_links;
  std::optional<os::NetlinkSocket> home_rules;  // the tables live as long as these
  std::optional<os::NetlinkSocket> router_rules;
  NameServerSockets name_server;
  os::UniqueFd held;              // says that we are alive (forwarding.hpp)
  os::UniqueFd connection_count;  // the router's
  std::uint64_t connections_max = 0;
  std::optional<os::NetlinkSocket> crowd_rules;             // while there are more
  std::map<std::uint32_t, os::NetlinkSocket> egress_rules;  // by slot
  std::uint64_t egress_tables = 0;                          // made so far: no two have one name

  Status choose_addresses(const NetworkOptions& options);
  Status make_router();
  Status prepare_router();
  Status make_uplink();
  Status open_machine(bool host);
  void take_down();
  Status keep_few();
};

// A number in the first line of a file; 0 when there is none.
std::uint64_t number_in(int fd) {
  std::array<char, 32> text;
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  std::uint64_t value = 0;
  if (got > 0) std::from_chars(text.data(), text.data() + got, value);
  return value;
}

Status Network::Parts::choose_addresses(const NetworkOptions& options) {
  LAPWING_TRY(const std::vector<os::Route> routes, os::list_routes(*home_links));
  std::vector<os::IpNet> taken;
  bool way_out_v6 = false;
  for (const os::Route& route : routes) {
    if (!route.default_route()) taken.push_back(route.destination);
    way_out_v6 = way_out_v6 || (route.default_route() &&
                                route.destination.address.version() == os::IpVersion::k6);
  }
  AddressPlan& addresses = walls.addresses;
  if (options.range) {
    LAPWING_CHECK(check_range(*options.range, taken));
    addresses.v4 = *options.range;
  } else {
    LAPWING_TRY(addresses.v4, choose_range(tag, taken));
  }
  why_not_v6 = way_out_v6 ? why_no_ipv6_forwarding() : "this machine has no IPv6 default route";
  if (why_not_v6.empty()) addresses.v6 = unique_local_network(tag);
  return {};
}

// Runs in the router's namespace, where /proc/sys/net shows the router's switches.
Status Network::Parts::prepare_router() {
  LAPWING_TRY(router_links, os::NetlinkSocket::open(NETLINK_ROUTE));
  LAPWING_TRY(router_rules, os::NetlinkSocket::open(NETLINK_NETFILTER));
  LAPWING_CHECK(os::loopback_up());
  LAPWING_CHECK(os::add_loopback_address(kNameServerAddress));
  LAPWING_CHECK(os::write_existing("/proc/sys/net/ipv4/ip_forward", "1"));
  // Sandboxes cannot write their source addresses; were one able to, this would be the wall.
  LAPWING_CHECK(os::write_existing("/proc/sys/net/ipv4/conf/default/rp_filter", "1"));
  // Refusals are for our own sandboxes, who hear of every one; their number is limited still
  // (icmp_msgs_per_sec).
  LAPWING_CHECK(os::write_existing("/proc/sys/net/ipv4/icmp_ratelimit", "0"));
  if (ipv6_known) {
    LAPWING_CHECK(os::write_existing("/proc/sys/net/ipv6/icmp/ratelimit", "0"));
    LAPWING_CHECK(os::write_existing("/proc/sys/net/ipv6/conf/all/forwarding", "1"));
    LAPWING_CHECK(os::write_existing("/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1"));
  }
  LAPWING_TRY(name_server.udp, name_server_socket(SOCK_DGRAM));
  LAPWING_TRY(name_server.tcp, name_server_socket(SOCK_STREAM));
  LAPWING_CHECK(router_table(walls).install(*router_rules));
  // There only once rules have brought connection tracking to this namespace.
  LAPWING_TRY(connection_count, os::open_at(os::kCwd, kConnectionCount, O_RDONLY));
  LAPWING_TRY(const os::UniqueFd most, os::open_at(os::kCwd, kConnectionsMax, O_RDONLY));
  if (connections_max == 0) connections_max = number_in(most.get()) / kConnectionsPart;
  return os::write_existing("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait",
                            kClosedConnectionSeconds);
}

Status Network::Parts::make_router() {
  auto made = os::make_network_namespace();
  if (made) router = *std::move(made);
  LAPWING_CHECK(os::enter_network_namespace(home.get()));
  if (!made) return fail(std::move(made).error());
  const InNamespace inside(router.get(), home.get());
  LAPWING_CHECK(inside.status());
  return prepare_router();
}

Status Network::Parts::make_uplink() {
  // Of an earlier life: there is none unless its router is still being taken apart.
  LAPWING_CHECK(os::delete_link(*home_links, uplink));
  LAPWING_TRY(const std::vector<os::Link> before, os::list_links(*home_links));
  int index = 0;
  for (const os::Link& link : before) index = std::max(index, link.index);
  // Interface numbers of a namespace grow, so the next is free unless somebody was faster.
  for (int tries = 0;; ++tries) {
    Status made = home_links->request(
        os::make_link_pair({uplink, ++index, kRouterUplink, kRouterUplinkIndex, router.get(), 0}),
        "make uplink");
    if (made) break;
    if (made.error().kind() != ErrorKind::kConflict || tries == 16) return made;
  }
  const AddressPlan& addresses = walls.addresses;
  LAPWING_CHECK(
      router_links->request_all(end_messages(kRouterUplinkIndex, ipv6_known,
                                             {addresses.outside_as(), addresses.host_users_as()}),
                                "set up router"));
  std::vector<os::NetlinkMessage> batch;
  if (ipv6_known) batch.push_back(os::no_automatic_address(index));
  batch.push_back(os::bring_up(index));
  batch.push_back(os::add_address(index, os::IpNet::one(addresses.machine().v4)));
  if (addresses.v6) {
    batch.push_back(os::add_address(index, os::IpNet::one(*addresses.machine().v6)));
  }
  for (const AddressPair& far : {addresses.outside_as(), addresses.host_users_as()}) {
    batch.push_back(os::add_route(index, os::IpNet::one(far.v4)));
    if (far.v6) batch.push_back(os::add_route(index, os::IpNet::one(*far.v6)));
  }
  return home_links->request_all(std::move(batch), "set up uplink");
}

Status Network::Parts::open_machine(bool host) {
  LAPWING_TRY(const std::vector<os::Link> links, os::list_links(*home_links));
  LAPWING_TRY(walls.opened, open_forwarding(links, uplink, walls.addresses.v6.has_value()));
  // Lets what is addressed to kMachineAddress be delivered to 127.0.0.1, from here alone.
  if (host) {
    LAPWING_CHECK(
        os::write_existing(fmt::format("/proc/sys/net/ipv4/conf/{}/route_localnet", uplink), "1"));
  }
  LAPWING_TRY(home_rules, os::NetlinkSocket::open(NETLINK_NETFILTER));
  LAPWING_TRY(dropping, os::tables_that_drop(*home_rules, os::Hook::kForward));
  return machine_table(tag, uplink, walls).install(*home_rules);
}

// A table of its own, which goes with its socket.
Status Network::Parts::keep_few() {
  const InNamespace inside(router.get(), home.get());
  LAPWING_CHECK(inside.status());
  LAPWING_TRY(os::NetlinkSocket socket, os::NetlinkSocket::open(NETLINK_NETFILTER));
  LAPWING_CHECK(crowd_table().install(socket));
  crowd_rules = std::move(socket);
  return {};
}

void Network::Parts::take_down() {
  held.reset();
  (void)os::delete_link(*home_links, uplink);
  if (const auto links = os::list_links(*home_links)) (void)close_forwarding(*links);
}

Network::Network(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Network::~Network() {
  const auto lock = lock_network();  // without it, too: nobody else will do this
  parts_->take_down();
}

Result<std::unique_ptr<Network>> Network::set_up(const NetworkOptions& options,
                                                 const std::string& tag) {
  LAPWING_TRY(const os::UniqueFd lock, lock_network());
  auto parts = std::make_unique<Parts>();
  parts->tag = tag;
  parts->uplink = uplink_name(tag);
  parts->ipv6_known = ipv6_known();
  parts->connections_max = options.connections_max;
  parts->shown = options.shown;
  parts->walls.denied = options.denied;
  parts->walls.weakness = options.weakness;
  LAPWING_TRY(parts->home, os::current_network_namespace());
  LAPWING_TRY(parts->home_links, os::NetlinkSocket::open(NETLINK_ROUTE));
  LAPWING_TRY(parts->held, hold_uplink(parts->uplink));
  LAPWING_CHECK(parts->choose_addresses(options));
  LAPWING_CHECK(parts->make_router());
  Status done = parts->make_uplink();
  if (done) done = parts->open_machine(options.host);
  if (!done) {
    parts->take_down();
    return fail(std::move(done).error());
  }
  return std::unique_ptr<Network>(new Network(std::move(parts)));
}

Status Network::attach(std::uint32_t slot, NetworkMode mode, pid_t first_process) {
  const int index = kFirstSandboxIndex + static_cast<int>(slot);
  const char* prefix = mode == NetworkMode::kHost ? kHostPrefix : kNatPrefix;
  const std::string name = fmt::format("{}{}", prefix, slot);
  const AddressPair own = parts_->walls.addresses.sandbox(slot);
  const auto make = [&] {
    std::vector<os::NetlinkMessage> batch;
    batch.push_back(os::make_link_pair({name, index, kOwnName, kOwnIndex, -1, first_process}));
    batch.push_back(os::bring_up(index));
    batch.push_back(os::add_route(index, os::IpNet::one(own.v4)));
    if (own.v6) batch.push_back(os::add_route(index, os::IpNet::one(*own.v6)));
    return parts_->router_links->request_all(std::move(batch), "attach sandbox to router");
  };
  Status made = make();
  if (made || made.error().kind() != ErrorKind::kConflict) return made;
  // The slot's last sandbox has ended, and the kernel has not taken its interface yet.
  for (const char* each : {kNatPrefix, kHostPrefix}) {
    LAPWING_CHECK(os::delete_link(*parts_->router_links, fmt::format("{}{}", each, slot)));
  }
  return make();
}

// The new table is there before the old one goes: in between both hold, and less is let out.
Status Network::limit(std::uint32_t slot, NetworkMode mode, const Egress& egress) {
  Parts& parts = *parts_;
  if (!egress) {
    release(slot);
    return {};
  }
  const InNamespace inside(parts.router.get(), parts.home.get());
  LAPWING_CHECK(inside.status());
  LAPWING_TRY(os::NetlinkSocket socket, os::NetlinkSocket::open(NETLINK_NETFILTER));
  const char* prefix = mode == NetworkMode::kHost ? kHostPrefix : kNatPrefix;
  LAPWING_CHECK(egress_table(fmt::format("lapwing-egress-{}", ++parts.egress_tables),
                             fmt::format("{}{}", prefix, slot), *egress)
                    .install(socket));
  parts.egress_rules.erase(slot);
  parts.egress_rules.emplace(slot, std::move(socket));
  return {};
}

void Network::release(std::uint32_t slot) { parts_->egress_rules.erase(slot); }

NetworkEnd Network::end(std::uint32_t slot) const {
  return {parts_->ipv6_known, parts_->walls.addresses.sandbox(slot)};
}

void Network::look() {
  Parts& parts = *parts_;
  const std::uint64_t count = number_in(parts.connection_count.get());
  if (count > parts.connections_max) {
    // Where it fails, the limit of each sandbox is still there.
    if (!parts.crowd_rules) (void)parts.keep_few();
  } else if (count < parts.connections_max / 2) {
    parts.crowd_rules.reset();
  }
}

NameServerSockets Network::take_name_server() { return std::move(parts_->name_server); }

std::string Network::describe() const {
  const NetworkOptions::Shown& shown = parts_->shown;
  const std::string& uplink = shown.name.empty() ? parts_->uplink : shown.name;
  std::string text = shown.name.empty() ? fmt::format("NAT by interface {}, {}", uplink,
                                                      parts_->walls.addresses.v4.to_string())
                                        : fmt::format("NAT by interface {} ({})", uplink, shown.of);
  if (parts_->walls.addresses.v6) {
    if (shown.name.empty()) text += ", " + parts_->walls.addresses.v6->to_string();
  } else {
    text += "; IPv4 only: " + parts_->why_not_v6;
  }
  if (!parts_->walls.opened.empty()) {
    text += "; forwarding switched on for";
    for (const std::string& link : parts_->walls.opened) text += " " + link;
  }
  for (const std::string& table : parts_->dropping) {
    text += fmt::format(
        "; packet rules of table {} drop what they do not accept: let them accept packets "
        "forwarded from and to {}",
        table, uplink);
  }
  return text;
}

Status join_network(const NetworkEnd& end) {
  LAPWING_TRY(os::NetlinkSocket socket, os::NetlinkSocket::open(NETLINK_ROUTE));
  return socket.request_all(end_messages(kOwnIndex, end.ipv6_known, {end.addresses}),
                            "set up eth0");
}

}  // namespace lapwing::sandbox
