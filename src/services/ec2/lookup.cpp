#include "services/ec2/lookup.hpp"

#include <algorithm>

#include "services/ec2/words.hpp"

namespace lapwing::ec2 {
namespace {

template <class Spec>
Result<std::optional<typename Spec::Record>> find(store::Reader& reader, const aws::Scope& scope,
                                                  std::string_view id) {
  LAPWING_TRY(auto found, resources::Table<Spec>::find(reader, resources::scoped_key(scope, id)));
  if (!found) return std::optional<typename Spec::Record>();
  return std::optional(std::move(found->record));
}

}  // namespace

Result<Vpc> find_vpc(store::Reader& reader, const aws::Scope& scope, std::string_view id) {
  if (!id.starts_with("vpc-")) return fail(malformed("InvalidVpcID.Malformed", id, "vpc"));
  LAPWING_TRY(auto found, find<VpcTable>(reader, scope, id));
  if (!found) return fail(no_such_vpc(id));
  return *std::move(found);
}

Result<Subnet> find_subnet(store::Reader& reader, const aws::Scope& scope, std::string_view id) {
  if (!id.starts_with("subnet-")) return fail(malformed("InvalidSubnetID.Malformed", id, "subnet"));
  LAPWING_TRY(auto found, find<SubnetTable>(reader, scope, id));
  if (!found) return fail(no_such_subnet(id));
  return *std::move(found);
}

Result<Group> find_group(store::Reader& reader, const aws::Scope& scope, std::string_view id) {
  if (!id.starts_with("sg-")) return fail(malformed("InvalidGroupId.Malformed", id, "sg"));
  LAPWING_TRY(auto found, find<GroupTable>(reader, scope, id));
  if (!found) return fail(no_such_group(id));
  return *std::move(found);
}

std::optional<Vpc> default_vpc_of(const std::vector<Vpc>& all) {
  const auto found = std::ranges::find(all, true, &Vpc::is_default);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

Result<Group> find_group(store::Reader& reader, const aws::Scope& scope,
                         const std::optional<std::string>& id,
                         const std::optional<std::string>& name) {
  if (id) return find_group(reader, scope, *id);
  if (!name) return fail(missing("groupName or groupId"));
  LAPWING_TRY(const auto vpcs, all_of<VpcTable>(reader, scope));
  LAPWING_TRY(auto groups, all_of<GroupTable>(reader, scope));
  const auto vpc = default_vpc_of(vpcs);
  for (Group& each : groups) {
    if (vpc && each.vpc == vpc->id && each.name == *name) return std::move(each);
  }
  return fail(no_such_group(*name));
}

}  // namespace lapwing::ec2
