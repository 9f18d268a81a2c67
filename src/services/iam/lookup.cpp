#include "services/iam/lookup.hpp"

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/iam/errors.hpp"

namespace lapwing::iam {
namespace {

// Everything that a scan over an index, or a prefix, finds.
template <class Spec>
Result<std::vector<typename Spec::Record>> all(store::Reader& reader,
                                               resources::ListOptions options) {
  std::vector<typename Spec::Record> out;
  options.limit = store::kMaxScanLimit;
  while (true) {
    LAPWING_TRY(auto page, resources::Table<Spec>::list(reader, options));
    for (auto& record : page.records) out.push_back(std::move(record));
    if (!page.next) return out;
    options.after = *std::move(page.next);
  }
}

resources::ListOptions exactly(std::string_view index, std::string_view account,
                               std::string_view term) {
  return {.prefix = account_key(account, term),
          .index = std::string(index),
          .match = store::Match::kExact};
}

}  // namespace

Result<Identity> find_identity(store::Reader& reader, std::string_view account, Kind kind,
                               std::string_view name) {
  LAPWING_CHECK(check_name(fmt::format("{}Name", resource_type(kind)), name));
  LAPWING_TRY(auto found, Identities::find(reader, kind_prefix(account, kind) + lower(name)));
  if (!found) return fail(errors::no_identity(kind, name));
  return std::move(found->record);
}

Result<std::optional<Identity>> find_identity_by_id(store::Reader& reader, std::string_view account,
                                                    std::string_view id) {
  LAPWING_TRY(auto found, identities_with(reader, IdentityTable::kById, account, id));
  if (found.empty()) return std::optional<Identity>();
  return std::optional(std::move(found.front()));
}

bool is_service_linked(const Identity& role) {
  return role.kind == Kind::kRole && role.path.starts_with("/aws-service-role/");
}

Result<Identity> find_own_role(store::Reader& reader, std::string_view account,
                               std::string_view name) {
  LAPWING_TRY(Identity role, find_identity(reader, account, Kind::kRole, name));
  if (is_service_linked(role)) return fail(errors::protected_role(role.name));
  return role;
}

Result<std::vector<Identity>> identities_with(store::Reader& reader, std::string_view index,
                                              std::string_view account, std::string_view term) {
  return all<IdentityTable>(reader, exactly(index, account, term));
}

Result<std::vector<InstanceProfile>> profiles_of(store::Reader& reader, std::string_view account,
                                                 std::string_view role_id) {
  return all<InstanceProfileTable>(reader,
                                   exactly(InstanceProfileTable::kByRole, account, role_id));
}

Result<std::vector<AccessKey>> access_keys_of(store::Reader& reader, std::string_view account,
                                              std::string_view user_id) {
  return all<AccessKeyTable>(reader, exactly(AccessKeyTable::kByUser, account, user_id));
}

Result<std::vector<InlinePolicy>> inline_policies_of(store::Reader& reader,
                                                     std::string_view account,
                                                     std::string_view owner_id) {
  return all<InlinePolicyTable>(reader, {.prefix = InlinePolicyTable::prefix(account, owner_id)});
}

Result<InstanceProfile> find_profile(store::Reader& reader, std::string_view account,
                                     std::string_view name) {
  LAPWING_CHECK(check_name("instanceProfileName", name));
  LAPWING_TRY(auto found, InstanceProfiles::find(reader, account_key(account, lower(name))));
  if (!found) return fail(errors::no_instance_profile(name));
  return std::move(found->record);
}

Result<OidcProvider> find_oidc_provider(store::Reader& reader, std::string_view account,
                                        std::string_view arn) {
  const std::string prefix = arn_of(account, "oidc-provider", "/", "");
  if (arn.starts_with(prefix)) {
    LAPWING_TRY(auto found,
                OidcProviders::find(reader, account_key(account, arn.substr(prefix.size()))));
    if (found) return std::move(found->record);
  }
  return fail(errors::no_oidc_provider(arn));
}

Result<SamlProvider> find_saml_provider(store::Reader& reader, std::string_view account,
                                        std::string_view arn) {
  const std::string prefix = arn_of(account, "saml-provider", "/", "");
  if (arn.starts_with(prefix)) {
    LAPWING_TRY(auto found,
                SamlProviders::find(reader, account_key(account, arn.substr(prefix.size()))));
    if (found) return std::move(found->record);
  }
  return fail(errors::no_saml_provider(arn));
}

Result<Account> find_account(store::Reader& reader, std::string_view account) {
  LAPWING_TRY(auto found, Accounts::find(reader, account));
  if (found) return std::move(found->record);
  Account fresh;
  fresh.id = account;
  return fresh;
}

Status count(store::Txn& txn, std::string_view account, std::string_view what, std::int64_t by,
             std::int64_t limit) {
  LAPWING_TRY(Account record, find_account(txn, account));
  std::int64_t& number = record.counts[std::string(what)];
  number += by;
  if (by > 0 && number > limit) {
    return fail(errors::quota(fmt::format("{}PerAccount", what), static_cast<std::size_t>(limit)));
  }
  LAPWING_CHECK(Accounts::put(txn, record));
  return {};
}

Result<std::string> user_or_caller(const aws::Call& call, const std::optional<std::string>& name) {
  if (name) return *name;
  const auto arn = aws::Arn::parse(call.caller.principal_arn);
  if (!arn || arn->service != "iam" || arn->resource_type() != "user") {
    return fail(errors::validation("Must specify userName when calling with non-User credentials"));
  }
  const std::string_view id = arn->resource_id();
  return std::string(id.substr(id.rfind('/') + 1));
}

}  // namespace lapwing::iam
