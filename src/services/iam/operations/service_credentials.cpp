#include "services/iam/operations/service_credentials.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "gen/iam/enums.hpp"
#include "gen/iam/errors.hpp"
#include "resources/unique_id.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/sealing.hpp"
#include "services/iam/user_credentials.hpp"

namespace lapwing::iam {
namespace {

constexpr std::size_t kIdCharacters = 21;
constexpr std::array<std::string_view, 2> kServices = {"cassandra.amazonaws.com",
                                                       "codecommit.amazonaws.com"};

std::string show_status(const ServiceCredential& credential) {
  return credential.active ? "Active" : "Inactive";
}

// The first has the user's name and the account's number, a second one a number of its own.
std::string free_name(const Identity& user, const std::vector<ServiceCredential>& others) {
  for (std::size_t number = 0;; ++number) {
    std::string name = number == 0 ? fmt::format("{}-at-{}", user.name, user.account)
                                   : fmt::format("{}+{}-at-{}", user.name, number, user.account);
    if (std::ranges::find(others, name, &ServiceCredential::name) == others.end()) return name;
  }
}

gen::iam::ServiceSpecificCredential show(const ServiceCredential& credential, const Identity& user,
                                         const std::string& password) {
  gen::iam::ServiceSpecificCredential out;
  out.create_date = wall_from_unix_ms(credential.created_ms);
  out.service_name = credential.service;
  out.service_password = password;
  out.service_specific_credential_id = credential.id;
  out.service_user_name = credential.name;
  out.status = show_status(credential);
  out.user_name = user.name;
  return out;
}

struct Found {
  Identity user;
  ServiceCredential credential;
};

Result<Found> find_credential(store::Reader& reader, const aws::Call& call,
                              const std::optional<std::string>& user_name, const std::string& id) {
  LAPWING_TRY(const std::string name, user_or_caller(call, user_name));
  Found out;
  LAPWING_TRY(out.user, find_identity(reader, account_of(call), Kind::kUser, name));
  LAPWING_TRY(auto found,
              ServiceCredentials::find(reader, user_prefix(out.user.account, out.user.id) + id));
  if (!found) {
    return fail(gen::iam::errors::no_such_entity(fmt::format("No such credential {} exists", id)));
  }
  out.credential = std::move(found->record);
  return out;
}

}  // namespace

Result<gen::iam::CreateServiceSpecificCredentialResponse> create_service_credential(
    Core& core, const aws::Call& call, const gen::iam::CreateServiceSpecificCredentialRequest& in) {
  if (std::ranges::find(kServices, in.service_name) == kServices.end()) {
    return fail(gen::iam::errors::service_not_supported(fmt::format(
        "No such service {} is supported for Service Specific Credentials", in.service_name)));
  }
  using Out = gen::iam::CreateServiceSpecificCredentialResponse;
  const std::string password = new_secret_access_key(core.random) + "=";
  ServiceCredential credential;
  credential.id = resources::unique_id(core.random, "ACCA", kIdCharacters);
  credential.service = in.service_name;
  credential.mark = core.sealer.mark(password, credential.id);
  credential.created_ms = core.now_ms();
  return change<Out>(core, [&](store::Txn& txn) -> Result<Out> {
    LAPWING_TRY(const Identity user,
                find_identity(txn, account_of(call), Kind::kUser, in.user_name));
    LAPWING_TRY(auto others, records_of_user<ServiceCredentialTable>(txn, user.account, user.id));
    std::erase_if(others, [&](const ServiceCredential& other) {
      return other.service != credential.service;
    });
    if (others.size() >= kServiceCredentialsOfUserMax) {
      return fail(errors::quota("ServiceSpecificCredentialsPerUser", kServiceCredentialsOfUserMax));
    }
    credential.account = user.account;
    credential.user = user.id;
    credential.name = free_name(user, others);
    LAPWING_CHECK(ServiceCredentials::insert(txn, credential));
    return Out{.service_specific_credential = show(credential, user, password)};
  });
}

Result<gen::iam::ListServiceSpecificCredentialsResponse> list_service_credentials(
    Core& core, const aws::Call& call, const gen::iam::ListServiceSpecificCredentialsRequest& in) {
  using Out = gen::iam::ListServiceSpecificCredentialsResponse;
  // The account's own user has none here.
  if (!in.user_name && call.caller.principal_arn.ends_with(":root")) {
    Out none;
    none.service_specific_credentials.emplace();
    return none;
  }
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity user, find_identity(reader, account_of(call), Kind::kUser, name));
    LAPWING_TRY(const auto all,
                records_of_user<ServiceCredentialTable>(reader, user.account, user.id));
    Out out;
    out.service_specific_credentials.emplace();
    for (const ServiceCredential& credential : all) {
      if (in.service_name && *in.service_name != credential.service) continue;
      gen::iam::ServiceSpecificCredentialMetadata shown;
      shown.create_date = wall_from_unix_ms(credential.created_ms);
      shown.service_name = credential.service;
      shown.service_specific_credential_id = credential.id;
      shown.service_user_name = credential.name;
      shown.status = show_status(credential);
      shown.user_name = user.name;
      out.service_specific_credentials->push_back(std::move(shown));
    }
    return out;
  });
}

Result<gen::iam::ResetServiceSpecificCredentialResponse> reset_service_credential(
    Core& core, const aws::Call& call, const gen::iam::ResetServiceSpecificCredentialRequest& in) {
  using Out = gen::iam::ResetServiceSpecificCredentialResponse;
  const std::string password = new_secret_access_key(core.random) + "=";
  return change<Out>(core, [&](store::Txn& txn) -> Result<Out> {
    LAPWING_TRY(Found found,
                find_credential(txn, call, in.user_name, in.service_specific_credential_id));
    found.credential.mark = core.sealer.mark(password, found.credential.id);
    LAPWING_CHECK(ServiceCredentials::put(txn, found.credential));
    return Out{.service_specific_credential = show(found.credential, found.user, password)};
  });
}

Result<aws::Empty> update_service_credential(
    Core& core, const aws::Call& call, const gen::iam::UpdateServiceSpecificCredentialRequest& in) {
  if (in.status == gen::iam::statusType::kExpired) {
    return fail(
        errors::validation("Only Active and Inactive can be set as a credential's status."));
  }
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(Found found,
                find_credential(txn, call, in.user_name, in.service_specific_credential_id));
    found.credential.active = in.status == gen::iam::statusType::kActive;
    LAPWING_CHECK(ServiceCredentials::put(txn, found.credential));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> delete_service_credential(
    Core& core, const aws::Call& call, const gen::iam::DeleteServiceSpecificCredentialRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const Found found,
                find_credential(txn, call, in.user_name, in.service_specific_credential_id));
    return ServiceCredentials::erase(txn, ServiceCredentialTable::key(found.credential));
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
