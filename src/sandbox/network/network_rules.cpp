#include "sandbox/network/network_rules.hpp"

#include <iterator>

#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

using os::ChainKind;
using os::ChainPolicy;
using os::Hook;
using os::IpNet;
using os::LinkMatch;
using os::PacketTable;
using os::Transport;

constexpr int kBeforeTracking = -300;
constexpr int kBeforeRouting = -100;  // where destinations are translated
constexpr int kBeforeFilter = -1;
constexpr int kFilter = 0;
constexpr int kAfterRouting = 100;  // where sources are translated

constexpr const char* kSandboxPrefixes[] = {kNatPrefix, kHostPrefix};
constexpr const char* kCounts = "connections";

IpNet known(std::string_view text) { return *IpNet::parse(text); }

void limit_connections(PacketTable& table, const char* chain,
                       std::uint32_t most = kConnectionsPerSandboxMax) {
  for (const char* prefix : kSandboxPrefixes) {
    table.rule(chain)
        .from_link(prefix, LinkMatch::kStartsWith)
        .new_connection()
        .more_connections_than(most, kCounts)
        .refuse();
  }
}

void refuse_rest(PacketTable& table, const char* chain) {
  table.rule(chain).transport(Transport::kTcp).reset();
  table.rule(chain).refuse();
}

void refuse_to(PacketTable& table, const char* chain, const IpNet& net) {
  table.rule(chain).to(net).transport(Transport::kTcp).reset();
  table.rule(chain).to(net).refuse();
}

// Questions for names come from a new port each: they would fill the table of connections.
void leave_names_untracked(PacketTable& table) {
  table.chain(
      {"arrive", Hook::kPrerouting, kBeforeTracking, ChainPolicy::kAccept, ChainKind::kFilter});
  table.chain({"answer", Hook::kOutput, kBeforeTracking, ChainPolicy::kAccept, ChainKind::kFilter});
  const IpNet names = known(kNameServerAddress);
  table.rule("arrive").to(names).to_port(Transport::kUdp, kNameServerPort).untracked();
  table.rule("answer").from(names).transport(Transport::kUdp).untracked();
}

// The router itself answers for names and nothing else.
void add_router_input(PacketTable& table, Weakness weakness) {
  const ChainPolicy policy =
      weakness == Weakness::kOpenRouter ? ChainPolicy::kAccept : ChainPolicy::kDrop;
  table.chain({"input", Hook::kInput, kFilter, policy, ChainKind::kFilter});
  if (weakness == Weakness::kOpenRouter) return;
  limit_connections(table, "input");
  for (const char* prefix : kSandboxPrefixes) {
    for (const Transport transport : {Transport::kUdp, Transport::kTcp}) {
      table.rule("input")
          .from_link(prefix, LinkMatch::kStartsWith)
          .to(known(kNameServerAddress))
          .to_port(transport, kNameServerPort)
          .accept();
    }
    table.rule("input")
        .from_link(prefix, LinkMatch::kStartsWith)
        .transport(Transport::kTcp)
        .reset();
    table.rule("input").from_link(prefix, LinkMatch::kStartsWith).refuse();
  }
}

// Out by the uplink to what is not denied; in only as an answer; never from one to another.
void add_router_forward(PacketTable& table, const NetworkWalls& walls) {
  table.chain({"forward", Hook::kForward, kFilter, ChainPolicy::kDrop, ChainKind::kFilter});
  if (walls.weakness == Weakness::kOpenRouter) {
    table.rule("forward").from_link("lo", LinkMatch::kIsNot).accept();
    return;
  }
  table.rule("forward").from_link(kRouterUplink).answers().accept();
  table.rule("forward").from_link(kRouterUplink).drop();
  limit_connections(table, "forward");
  table.rule("forward")
      .from_link(kHostPrefix, LinkMatch::kStartsWith)
      .to_link(kRouterUplink)
      .to(known(kMachineAddress))
      .accept();
  for (const IpNet& net : always_denied()) refuse_to(table, "forward", net);
  for (const IpNet& net : walls.denied) refuse_to(table, "forward", net);
  const AddressPlan& addresses = walls.addresses;
  for (const char* prefix : kSandboxPrefixes) {
    const auto out = [&]() -> os::PacketRule& {
      return table.rule("forward").from_link(prefix, LinkMatch::kStartsWith).to_link(kRouterUplink);
    };
    out().from(addresses.v4).accept();
    if (addresses.v6) out().from(*addresses.v6).accept();
  }
  refuse_rest(table, "forward");
}

void add_router_translation(PacketTable& table, const AddressPlan& addresses) {
  table.chain({"leave", Hook::kPostrouting, kAfterRouting, ChainPolicy::kAccept,
               ChainKind::kAddressTranslation});
  const std::pair<const char*, AddressPair> identities[] = {
      {kNatPrefix, addresses.outside_as()}, {kHostPrefix, addresses.host_users_as()}};
  for (const auto& [prefix, as] : identities) {
    const auto leaving = [&](os::IpVersion version) -> os::PacketRule& {
      return table.rule("leave")
          .from_link(prefix, LinkMatch::kStartsWith)
          .to_link(kRouterUplink)
          .version(version);
    };
    leaving(os::IpVersion::k4).change_source(as.v4);
    if (as.v6) leaving(os::IpVersion::k6).change_source(*as.v6);
  }
}

