// The VPC that an account finds in a region: 172.31.0.0/16, a subnet in each zone, the default
// security group.
//
// Thread-safety: as the Txn.
#pragma once

#include "services/ec2/core.hpp"
#include "services/ec2/records.hpp"

namespace lapwing::ec2 {

// Ids are drawn before a transaction, which may run more than once.
struct DefaultVpcIds {
  std::string vpc;
  std::string group;
  std::string rules[2];
  std::vector<std::string> subnets;  // one a zone
};
DefaultVpcIds draw_default_vpc(Core& core, const aws::Scope& scope);
// Into an account's region that has none.
Result<Vpc> make_default_vpc(store::Txn& txn, const aws::Scope& scope, const DefaultVpcIds& ids);

// The security group that every VPC has: in from its own members, out to everywhere.
Group default_group(const aws::Scope& scope, const std::string& vpc, const std::string& id,
                    const std::string& rule_in, const std::string& rule_out);
// What a new group lets out: everything.
Rule everything_out(const std::string& id);
// The address block of the subnet of the default VPC in the zone with this number.
std::string default_subnet_block(std::size_t zone);

}  // namespace lapwing::ec2
