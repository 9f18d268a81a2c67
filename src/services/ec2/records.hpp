// What there is of a network: plain types, without wire, store or threads. The main route table,
// the network ACL and the internet gateway of a VPC are part of it: no operation makes others, and
// their ids are the VPC's with another beginning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/scope.hpp"
#include "resources/tags.hpp"

namespace lapwing::ec2 {

// The id of what belongs to `id`: "rtb-0a1b" of "vpc-0a1b".
inline std::string id_beside(std::string_view kind, std::string_view id) {
  return std::string(kind) + std::string(id.substr(id.find('-')));
}

struct Vpc {
  aws::Scope scope;
  std::string id;
  std::string cidr;
  bool is_default = false;
  bool dns_support = true;
  bool dns_hostnames = false;
  bool usage_metrics = false;
  resources::Tags tags;
  resources::Tags route_table_tags;
  resources::Tags acl_tags;
  resources::Tags gateway_tags;

  std::string route_table() const { return id_beside("rtb", id); }
  std::string acl() const { return id_beside("acl", id); }
  std::string gateway() const { return id_beside("igw", id); }  // of the default VPC alone
};

struct Subnet {
  aws::Scope scope;
  std::string id;
  std::string vpc;
  std::string cidr;
  std::string zone;  // "us-east-1a"
  bool is_default = false;
  bool public_addresses = false;
  resources::Tags tags;
};

// One peer: a network, or a group whose members are meant.
struct Rule {
  std::string id;
  bool egress = false;
  std::string protocol;  // "tcp", "udp", "icmp", "icmpv6", a number, or "-1": every one
  std::int32_t from = -1;
  std::int32_t to = -1;
  std::string cidr_v4;  // one of these four
  std::string cidr_v6;
  std::string prefix_list;
  std::string group;
  std::string description;
  resources::Tags tags;

  // Of the same packets.
  bool same_as(const Rule& other) const {
    return egress == other.egress && protocol == other.protocol && from == other.from &&
           to == other.to && cidr_v4 == other.cidr_v4 && cidr_v6 == other.cidr_v6 &&
           prefix_list == other.prefix_list && group == other.group;
  }

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("id", each.id);
    f("egress", each.egress);
    f("protocol", each.protocol);
    f("from", each.from);
    f("to", each.to);
    f("cidr_v4", each.cidr_v4);
    f("cidr_v6", each.cidr_v6);
    f("prefix_list", each.prefix_list);
    f("group", each.group);
    f("description", each.description);
    f("tags", each.tags);
  }
};

struct Group {
  aws::Scope scope;
  std::string id;
  std::string vpc;
  std::string name;
  std::string description;
  std::vector<Rule> rules;
  resources::Tags tags;

  bool is_default() const { return name == "default"; }
};

// That an account's region has been looked at: its default VPC was made then.
struct Opening {
  aws::Scope scope;
};

}  // namespace lapwing::ec2
