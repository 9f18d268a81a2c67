#include "services/iam/operations/roles.hpp"

#include <fmt/core.h>

#include "gen/iam/errors.hpp"
#include "services/iam/documents.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/key_ring.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/operations/attachments.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/show.hpp"
#include "services/iam/tags.hpp"

namespace lapwing::iam {
namespace {

std::int64_t quota_of(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return kUsersMax;
    case Kind::kGroup:
      return kGroupsMax;
    case Kind::kRole:
      break;
  }
  return kRolesMax;
}

// Reads, changes and writes a role that is not a service's.
Result<Identity> change_role(Core& core, const aws::Call& call, std::string_view name,
                             FunctionRef<Status(store::Txn&, Identity&)> body) {
  return change<Identity>(core, [&](store::Txn& txn) -> Result<Identity> {
    LAPWING_TRY(Identity role, find_own_role(txn, account_of(call), name));
    LAPWING_CHECK(body(txn, role));
    LAPWING_CHECK(Identities::put(txn, role));
    return role;
  });
}

}  // namespace

Status insert_identity(store::Txn& txn, const Identity& identity) {
  LAPWING_TRY(const auto found, Identities::find(txn, IdentityTable::key(identity)));
  if (found) {
    return fail(errors::exists(fmt::format("{} with name", title(identity.kind)), identity.name));
  }
  LAPWING_CHECK(count(txn, identity.account, fmt::format("{}s", title(identity.kind)), 1,
                      quota_of(identity.kind)));
  LAPWING_CHECK(Identities::insert(txn, identity));
  return {};
}

Status erase_identity(store::Txn& txn, const Identity& identity) {
  LAPWING_CHECK(count(txn, identity.account, fmt::format("{}s", title(identity.kind)), -1,
                      quota_of(identity.kind)));
  return Identities::erase(txn, IdentityTable::key(identity));
}

Status change_identity(Core& core, const std::string& account, const std::string& id,
                       FunctionRef<Status(store::Txn&)> body) {
  const Status written = change(core, body);
  if (!id.empty()) LAPWING_CHECK(core.keys.refresh_identity(account, id));
  return written;
}

Status check_without_policies(store::Reader& reader, const Identity& identity) {
  if (!identity.attached.empty()) return fail(errors::conflict("detach all policies"));
  LAPWING_TRY(const auto written, inline_policies_of(reader, identity.account, identity.id));
  if (!written.empty()) return fail(errors::conflict("delete policies"));
  return {};
}

Result<gen::iam::CreateRoleResponse> create_role(Core& core, const aws::Call& call,
                                                 gen::iam::CreateRoleRequest in) {
  LAPWING_CHECK(check_name("roleName", in.role_name));
  Identity role;
  role.account = account_of(call);
  role.kind = Kind::kRole;
  role.name = std::move(in.role_name);
  role.path = in.path.value_or("/");
  role.id = new_id(core.random, Kind::kRole);
  role.created_ms = core.now_ms();
  role.trust = std::move(in.assume_role_policy_document);
  role.description = in.description.value_or("");
  role.max_session_s = in.max_session_duration.value_or(kMaxSessionSecondsDefault);
  role.boundary = in.permissions_boundary.value_or("");
  LAPWING_CHECK(check_path(role.path));
  if (is_service_linked(role)) {
    return fail(gen::iam::errors::invalid_input(
        "The path /aws-service-role/ is reserved for service-linked roles."));
  }
  LAPWING_CHECK(put_tags(role.tags, in.tags.value_or(TagList()), KeyCase::kIgnored));
  gen::iam::CreateRoleResponse out;
  LAPWING_CHECK(change_identity(core, role.account, role.id, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(role.pins, check_trust_document(txn, role.account, role.trust));
    if (!role.boundary.empty()) LAPWING_CHECK(check_boundary(txn, role.account, role.boundary));
    LAPWING_CHECK(insert_identity(txn, role));
    LAPWING_TRY(out.role, show_role(txn, role, Detail::kCreated));
    return {};
  }));
  return out;
}

