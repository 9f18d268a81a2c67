#include "services/iam/operations/account.hpp"

#include <fmt/core.h>

#include "gen/iam/enums.hpp"
#include "gen/iam/errors.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/user_credentials.hpp"

namespace lapwing::iam {
namespace {

Status change_account(Core& core, const aws::Call& call,
                      FunctionRef<Status(store::Txn&, Account&)> body) {
  return change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(Account account, find_account(txn, account_of(call)));
    LAPWING_CHECK(body(txn, account));
    LAPWING_CHECK(Accounts::put(txn, account));
    return {};
  });
}

Result<Account> read_account(Core& core, const aws::Call& call) {
  return read<Account>(
      core, [&](store::Reader& reader) { return find_account(reader, account_of(call)); });
}

// The account, and how many MFA devices of it are in use.
Result<Account> read_summary(store::Reader& reader, const std::string& account,
                             std::int32_t& in_use) {
  in_use = 0;
  const PageAsk all{"", static_cast<std::size_t>(kMfaDevicesMax), ""};
  LAPWING_TRY(const auto used, page_records<MfaDeviceTable>(
                                   reader, all, account_key(account, ""),
                                   [](const MfaDevice& each) { return !each.user.empty(); }));
  in_use = static_cast<std::int32_t>(used.items.size());
  return find_account(reader, account);
}

Error no_password_policy(std::string_view account) {
  return gen::iam::errors::no_such_entity(
      fmt::format("The Password Policy with domain name {} cannot be found.", account));
}

}  // namespace

