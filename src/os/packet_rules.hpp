// A table of nf_tables rules (family inet: both IP versions), made in one transaction over
// netlink. Written to the kernel directly rather than through the `nft` program or its
// library: the dozen expressions needed are few, and a table that belongs to our socket
// (NFT_TABLE_F_OWNER, Linux 5.12) goes when the socket does, however the process ends, and
// is not swept away when a firewall reloads its own rules.
//
//   PacketTable table("lapwing");
//   table.chain({"forward", Hook::kForward, 0, Policy::kDrop});
//   table.rule("forward").from_link("eth0").to(*IpNet::parse("10.0.0.0/8")).accept();
//   LAPWING_CHECK(table.install(socket));
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/ip.hpp"
#include "os/netlink.hpp"

namespace lapwing::os {

enum class Hook : std::uint8_t { kPrerouting, kInput, kForward, kOutput, kPostrouting };
enum class ChainKind : std::uint8_t { kFilter, kAddressTranslation };
enum class ChainPolicy : std::uint8_t { kDrop, kAccept };

struct PacketChain {
  std::string name;
  Hook hook = Hook::kForward;
  int priority = 0;
  ChainPolicy policy = ChainPolicy::kAccept;
  ChainKind kind = ChainKind::kFilter;
};

enum class LinkMatch : std::uint8_t { kIs, kIsNot, kStartsWith };
enum class Transport : std::uint8_t { kTcp = 6, kUdp = 17 };

// Conditions, all of which must hold, then exactly one verdict (or untracked()).
class PacketRule {
 public:
  PacketRule(std::string_view table, std::string_view chain);

  PacketRule& from_link(std::string_view name, LinkMatch match = LinkMatch::kIs);
  PacketRule& to_link(std::string_view name, LinkMatch match = LinkMatch::kIs);
  PacketRule& from(const IpNet& net);
  PacketRule& to(const IpNet& net);
  PacketRule& transport(Transport transport);
  PacketRule& protocol(std::uint8_t number);  // IANA's
  PacketRule& to_port(Transport transport, std::uint16_t port);
  // Both ends included; of TCP and UDP.
  PacketRule& to_ports(std::uint16_t first, std::uint16_t last);
  PacketRule& icmp_type(std::uint8_t type);  // of both versions of ICMP
  PacketRule& icmp_code(std::uint8_t code);
  PacketRule& answers();  // of connections known, and errors about them
  PacketRule& new_connection();
  PacketRule& not_redirected();  // its destination is the one its sender wrote
  PacketRule& version(IpVersion version);
  // More than `count` connections are known that came by the interface this one comes by.
  // Counted in `set`, which the table has to have; an interface's connections are counted
  // from the first that meets a rule with it.
  PacketRule& more_connections_than(std::uint32_t count, std::string_view set);

  void untracked();  // no connection is remembered for it; goes on with the next rule
  void accept();
  void drop();
  void refuse();  // the sender gets an ICMP error: administratively prohibited
  void reset();   // TCP only: the sender gets a reset
  void masquerade();
  void change_source(const IpAddress& address);
  void change_destination(const IpAddress& address);

 private:
  friend class PacketTable;
  PacketRule& compare(std::uint32_t operation, std::string_view value);
  PacketRule& link(std::uint32_t key, std::string_view name, LinkMatch match);
  PacketRule& net(const IpNet& net, std::uint32_t offset_v4, std::uint32_t offset_v6);
  void transport_header(std::uint32_t offset, std::uint32_t bytes);
  PacketRule& state(std::uint32_t key, std::uint32_t bits, bool set);
  void verdict(std::uint32_t code);
  void refuse_with(std::uint32_t kind, std::uint8_t code);
  void translate(std::uint32_t kind, const IpAddress& address);
  void begin(std::string_view expression);
  void end();
  void meta(std::uint32_t key);

  NetlinkMessage message_;
};

// Tables, no matter whose, that drop what their rules for a hook do not accept: "ip filter".
Result<std::vector<std::string>> tables_that_drop(NetlinkSocket& socket, Hook hook);

class PacketTable {
 public:
  explicit PacketTable(std::string name) : name_(std::move(name)) {}

  void chain(PacketChain chain) { chains_.push_back(std::move(chain)); }
  // For more_connections_than(), of at most `interfaces` names.
  void connection_counts(std::string name, std::uint32_t interfaces) {
    counts_.push_back({std::move(name), interfaces});
  }
  PacketRule& rule(std::string_view chain) { return rules_.emplace_back(name_, chain); }

  // All or nothing. The table lives as long as `socket` (NETLINK_NETFILTER) is open.
  Status install(NetlinkSocket& socket) const;

 private:
  std::string name_;
  std::deque<std::pair<std::string, std::uint32_t>> counts_;
  std::deque<PacketChain> chains_;
  std::deque<PacketRule> rules_;
};

}  // namespace lapwing::os
