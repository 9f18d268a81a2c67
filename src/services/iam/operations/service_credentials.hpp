// Credentials of single services that do not sign requests: names and passwords for CodeCommit's
// git and for Keyspaces. Neither is a service here: they are records.
#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/create_service_specific_credential.hpp"
#include "gen/iam/delete_service_specific_credential.hpp"
#include "gen/iam/list_service_specific_credentials.hpp"
#include "gen/iam/reset_service_specific_credential.hpp"
#include "gen/iam/update_service_specific_credential.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::CreateServiceSpecificCredentialResponse> create_service_credential(
    Core& core, const aws::Call& call, const gen::iam::CreateServiceSpecificCredentialRequest& in);
Result<gen::iam::ListServiceSpecificCredentialsResponse> list_service_credentials(
    Core& core, const aws::Call& call, const gen::iam::ListServiceSpecificCredentialsRequest& in);
Result<gen::iam::ResetServiceSpecificCredentialResponse> reset_service_credential(
    Core& core, const aws::Call& call, const gen::iam::ResetServiceSpecificCredentialRequest& in);
Result<aws::Empty> update_service_credential(
    Core& core, const aws::Call& call, const gen::iam::UpdateServiceSpecificCredentialRequest& in);
Result<aws::Empty> delete_service_credential(
    Core& core, const aws::Call& call, const gen::iam::DeleteServiceSpecificCredentialRequest& in);

}  // namespace lapwing::iam
