// How the records of records.hpp are kept. Names are unique whatever their case.
#pragma once

#include <string>
#include <string_view>

#include "resources/table.hpp"
#include "services/iam/names.hpp"
#include "services/iam/records.hpp"

namespace lapwing::iam {

// "ACCOUNT/NAME", of what is kept by account.
std::string account_key(std::string_view account, std::string_view name);
std::string kind_prefix(std::string_view account, Kind kind);

struct IdentityTable {
  using Record = Identity;
  static constexpr std::string_view kKind = "iam.identity";
  static constexpr int kFormat = 1;
  static constexpr std::string_view kById = "id";
  static constexpr std::string_view kByPolicy = "policy";
  static constexpr std::string_view kByBoundary = "boundary";
  static constexpr std::string_view kByGroup = "group";

  static std::string key(const Identity& identity) {
    return kind_prefix(identity.account, identity.kind) + lower(identity.name);
  }
  static void terms(const Identity& identity, resources::Terms& terms);

  template <class Fields, class R>
  static void fields(Fields& f, R& identity) {
    auto kind = static_cast<std::uint32_t>(identity.kind);
    f("account", identity.account);
    f("kind", kind);
    if constexpr (requires { identity.kind = Kind::kUser; }) {
      identity.kind = static_cast<Kind>(kind);
    }
    f("name", identity.name);
    f("path", identity.path);
    f("id", identity.id);
    f("created", identity.created_ms);
    f("tags", identity.tags);
    f("attached", identity.attached);
    f("boundary", identity.boundary);
    f("trust", identity.trust);
    f("pins", identity.pins);
    f("description", identity.description);
    f("max_session", identity.max_session_s);
    f("groups", identity.groups);
  }
};
using Identities = resources::Table<IdentityTable>;

struct InlinePolicyTable {
  using Record = InlinePolicy;
  static constexpr std::string_view kKind = "iam.inline-policy";
  static constexpr int kFormat = 1;
  static std::string prefix(std::string_view account, std::string_view owner) {
    return account_key(account, owner) + "/";
  }
  static std::string key(const InlinePolicy& policy) {
    return prefix(policy.account, policy.owner) + policy.name;
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& policy) {
    f("account", policy.account);
    f("owner", policy.owner);
    f("name", policy.name);
    f("document", policy.document);
  }
};
using InlinePolicies = resources::Table<InlinePolicyTable>;

struct CustomerPolicyTable {
  using Record = CustomerPolicy;
  static constexpr std::string_view kKind = "iam.policy";
  static constexpr int kFormat = 1;
  static std::string key(const CustomerPolicy& policy) {
    return account_key(policy.account, lower(policy.name));
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& policy) {
    f("account", policy.account);
    f("name", policy.name);
    f("path", policy.path);
    f("id", policy.id);
    f("created", policy.created_ms);
    f("updated", policy.updated_ms);
    f("description", policy.description);
    f("tags", policy.tags);
    f("default", policy.default_version);
    f("last", policy.last_version);
  }
};
using CustomerPolicies = resources::Table<CustomerPolicyTable>;

struct PolicyVersionTable {
  using Record = PolicyVersion;
  static constexpr std::string_view kKind = "iam.policy-version";
  static constexpr int kFormat = 1;
  static std::string prefix(std::string_view account, std::string_view policy) {
    return account_key(account, policy) + "/";
  }
  // Numbers of one width, so that keys are in their order.
  static std::string key(std::string_view account, std::string_view policy, std::int64_t number);
  static std::string key(const PolicyVersion& version) {
    return key(version.account, version.policy, version.number);
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& version) {
    f("account", version.account);
    f("policy", version.policy);
    f("number", version.number);
    f("created", version.created_ms);
    f("document", version.document);
  }
};
using PolicyVersions = resources::Table<PolicyVersionTable>;

struct InstanceProfileTable {
  using Record = InstanceProfile;
  static constexpr std::string_view kKind = "iam.instance-profile";
  static constexpr int kFormat = 1;
  static constexpr std::string_view kByRole = "role";
  static std::string key(const InstanceProfile& profile) {
    return account_key(profile.account, lower(profile.name));
  }
  static void terms(const InstanceProfile& profile, resources::Terms& terms);
  template <class Fields, class R>
  static void fields(Fields& f, R& profile) {
    f("account", profile.account);
    f("name", profile.name);
    f("path", profile.path);
    f("id", profile.id);
    f("created", profile.created_ms);
    f("role", profile.role);
    f("tags", profile.tags);
  }
};
using InstanceProfiles = resources::Table<InstanceProfileTable>;

struct AccessKeyTable {
  using Record = AccessKey;
  static constexpr std::string_view kKind = "iam.access-key";
  static constexpr int kFormat = 2;
  static constexpr std::string_view kByUser = "user";
  static std::string key(const AccessKey& access_key) { return access_key.id; }
  static void terms(const AccessKey& access_key, resources::Terms& terms);
  template <class Fields, class R>
  static void fields(Fields& f, R& access_key) {
    f("id", access_key.id);
    f("account", access_key.account);
    f("user", access_key.user);
    f("secret", access_key.plain_secret);
    f("sealed", access_key.sealed);
    f("active", access_key.active);
    f("created", access_key.created_ms);
    f("last_use", access_key.last_use);
  }
};
using AccessKeys = resources::Table<AccessKeyTable>;

struct OidcProviderTable {
  using Record = OidcProvider;
  static constexpr std::string_view kKind = "iam.oidc-provider";
  static constexpr int kFormat = 1;
  static std::string key(const OidcProvider& provider) {
    return account_key(provider.account, provider.host);
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& provider) {
    f("account", provider.account);
    f("host", provider.host);
    f("created", provider.created_ms);
    f("client_ids", provider.client_ids);
    f("thumbprints", provider.thumbprints);
    f("tags", provider.tags);
  }
};
using OidcProviders = resources::Table<OidcProviderTable>;

struct SamlProviderTable {
  using Record = SamlProvider;
  static constexpr std::string_view kKind = "iam.saml-provider";
  static constexpr int kFormat = 1;
  static std::string key(const SamlProvider& provider) {
    return account_key(provider.account, provider.name);
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& provider) {
    f("account", provider.account);
    f("name", provider.name);
    f("id", provider.id);
    f("document", provider.document);
    f("created", provider.created_ms);
    f("valid_until", provider.valid_until_ms);
    f("tags", provider.tags);
  }
};
using SamlProviders = resources::Table<SamlProviderTable>;

struct AccountTable {
  using Record = Account;
  static constexpr std::string_view kKind = "iam.account";
  static constexpr int kFormat = 1;
  static constexpr std::string_view kByAlias = "alias";
  static std::string key(const Account& account) { return account.id; }
  static void terms(const Account& account, resources::Terms& terms);
  template <class Fields, class R>
  static void fields(Fields& f, R& account) {
    f("id", account.id);
    f("alias", account.alias);
    f("password_policy", account.password_policy);
    f("report", account.report_ms);
    f("token_version", account.token_version);
    f("counts", account.counts);
  }
};
using Accounts = resources::Table<AccountTable>;

}  // namespace lapwing::iam
