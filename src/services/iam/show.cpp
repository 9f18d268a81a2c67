#include "services/iam/show.hpp"

#include "gen/iam/enums.hpp"
#include "services/iam/documents.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/names.hpp"
#include "services/iam/tags.hpp"

namespace lapwing::iam {

std::optional<gen::iam::AttachedPermissionsBoundary> show_boundary(const Identity& identity) {
  if (identity.boundary.empty()) return std::nullopt;
  return gen::iam::AttachedPermissionsBoundary{.permissions_boundary_arn = identity.boundary,
                                               .permissions_boundary_type = std::string("Policy")};
}

Result<gen::iam::Role> show_role(store::Reader& reader, const Identity& role, Detail detail) {
  gen::iam::Role out;
  out.arn = arn_of(role);
  out.path = role.path;
  out.role_id = role.id;
  out.role_name = role.name;
  out.create_date = wall_from_unix_ms(role.created_ms);
  LAPWING_TRY(out.assume_role_policy_document, show_trust(reader, role));
  if (!role.description.empty()) out.description = role.description;
  if (detail != Detail::kCreated) out.max_session_duration = role.max_session_s;
  if (detail == Detail::kListed) return out;
  out.tags = show_some_tags(role.tags);
  out.permissions_boundary = show_boundary(role);
  if (detail == Detail::kWhole) out.role_last_used.emplace();
  return out;
}

gen::iam::User show_user(const Identity& user, Detail detail) {
  gen::iam::User out;
  out.arn = arn_of(user);
  out.path = user.path;
  out.user_id = user.id;
  out.user_name = user.name;
  out.create_date = wall_from_unix_ms(user.created_ms);
  if (detail == Detail::kListed) return out;
  out.tags = show_some_tags(user.tags);
  out.permissions_boundary = show_boundary(user);
  return out;
}

gen::iam::Group show_group(const Identity& group) {
  gen::iam::Group out;
  out.arn = arn_of(group);
  out.path = group.path;
  out.group_id = group.id;
  out.group_name = group.name;
  out.create_date = wall_from_unix_ms(group.created_ms);
  return out;
}

Result<gen::iam::InstanceProfile> show_profile(store::Reader& reader,
                                               const InstanceProfile& profile, Detail detail) {
  gen::iam::InstanceProfile out;
  out.arn = arn_of(profile);
  out.path = profile.path;
  out.instance_profile_id = profile.id;
  out.instance_profile_name = profile.name;
  out.create_date = wall_from_unix_ms(profile.created_ms);
  if (detail != Detail::kListed) out.tags = show_some_tags(profile.tags);
  if (profile.role.empty()) return out;
  LAPWING_TRY(const auto role, find_identity_by_id(reader, profile.account, profile.role));
  if (!role) return out;
  LAPWING_TRY(gen::iam::Role shown, show_role(reader, *role, Detail::kListed));
  shown.max_session_duration.reset();
  out.roles.push_back(std::move(shown));
  return out;
}

}  // namespace lapwing::iam
