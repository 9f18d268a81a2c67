#include "services/iam/operations/groups.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "gen/iam/errors.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/operations/roles.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/show.hpp"

namespace lapwing::iam {

Result<gen::iam::CreateGroupResponse> create_group(Core& core, const aws::Call& call,
                                                   gen::iam::CreateGroupRequest in) {
  LAPWING_CHECK(check_name("groupName", in.group_name));
  Identity group;
  group.account = account_of(call);
  group.kind = Kind::kGroup;
  group.name = std::move(in.group_name);
  group.path = in.path.value_or("/");
  group.id = new_id(core.random, Kind::kGroup);
  group.created_ms = core.now_ms();
  LAPWING_CHECK(check_path(group.path));
  LAPWING_CHECK(change(core, [&](store::Txn& txn) { return insert_identity(txn, group); }));
  gen::iam::CreateGroupResponse out;
  out.group = show_group(group);
  return out;
}

Result<gen::iam::GetGroupResponse> get_group(Core& core, const aws::Call& call,
                                             const gen::iam::GetGroupRequest& in) {
  LAPWING_TRY(const PageAsk ask,
              page_ask("GetGroup" + lower(in.group_name), in.marker, in.max_items));
  using Out = gen::iam::GetGroupResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity group,
                find_identity(reader, account_of(call), Kind::kGroup, in.group_name));
    LAPWING_TRY(auto users,
                identities_with(reader, IdentityTable::kByGroup, group.account, group.id));
    const auto page =
        page_items(std::move(users), ask, [](const Identity& user) { return lower(user.name); });
    Out out;
    out.group = show_group(group);
    for (const Identity& user : page.items) {
      out.users.push_back(show_user(user, Detail::kListed));
    }
    set_page(out, page);
    return out;
  });
}

Result<gen::iam::ListGroupsResponse> list_groups(Core& core, const aws::Call& call,
                                                 const gen::iam::ListGroupsRequest& in) {
  const std::string path = in.path_prefix.value_or("/");
  LAPWING_TRY(const PageAsk ask, page_ask("ListGroups" + path, in.marker, in.max_items));
  using Out = gen::iam::ListGroupsResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const auto page,
                page_records<IdentityTable>(
                    reader, ask, kind_prefix(account_of(call), Kind::kGroup),
                    [&](const Identity& group) { return group.path.starts_with(path); }));
    Out out;
    for (const Identity& group : page.items) out.groups.push_back(show_group(group));
    set_page(out, page);
    return out;
  });
}

Result<aws::Empty> update_group(Core& core, const aws::Call& call,
                                const gen::iam::UpdateGroupRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(Identity group, find_identity(txn, account_of(call), Kind::kGroup, in.group_name));
    const std::string before = IdentityTable::key(group);
    if (in.new_path) {
      LAPWING_CHECK(check_path(*in.new_path));
      group.path = *in.new_path;
    }
    if (in.new_group_name) {
      LAPWING_CHECK(check_name("newGroupName", *in.new_group_name));
      group.name = *in.new_group_name;
    }
    if (IdentityTable::key(group) != before) {
      LAPWING_TRY(const auto taken, Identities::find(txn, IdentityTable::key(group)));
      if (taken) return fail(errors::exists("Group with name", group.name));
      LAPWING_CHECK(Identities::erase(txn, before));
    }
    LAPWING_CHECK(Identities::put(txn, group));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> delete_group(Core& core, const aws::Call& call,
                                const gen::iam::DeleteGroupRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity group,
                find_identity(txn, account_of(call), Kind::kGroup, in.group_name));
    LAPWING_CHECK(check_without_policies(txn, group));
    LAPWING_TRY(const auto users,
                identities_with(txn, IdentityTable::kByGroup, group.account, group.id));
    if (!users.empty()) return fail(errors::conflict("remove users from group"));
    return erase_identity(txn, group);
  }));
  return aws::Empty();
}

Result<aws::Empty> add_user_to_group(Core& core, const aws::Call& call,
                                     const gen::iam::AddUserToGroupRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    const std::string& account = account_of(call);
    LAPWING_TRY(const Identity group, find_identity(txn, account, Kind::kGroup, in.group_name));
    LAPWING_TRY(Identity user, find_identity(txn, account, Kind::kUser, in.user_name));
    if (std::ranges::find(user.groups, group.id) != user.groups.end()) return {};
    if (user.groups.size() >= kGroupsOfUserMax) {
      return fail(errors::quota("GroupsPerUser", kGroupsOfUserMax));
    }
    user.groups.push_back(group.id);
    LAPWING_CHECK(Identities::put(txn, user));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> remove_user_from_group(Core& core, const aws::Call& call,
                                          const gen::iam::RemoveUserFromGroupRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    const std::string& account = account_of(call);
    LAPWING_TRY(const Identity group, find_identity(txn, account, Kind::kGroup, in.group_name));
    LAPWING_TRY(Identity user, find_identity(txn, account, Kind::kUser, in.user_name));
    if (std::erase(user.groups, group.id) == 0) {
      return fail(gen::iam::errors::no_such_entity(
          fmt::format("User {} not in group {}", in.user_name, in.group_name)));
    }
    LAPWING_CHECK(Identities::put(txn, user));
    return {};
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
