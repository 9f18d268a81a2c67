#include "services/schemas/operations/versions.hpp"

#include <utility>

#include <fmt/core.h>

#include "services/schemas/limits.hpp"

namespace lapwing::schemas {

Result<gen::schemas::ListSchemaVersionsResponse> list_schema_versions(
    Core& core, const aws::Call& call, const gen::schemas::ListSchemaVersionsRequest& in) {
  LAPWING_TRY(
      const resources::PageAsk ask,
      page_asked(fmt::format("schemas.ListSchemaVersions {}/{}", in.registry_name, in.schema_name),
                 in.next_token, in.limit));
  gen::schemas::ListSchemaVersionsResponse out;
  auto& list = out.schema_versions.emplace();
  using Page = resources::Paged<Version>;
  std::string arn;
  LAPWING_TRY(Page page, core.read<Page>([&](store::Reader& reader) -> Result<Page> {
    LAPWING_TRY(const Schema schema,
                get_schema(reader, aws::scope_of(call.caller), in.registry_name, in.schema_name));
    arn = schema.arn();
    return resources::page_records<VersionTable>(reader, ask, VersionTable::prefix(schema),
                                                 [](const Version&) { return true; });
  }));
  for (const Version& each : page.items) {
    list.push_back({.schema_arn = arn,
                    .schema_name = each.schema,
                    .schema_version = std::to_string(each.number),
                    .type = each.type});
  }
  out.next_token = std::move(page.next);
  return out;
}

Result<aws::Empty> delete_schema_version(Core& core, const aws::Call& call,
                                         const gen::schemas::DeleteSchemaVersionRequest& in) {
  return core.change<aws::Empty>([&](store::Txn& txn) -> Result<aws::Empty> {
    LAPWING_TRY(Schema schema,
                get_schema(txn, aws::scope_of(call.caller), in.registry_name, in.schema_name));
    LAPWING_TRY(const Version gone, get_version(txn, schema, in.schema_version));
    if (schema.versions == 1) {
      return fail(bad_request(
          fmt::format("Version {} is the only one of the schema {}. Delete the schema instead.",
                      in.schema_version, schema.name)));
    }
    LAPWING_CHECK(Versions::erase(txn, VersionTable::key(gone)));
    --schema.versions;
    LAPWING_TRY(const Version newest, get_version(txn, schema, std::nullopt));
    schema.type = newest.type;
    LAPWING_CHECK(Schemas::put(txn, schema));
    return aws::Empty();
  });
}

}  // namespace lapwing::schemas
