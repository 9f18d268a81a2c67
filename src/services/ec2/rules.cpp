#include "services/ec2/rules.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/ec2/blocks.hpp"
#include "services/ec2/limits.hpp"
#include "services/ec2/tagging.hpp"
#include "services/ec2/words.hpp"

namespace lapwing::ec2 {
namespace {

namespace ge = gen::ec2;

constexpr std::int32_t kPortMax = 65'535;
constexpr std::int32_t kIcmpMax = 255;  // of types and codes
constexpr std::string_view kEvery = "-1";

struct Named {
  std::string_view name;
  std::uint8_t number;
};
constexpr Named kNamed[] = {
    {"tcp", os::kTcp}, {"udp", os::kUdp}, {"icmp", os::kIcmp}, {"icmpv6", os::kIcmpV6}};

std::optional<int> parse_number(std::string_view text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

bool has_ports(std::string_view protocol) { return protocol == "tcp" || protocol == "udp"; }
bool has_types(std::string_view protocol) { return protocol == "icmp" || protocol == "icmpv6"; }

Status set_ports(Rule& rule, std::optional<std::int32_t> from, std::optional<std::int32_t> to) {
  if (has_types(rule.protocol)) {
    rule.from = from.value_or(-1);
    rule.to = to.value_or(-1);
    if (std::min(rule.from, rule.to) < -1 || std::max(rule.from, rule.to) > kIcmpMax) {
      return fail(invalid_value(fmt::format("ICMP code ({}) out of range", rule.to)));
    }
    return {};
  }
  if (!has_ports(rule.protocol)) return {};  // all of it
  if (!from || !to) {
    return fail(invalid_value(fmt::format(
        "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")));
  }
  const bool all = *from == -1 && *to == -1;
  rule.from = all ? 0 : *from;
  rule.to = all ? kPortMax : *to;
  for (const std::int32_t port : {rule.from, rule.to}) {
    if (port < 0 || port > kPortMax) {
      return fail(invalid_value(fmt::format("TCP/UDP port ({}) out of range", port)));
    }
  }
  if (rule.from > rule.to) {
    return fail(
        invalid_value(fmt::format("Invalid TCP/UDP port range ({}:{})", rule.from, rule.to)));
  }
  return {};
}

Status set_network(Rule& rule, const std::string& text, os::IpVersion version) {
  LAPWING_TRY(const os::IpNet net, parse_network(text, version));
  (version == os::IpVersion::k4 ? rule.cidr_v4 : rule.cidr_v6) = net.to_string();
  return {};
}

Result<Rule> head_of(const std::optional<std::string>& protocol, std::optional<std::int32_t> from,
                     std::optional<std::int32_t> to, bool egress) {
  if (!protocol) return fail(missing("ipProtocol"));
  Rule out;
  out.egress = egress;
  LAPWING_TRY(out.protocol, parse_protocol(*protocol));
  LAPWING_CHECK(set_ports(out, from, to));
  return out;
}

Status add_peers(const ge::IpPermission& from, const Rule& head, std::vector<Rule>& out) {
  const auto add = [&](const std::optional<std::string>& description) -> Rule& {
    Rule& rule = out.emplace_back(head);
    rule.description = description.value_or("");
    return rule;
  };
  for (const ge::IpRange& each : from.ip_ranges.value_or(std::vector<ge::IpRange>())) {
    if (!each.cidr_ip) return fail(missing("cidrIp"));
    LAPWING_CHECK(set_network(add(each.description), *each.cidr_ip, os::IpVersion::k4));
  }
  for (const ge::Ipv6Range& each : from.ipv6_ranges.value_or(std::vector<ge::Ipv6Range>())) {
    if (!each.cidr_ipv6) return fail(missing("cidrIpv6"));
    LAPWING_CHECK(set_network(add(each.description), *each.cidr_ipv6, os::IpVersion::k6));
  }
  for (const ge::PrefixListId& each :
       from.prefix_list_ids.value_or(std::vector<ge::PrefixListId>())) {
    add(each.description).prefix_list = each.prefix_list_id.value_or("");
  }
  for (const ge::UserIdGroupPair& each :
       from.user_id_group_pairs.value_or(std::vector<ge::UserIdGroupPair>())) {
    if (!each.group_id) return fail(missing("groupId"));
    add(each.description).group = *each.group_id;
  }
  return {};
}

}  // namespace

Result<std::string> parse_protocol(std::string_view text) {
  if (text == kEvery || text == "all") return std::string(kEvery);
  for (const Named& each : kNamed) {
    const std::optional<int> number = parse_number(text);
    if (each.name == text || number == each.number) return std::string(each.name);
  }
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (lower != text) return parse_protocol(lower);
  const std::optional<int> number = parse_number(text);
  if (!number || *number < 0 || *number > 255) {
    return fail(
        invalid_value(fmt::format("Invalid value '{}' for IP protocol. Unknown protocol.", text)));
  }
  return std::to_string(*number);
}

Result<std::vector<Rule>> rules_of(const std::vector<ge::IpPermission>& permissions, bool egress) {
  std::vector<Rule> out;
  for (const ge::IpPermission& each : permissions) {
    LAPWING_TRY(const Rule head, head_of(each.ip_protocol, each.from_port, each.to_port, egress));
    const std::size_t before = out.size();
    LAPWING_CHECK(add_peers(each, head, out));
    if (out.size() > kRulesPerGroupMax) {
      return fail(limit_reached("RulesPerSecurityGroupLimitExceeded", "rules per security group"));
    }
    if (out.size() == before) {
      return fail(
          invalid_value("Invalid value 'null' for peer. Must specify a CIDR block, a "
                        "prefix list or a group."));
    }
  }
  return out;
}

Result<Rule> rule_of(const ge::SecurityGroupRuleRequest& request, bool egress) {
  LAPWING_TRY(Rule out, head_of(request.ip_protocol, request.from_port, request.to_port, egress));
  out.description = request.description.value_or("");
  const int peers = static_cast<int>(request.cidr_ipv4.has_value()) +
                    static_cast<int>(request.cidr_ipv6.has_value()) +
                    static_cast<int>(request.prefix_list_id.has_value()) +
                    static_cast<int>(request.referenced_group_id.has_value());
  if (peers != 1) {
    return fail(
        invalid_value("A rule has exactly one of CidrIpv4, CidrIpv6, PrefixListId and "
                      "ReferencedGroupId."));
  }
  if (request.cidr_ipv4) {
    LAPWING_CHECK(set_network(out, *request.cidr_ipv4, os::IpVersion::k4));
  } else if (request.cidr_ipv6) {
    LAPWING_CHECK(set_network(out, *request.cidr_ipv6, os::IpVersion::k6));
  } else if (request.prefix_list_id) {
    out.prefix_list = *request.prefix_list_id;
  } else {
    out.group = *request.referenced_group_id;
  }
  return out;
}

namespace {

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void add_to(ge::IpPermission& out, const Group& group, const Rule& rule) {
  if (!rule.cidr_v4.empty()) {
    ge::IpRange& peer = out.ip_ranges->emplace_back();
    peer.cidr_ip = rule.cidr_v4;
    peer.description = unless_empty(rule.description);
  } else if (!rule.cidr_v6.empty()) {
    ge::Ipv6Range& peer = out.ipv6_ranges->emplace_back();
    peer.cidr_ipv6 = rule.cidr_v6;
    peer.description = unless_empty(rule.description);
  } else if (!rule.prefix_list.empty()) {
    ge::PrefixListId& peer = out.prefix_list_ids->emplace_back();
    peer.prefix_list_id = rule.prefix_list;
    peer.description = unless_empty(rule.description);
  } else {
    ge::UserIdGroupPair& peer = out.user_id_group_pairs->emplace_back();
    peer.group_id = rule.group;
    peer.user_id = group.scope.account.str();
    peer.description = unless_empty(rule.description);
  }
}

}  // namespace

std::vector<ge::IpPermission> show_permissions(const Group& group, bool egress) {
  std::vector<ge::IpPermission> out;
  for (const Rule& rule : group.rules) {
    if (rule.egress != egress) continue;
    const bool bare = !has_ports(rule.protocol) && !has_types(rule.protocol);
    const auto from = bare ? std::nullopt : std::optional(rule.from);
    const auto to = bare ? std::nullopt : std::optional(rule.to);
    auto found = std::ranges::find_if(out, [&](const ge::IpPermission& each) {
      return each.ip_protocol == rule.protocol && each.from_port == from && each.to_port == to;
    });
    if (found == out.end()) {
      ge::IpPermission made;
      made.ip_protocol = rule.protocol;
      made.from_port = from;
      made.to_port = to;
      made.ip_ranges.emplace();
      made.ipv6_ranges.emplace();
      made.prefix_list_ids.emplace();
      made.user_id_group_pairs.emplace();
      found = out.insert(out.end(), std::move(made));
    }
    add_to(*found, group, rule);
  }
  return out;
}

ge::SecurityGroupRule show_rule(const Group& group, const Rule& rule) {
  ge::SecurityGroupRule out;
  out.security_group_rule_id = rule.id;
  out.security_group_rule_arn = aws::make_arn("ec2", group.scope.region, group.scope.account,
                                              "security-group-rule/" + rule.id);
  out.group_id = group.id;
  out.group_owner_id = group.scope.account.str();
  out.is_egress = rule.egress;
  out.ip_protocol = rule.protocol;
  out.from_port = rule.from;
  out.to_port = rule.to;
  out.cidr_ipv4 = unless_empty(rule.cidr_v4);
  out.cidr_ipv6 = unless_empty(rule.cidr_v6);
  out.prefix_list_id = unless_empty(rule.prefix_list);
  if (!rule.group.empty()) {
    auto& peer = out.referenced_group_info.emplace();
    peer.group_id = rule.group;
    peer.user_id = group.scope.account.str();
  }
  out.description = unless_empty(rule.description);
  out.tags = show_tags(rule.tags);
  return out;
}

ge::RevokedSecurityGroupRule show_revoked(const Group& group, const Rule& rule) {
  ge::RevokedSecurityGroupRule out;
  out.security_group_rule_id = rule.id;
  out.group_id = group.id;
  out.is_egress = rule.egress;
  out.ip_protocol = rule.protocol;
  out.from_port = rule.from;
  out.to_port = rule.to;
  out.cidr_ipv4 = unless_empty(rule.cidr_v4);
  out.cidr_ipv6 = unless_empty(rule.cidr_v6);
  out.prefix_list_id = unless_empty(rule.prefix_list);
  out.referenced_group_id = unless_empty(rule.group);
  out.description = unless_empty(rule.description);
  return out;
}

std::string tell(const Rule& rule) {
  const std::string& peer = !rule.cidr_v4.empty()       ? rule.cidr_v4
                            : !rule.cidr_v6.empty()     ? rule.cidr_v6
                            : !rule.prefix_list.empty() ? rule.prefix_list
                                                        : rule.group;
  if (rule.protocol == kEvery) return fmt::format("peer: {}, ALL, ALLOW", peer);
  std::string upper = rule.protocol;
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (has_types(rule.protocol)) {
    return fmt::format("peer: {}, {}, type: {}, code: {}, ALLOW", peer, upper, rule.from, rule.to);
  }
  return fmt::format("peer: {}, {}, from port: {}, to port: {}, ALLOW", peer, upper, rule.from,
                     rule.to);
}

std::optional<os::EgressRule> lets_out(const Rule& rule) {
  if (!rule.egress) return std::nullopt;
  const std::string& text = rule.cidr_v4.empty() ? rule.cidr_v6 : rule.cidr_v4;
  const auto net = os::IpNet::parse(text);
  if (text.empty() || !net) return std::nullopt;
  os::EgressRule out;
  out.to = *net;
  if (rule.protocol != kEvery) {
    const auto named = std::ranges::find(kNamed, rule.protocol, &Named::name);
    const int number =
        named != std::end(kNamed) ? named->number : parse_number(rule.protocol).value_or(0);
    out.protocol = static_cast<std::uint8_t>(number);
  }
  if (has_ports(rule.protocol) || has_types(rule.protocol)) {
    out.first = rule.from;
    out.last = rule.to;
  }
  return out;
}

}  // namespace lapwing::ec2
