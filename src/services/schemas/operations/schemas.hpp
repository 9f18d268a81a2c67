// Schemas: made, shown, listed, searched, changed, deleted.
#pragma once

#include "gen/schemas/create_schema.hpp"
#include "gen/schemas/delete_schema.hpp"
#include "gen/schemas/describe_schema.hpp"
#include "gen/schemas/export_schema.hpp"
#include "gen/schemas/get_discovered_schema.hpp"
#include "gen/schemas/list_schemas.hpp"
#include "gen/schemas/search_schemas.hpp"
#include "gen/schemas/update_schema.hpp"
#include "services/schemas/core.hpp"

namespace lapwing::schemas {

Result<gen::schemas::CreateSchemaResponse> create_schema(Core& core, const aws::Call& call,
                                                         gen::schemas::CreateSchemaRequest in);
Result<gen::schemas::DescribeSchemaResponse> describe_schema(
    Core& core, const aws::Call& call, const gen::schemas::DescribeSchemaRequest& in);
// Other content is a version more.
Result<gen::schemas::UpdateSchemaResponse> update_schema(
    Core& core, const aws::Call& call, const gen::schemas::UpdateSchemaRequest& in);
Result<aws::Empty> delete_schema(Core& core, const aws::Call& call,
                                 const gen::schemas::DeleteSchemaRequest& in);
Result<gen::schemas::ListSchemasResponse> list_schemas(Core& core, const aws::Call& call,
                                                       const gen::schemas::ListSchemasRequest& in);
// All words of Keywords stand in the name of a schema or in the content of a version, in any case.
Result<gen::schemas::SearchSchemasResponse> search_schemas(
    Core& core, const aws::Call& call, const gen::schemas::SearchSchemasRequest& in);
// AWS exports what it has discovered or keeps itself, and there is none of it here: refused, as AWS
// refuses every other schema.
Result<gen::schemas::ExportSchemaResponse> export_schema(
    Core& core, const aws::Call& call, const gen::schemas::ExportSchemaRequest& in);
Result<gen::schemas::GetDiscoveredSchemaResponse> get_discovered_schema(
    Core& core, const aws::Call& call, const gen::schemas::GetDiscoveredSchemaRequest& in);

}  // namespace lapwing::schemas
