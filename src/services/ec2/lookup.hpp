// Records by their ids, in EC2's words where there is none.
//
// Thread-safety: as the Reader.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/ec2/tables.hpp"

namespace lapwing::ec2 {

Result<Vpc> find_vpc(store::Reader& reader, const aws::Scope& scope, std::string_view id);
Result<Subnet> find_subnet(store::Reader& reader, const aws::Scope& scope, std::string_view id);
Result<Group> find_group(store::Reader& reader, const aws::Scope& scope, std::string_view id);
std::optional<Vpc> default_vpc_of(const std::vector<Vpc>& all);
// The group of that id; by name, of the default VPC.
Result<Group> find_group(store::Reader& reader, const aws::Scope& scope,
                         const std::optional<std::string>& id,
                         const std::optional<std::string>& name);

}  // namespace lapwing::ec2
