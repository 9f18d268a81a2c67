#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "base/result.hpp"
#include "gen/iam/add_client_id_to_open_id_connect_provider.hpp"
#include "gen/iam/create_open_id_connect_provider.hpp"
#include "gen/iam/delete_open_id_connect_provider.hpp"
#include "gen/iam/get_open_id_connect_provider.hpp"
#include "gen/iam/list_open_id_connect_providers.hpp"
#include "gen/iam/remove_client_id_from_open_id_connect_provider.hpp"
#include "gen/iam/update_open_id_connect_provider_thumbprint.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

Result<gen::iam::CreateOpenIDConnectProviderResponse> create_oidc_provider(
    Core& core, const aws::Call& call, const gen::iam::CreateOpenIDConnectProviderRequest& in);
Result<gen::iam::GetOpenIDConnectProviderResponse> get_oidc_provider(
    Core& core, const aws::Call& call, const gen::iam::GetOpenIDConnectProviderRequest& in);
Result<gen::iam::ListOpenIDConnectProvidersResponse> list_oidc_providers(
    Core& core, const aws::Call& call, const gen::iam::ListOpenIDConnectProvidersRequest& in);
Result<aws::Empty> delete_oidc_provider(Core& core, const aws::Call& call,
                                        const gen::iam::DeleteOpenIDConnectProviderRequest& in);
// One that is there is no error.
Result<aws::Empty> add_client_id(Core& core, const aws::Call& call,
                                 const gen::iam::AddClientIDToOpenIDConnectProviderRequest& in);
Result<aws::Empty> remove_client_id(
    Core& core, const aws::Call& call,
    const gen::iam::RemoveClientIDFromOpenIDConnectProviderRequest& in);
Result<aws::Empty> update_thumbprint(
    Core& core, const aws::Call& call,
    const gen::iam::UpdateOpenIDConnectProviderThumbprintRequest& in);

}  // namespace lapwing::iam
