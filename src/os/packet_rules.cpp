#include "os/packet_rules.hpp"

#include <array>
#include <climits>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <fmt/core.h>

namespace lapwing::os {
namespace {

// Of struct iphdr, struct ip6_hdr and of both transport headers.
constexpr std::uint32_t kSourceV4 = 12;
constexpr std::uint32_t kDestinationV4 = 16;
constexpr std::uint32_t kSourceV6 = 8;
constexpr std::uint32_t kDestinationV6 = 24;
constexpr std::uint32_t kDestinationPort = 2;
constexpr std::uint32_t kIcmpType = 0;
constexpr std::uint32_t kIcmpCode = 1;
// linux/netfilter/nf_conntrack_common.h has them as macros over a kernel-only enum.
constexpr std::uint32_t kStateEstablished = 2;
constexpr std::uint32_t kStateRelated = 4;
constexpr std::uint32_t kStateNew = 8;
constexpr std::uint32_t kNameFieldBytes = 16;     // of an interface, padded with zeroes
constexpr std::uint32_t kInterfaceNameType = 41;  // for who lists the rules: nft's "ifname"

NetlinkMessage message_of(int type, std::uint16_t flags) {
  NetlinkMessage message(static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | type), flags);
  return std::move(message.fixed(nfgenmsg{NFPROTO_INET, NFNETLINK_V0, 0}));
}

NetlinkMessage batch_edge(std::uint16_t type) {
  NetlinkMessage message(type, 0);
  return std::move(message.fixed(nfgenmsg{AF_UNSPEC, NFNETLINK_V0, htobe16(NFNL_SUBSYS_NFTABLES)}));
}

constexpr std::uint16_t kCreate = NLM_F_CREATE | NLM_F_ACK;

NetlinkMessage new_table(const std::string& name) {
  NetlinkMessage message = message_of(NFT_MSG_NEWTABLE, kCreate);
  message.text(NFTA_TABLE_NAME, name).big_u32(NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
  return message;
}

NetlinkMessage new_chain(const std::string& table, const PacketChain& chain) {
  NetlinkMessage message = message_of(NFT_MSG_NEWCHAIN, kCreate);
  message.text(NFTA_CHAIN_TABLE, table).text(NFTA_CHAIN_NAME, chain.name);
  message.open(NFTA_CHAIN_HOOK);
  message.big_u32(NFTA_HOOK_HOOKNUM, static_cast<std::uint32_t>(chain.hook));
  message.big_u32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(chain.priority));
  message.close();
  message.text(NFTA_CHAIN_TYPE, chain.kind == ChainKind::kFilter ? "filter" : "nat");
  message.big_u32(NFTA_CHAIN_POLICY, chain.policy == ChainPolicy::kDrop ? NF_DROP : NF_ACCEPT);
  return message;
}

// Its elements are made by the rules that use it.
NetlinkMessage new_counts(const std::string& table, const std::string& name, std::uint32_t id,
                          std::uint32_t size) {
  NetlinkMessage message = message_of(NFT_MSG_NEWSET, kCreate);
  message.text(NFTA_SET_TABLE, table).text(NFTA_SET_NAME, name).big_u32(NFTA_SET_ID, id);
  message.big_u32(NFTA_SET_FLAGS, NFT_SET_EVAL).big_u32(NFTA_SET_KEY_TYPE, kInterfaceNameType);
  message.big_u32(NFTA_SET_KEY_LEN, kNameFieldBytes);
  message.open(NFTA_SET_DESC).big_u32(NFTA_SET_DESC_SIZE, size).close();
  return message;
}

std::string_view family_name(unsigned char family) {
  switch (family) {
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    default:
      return {};  // bridges and devices: their hooks are others
  }
}

std::uint32_t big_number(const NetlinkAttributes& attribute) { return be32toh(attribute.u32()); }

// The table of the chain the message describes, if it is one that drops at `hook`.
std::string dropping_table(std::string_view body, Hook hook) {
  if (body.size() < sizeof(nfgenmsg)) return {};
  const std::string_view family = family_name(static_cast<unsigned char>(body[0]));
  std::string_view table;
  bool drops = false;
  bool hooked = false;
  for (NetlinkAttributes each(body.substr(sizeof(nfgenmsg))); each.next();) {
    if (each.type() == NFTA_CHAIN_TABLE) table = each.text();
    if (each.type() == NFTA_CHAIN_POLICY) drops = big_number(each) == NF_DROP;
    if (each.type() != NFTA_CHAIN_HOOK) continue;
    for (NetlinkAttributes inner(each.value()); inner.next();) {
      hooked = hooked || (inner.type() == NFTA_HOOK_HOOKNUM &&
                          big_number(inner) == static_cast<std::uint32_t>(hook));
    }
  }
  if (family.empty() || !drops || !hooked) return {};
  return fmt::format("{} {}", family, table);
}

}  // namespace

