#include "services/ec2/networks.hpp"

#include <algorithm>

#include "services/ec2/lookup.hpp"
#include "services/ec2/rules.hpp"

namespace lapwing::ec2 {
namespace {

using Ids = std::vector<std::string>;

}  // namespace

Result<Ids> Networks::vpcs_of_subnets(const AccountId& account, const Region& region,
                                      const Ids& subnets) {
  const aws::Scope scope{account, region};
  return read<Ids>(core_, scope, [&](store::Reader& reader) -> Result<Ids> {
    Ids out;
    for (const std::string& id : subnets) {
      LAPWING_TRY(Subnet subnet, find_subnet(reader, scope, id));
      out.push_back(std::move(subnet.vpc));
    }
    return out;
  });
}

Result<Ids> Networks::vpcs_of_groups(const AccountId& account, const Region& region,
                                     const Ids& groups) {
  const aws::Scope scope{account, region};
  return read<Ids>(core_, scope, [&](store::Reader& reader) -> Result<Ids> {
    Ids out;
    for (const std::string& id : groups) {
      LAPWING_TRY(Group group, find_group(reader, scope, id));
      out.push_back(std::move(group.vpc));
    }
    return out;
  });
}

Result<std::vector<os::EgressRule>> Networks::egress(const AccountId& account, const Region& region,
                                                     const Ids& groups) {
  using Rules = std::vector<os::EgressRule>;
  const aws::Scope scope{account, region};
  return read<Rules>(core_, scope, [&](store::Reader& reader) -> Result<Rules> {
    Rules out;
    for (const std::string& id : groups) {
      LAPWING_TRY(const auto found, Groups::find(reader, resources::scoped_key(scope, id)));
      if (!found) continue;
      for (const Rule& rule : found->record.rules) {
        const auto allowed = lets_out(rule);
        const bool again = allowed && std::ranges::find(out, *allowed) != out.end();
        if (allowed && !again) out.push_back(*allowed);
      }
    }
    return out;
  });
}

}  // namespace lapwing::ec2
