#include "services/iam/operations/signing_certificates.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "crypto/certificate.hpp"
#include "gen/iam/enums.hpp"
#include "gen/iam/errors.hpp"
#include "resources/unique_id.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/user_credentials.hpp"

namespace lapwing::iam {
namespace {

constexpr std::size_t kIdCharacters = 32;

gen::iam::SigningCertificate show(const SigningCertificate& certificate, const Identity& user) {
  return {.certificate_body = certificate.body,
          .certificate_id = certificate.id,
          .status = certificate.active ? "Active" : "Inactive",
          .upload_date = wall_from_unix_ms(certificate.uploaded_ms),
          .user_name = user.name};
}

Result<SigningCertificate> find_certificate(store::Reader& reader, const aws::Call& call,
                                            const std::optional<std::string>& user_name,
                                            const std::string& id) {
  LAPWING_TRY(const std::string name, user_or_caller(call, user_name));
  LAPWING_TRY(const Identity user, find_identity(reader, account_of(call), Kind::kUser, name));
  LAPWING_TRY(auto found,
              SigningCertificates::find(reader, user_prefix(user.account, user.id) + id));
  if (found) return std::move(found->record);
  return fail(gen::iam::errors::no_such_entity(
      fmt::format("The Certificate with id {} cannot be found.", id)));
}

}  // namespace

Result<gen::iam::UploadSigningCertificateResponse> upload_signing_certificate(
    Core& core, const aws::Call& call, const gen::iam::UploadSigningCertificateRequest& in) {
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  if (!crypto::read_certificate(in.certificate_body)) {
    return fail(gen::iam::errors::malformed_certificate("Certificate is malformed."));
  }
  using Out = gen::iam::UploadSigningCertificateResponse;
  SigningCertificate certificate;
  certificate.id = resources::unique_id(core.random, "", kIdCharacters);
  certificate.body = in.certificate_body;
  certificate.uploaded_ms = core.now_ms();
  return change<Out>(core, [&](store::Txn& txn) -> Result<Out> {
    LAPWING_TRY(const Identity user, find_identity(txn, account_of(call), Kind::kUser, name));
    certificate.account = user.account;
    certificate.user = user.id;
    LAPWING_TRY(const auto others,
                records_of_user<SigningCertificateTable>(txn, user.account, user.id));
    if (std::ranges::find(others, certificate.body, &SigningCertificate::body) != others.end()) {
      return fail(gen::iam::errors::duplicate_certificate(
          "The certificate is already associated with an IAM user."));
    }
    if (others.size() >= kSigningCertificatesOfUserMax) {
      return fail(errors::quota("CertificatesPerUser", kSigningCertificatesOfUserMax));
    }
    LAPWING_CHECK(SigningCertificates::insert(txn, certificate));
    return Out{.certificate = show(certificate, user)};
  });
}

Result<gen::iam::ListSigningCertificatesResponse> list_signing_certificates(
    Core& core, const aws::Call& call, const gen::iam::ListSigningCertificatesRequest& in) {
  using Out = gen::iam::ListSigningCertificatesResponse;
  Out none;
  none.is_truncated = false;
  // The account's own user has none here.
  if (!in.user_name && call.caller.principal_arn.ends_with(":root")) return none;
  LAPWING_TRY(const std::string name, user_or_caller(call, in.user_name));
  LAPWING_TRY(const PageAsk ask,
              page_ask("ListSigningCertificates" + lower(name), in.marker, in.max_items));
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    LAPWING_TRY(const Identity user, find_identity(reader, account_of(call), Kind::kUser, name));
    LAPWING_TRY(auto all, records_of_user<SigningCertificateTable>(reader, user.account, user.id));
    const auto page =
        page_items(std::move(all), ask, [](const SigningCertificate& each) { return each.id; });
    Out out;
    for (const SigningCertificate& each : page.items) out.certificates.push_back(show(each, user));
    set_page(out, page);
    return out;
  });
}

Result<aws::Empty> update_signing_certificate(Core& core, const aws::Call& call,
                                              const gen::iam::UpdateSigningCertificateRequest& in) {
  if (in.status == gen::iam::statusType::kExpired) {
    return fail(
        errors::validation("Only Active and Inactive can be set as a certificate's status."));
  }
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(SigningCertificate certificate,
                find_certificate(txn, call, in.user_name, in.certificate_id));
    certificate.active = in.status == gen::iam::statusType::kActive;
    LAPWING_CHECK(SigningCertificates::put(txn, certificate));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> delete_signing_certificate(Core& core, const aws::Call& call,
                                              const gen::iam::DeleteSigningCertificateRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const SigningCertificate certificate,
                find_certificate(txn, call, in.user_name, in.certificate_id));
    return SigningCertificates::erase(txn, SigningCertificateTable::key(certificate));
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
