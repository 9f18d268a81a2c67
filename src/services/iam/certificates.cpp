#include "services/iam/certificates.hpp"

#include <fmt/core.h>

#include "gen/iam/errors.hpp"
#include "services/iam/names.hpp"

namespace lapwing::iam {

std::string arn_of(const ServerCertificate& certificate) {
  return arn_of(certificate.account, "server-certificate", certificate.path, certificate.name);
}

Result<ServerCertificate> find_server_certificate(store::Reader& reader, std::string_view account,
                                                  std::string_view name) {
  LAPWING_TRY(auto found, ServerCertificates::find(reader, account_key(account, name)));
  if (found) return std::move(found->record);
  return fail(gen::iam::errors::no_such_entity(
      fmt::format("The Server Certificate with name {} cannot be found.", name)));
}

}  // namespace lapwing::iam