std::vector<IpNet> identities(const AddressPlan& addresses) {
  std::vector<IpNet> all;
  for (const AddressPair& pair : {addresses.outside_as(), addresses.host_users_as()}) {
    all.push_back(IpNet::one(pair.v4));
    if (pair.v6) all.push_back(IpNet::one(*pair.v6));
  }
  return all;
}

// Nothing of ours reaches the machine, but mode `host` does.
void add_machine_input(PacketTable& table, const std::string& uplink, const NetworkWalls& walls) {
  table.chain({"input", Hook::kInput, kFilter, ChainPolicy::kAccept, ChainKind::kFilter});
  if (walls.weakness == Weakness::kOpenMachine) return;
  const AddressPair host = walls.addresses.host_users_as();
  table.rule("input").from_link(uplink).from(IpNet::one(host.v4)).accept();
  if (host.v6) table.rule("input").from_link(uplink).from(IpNet::one(*host.v6)).accept();
  table.rule("input").from_link(uplink).transport(Transport::kTcp).reset();
  table.rule("input").from_link(uplink).refuse();
}

void add_machine_forward(PacketTable& table, const std::string& uplink, const NetworkWalls& walls) {
  table.chain({"forward", Hook::kForward, kFilter, ChainPolicy::kAccept, ChainKind::kFilter});
  // Nobody reaches a sandbox, other servers' included, unless it is answered.
  table.rule("forward").to_link(uplink).answers().accept();
  table.rule("forward").to_link(uplink).drop();
  for (const IpNet& own : identities(walls.addresses)) {
    table.rule("forward").from_link(uplink).from(own).accept();
  }
  table.rule("forward").from_link(uplink).drop();
  // What we opened is for us: others may not route through this machine by it. Redirected
  // connections are somebody's published ports, which need forwarding and have it.
  for (const std::string& link : walls.opened) {
    table.rule("forward").from_link(link).new_connection().not_redirected().drop();
  }
}

}  // namespace

const std::vector<IpNet>& always_denied() {
  static const std::vector<IpNet> nets = [] {
    std::vector<IpNet> list;
    for (const char* net :
         {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
          "100.100.100.200/32", "168.63.129.16/32", "::/127", "::ffff:0:0/96", "fe80::/10",
          "ff00::/8", "fd00:ec2::/32", "fd20:ce::254/128"}) {
      list.push_back(known(net));
    }
    return list;
  }();
  return nets;
}

PacketTable router_table(const NetworkWalls& walls) {
  PacketTable table("lapwing-router");
  table.connection_counts(kCounts, kSandboxesMax * std::size(kSandboxPrefixes));
  leave_names_untracked(table);
  add_router_input(table, walls.weakness);
  add_router_forward(table, walls);
  add_router_translation(table, walls.addresses);
  return table;
}

PacketTable crowd_table() {
  PacketTable table("lapwing-crowd");
  table.connection_counts(kCounts, kSandboxesMax * std::size(kSandboxPrefixes));
  table.chain({"forward", Hook::kForward, kBeforeFilter, ChainPolicy::kAccept, ChainKind::kFilter});
  limit_connections(table, "forward", kConnectionsWhenCrowded);
  return table;
}

PacketTable egress_table(const std::string& name, const std::string& link,
                         const std::vector<os::EgressRule>& rules) {
  PacketTable table(name);
  table.chain({"forward", Hook::kForward, kBeforeFilter, ChainPolicy::kAccept, ChainKind::kFilter});
  table.rule("forward").from_link(link).answers().accept();
  for (const os::EgressRule& rule : rules) {
    os::PacketRule& allowed = table.rule("forward").from_link(link).to(rule.to);
    if (rule.protocol) {
      allowed.protocol(*rule.protocol);
      const bool has_ports = *rule.protocol == os::kTcp || *rule.protocol == os::kUdp;
      if (has_ports && rule.first >= 0) {
        allowed.to_ports(static_cast<std::uint16_t>(rule.first),
                         static_cast<std::uint16_t>(rule.last));
      } else if (rule.first >= 0) {
        allowed.icmp_type(static_cast<std::uint8_t>(rule.first));
        if (rule.last >= 0) allowed.icmp_code(static_cast<std::uint8_t>(rule.last));
      }
    }
    allowed.accept();
  }
  table.rule("forward").from_link(link).transport(Transport::kTcp).reset();
  table.rule("forward").from_link(link).refuse();
  return table;
}

PacketTable machine_table(const std::string& name, const std::string& uplink,
                          const NetworkWalls& walls) {
  PacketTable table(name);
  table.chain({"arrive", Hook::kPrerouting, kBeforeRouting, ChainPolicy::kAccept,
               ChainKind::kAddressTranslation});
  table.rule("arrive")
      .from_link(uplink)
      .from(IpNet::one(walls.addresses.host_users_as().v4))
      .to(known(kMachineAddress))
      .change_destination(*os::IpAddress::parse("127.0.0.1"));
  add_machine_input(table, uplink, walls);
  add_machine_forward(table, uplink, walls);
  table.chain({"leave", Hook::kPostrouting, kAfterRouting, ChainPolicy::kAccept,
               ChainKind::kAddressTranslation});
  for (const IpNet& own : identities(walls.addresses)) {
    table.rule("leave").to_link(uplink, LinkMatch::kIsNot).from(own).masquerade();
  }
  return table;
}

}  // namespace lapwing::sandbox