Result<gen::iam::GetAccountSummaryResponse> get_account_summary(Core& core, const aws::Call& call,
                                                                const aws::Empty&) {
  std::int32_t in_use = 0;
  LAPWING_TRY(const Account account, read<Account>(core, [&](store::Reader& reader) {
                return read_summary(reader, account_of(call), in_use);
              }));
  const auto counted = [&](const char* what) {
    const auto found = account.counts.find(what);
    return found == account.counts.end() ? 0 : static_cast<std::int32_t>(found->second);
  };
  const auto number = [](auto limit) { return static_cast<std::int32_t>(limit); };
  gen::iam::GetAccountSummaryResponse out;
  out.summary_map = std::map<std::string, std::int32_t>{
      {"Users", counted("Users")},
      {"UsersQuota", number(kUsersMax)},
      {"Groups", counted("Groups")},
      {"GroupsQuota", number(kGroupsMax)},
      {"Roles", counted("Roles")},
      {"RolesQuota", number(kRolesMax)},
      {"Policies", counted("Policies")},
      {"PoliciesQuota", number(kPoliciesMax)},
      {"PolicyVersionsInUse", counted("PolicyVersions")},
      {"PolicyVersionsInUseQuota", 10'000},
      {"InstanceProfiles", counted("InstanceProfiles")},
      {"InstanceProfilesQuota", number(kInstanceProfilesMax)},
      {"PolicySizeQuota", number(kManagedPolicySizeMax)},
      {"AssumeRolePolicySizeQuota", number(kTrustPolicySizeMax)},
      {"RolePolicySizeQuota", number(kRolePoliciesSizeMax)},
      {"UserPolicySizeQuota", number(kUserPoliciesSizeMax)},
      {"GroupPolicySizeQuota", number(kGroupPoliciesSizeMax)},
      {"VersionsPerPolicyQuota", number(kPolicyVersionsMax)},
      {"GroupsPerUserQuota", number(kGroupsOfUserMax)},
      {"AccessKeysPerUserQuota", number(kAccessKeysOfUserMax)},
      {"AttachedPoliciesPerGroupQuota", number(kAttachedPoliciesMax)},
      {"AttachedPoliciesPerRoleQuota", number(kAttachedPoliciesMax)},
      {"AttachedPoliciesPerUserQuota", number(kAttachedPoliciesMax)},
      {"SigningCertificatesPerUserQuota", number(kSigningCertificatesOfUserMax)},
      {"ServerCertificates", counted("ServerCertificates")},
      {"ServerCertificatesQuota", number(kServerCertificatesMax)},
      {"MFADevices", counted("MFADevices")},
      {"MFADevicesInUse", in_use},
      {"Providers", counted("OpenIdConnectProviders") + counted("SAMLProviders")},
      {"AccountMFAEnabled", 0},
      {"AccountAccessKeysPresent", 0},
      {"AccountPasswordPresent", 0},
      {"AccountSigningCertificatesPresent", 0},
      {"GlobalEndpointTokenVersion", account.token_version}};
  return out;
}

Result<gen::iam::ListAccountAliasesResponse> list_account_aliases(
    Core& core, const aws::Call& call, const gen::iam::ListAccountAliasesRequest& in) {
  LAPWING_CHECK(page_ask("ListAccountAliases", in.marker, in.max_items));
  LAPWING_TRY(const Account account, read_account(core, call));
  gen::iam::ListAccountAliasesResponse out;
  if (!account.alias.empty()) out.account_aliases.push_back(account.alias);
  out.is_truncated = false;
  return out;
}

Result<aws::Empty> create_account_alias(Core& core, const aws::Call& call,
                                        const gen::iam::CreateAccountAliasRequest& in) {
  LAPWING_CHECK(change_account(core, call, [&](store::Txn& txn, Account& account) -> Status {
    LAPWING_TRY(const auto taken, Accounts::list(txn, {.prefix = in.account_alias,
                                                       .index = std::string(AccountTable::kByAlias),
                                                       .match = store::Match::kExact}));
    if (!taken.records.empty() && taken.records.front().id != account.id) {
      return fail(gen::iam::errors::entity_already_exists(
          fmt::format("The account alias {} already exists.", in.account_alias)));
    }
    account.alias = in.account_alias;
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> delete_account_alias(Core& core, const aws::Call& call,
                                        const gen::iam::DeleteAccountAliasRequest& in) {
  LAPWING_CHECK(change_account(core, call, [&](store::Txn&, Account& account) -> Status {
    if (account.alias != in.account_alias) {
      return fail(gen::iam::errors::no_such_entity(
          fmt::format("The account alias {} cannot be found.", in.account_alias)));
    }
    account.alias.clear();
    return {};
  }));
  return aws::Empty();
}

Result<gen::iam::GetAccountPasswordPolicyResponse> get_account_password_policy(
    Core& core, const aws::Call& call, const aws::Empty&) {
  LAPWING_TRY(const Account account, read_account(core, call));
  if (account.password_policy.empty()) return fail(no_password_policy(account.id));
  const PasswordPolicy& policy = account.password_policy.front();
  gen::iam::GetAccountPasswordPolicyResponse out;
  auto& shown = out.password_policy;
  shown.allow_users_to_change_password = policy.allow_change;
  shown.expire_passwords = policy.max_age > 0;
  shown.hard_expiry = policy.hard_expiry;
  if (policy.max_age > 0) shown.max_password_age = policy.max_age;
  shown.minimum_password_length = policy.minimum_length;
  if (policy.reuse_prevention > 0) shown.password_reuse_prevention = policy.reuse_prevention;
  shown.require_lowercase_characters = policy.lowercase;
  shown.require_numbers = policy.numbers;
  shown.require_symbols = policy.symbols;
  shown.require_uppercase_characters = policy.uppercase;
  return out;
}

Result<aws::Empty> update_account_password_policy(
    Core& core, const aws::Call& call, const gen::iam::UpdateAccountPasswordPolicyRequest& in) {
  // What is not said goes back to its default.
  PasswordPolicy policy;
  policy.allow_change = in.allow_users_to_change_password.value_or(false);
  policy.hard_expiry = in.hard_expiry.value_or(false);
  policy.max_age = in.max_password_age.value_or(0);
  policy.minimum_length = in.minimum_password_length.value_or(policy.minimum_length);
  policy.reuse_prevention = in.password_reuse_prevention.value_or(0);
  policy.lowercase = in.require_lowercase_characters.value_or(false);
  policy.numbers = in.require_numbers.value_or(false);
  policy.symbols = in.require_symbols.value_or(false);
  policy.uppercase = in.require_uppercase_characters.value_or(false);
  LAPWING_CHECK(change_account(core, call, [&](store::Txn&, Account& account) -> Status {
    account.password_policy = {policy};
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> set_token_preferences(
    Core& core, const aws::Call& call,
    const gen::iam::SetSecurityTokenServicePreferencesRequest& in) {
  const bool second =
      in.global_endpoint_token_version == gen::iam::globalEndpointTokenVersion::kV2Token;
  LAPWING_CHECK(change_account(core, call, [&](store::Txn&, Account& account) -> Status {
    account.token_version = second ? 2 : 1;
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> delete_account_password_policy(Core& core, const aws::Call& call,
                                                  const aws::Empty&) {
  LAPWING_CHECK(change_account(core, call, [&](store::Txn&, Account& account) -> Status {
    if (account.password_policy.empty()) {
      return fail(gen::iam::errors::no_such_entity(
          "The account policy with name PasswordPolicy cannot be found."));
    }
    account.password_policy.clear();
    return {};
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