Result<std::vector<std::string>> tables_that_drop(NetlinkSocket& socket, Hook hook) {
  NetlinkMessage message(static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN),
                         0);
  message.fixed(nfgenmsg{NFPROTO_UNSPEC, NFNETLINK_V0, 0});
  std::vector<std::string> tables;
  LAPWING_CHECK(socket.dump(std::move(message), "list packet rules", [&](NetlinkPart part) {
    std::string table = dropping_table(part.body, hook);
    if (!table.empty()) tables.push_back(std::move(table));
  }));
  return tables;
}

PacketRule::PacketRule(std::string_view table, std::string_view chain)
    : message_(message_of(NFT_MSG_NEWRULE, kCreate | NLM_F_APPEND)) {
  message_.text(NFTA_RULE_TABLE, table).text(NFTA_RULE_CHAIN, chain);
  message_.open(NFTA_RULE_EXPRESSIONS);
}

void PacketRule::begin(std::string_view expression) {
  message_.open(NFTA_LIST_ELEM).text(NFTA_EXPR_NAME, expression).open(NFTA_EXPR_DATA);
}

void PacketRule::end() { message_.close().close(); }

// Into register 1, which compare() then looks at.
void PacketRule::meta(std::uint32_t key) {
  begin("meta");
  message_.big_u32(NFTA_META_KEY, key).big_u32(NFTA_META_DREG, NFT_REG_1);
  end();
}

PacketRule& PacketRule::compare(std::uint32_t operation, std::string_view value) {
  begin("cmp");
  message_.big_u32(NFTA_CMP_SREG, NFT_REG_1).big_u32(NFTA_CMP_OP, operation);
  message_.open(NFTA_CMP_DATA).bytes(NFTA_DATA_VALUE, value).close();
  end();
  return *this;
}

PacketRule& PacketRule::link(std::uint32_t key, std::string_view name, LinkMatch match) {
  meta(key);
  std::string value(name);
  if (match != LinkMatch::kStartsWith) value.resize(kNameFieldBytes, '\0');
  return compare(match == LinkMatch::kIsNot ? NFT_CMP_NEQ : NFT_CMP_EQ, value);
}

PacketRule& PacketRule::from_link(std::string_view name, LinkMatch match) {
  return link(NFT_META_IIFNAME, name, match);
}

PacketRule& PacketRule::to_link(std::string_view name, LinkMatch match) {
  return link(NFT_META_OIFNAME, name, match);
}

PacketRule& PacketRule::version(IpVersion version) {
  meta(NFT_META_NFPROTO);
  const char protocol = version == IpVersion::k4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  return compare(NFT_CMP_EQ, {&protocol, 1});
}

