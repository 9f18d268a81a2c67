#include "services/iam/operations/server_certificates.hpp"

#include <utility>

#include <fmt/core.h>

#include "crypto/certificate.hpp"
#include "gen/iam/errors.hpp"
#include "resources/unique_id.hpp"
#include "services/iam/certificates.hpp"
#include "services/iam/errors.hpp"
#include "services/iam/limits.hpp"
#include "services/iam/lookup.hpp"
#include "services/iam/pages.hpp"
#include "services/iam/sealing.hpp"
#include "services/iam/tags.hpp"

namespace lapwing::iam {
namespace {

constexpr char kCounted[] = "ServerCertificates";
constexpr std::size_t kIdCharacters = 21;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(gen::iam::errors::malformed_certificate(
      fmt::format("Unable to parse {}. Please ensure the {} is in PEM format.", what, what)));
}

gen::iam::ServerCertificateMetadata show(const ServerCertificate& certificate) {
  return {.arn = arn_of(certificate),
          .expiration = wall_from_unix_ms(certificate.expires_ms),
          .path = certificate.path,
          .server_certificate_id = certificate.id,
          .server_certificate_name = certificate.name,
          .upload_date = wall_from_unix_ms(certificate.uploaded_ms)};
}

// What a certificate, its chain and its key must be; when it ends.
Result<std::int64_t> check_upload(const gen::iam::UploadServerCertificateRequest& in) {
  const auto facts = crypto::read_certificate(in.certificate_body);
  if (!facts) return malformed("certificate");
  if (in.certificate_chain) {
    if (in.certificate_chain->size() > kCertificateChainBytesMax) {
      return fail(errors::quota("CertificateChainSize", kCertificateChainBytesMax));
    }
    if (!crypto::read_certificate(*in.certificate_chain)) return malformed("certificate chain");
  }
  switch (crypto::match_private_key(in.certificate_body, in.private_key)) {
    case crypto::KeyMatch::kNoKey:
      return malformed("private key");
    case crypto::KeyMatch::kAnother:
      return fail(gen::iam::errors::key_pair_mismatch(
          "The public key certificate and the private key do not match."));
    case crypto::KeyMatch::kMatches:
      break;
  }
  return unix_ms(facts->not_after);
}

Status check_free(store::Reader& reader, const ServerCertificate& certificate) {
  LAPWING_TRY(const auto found,
              ServerCertificates::find(reader, ServerCertificateTable::key(certificate)));
  if (found) return fail(errors::exists("The Server Certificate with name", certificate.name));
  return {};
}

}  // namespace

Result<gen::iam::UploadServerCertificateResponse> upload_server_certificate(
    Core& core, const aws::Call& call, gen::iam::UploadServerCertificateRequest in) {
  ServerCertificate certificate;
  LAPWING_CHECK(check_path(in.path.value_or("/")));
  LAPWING_TRY(certificate.expires_ms, check_upload(in));
  certificate.account = account_of(call);
  certificate.name = std::move(in.server_certificate_name);
  certificate.path = in.path.value_or("/");
  certificate.id = resources::unique_id(core.random, "ASCA", kIdCharacters);
  certificate.body = std::move(in.certificate_body);
  certificate.chain = in.certificate_chain.value_or("");
  certificate.sealed_key = core.sealer.seal(in.private_key, certificate.id);
  certificate.uploaded_ms = core.now_ms();
  LAPWING_CHECK(put_tags(certificate.tags, in.tags.value_or(TagList()), KeyCase::kTells));
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_CHECK(check_free(txn, certificate));
    LAPWING_CHECK(count(txn, certificate.account, kCounted, 1, kServerCertificatesMax));
    LAPWING_CHECK(ServerCertificates::insert(txn, certificate));
    return {};
  }));
  gen::iam::UploadServerCertificateResponse out;
  out.server_certificate_metadata = show(certificate);
  out.tags = show_some_tags(certificate.tags);
  return out;
}

Result<gen::iam::GetServerCertificateResponse> get_server_certificate(
    Core& core, const aws::Call& call, const gen::iam::GetServerCertificateRequest& in) {
  LAPWING_TRY(
      const ServerCertificate found, read<ServerCertificate>(core, [&](store::Reader& reader) {
        return find_server_certificate(reader, account_of(call), in.server_certificate_name);
      }));
  gen::iam::GetServerCertificateResponse out;
  out.server_certificate.certificate_body = found.body;
  if (!found.chain.empty()) out.server_certificate.certificate_chain = found.chain;
  out.server_certificate.server_certificate_metadata = show(found);
  out.server_certificate.tags = show_some_tags(found.tags);
  return out;
}

Result<gen::iam::ListServerCertificatesResponse> list_server_certificates(
    Core& core, const aws::Call& call, const gen::iam::ListServerCertificatesRequest& in) {
  using Out = gen::iam::ListServerCertificatesResponse;
  const std::string path = in.path_prefix.value_or("/");
  LAPWING_TRY(const PageAsk ask,
              page_ask("ListServerCertificates" + path, in.marker, in.max_items));
  return read<Out>(core, [&](store::Reader& reader) -> Result<Out> {
    const auto keep = [&](const ServerCertificate& each) { return each.path.starts_with(path); };
    LAPWING_TRY(const auto page, page_records<ServerCertificateTable>(
                                     reader, ask, account_key(account_of(call), ""), keep));
    Out out;
    for (const ServerCertificate& each : page.items) {
      out.server_certificate_metadata_list.push_back(show(each));
    }
    set_page(out, page);
    return out;
  });
}

Result<aws::Empty> update_server_certificate(Core& core, const aws::Call& call,
                                             const gen::iam::UpdateServerCertificateRequest& in) {
  if (in.new_path) LAPWING_CHECK(check_path(*in.new_path));
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(ServerCertificate certificate,
                find_server_certificate(txn, account_of(call), in.server_certificate_name));
    if (in.new_path) certificate.path = *in.new_path;
    if (in.new_server_certificate_name && *in.new_server_certificate_name != certificate.name) {
      LAPWING_CHECK(ServerCertificates::erase(txn, ServerCertificateTable::key(certificate)));
      certificate.name = *in.new_server_certificate_name;
      LAPWING_CHECK(check_free(txn, certificate));
    }
    LAPWING_CHECK(ServerCertificates::put(txn, certificate));
    return {};
  }));
  return aws::Empty();
}

Result<aws::Empty> delete_server_certificate(Core& core, const aws::Call& call,
                                             const gen::iam::DeleteServerCertificateRequest& in) {
  LAPWING_CHECK(change(core, [&](store::Txn& txn) -> Status {
    LAPWING_TRY(const ServerCertificate found,
                find_server_certificate(txn, account_of(call), in.server_certificate_name));
    LAPWING_CHECK(count(txn, found.account, kCounted, -1, kServerCertificatesMax));
    return ServerCertificates::erase(txn, ServerCertificateTable::key(found));
  }));
  return aws::Empty();
}

}  // namespace lapwing::iam
