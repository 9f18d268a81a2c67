// Platform applications and their endpoints.
#pragma once

#include "aws/empty.hpp"
#include "gen/sns/create_platform_application.hpp"
#include "gen/sns/create_platform_endpoint.hpp"
#include "gen/sns/delete_endpoint.hpp"
#include "gen/sns/delete_platform_application.hpp"
#include "gen/sns/get_endpoint_attributes.hpp"
#include "gen/sns/get_platform_application_attributes.hpp"
#include "gen/sns/list_endpoints_by_platform_application.hpp"
#include "gen/sns/list_platform_applications.hpp"
#include "gen/sns/set_endpoint_attributes.hpp"
#include "gen/sns/set_platform_application_attributes.hpp"
#include "services/sns/core.hpp"

namespace lapwing::sns {

using gen::sns::CreatePlatformApplication;
using gen::sns::CreatePlatformEndpoint;
using gen::sns::DeleteEndpoint;
using gen::sns::DeletePlatformApplication;
using gen::sns::GetEndpointAttributes;
using gen::sns::GetPlatformApplicationAttributes;
using gen::sns::ListEndpointsByPlatformApplication;
using gen::sns::ListPlatformApplications;
using gen::sns::SetEndpointAttributes;
using gen::sns::SetPlatformApplicationAttributes;

Result<CreatePlatformApplication::Output> create_platform_application(
    Core& core, const aws::Call& call, const CreatePlatformApplication::Input& in);
Result<aws::Empty> delete_platform_application(Core& core, const aws::Call& call,
                                               const DeletePlatformApplication::Input& in);
// Without the credentials.
Result<GetPlatformApplicationAttributes::Output> get_platform_application_attributes(
    Core& core, const aws::Call& call, const GetPlatformApplicationAttributes::Input& in);
Result<aws::Empty> set_platform_application_attributes(
    Core& core, const aws::Call& call, const SetPlatformApplicationAttributes::Input& in);
Result<ListPlatformApplications::Output> list_platform_applications(
    Core& core, const aws::Call& call, const ListPlatformApplications::Input& in);
Result<CreatePlatformEndpoint::Output> create_platform_endpoint(
    Core& core, const aws::Call& call, const CreatePlatformEndpoint::Input& in);
Result<aws::Empty> delete_endpoint(Core& core, const aws::Call& call,
                                   const DeleteEndpoint::Input& in);
Result<GetEndpointAttributes::Output> get_endpoint_attributes(
    Core& core, const aws::Call& call, const GetEndpointAttributes::Input& in);
Result<aws::Empty> set_endpoint_attributes(Core& core, const aws::Call& call,
                                           const SetEndpointAttributes::Input& in);
Result<ListEndpointsByPlatformApplication::Output> list_endpoints_by_platform_application(
    Core& core, const aws::Call& call, const ListEndpointsByPlatformApplication::Input& in);

}  // namespace lapwing::sns
