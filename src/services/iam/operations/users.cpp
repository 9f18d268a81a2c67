#include "services/iam/operations/users.hpp"

#include <algorithm>

#include "aws/arn.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/key_ring.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/operations/attachments.hpp"
#include "services/iam/operations/roles.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/show.hpp"
#include "services/iam/tags.hpp"
#include "services/iam/user_credentials.hpp"

namespace lapwing::iam {
namespace {

// The account's own user, whom nobody made.
gen::iam::User root_user(const aws::Call& call) {
  gen::iam::User out;
  out.arn = call.caller.principal_arn;
  out.path = "/";
  out.user_id = account_of(call);
  out.user_name = "root";
  return out;
}

Result<Identity> find_user(Core& core, const aws::Call& call, const std::string& name) {
  return read<Identity>(core, [&](store::Reader& reader) {
    return find_identity(reader, account_of(call), Kind::kUser, name);
  });
}

}  // namespace

Result<gen::iam::CreateUserResponse> create_user(Core& core, const aws::Call& call,
                                                 gen::iam::CreateUserRequest in) {
  LAPWING_CHECK(check_name("userName", in.user_name));
  Identity user;
  user.account = account_of(call);
  user.kind = Kind::kUser;
  user.name = std::move(in.user_name);
  user.path = in.path.value_or("/");
  user.id = new_id(core.random, Kind::kUser);
  user.created_ms = core.now_ms();
  user.boundary = in.permissions_boundary.value_or("");
  LAPWING_CHECK(check_path(user.path));
  LAPWING_CHECK(put_tags(user.tags, in.tags.value_or(TagList()), KeyCase::kIgnored));
  LAPWING_CHECK(change_identity(core, user.account, user.id, [&](store::Txn& txn) -> Status {
    if (!user.boundary.empty()) LAPWING_CHECK(check_boundary(txn, user.account, user.boundary));
    return insert_identity(txn, user);
  }));
  gen::iam::CreateUserResponse out;
  out.user = show_user(user, Detail::kCreated);
  return out;
}

Result<gen::iam::GetUserResponse> get_user(Core& core, const aws::Call& call,
                                           const gen::iam::GetUserRequest& in) {
  gen::iam::GetUserResponse out;
  if (!in.user_name && call.caller.principal_arn.ends_with(":root")) {
    out.user = root_user(call);
    return out;
  }
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  LAPWING_TRY(const Identity user, find_user(core, call, name));
  out.user = show_user(user, Detail::kWhole);
  return out;
}

Result<gen::iam::ListUsersResponse> list_users(Core& core, const aws::Call& call,
                                               const gen::iam::ListUsersRequest& in) {
  const std::string path = in.path_prefix.value_or("/");
  LAPWING_TRY(const PageAsk ask, page_ask("ListUsers" + path, in.marker, in.max_items));
  return read<gen::iam::ListUsersResponse>(
      core, [&](store::Reader& reader) -> Result<gen::iam::ListUsersResponse> {
        LAPWING_TRY(const auto page,
                    page_records<IdentityTable>(
                        reader, ask, kind_prefix(account_of(call), Kind::kUser),
                        [&](const Identity& user) { return user.path.starts_with(path); }));
        gen::iam::ListUsersResponse out;
        for (const Identity& user : page.items) {
          out.users.push_back(show_user(user, Detail::kListed));
        }
        set_page(out, page);
        return out;
      });
}

Result<aws::Empty> update_user(Core& core, const aws::Call& call,
                               const gen::iam::UpdateUserRequest& in) {
  std::string id;
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(Identity user, find_identity(txn, account_of(call), Kind::kUser, in.user_name));
    id = user.id;
    const std::string before = IdentityTable::key(user);
    if (in.new_path) {
      LAPWING_CHECK(check_path(*in.new_path));
      user.path = *in.new_path;
    }
    if (in.new_user_name) {
      LAPWING_CHECK(check_name("newUserName", *in.new_user_name));
      user.name = *in.new_user_name;
    }
    if (IdentityTable::key(user) != before) {
      LAPWING_TRY(const auto taken, Identities::find(txn, IdentityTable::key(user)));
      if (taken) return fail(errors::exists("User with name", user.name));
      LAPWING_CHECK(Identities::erase(txn, before));
    }
    LAPWING_CHECK(Identities::put(txn, user));
    return {};
  }));
  LAPWING_CHECK(core.keys.refresh_user(account_of(call), id));
  return aws::Empty();
}

Result<aws::Empty> delete_user(Core& core, const aws::Call& call,
                               const gen::iam::DeleteUserRequest& in) {
  std::string id;
  LAPWING_CHECK(change_identity(core, account_of(call), id, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity user,
                find_identity(txn, account_of(call), Kind::kUser, in.user_name));
    id = user.id;
    LAPWING_CHECK(check_without_policies(txn, user));
    LAPWING_TRY(const auto keys, access_keys_of(txn, user.account, user.id));
    if (!keys.empty()) return fail(errors::conflict("delete access keys"));
    if (!user.groups.empty()) return fail(errors::conflict("remove users from group"));
    LAPWING_TRY(const bool others, has_credentials(txn, user));
    if (others) return fail(errors::conflict("remove referenced objects"));
    return erase_identity(txn, user);
  }));
  return aws::Empty();
}

Result<gen::iam::ListGroupsForUserResponse> list_groups_for_user(
    Core& core, const aws::Call& call, const gen::iam::ListGroupsForUserRequest& in) {
  LAPWING_TRY(const PageAsk ask,
              page_ask("ListGroupsForUser" + lower(in.user_name), in.marker, in.max_items));
  using Out = gen::iam::ListGroupsForUserResponse;
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity user,
                find_identity(reader, account_of(call), Kind::kUser, in.user_name));
    std::vector<gen::iam::Group> groups;
    for (const std::string& id : user.groups) {
      LAPWING_TRY(const auto group, find_identity_by_id(reader, user.account, id));
      if (group) groups.push_back(show_group(*group));
    }
    auto page = page_items(std::move(groups), ask,
                           [](const gen::iam::Group& group) { return lower(group.group_name); });
    Out out;
    out.groups = std::move(page.items);
    set_page(out, page);
    return out;
  });
}

}  // namespace lapwing::iam
