// The records of VPCs, subnets and security groups, by account, region and id.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "resources/table.hpp"
#include "services/ec2/records.hpp"

namespace lapwing::ec2 {

struct VpcTable {
  using Record = Vpc;
  static constexpr std::string_view kKind = "ec2.vpc";
  static constexpr int kFormat = 1;

  static std::string key(const Vpc& each) { return resources::scoped_key(each.scope, each.id); }

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("account", each.scope.account);
    f("region", each.scope.region);
    f("id", each.id);
    f("cidr", each.cidr);
    f("default", each.is_default);
    f("dns_support", each.dns_support);
    f("dns_hostnames", each.dns_hostnames);
    f("usage_metrics", each.usage_metrics);
    f("tags", each.tags);
    f("route_table_tags", each.route_table_tags);
    f("acl_tags", each.acl_tags);
    f("gateway_tags", each.gateway_tags);
  }
};
using Vpcs = resources::Table<VpcTable>;

struct SubnetTable {
  using Record = Subnet;
  static constexpr std::string_view kKind = "ec2.subnet";
  static constexpr int kFormat = 1;

  static std::string key(const Subnet& each) { return resources::scoped_key(each.scope, each.id); }

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("account", each.scope.account);
    f("region", each.scope.region);
    f("id", each.id);
    f("vpc", each.vpc);
    f("cidr", each.cidr);
    f("zone", each.zone);
    f("default", each.is_default);
    f("public", each.public_addresses);
    f("tags", each.tags);
  }
};
using Subnets = resources::Table<SubnetTable>;

struct GroupTable {
  using Record = Group;
  static constexpr std::string_view kKind = "ec2.group";
  static constexpr int kFormat = 1;

  static std::string key(const Group& each) { return resources::scoped_key(each.scope, each.id); }

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("account", each.scope.account);
    f("region", each.scope.region);
    f("id", each.id);
    f("vpc", each.vpc);
    f("name", each.name);
    f("description", each.description);
    f("rules", each.rules);
    f("tags", each.tags);
  }
};
using Groups = resources::Table<GroupTable>;

struct OpeningTable {
  using Record = Opening;
  static constexpr std::string_view kKind = "ec2.opening";
  static constexpr int kFormat = 1;

  static std::string key(const Opening& each) { return resources::scoped_key(each.scope, ""); }

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("account", each.scope.account);
    f("region", each.scope.region);
  }
};
using Openings = resources::Table<OpeningTable>;

// All of an account's region, by their ids.
template <class Spec>
Result<std::vector<typename Spec::Record>> all_of(store::Reader& reader, const aws::Scope& scope) {
  std::vector<typename Spec::Record> out;
  resources::ListOptions options{.prefix = resources::scoped_key(scope, ""),
                                 .limit = store::kMaxScanLimit};
  while (true) {
    LAPWING_TRY(auto page, resources::Table<Spec>::list(reader, options));
    for (auto& each : page.records) out.push_back(std::move(each));
    if (!page.next) return out;
    options.after = *std::move(page.next);
  }
}

}  // namespace lapwing::ec2
