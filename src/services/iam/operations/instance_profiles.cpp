#include "services/iam/operations/instance_profiles.hpp"

#include <fmt/core.h>

#include "gen/iam/errors.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/show.hpp"
#include "services/iam/tags.hpp"

namespace lapwing::iam {

Result<gen::iam::CreateInstanceProfileResponse> create_instance_profile(
    Core& core, const aws::Call& call, gen::iam::CreateInstanceProfileRequest in) {
  LAPWING_CHECK(check_name("instanceProfileName", in.instance_profile_name));
  InstanceProfile profile;
  profile.account = account_of(call);
  profile.name = std::move(in.instance_profile_name);
  profile.path = in.path.value_or("/");
  profile.id = new_instance_profile_id(core.random);
  profile.created_ms = core.now_ms();
  LAPWING_CHECK(check_path(profile.path));
  LAPWING_CHECK(put_tags(profile.tags, in.tags.value_or(TagList()), KeyCase::kTells));
  using Out = gen::iam::CreateInstanceProfileResponse;
  return change<Out>(core, [&](store::Txn& txn) -> Result<Out> {
    LAPWING_TRY(const auto found, InstanceProfiles::find(txn, InstanceProfileTable::key(profile)));
    if (found) return fail(errors::exists("Instance Profile", profile.name));
    LAPWING_CHECK(count(txn, profile.account, "InstanceProfiles", 1, kInstanceProfilesMax));
    LAPWING_CHECK(InstanceProfiles::insert(txn, profile));
    Out out;
    LAPWING_TRY(out.instance_profile, show_profile(txn, profile, Detail::kCreated));
    return out;
  });
}

Result<gen::iam::GetInstanceProfileResponse> get_instance_profile(
    Core& core, const aws::Call& call, const gen::iam::GetInstanceProfileRequest& in) {
  using Out = gen::iam::GetInstanceProfileResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const InstanceProfile profile,
                find_profile(reader, account_of(call), in.instance_profile_name));
    Out out;
    LAPWING_TRY(out.instance_profile, show_profile(reader, profile, Detail::kWhole));
    return out;
  });
}

Result<gen::iam::ListInstanceProfilesResponse> list_instance_profiles(
    Core& core, const aws::Call& call, const gen::iam::ListInstanceProfilesRequest& in) {
  const std::string path = in.path_prefix.value_or("/");
  LAPWING_TRY(const PageAsk ask, page_ask("ListInstanceProfiles" + path, in.marker, in.max_items));
  using Out = gen::iam::ListInstanceProfilesResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const auto page,
                page_records<InstanceProfileTable>(
                    reader, ask, account_key(account_of(call), ""),
                    [&](const InstanceProfile& each) { return each.path.starts_with(path); }));
    Out out;
    for (const InstanceProfile& profile : page.items) {
      LAPWING_TRY(auto shown, show_profile(reader, profile, Detail::kListed));
      out.instance_profiles.push_back(std::move(shown));
    }
    set_page(out, page);
    return out;
  });
}

Result<gen::iam::ListInstanceProfilesForRoleResponse> list_instance_profiles_for_role(
    Core& core, const aws::Call& call, const gen::iam::ListInstanceProfilesForRoleRequest& in) {
  LAPWING_TRY(const PageAsk ask, page_ask("ListInstanceProfilesForRole" + lower(in.role_name),
                                          in.marker, in.max_items));
  using Out = gen::iam::ListInstanceProfilesForRoleResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity role,
                find_identity(reader, account_of(call), Kind::kRole, in.role_name));
    LAPWING_TRY(auto profiles, profiles_of(reader, role.account, role.id));
    const auto page = page_items(std::move(profiles), ask,
                                 [](const InstanceProfile& each) { return lower(each.name); });
    Out out;
    for (const InstanceProfile& profile : page.items) {
      LAPWING_TRY(auto shown, show_profile(reader, profile, Detail::kListed));
      out.instance_profiles.push_back(std::move(shown));
    }
    set_page(out, page);
    return out;
  });
}

Result<aws::Empty> delete_instance_profile(Core& core, const aws::Call& call,
                                           const gen::iam::DeleteInstanceProfileRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const InstanceProfile profile,
                find_profile(txn, account_of(call), in.instance_profile_name));
    if (!profile.role.empty()) {
      return fail(errors::conflict("remove roles from instance profile"));
    }
    LAPWING_CHECK(count(txn, profile.account, "InstanceProfiles", -1, kInstanceProfilesMax));
    return InstanceProfiles::erase(txn, InstanceProfileTable::key(profile));
  }));
  return aws::Empty();
}

Result<aws::Empty> add_role_to_instance_profile(
    Core& core, const aws::Call& call, const gen::iam::AddRoleToInstanceProfileRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    const std::string& account = account_of(call);
    LAPWING_TRY(InstanceProfile profile, find_profile(txn, account, in.instance_profile_name));
    LAPWING_TRY(const Identity role, find_own_role(txn, account, in.role_name));
    if (!profile.role.empty()) {
      return fail(errors::quota("InstanceSessionsPerInstanceProfile", 1));
    }
    profile.role = role.id;
    LAPWING_CHECK(InstanceProfiles::put(txn, profile));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> remove_role_from_instance_profile(
    Core& core, const aws::Call& call, const gen::iam::RemoveRoleFromInstanceProfileRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    const std::string& account = account_of(call);
    LAPWING_TRY(InstanceProfile profile, find_profile(txn, account, in.instance_profile_name));
    LAPWING_TRY(const Identity role, find_identity(txn, account, Kind::kRole, in.role_name));
    if (profile.role != role.id) {
      return fail(gen::iam::errors::no_such_entity(
          fmt::format("Role {} in Instance Profile {} cannot be found.", in.role_name,
                      in.instance_profile_name)));
    }
    profile.role.clear();
    LAPWING_CHECK(InstanceProfiles::put(txn, profile));
    return {};
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
