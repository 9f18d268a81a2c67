// TagRole, UntagRole, ListRoleTags, and the same of users, policies, instance profiles, MFA
// devices, certificates of servers, OpenID Connect and SAML providers.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "aws/empty.hpp"
#include "services/iam/certificates.hpp"
#include "services/iam/core.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/managed_policies.hpp"
#include "services/iam/operations/which.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/tags.hpp"
#include "services/iam/user_credentials.hpp"

namespace lapwing::iam {

// The record that an input names: it has `tags`.
template <class In>
auto find_tagged(store::Reader& reader, const aws::Call& call, const In& in) {
  if constexpr (requires { in.policy_arn; }) {
    return find_changeable_policy(reader, account_of(call), in.policy_arn, "tag policies");
  } else if constexpr (requires { in.open_id_connect_provider_arn; }) {
    return find_oidc_provider(reader, account_of(call), in.open_id_connect_provider_arn);
  } else if constexpr (requires { in.saml_provider_arn; }) {
    return find_saml_provider(reader, account_of(call), in.saml_provider_arn);
  } else if constexpr (requires { in.server_certificate_name; }) {
    return find_server_certificate(reader, account_of(call), in.server_certificate_name);
  } else if constexpr (requires { in.serial_number; }) {
    return find_mfa_device(reader, account_of(call), in.serial_number);
  } else if constexpr (requires { in.instance_profile_name; }) {
    return find_profile(reader, account_of(call), in.instance_profile_name);
  } else {
    return find_identity(reader, account_of(call), kind_of<In>(), name_in(in));
  }
}

template <class Record>
constexpr KeyCase key_case_of(const Record&) {
  return std::is_same_v<Record, Identity> ? KeyCase::kIgnored : KeyCase::kTells;
}

inline Result<store::Revision> put_tagged(store::Txn& txn, const CustomerPolicy& policy) {
  return CustomerPolicies::put(txn, policy);
}
inline Result<store::Revision> put_tagged(store::Txn& txn, const InstanceProfile& profile) {
  return InstanceProfiles::put(txn, profile);
}
inline Result<store::Revision> put_tagged(store::Txn& txn, const OidcProvider& provider) {
  return OidcProviders::put(txn, provider);
}
inline Result<store::Revision> put_tagged(store::Txn& txn, const SamlProvider& provider) {
  return SamlProviders::put(txn, provider);
}
inline Result<store::Revision> put_tagged(store::Txn& txn, const ServerCertificate& certificate) {
  return ServerCertificates::put(txn, certificate);
}
inline Result<store::Revision> put_tagged(store::Txn& txn, const MfaDevice& device) {
  return MfaDevices::put(txn, device);
}
inline Result<store::Revision> put_tagged(store::Txn& txn, const Identity& identity) {
  return Identities::put(txn, identity);
}

template <class Op>
Result<aws::Empty> tag(Core& core, const aws::Call& call, typename Op::Input in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(auto record, find_tagged(txn, call, in));
    LAPWING_CHECK(put_tags(record.tags, in.tags, key_case_of(record)));
    LAPWING_CHECK(put_tagged(txn, record));
    return {};
  }));
  return aws::Empty();
}

template <class Op>
Result<aws::Empty> untag(Core& core, const aws::Call& call, typename Op::Input in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(auto record, find_tagged(txn, call, in));
    remove_tags(record.tags, in.tag_keys, key_case_of(record));
    LAPWING_CHECK(put_tagged(txn, record));
    return {};
  }));
  return aws::Empty();
}

template <class Op>
Result<typename Op::Output> list_tags(Core& core, const aws::Call& call, typename Op::Input in) {
  LAPWING_TRY(const PageAsk ask, page_ask(std::string(Op::kName), in.marker, in.max_items));
  LAPWING_TRY(TagList all, read<TagList>(core, [&](store::Reader& reader) -> Result<TagList> {
                LAPWING_TRY(const auto record, find_tagged(reader, call, in));
                return show_tags(record.tags);
              }));
  auto page = page_items(std::move(all), ask, [](const gen::iam::Tag& each) { return each.key; });
  typename Op::Output out;
  out.tags = std::move(page.items);
  set_page(out, page);
  return out;
}

}  // namespace lapwing::iam
