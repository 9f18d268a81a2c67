// Certificates that users once signed requests with. Nothing takes such signatures: they are
// records.
#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/delete_signing_certificate.hpp"
#include "gen/iam/list_signing_certificates.hpp"
#include "gen/iam/update_signing_certificate.hpp"
#include "gen/iam/upload_signing_certificate.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::UploadSigningCertificateResponse> upload_signing_certificate(
    Core& core, const aws::Call& call, const gen::iam::UploadSigningCertificateRequest& in);
Result<gen::iam::ListSigningCertificatesResponse> list_signing_certificates(
    Core& core, const aws::Call& call, const gen::iam::ListSigningCertificatesRequest& in);
Result<aws::Empty> update_signing_certificate(Core& core, const aws::Call& call,
                                              const gen::iam::UpdateSigningCertificateRequest& in);
Result<aws::Empty> delete_signing_certificate(Core& core, const aws::Call& call,
                                              const gen::iam::DeleteSigningCertificateRequest& in);

}  // namespace lapwing::iam
