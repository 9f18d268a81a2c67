// Versions of schemas: listed and deleted.
#pragma once

#include "gen/schemas/delete_schema_version.hpp"
#include "gen/schemas/list_schema_versions.hpp"
#include "services/schemas/core.hpp"

namespace lapwing::schemas {

// The oldest first.
Result<gen::schemas::ListSchemaVersionsResponse> list_schema_versions(
    Core& core, const aws::Call& call, const gen::schemas::ListSchemaVersionsRequest& in);
// Not the last one that is left.
Result<aws::Empty> delete_schema_version(Core& core, const aws::Call& call,
                                         const gen::schemas::DeleteSchemaVersionRequest& in);

}  // namespace lapwing::schemas
