// Identities and instance profiles as answers have them.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "gen/iam/shape/attached_permissions_boundary.hpp"
#include "gen/iam/shape/group.hpp"
#include "gen/iam/shape/instance_profile.hpp"
#include "gen/iam/shape/role.hpp"
#include "gen/iam/shape/user.hpp"
#include "services/iam/core.hpp"
#include "services/iam/records.hpp"

namespace lapwing::iam {

// How much is told: lists tell least.
enum class Detail { kListed, kCreated, kWhole };

Result<gen::iam::Role> show_role(store::Reader& reader, const Identity& role, Detail detail);
gen::iam::User show_user(const Identity& user, Detail detail);
gen::iam::Group show_group(const Identity& group);
// With its role, where there is one.
Result<gen::iam::InstanceProfile> show_profile(store::Reader& reader,
                                               const InstanceProfile& profile, Detail detail);
std::optional<gen::iam::AttachedPermissionsBoundary> show_boundary(const Identity& identity);

}  // namespace lapwing::iam
