#include "services/schemas/service.hpp"

#include <string>

#include "services/schemas/limits.hpp"
#include "services/schemas/names.hpp"
#include "services/schemas/operations/registries.hpp"
#include "services/schemas/operations/schemas.hpp"
#include "services/schemas/operations/tags.hpp"
#include "services/schemas/operations/versions.hpp"

namespace lapwing::schemas {
namespace {

namespace gs = gen::schemas;
using aws::Access;

template <class In>
std::string registry_of(const aws::Call& call, const In& in) {
  return registry_arn(aws::scope_of(call.caller), in.registry_name);
}

// Of requests that need not name it.
template <class In>
std::string policy_of(const aws::Call& call, const In& in) {
  return registry_arn(aws::scope_of(call.caller), in.registry_name.value_or("*"));
}

template <class In>
std::string schema_of(const aws::Call& call, const In& in) {
  return schema_arn(aws::scope_of(call.caller), in.registry_name, in.schema_name);
}

template <class In>
std::string resource_of(const aws::Call&, const In& in) {
  return in.resource_arn;
}

void add_registries(aws::OperationTable& table, Core& core) {
  table.add<gs::CreateRegistry>(
      core, create_registry,
      {.access = Access::kWrite, .resource = registry_of<gs::CreateRegistryRequest>});
  table.add<gs::DescribeRegistry>(
      core, describe_registry,
      {.access = Access::kRead, .resource = registry_of<gs::DescribeRegistryRequest>});
  table.add<gs::UpdateRegistry>(
      core, update_registry,
      {.access = Access::kWrite, .resource = registry_of<gs::UpdateRegistryRequest>});
  table.add<gs::DeleteRegistry>(
      core, delete_registry,
      {.access = Access::kWrite, .resource = registry_of<gs::DeleteRegistryRequest>});
  table.add<gs::ListRegistries>(core, list_registries,
                                {.access = Access::kList, .resource = aws::kNoResource});
  table.add<gs::PutResourcePolicy>(
      core, put_resource_policy,
      {.access = Access::kPermissions, .resource = policy_of<gs::PutResourcePolicyRequest>});
  table.add<gs::GetResourcePolicy>(
      core, get_resource_policy,
      {.access = Access::kRead, .resource = policy_of<gs::GetResourcePolicyRequest>});
  table.add<gs::DeleteResourcePolicy>(
      core, delete_resource_policy,
      {.access = Access::kPermissions, .resource = policy_of<gs::DeleteResourcePolicyRequest>});
}

void add_schemas(aws::OperationTable& table, Core& core) {
  table.add<gs::CreateSchema>(core, create_schema,
                              {.access = Access::kWrite,
                               .resource = schema_of<gs::CreateSchemaRequest>,
                               .body_bytes_max = kBodyBytesMax});
  table.add<gs::DescribeSchema>(
      core, describe_schema,
      {.access = Access::kRead, .resource = schema_of<gs::DescribeSchemaRequest>});
  table.add<gs::UpdateSchema>(core, update_schema,
                              {.access = Access::kWrite,
                               .resource = schema_of<gs::UpdateSchemaRequest>,
                               .body_bytes_max = kBodyBytesMax});
  table.add<gs::DeleteSchema>(
      core, delete_schema,
      {.access = Access::kWrite, .resource = schema_of<gs::DeleteSchemaRequest>});
  table.add<gs::ListSchemas>(
      core, list_schemas,
      {.access = Access::kList, .resource = registry_of<gs::ListSchemasRequest>});
  table.add<gs::SearchSchemas>(
      core, search_schemas,
      {.access = Access::kList, .resource = registry_of<gs::SearchSchemasRequest>});
  table.add<gs::ExportSchema>(
      core, export_schema,
      {.access = Access::kRead, .resource = schema_of<gs::ExportSchemaRequest>});
  table.add<gs::GetDiscoveredSchema>(core, get_discovered_schema,
                                     {.access = Access::kRead,
                                      .resource = aws::kNoResource,
                                      .body_bytes_max = kEventsBodyBytesMax});
  table.add<gs::ListSchemaVersions>(
      core, list_schema_versions,
      {.access = Access::kList, .resource = schema_of<gs::ListSchemaVersionsRequest>});
  table.add<gs::DeleteSchemaVersion>(
      core, delete_schema_version,
      {.access = Access::kWrite, .resource = schema_of<gs::DeleteSchemaVersionRequest>});
}

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(gs::kModel);
  add_registries(table, core);
  add_schemas(table, core);
  table.add<gs::TagResource>(
      core, tag_resource,
      {.access = Access::kTagging, .resource = resource_of<gs::TagResourceRequest>});
  table.add<gs::UntagResource>(
      core, untag_resource,
      {.access = Access::kTagging, .resource = resource_of<gs::UntagResourceRequest>});
  table.add<gs::ListTagsForResource>(
      core, list_tags_for_resource,
      {.access = Access::kRead, .resource = resource_of<gs::ListTagsForResourceRequest>});
  // Nothing looks at what passes a bus, and nothing makes code of a schema.
  table.refuse({"CreateDiscoverer", "DeleteDiscoverer", "DescribeDiscoverer", "ListDiscoverers",
                "StartDiscoverer", "StopDiscoverer", "UpdateDiscoverer", "DescribeCodeBinding",
                "GetCodeBindingSource", "PutCodeBinding"});
  return table;
}

}  // namespace

Service::Service(const hosting::Dependencies& given)
    : core_{given.store.store(), given.clock, given.random},
      api_(make_table(core_), given.pipeline) {}

}  // namespace lapwing::schemas