Result<gen::iam::GetRoleResponse> get_role(Core& core, const aws::Call& call,
                                           const gen::iam::GetRoleRequest& in) {
  return read<gen::iam::GetRoleResponse>(
      core, [&](store::Reader& reader) -> Result<gen::iam::GetRoleResponse> {
        LAPWING_TRY(const Identity role,
                    find_identity(reader, account_of(call), Kind::kRole, in.role_name));
        gen::iam::GetRoleResponse out;
        LAPWING_TRY(out.role, show_role(reader, role, Detail::kWhole));
        return out;
      });
}

Result<gen::iam::ListRolesResponse> list_roles(Core& core, const aws::Call& call,
                                               const gen::iam::ListRolesRequest& in) {
  const std::string path = in.path_prefix.value_or("/");
  LAPWING_TRY(const PageAsk ask, page_ask("ListRoles" + path, in.marker, in.max_items));
  return read<gen::iam::ListRolesResponse>(
      core, [&](store::Reader& reader) -> Result<gen::iam::ListRolesResponse> {
        LAPWING_TRY(const auto page,
                    page_records<IdentityTable>(
                        reader, ask, kind_prefix(account_of(call), Kind::kRole),
                        [&](const Identity& role) { return role.path.starts_with(path); }));
        gen::iam::ListRolesResponse out;
        for (const Identity& role : page.items) {
          LAPWING_TRY(auto shown, show_role(reader, role, Detail::kListed));
          out.roles.push_back(std::move(shown));
        }
        set_page(out, page);
        return out;
      });
}

Result<gen::iam::UpdateRoleResponse> update_role(Core& core, const aws::Call& call,
                                                 const gen::iam::UpdateRoleRequest& in) {
  LAPWING_CHECK(change_role(core, call, in.role_name, [&](store::Txn&, Identity& role) -> Status {
    if (in.description) role.description = *in.description;
    if (in.max_session_duration) role.max_session_s = *in.max_session_duration;
    return {};
  }));
  return gen::iam::UpdateRoleResponse();
}

Result<gen::iam::UpdateRoleDescriptionResponse> update_role_description(
    Core& core, const aws::Call& call, const gen::iam::UpdateRoleDescriptionRequest& in) {
  LAPWING_TRY(const Identity role,
              change_role(core, call, in.role_name, [&](store::Txn&, Identity& each) -> Status {
                each.description = in.description;
                return {};
              }));
  return read<gen::iam::UpdateRoleDescriptionResponse>(
      core, [&](store::Reader& reader) -> Result<gen::iam::UpdateRoleDescriptionResponse> {
        gen::iam::UpdateRoleDescriptionResponse out;
        LAPWING_TRY(out.role, show_role(reader, role, Detail::kWhole));
        return out;
      });
}

Result<aws::Empty> update_assume_role_policy(Core& core, const aws::Call& call,
                                             const gen::iam::UpdateAssumeRolePolicyRequest& in) {
  LAPWING_CHECK(
      change_role(core, call, in.role_name, [&](store::Txn& txn, Identity& role) -> Status {
        LAPWING_TRY(role.pins, check_trust_document(txn, role.account, in.policy_document));
        role.trust = in.policy_document;
        return {};
      }));
  return aws::Empty();
}

Result<aws::Empty> delete_role(Core& core, const aws::Call& call,
                               const gen::iam::DeleteRoleRequest& in) {
  std::string id;
  LAPWING_CHECK(change_identity(core, account_of(call), id, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Identity role, find_own_role(txn, account_of(call), in.role_name));
    id = role.id;
    LAPWING_CHECK(check_without_policies(txn, role));
    LAPWING_TRY(const auto profiles, profiles_of(txn, role.account, role.id));
    if (!profiles.empty()) return fail(errors::conflict("remove roles from instance profile"));
    return erase_identity(txn, role);
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
