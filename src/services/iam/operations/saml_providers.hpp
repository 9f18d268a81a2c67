// SAML providers. Nobody signs in with them yet. Keys for encrypted assertions are refused.
#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/create_saml_provider.hpp"
#include "gen/iam/delete_saml_provider.hpp"
#include "gen/iam/get_saml_provider.hpp"
#include "gen/iam/list_saml_providers.hpp"
#include "gen/iam/update_saml_provider.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::CreateSAMLProviderResponse> create_saml_provider(
    Core& core, const aws::Call& call, gen::iam::CreateSAMLProviderRequest in);
Result<gen::iam::GetSAMLProviderResponse> get_saml_provider(
    Core& core, const aws::Call& call, const gen::iam::GetSAMLProviderRequest& in);
Result<gen::iam::ListSAMLProvidersResponse> list_saml_providers(
    Core& core, const aws::Call& call, const gen::iam::ListSAMLProvidersRequest& in);
Result<gen::iam::UpdateSAMLProviderResponse> update_saml_provider(
    Core& core, const aws::Call& call, gen::iam::UpdateSAMLProviderRequest in);
Result<aws::Empty> delete_saml_provider(Core& core, const aws::Call& call,
                                        const gen::iam::DeleteSAMLProviderRequest& in);

}  // namespace lapwing::iam
