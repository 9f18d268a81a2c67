#pragma once

#include "aws/call.hpp"
#include "base/result.hpp"
#include "gen/iam/create_service_linked_role.hpp"
#include "gen/iam/delete_service_linked_role.hpp"
#include "gen/iam/get_service_linked_role_deletion_status.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

// 501 for services whose role is not known here.
Result<gen::iam::CreateServiceLinkedRoleResponse> create_service_linked_role(
    Core& core, const aws::Call& call, const gen::iam::CreateServiceLinkedRoleRequest& in);
// Done when it answers: no service here uses the role.
Result<gen::iam::DeleteServiceLinkedRoleResponse> delete_service_linked_role(
    Core& core, const aws::Call& call, const gen::iam::DeleteServiceLinkedRoleRequest& in);
Result<gen::iam::GetServiceLinkedRoleDeletionStatusResponse>
get_service_linked_role_deletion_status(
    Core& core, const aws::Call& call,
    const gen::iam::GetServiceLinkedRoleDeletionStatusRequest& in);

}  // namespace lapwing::iam
