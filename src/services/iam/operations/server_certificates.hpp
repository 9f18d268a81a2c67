// Certificates of servers, as load balancers take them. Their private keys are not told again.
#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/delete_server_certificate.hpp"
#include "gen/iam/get_server_certificate.hpp"
#include "gen/iam/list_server_certificates.hpp"
#include "gen/iam/update_server_certificate.hpp"
#include "gen/iam/upload_server_certificate.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::UploadServerCertificateResponse> upload_server_certificate(
    Core& core, const aws::Call& call, gen::iam::UploadServerCertificateRequest in);
Result<gen::iam::GetServerCertificateResponse> get_server_certificate(
    Core& core, const aws::Call& call, const gen::iam::GetServerCertificateRequest& in);
Result<gen::iam::ListServerCertificatesResponse> list_server_certificates(
    Core& core, const aws::Call& call, const gen::iam::ListServerCertificatesRequest& in);
Result<aws::Empty> update_server_certificate(Core& core, const aws::Call& call,
                                             const gen::iam::UpdateServerCertificateRequest& in);
Result<aws::Empty> delete_server_certificate(Core& core, const aws::Call& call,
                                             const gen::iam::DeleteServerCertificateRequest& in);

}  // namespace lapwing::iam