PacketRule& PacketRule::net(const IpNet& net, std::uint32_t offset_v4, std::uint32_t offset_v6) {
  const bool is_v4 = net.address.version() == IpVersion::k4;
  version(net.address.version());
  const std::string_view wanted = net.address.bytes();
  const auto size = static_cast<std::uint32_t>(wanted.size());
  begin("payload");
  message_.big_u32(NFTA_PAYLOAD_DREG, NFT_REG_1);
  message_.big_u32(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
  message_.big_u32(NFTA_PAYLOAD_OFFSET, is_v4 ? offset_v4 : offset_v6);
  message_.big_u32(NFTA_PAYLOAD_LEN, size);
  end();
  std::string mask(size, '\xff');
  for (unsigned bit = net.prefix; bit < size * CHAR_BIT; ++bit) {
    mask[bit / CHAR_BIT] = static_cast<char>(mask[bit / CHAR_BIT] & ~(0x80u >> (bit % CHAR_BIT)));
  }
  begin("bitwise");
  message_.big_u32(NFTA_BITWISE_SREG, NFT_REG_1).big_u32(NFTA_BITWISE_DREG, NFT_REG_1);
  message_.big_u32(NFTA_BITWISE_LEN, size);
  message_.open(NFTA_BITWISE_MASK).bytes(NFTA_DATA_VALUE, mask).close();
  message_.open(NFTA_BITWISE_XOR).bytes(NFTA_DATA_VALUE, std::string(size, '\0')).close();
  end();
  return compare(NFT_CMP_EQ, wanted);
}

PacketRule& PacketRule::from(const IpNet& where) { return net(where, kSourceV4, kSourceV6); }
PacketRule& PacketRule::to(const IpNet& where) {
  return net(where, kDestinationV4, kDestinationV6);
}

PacketRule& PacketRule::protocol(std::uint8_t number) {
  meta(NFT_META_L4PROTO);
  const auto wanted = static_cast<char>(number);
  return compare(NFT_CMP_EQ, {&wanted, 1});
}

PacketRule& PacketRule::transport(Transport transport) {
  return protocol(static_cast<std::uint8_t>(transport));
}

// Into register 1.
void PacketRule::transport_header(std::uint32_t offset, std::uint32_t bytes) {
  begin("payload");
  message_.big_u32(NFTA_PAYLOAD_DREG, NFT_REG_1);
  message_.big_u32(NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
  message_.big_u32(NFTA_PAYLOAD_OFFSET, offset).big_u32(NFTA_PAYLOAD_LEN, bytes);
  end();
}

PacketRule& PacketRule::to_port(Transport kind, std::uint16_t port) {
  return transport(kind).to_ports(port, port);
}

PacketRule& PacketRule::to_ports(std::uint16_t first, std::uint16_t last) {
  const auto big = [](std::uint16_t port) {
    return std::string{static_cast<char>(port >> 8), static_cast<char>(port & 0xff)};
  };
  transport_header(kDestinationPort, sizeof first);
  if (first == last) return compare(NFT_CMP_EQ, big(first));
  return compare(NFT_CMP_GTE, big(first)).compare(NFT_CMP_LTE, big(last));
}

PacketRule& PacketRule::icmp_type(std::uint8_t type) {
  transport_header(kIcmpType, 1);
  const auto wanted = static_cast<char>(type);
  return compare(NFT_CMP_EQ, {&wanted, 1});
}

PacketRule& PacketRule::icmp_code(std::uint8_t code) {
  transport_header(kIcmpCode, 1);
  const auto wanted = static_cast<char>(code);
  return compare(NFT_CMP_EQ, {&wanted, 1});
}

// Whether any of the bits is set, or none.
PacketRule& PacketRule::state(std::uint32_t key, std::uint32_t bits, bool set) {
  // The kernel keeps these in its own byte order.
  const std::string mask(reinterpret_cast<const char*>(&bits), sizeof bits);
  const std::string none(sizeof bits, '\0');
  begin("ct");
  message_.big_u32(NFTA_CT_KEY, key).big_u32(NFTA_CT_DREG, NFT_REG_1);
  end();
  begin("bitwise");
  message_.big_u32(NFTA_BITWISE_SREG, NFT_REG_1).big_u32(NFTA_BITWISE_DREG, NFT_REG_1);
  message_.big_u32(NFTA_BITWISE_LEN, sizeof bits);
  message_.open(NFTA_BITWISE_MASK).bytes(NFTA_DATA_VALUE, mask).close();
  message_.open(NFTA_BITWISE_XOR).bytes(NFTA_DATA_VALUE, none).close();
  end();
  return compare(set ? NFT_CMP_NEQ : NFT_CMP_EQ, none);
}

PacketRule& PacketRule::answers() {
  return state(NFT_CT_STATE, kStateEstablished | kStateRelated, true);
}
PacketRule& PacketRule::new_connection() { return state(NFT_CT_STATE, kStateNew, true); }
PacketRule& PacketRule::not_redirected() { return state(NFT_CT_STATUS, IPS_DST_NAT, false); }

PacketRule& PacketRule::more_connections_than(std::uint32_t count, std::string_view set) {
  meta(NFT_META_IIFNAME);
  begin("dynset");
  message_.text(NFTA_DYNSET_SET_NAME, set).big_u32(NFTA_DYNSET_OP, NFT_DYNSET_OP_ADD);
  message_.big_u32(NFTA_DYNSET_SREG_KEY, NFT_REG_1);
  message_.open(NFTA_DYNSET_EXPR).text(NFTA_EXPR_NAME, "connlimit").open(NFTA_EXPR_DATA);
  message_.big_u32(NFTA_CONNLIMIT_COUNT, count);
  message_.big_u32(NFTA_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV).close().close();
  end();
  return *this;
}

void PacketRule::verdict(std::uint32_t code) {
  begin("immediate");
  message_.big_u32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT).open(NFTA_IMMEDIATE_DATA);
  message_.open(NFTA_DATA_VERDICT).big_u32(NFTA_VERDICT_CODE, code).close().close();
  end();
  message_.close();
}

void PacketRule::untracked() {
  begin("notrack");
  end();
  message_.close();
}

void PacketRule::accept() { verdict(NF_ACCEPT); }
void PacketRule::drop() { verdict(NF_DROP); }

void PacketRule::refuse_with(std::uint32_t kind, std::uint8_t code) {
  begin("reject");
  message_.big_u32(NFTA_REJECT_TYPE, kind).u8(NFTA_REJECT_ICMP_CODE, code);
  end();
  message_.close();
}

void PacketRule::refuse() {
  refuse_with(NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}
void PacketRule::reset() { refuse_with(NFT_REJECT_TCP_RST, 0); }

void PacketRule::masquerade() {
  begin("masq");
  end();
  message_.close();
}

void PacketRule::translate(std::uint32_t kind, const IpAddress& address) {
  begin("immediate");
  message_.big_u32(NFTA_IMMEDIATE_DREG, NFT_REG_1).open(NFTA_IMMEDIATE_DATA);
  message_.bytes(NFTA_DATA_VALUE, address.bytes()).close();
  end();
  begin("nat");
  const bool is_v4 = address.version() == IpVersion::k4;
  message_.big_u32(NFTA_NAT_TYPE, kind);
  message_.big_u32(NFTA_NAT_FAMILY, is_v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
  message_.big_u32(NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
  end();
  message_.close();
}

void PacketRule::change_source(const IpAddress& address) { translate(NFT_NAT_SNAT, address); }
void PacketRule::change_destination(const IpAddress& address) { translate(NFT_NAT_DNAT, address); }

Status PacketTable::install(NetlinkSocket& socket) const {
  std::vector<NetlinkMessage> batch;
  batch.push_back(batch_edge(NFNL_MSG_BATCH_BEGIN));
  batch.push_back(new_table(name_));
  std::uint32_t id = 0;
  for (const auto& [name, size] : counts_) batch.push_back(new_counts(name_, name, ++id, size));
  for (const PacketChain& chain : chains_) batch.push_back(new_chain(name_, chain));
  for (const PacketRule& rule : rules_) batch.push_back(rule.message_);
  batch.push_back(batch_edge(NFNL_MSG_BATCH_END));
  Status done = socket.request_all(std::move(batch), "install packet rules");
  if (!done) return fail(std::move(done).error().context("nf_tables table " + name_));
  return {};
}

}  // namespace lapwing::os
