#include "services/schemas/operations/schemas.hpp"

#include <utility>

#include <fmt/core.h>

#include "resources/once.hpp"
#include "services/schemas/content.hpp"
#include "services/schemas/discovery.hpp"
#include "services/schemas/limits.hpp"
#include "services/schemas/names.hpp"

namespace lapwing::schemas {
namespace {

// A schema as one of its versions shows it.
struct Shown {
  Schema schema;
  Version version;
};

// Create, Describe and Update answer the same members.
template <class Out>
Out show(const Shown& shown) {
  const auto& [schema, version] = shown;
  Out out;
  out.schema_arn = schema.arn();
  out.schema_name = schema.name;
  out.schema_version = std::to_string(version.number);
  out.type = version.type;
  out.description = schema.description;
  out.tags = schema.tags;
  out.last_modified = wall_from_unix_ms(schema.modified_ms);
  out.version_created_date = wall_from_unix_ms(version.created_ms);
  return out;
}

Result<Shown> read_shown(store::Reader& reader, const aws::Scope& scope, std::string_view registry,
                         std::string_view name, const std::optional<std::string>& number) {
  LAPWING_TRY(Schema schema, get_schema(reader, scope, registry, name));
  LAPWING_TRY(Version version, get_version(reader, schema, number));
  return Shown{std::move(schema), std::move(version)};
}

// The next version, in the transaction that makes or changes its schema.
Result<Version> add_version(store::Txn& txn, Schema& schema, std::string type, std::string content,
                            std::int64_t now_ms) {
  if (schema.versions >= kVersionsMax) {
    return fail(bad_request(fmt::format("A schema has at most {} versions. Delete one of {}.",
                                        kVersionsMax, schema.name)));
  }
  ++schema.versions;
  schema.modified_ms = now_ms;
  schema.type = type;
  Version version{.scope = schema.scope,
                  .registry = schema.registry,
                  .schema = schema.name,
                  .number = ++schema.last_version,
                  .type = std::move(type),
                  .content = std::move(content),
                  .created_ms = now_ms};
  LAPWING_CHECK(Versions::insert(txn, version));
  return version;
}

Status apply(store::Txn& txn, Schema& schema, const gen::schemas::UpdateSchemaRequest& in,
             std::int64_t now_ms) {
  if (in.content) {
    LAPWING_TRY(const Version newest, get_version(txn, schema, std::nullopt));
    std::string type = in.type.value_or(newest.type);
    LAPWING_CHECK(check_content(type, *in.content));
    const bool same = newest.content == *in.content && newest.type == type;
    if (same && !in.description) return fail(nothing_changed());
    if (!same) {
      LAPWING_CHECK(add_version(txn, schema, std::move(type), *in.content, now_ms));
    }
  } else if (in.type && *in.type != schema.type) {
    return fail(bad_request("A Type is changed together with the Content."));
  }
  if (in.description) schema.description = in.description;
  schema.modified_ms = now_ms;
  return {};
}

}  // namespace

Result<gen::schemas::CreateSchemaResponse> create_schema(Core& core, const aws::Call& call,
                                                         gen::schemas::CreateSchemaRequest in) {
  LAPWING_CHECK(check_schema_name(in.schema_name));
  LAPWING_CHECK(check_content(in.type, in.content));
  const Schema wanted{.scope = aws::scope_of(call.caller),
                      .registry = in.registry_name,
                      .name = in.schema_name,
                      .type = in.type,
                      .description = in.description,
                      .tags = in.tags.value_or(resources::Tags())};
  LAPWING_CHECK(check_tags(wanted.tags));
  const std::int64_t now = core.now_ms();
  LAPWING_TRY(const Shown made, core.change<Shown>([&](store::Txn& txn) -> Result<Shown> {
    LAPWING_CHECK(get_registry(txn, wanted.scope, wanted.registry));
    LAPWING_TRY(const auto there, Schemas::find(txn, SchemaTable::key(wanted)));
    if (there) {
      return fail(conflict(fmt::format("Schema with name {} already exists.", wanted.name)));
    }
    Shown out{.schema = wanted, .version = {}};
    LAPWING_TRY(out.version, add_version(txn, out.schema, in.type, in.content, now));
    LAPWING_CHECK(Schemas::insert(txn, out.schema));
    return out;
  }));
  return show<gen::schemas::CreateSchemaResponse>(made);
}

Result<gen::schemas::DescribeSchemaResponse> describe_schema(
    Core& core, const aws::Call& call, const gen::schemas::DescribeSchemaRequest& in) {
  LAPWING_TRY(Shown shown, core.read<Shown>([&](store::Reader& reader) {
    return read_shown(reader, aws::scope_of(call.caller), in.registry_name, in.schema_name,
                      in.schema_version);
  }));
  auto out = show<gen::schemas::DescribeSchemaResponse>(shown);
  out.content = std::move(shown.version.content);
  return out;
}

Result<gen::schemas::UpdateSchemaResponse> update_schema(
    Core& core, const aws::Call& call, const gen::schemas::UpdateSchemaRequest& in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  const std::int64_t now = core.now_ms();
  const std::string request =
      fmt::format("{}/{}\n{}\n{}\n{}", in.registry_name, in.schema_name, in.type.value_or(""),
                  in.description.value_or(""), in.content.value_or(""));
  const auto done = resources::transact_once(
      core.store, call, "schemas.UpdateSchema", in.client_token_id, request,
      [&](store::Txn& txn) -> Status {
        LAPWING_TRY(Schema schema, get_schema(txn, scope, in.registry_name, in.schema_name));
        LAPWING_CHECK(apply(txn, schema, in, now));
        LAPWING_CHECK(Schemas::put(txn, schema));
        return {};
      });
  if (!done) return fail(store_failure(done.error()));
  if (*done == resources::Once::kUsedOtherwise) {
    return fail(conflict("ClientTokenId was used for another update."));
  }
  LAPWING_TRY(const Shown shown, core.read<Shown>([&](store::Reader& reader) {
    return read_shown(reader, scope, in.registry_name, in.schema_name, std::nullopt);
  }));
  return show<gen::schemas::UpdateSchemaResponse>(shown);
}

Result<aws::Empty> delete_schema(Core& core, const aws::Call& call,
                                 const gen::schemas::DeleteSchemaRequest& in) {
  return core.change<aws::Empty>([&](store::Txn& txn) -> Result<aws::Empty> {
    LAPWING_TRY(const Schema schema,
                get_schema(txn, aws::scope_of(call.caller), in.registry_name, in.schema_name));
    LAPWING_TRY(const auto versions,
                Versions::list(txn, {.prefix = VersionTable::prefix(schema),
                                     .limit = static_cast<std::size_t>(kVersionsMax)}));
    for (const Version& each : versions.records) {
      LAPWING_CHECK(Versions::erase(txn, VersionTable::key(each)));
    }
    LAPWING_CHECK(Schemas::erase(txn, SchemaTable::key(schema)));
    return aws::Empty();
  });
}

Result<gen::schemas::ListSchemasResponse> list_schemas(Core& core, const aws::Call& call,
                                                       const gen::schemas::ListSchemasRequest& in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  const std::string prefix = in.schema_name_prefix.value_or("");
  LAPWING_TRY(const resources::PageAsk ask,
              page_asked(fmt::format("schemas.ListSchemas {}/{}", in.registry_name, prefix),
                         in.next_token, in.limit));
  using Page = resources::Paged<Schema>;
  LAPWING_TRY(Page page, core.read<Page>([&](store::Reader& reader) -> Result<Page> {
    LAPWING_CHECK(get_registry(reader, scope, in.registry_name));
    return resources::page_records<SchemaTable>(reader, ask,
                                                schema_key(scope, in.registry_name, prefix),
                                                [](const Schema&) { return true; });
  }));
  gen::schemas::ListSchemasResponse out;
  auto& list = out.schemas.emplace();
  for (const Schema& each : page.items) {
    list.push_back({.last_modified = wall_from_unix_ms(each.modified_ms),
                    .schema_arn = each.arn(),
                    .schema_name = each.name,
                    .tags = each.tags,
                    .version_count = each.versions});
  }
  out.next_token = std::move(page.next);
  return out;
}

Result<gen::schemas::ExportSchemaResponse> export_schema(
    Core& core, const aws::Call& call, const gen::schemas::ExportSchemaRequest& in) {
  LAPWING_CHECK(core.read<Shown>([&](store::Reader& reader) {
    return read_shown(reader, aws::scope_of(call.caller), in.registry_name, in.schema_name,
                      in.schema_version);
  }));
  return fail(not_exported());
}

Result<gen::schemas::GetDiscoveredSchemaResponse> get_discovered_schema(
    Core&, const aws::Call&, const gen::schemas::GetDiscoveredSchemaRequest& in) {
  LAPWING_TRY(std::string content, discovered_schema(in.type, in.events));
  return gen::schemas::GetDiscoveredSchemaResponse{.content = std::move(content)};
}

}  // namespace lapwing::schemas
