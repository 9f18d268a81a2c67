// What belongs to every VPC (its main route table, its network ACL) and to the default one (its
// internet gateway), and what there is none of here.
#include <algorithm>

#include <fmt/core.h>

#include "services/ec2/filters.hpp"
#include "services/ec2/lookup.hpp"
#include "services/ec2/operations/operations.hpp"
#include "services/ec2/pages.hpp"
#include "services/ec2/tagging.hpp"

namespace lapwing::ec2 {
namespace {

namespace ge = gen::ec2;

constexpr std::string_view kEverywhere = "0.0.0.0/0";
constexpr std::int32_t kLastEntry = 32'767;  // of a network ACL: what no other entry names
constexpr std::int32_t kFirstEntry = 100;

struct Network {
  Vpc vpc;
  std::vector<Subnet> subnets;
};

Result<std::vector<Network>> networks(Core& core, const aws::Scope& scope) {
  using All = std::vector<Network>;
  return read<All>(core, scope, [&](store::Reader& reader) -> Result<All> {
    LAPWING_TRY(auto vpcs, all_of<VpcTable>(reader, scope));
    LAPWING_TRY(const auto subnets, all_of<SubnetTable>(reader, scope));
    All out;
    for (Vpc& vpc : vpcs) {
      Network& network = out.emplace_back();
      network.vpc = std::move(vpc);
      for (const Subnet& each : subnets) {
        if (each.vpc == network.vpc.id) network.subnets.push_back(each);
      }
    }
    return out;
  });
}

// Those asked for by id; each has to be there.
template <class Id>
Status keep_named(std::vector<Network>& all, const std::optional<std::vector<std::string>>& ids,
                  std::string_view code, std::string_view what, Id id_of) {
  if (!ids) return {};
  for (const std::string& id : *ids) {
    const bool there =
        std::ranges::any_of(all, [&](const Network& each) { return id_of(each) == id; });
    if (!there) {
      return fail(failure(ErrorKind::kNotFound, code,
                          fmt::format("The {} ID '{}' does not exist", what, id)));
    }
  }
  std::erase_if(
      all, [&](const Network& each) { return std::ranges::find(*ids, id_of(each)) == ids->end(); });
  return {};
}

ge::RouteTable show_route_table(const Network& network) {
  const Vpc& vpc = network.vpc;
  ge::RouteTable out;
  out.route_table_id = vpc.route_table();
  out.vpc_id = vpc.id;
  out.owner_id = vpc.scope.account.str();
  ge::RouteTableAssociation main;
  main.main = true;
  main.route_table_association_id = id_beside("rtbassoc", vpc.id);
  main.route_table_id = vpc.route_table();
  main.association_state.emplace().state = "associated";
  out.associations.emplace().push_back(std::move(main));
  ge::Route local;
  local.destination_cidr_block = vpc.cidr;
  local.gateway_id = "local";
  local.origin = "CreateRouteTable";
  local.state = "active";
  out.routes.emplace().push_back(std::move(local));
  if (vpc.is_default) {
    ge::Route outside;
    outside.destination_cidr_block = std::string(kEverywhere);
    outside.gateway_id = vpc.gateway();
    outside.origin = "CreateRoute";
    outside.state = "active";
    out.routes->push_back(std::move(outside));
  }
  out.propagating_vgws.emplace();
  out.tags = show_tags(vpc.route_table_tags);
  return out;
}

Facts facts_of_route_table(const Network& network) {
  const Vpc& vpc = network.vpc;
  Facts out;
  out.add("route-table-id", vpc.route_table());
  out.add("vpc-id", vpc.id);
  out.add("owner-id", vpc.scope.account.str());
  out.add("association.main", true);
  out.add("association.route-table-id", vpc.route_table());
  out.add("association.route-table-association-id", id_beside("rtbassoc", vpc.id));
  out.add("route.destination-cidr-block", vpc.cidr);
  out.add("route.gateway-id", "local");
  out.add("route.state", "active");
  if (vpc.is_default) {
    out.add("route.destination-cidr-block", kEverywhere);
    out.add("route.gateway-id", vpc.gateway());
  }
  out.add_tags(vpc.route_table_tags);
  return out;
}

ge::NetworkAclEntry entry(bool egress, std::int32_t number, std::string_view action) {
  ge::NetworkAclEntry out;
  out.cidr_block = std::string(kEverywhere);
  out.egress = egress;
  out.protocol = "-1";
  out.rule_action = std::string(action);
  out.rule_number = number;
  return out;
}

ge::NetworkAcl show_acl(const Network& network) {
  const Vpc& vpc = network.vpc;
  ge::NetworkAcl out;
  out.network_acl_id = vpc.acl();
  out.vpc_id = vpc.id;
  out.owner_id = vpc.scope.account.str();
  out.is_default = true;
  out.associations.emplace();
  for (const Subnet& each : network.subnets) {
    ge::NetworkAclAssociation shown;
    shown.network_acl_association_id = id_beside("aclassoc", each.id);
    shown.network_acl_id = vpc.acl();
    shown.subnet_id = each.id;
    out.associations->push_back(std::move(shown));
  }
  out.entries.emplace();
  for (const bool egress : {true, false}) {
    out.entries->push_back(entry(egress, kFirstEntry, "allow"));
    out.entries->push_back(entry(egress, kLastEntry, "deny"));
  }
  out.tags = show_tags(vpc.acl_tags);
  return out;
}

Facts facts_of_acl(const Network& network) {
  const Vpc& vpc = network.vpc;
  Facts out;
  out.add("network-acl-id", vpc.acl());
  out.add("vpc-id", vpc.id);
  out.add("owner-id", vpc.scope.account.str());
  out.add("default", true);
  for (const Subnet& each : network.subnets) {
    out.add("association.subnet-id", each.id);
    out.add("association.network-acl-id", vpc.acl());
    out.add("association.association-id", id_beside("aclassoc", each.id));
  }
  out.add_tags(vpc.acl_tags);
  return out;
}

// Of what there is none: who names one is told so.
Status none_named(const std::optional<std::vector<std::string>>& ids, std::string_view code,
                  std::string_view what) {
  if (!ids || ids->empty()) return {};
  return fail(failure(ErrorKind::kNotFound, code,
                      fmt::format("The {} ID '{}' does not exist", what, ids->front())));
}

}  // namespace

Out<ge::DescribeRouteTables> describe_route_tables(Core& core, const aws::Call& call,
                                                   ge::DescribeRouteTablesRequest in) {
  // The main route table is nobody's explicitly: a filter on a subnet finds none.
  LAPWING_CHECK(check_filters(
      in.filters,
      {"route-table-id", "vpc-id", "owner-id", "association.main", "association.route-table-id",
       "association.route-table-association-id", "association.subnet-id", "association.gateway-id",
       "route.destination-cidr-block", "route.gateway-id", "route.state", "route.nat-gateway-id",
       "route.vpc-peering-connection-id", "route.transit-gateway-id",
       "route.destination-ipv6-cidr-block"}));
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_TRY(auto found, networks(core, scope));
  const auto id_of = [](const Network& each) { return each.vpc.route_table(); };
  LAPWING_CHECK(
      keep_named(found, in.route_table_ids, "InvalidRouteTableID.NotFound", "routeTable", id_of));
  std::erase_if(found,
                [&](const Network& each) { return !facts_of_route_table(each).fit(in.filters); });
  LAPWING_TRY(auto page, page_of(std::move(found), "ec2.DescribeRouteTables", in.max_results,
                                 in.next_token, id_of));
  ge::DescribeRouteTablesResult out;
  out.route_tables.emplace();
  for (const Network& each : page.items) out.route_tables->push_back(show_route_table(each));
  out.next_token = std::move(page.next);
  return out;
}

Out<ge::DescribeNetworkAcls> describe_network_acls(Core& core, const aws::Call& call,
                                                   ge::DescribeNetworkAclsRequest in) {
  LAPWING_CHECK(check_filters(
      in.filters, {"network-acl-id", "vpc-id", "owner-id", "default", "association.subnet-id",
                   "association.network-acl-id", "association.association-id"}));
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_TRY(auto found, networks(core, scope));
  const auto id_of = [](const Network& each) { return each.vpc.acl(); };
  LAPWING_CHECK(
      keep_named(found, in.network_acl_ids, "InvalidNetworkAclID.NotFound", "networkAcl", id_of));
  std::erase_if(found, [&](const Network& each) { return !facts_of_acl(each).fit(in.filters); });
  LAPWING_TRY(auto page, page_of(std::move(found), "ec2.DescribeNetworkAcls", in.max_results,
                                 in.next_token, id_of));
  ge::DescribeNetworkAclsResult out;
  out.network_acls.emplace();
  for (const Network& each : page.items) out.network_acls->push_back(show_acl(each));
  out.next_token = std::move(page.next);
  return out;
}

Out<ge::DescribeInternetGateways> describe_internet_gateways(
    Core& core, const aws::Call& call, ge::DescribeInternetGatewaysRequest in) {
  LAPWING_CHECK(check_filters(
      in.filters, {"internet-gateway-id", "owner-id", "attachment.vpc-id", "attachment.state"}));
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_TRY(auto found, networks(core, scope));
  std::erase_if(found, [](const Network& each) { return !each.vpc.is_default; });
  const auto id_of = [](const Network& each) { return each.vpc.gateway(); };
  LAPWING_CHECK(keep_named(found, in.internet_gateway_ids, "InvalidInternetGatewayID.NotFound",
                           "internetGateway", id_of));
  std::erase_if(found, [&](const Network& each) {
    Facts facts;
    facts.add("internet-gateway-id", each.vpc.gateway());
    facts.add("owner-id", scope.account.str());
    facts.add("attachment.vpc-id", each.vpc.id);
    facts.add("attachment.state", "available");
    facts.add_tags(each.vpc.gateway_tags);
    return !facts.fit(in.filters);
  });
  LAPWING_TRY(auto page, page_of(std::move(found), "ec2.DescribeInternetGateways", in.max_results,
                                 in.next_token, id_of));
  ge::DescribeInternetGatewaysResult out;
  out.internet_gateways.emplace();
  for (const Network& each : page.items) {
    ge::InternetGateway shown;
    shown.internet_gateway_id = each.vpc.gateway();
    shown.owner_id = scope.account.str();
    ge::InternetGatewayAttachment attachment;
    attachment.state = "available";
    attachment.vpc_id = each.vpc.id;
    shown.attachments.emplace().push_back(std::move(attachment));
    shown.tags = show_tags(each.vpc.gateway_tags);
    out.internet_gateways->push_back(std::move(shown));
  }
  out.next_token = std::move(page.next);
  return out;
}

Out<ge::DescribeNatGateways> describe_nat_gateways(Core&, const aws::Call&,
                                                   ge::DescribeNatGatewaysRequest in) {
  LAPWING_CHECK(none_named(in.nat_gateway_ids, "NatGatewayNotFound", "NAT gateway"));
  ge::DescribeNatGatewaysResult out;
  out.nat_gateways.emplace();
  return out;
}

Out<ge::DescribeVpcEndpoints> describe_vpc_endpoints(Core&, const aws::Call&,
                                                     ge::DescribeVpcEndpointsRequest in) {
  LAPWING_CHECK(none_named(in.vpc_endpoint_ids, "InvalidVpcEndpointId.NotFound", "VPC endpoint"));
  ge::DescribeVpcEndpointsResult out;
  out.vpc_endpoints.emplace();
  return out;
}

Out<ge::DescribeNetworkInterfaces> describe_network_interfaces(
    Core&, const aws::Call&, ge::DescribeNetworkInterfacesRequest in) {
  LAPWING_CHECK(none_named(in.network_interface_ids, "InvalidNetworkInterfaceID.NotFound",
                           "networkInterface"));
  ge::DescribeNetworkInterfacesResult out;
  out.network_interfaces.emplace();
  return out;
}

Out<ge::DescribeVpnGateways> describe_vpn_gateways(Core&, const aws::Call&,
                                                   ge::DescribeVpnGatewaysRequest in) {
  LAPWING_CHECK(none_named(in.vpn_gateway_ids, "InvalidVpnGatewayID.NotFound", "vpnGateway"));
  ge::DescribeVpnGatewaysResult out;
  out.vpn_gateways.emplace();
  return out;
}

}  // namespace lapwing::ec2
