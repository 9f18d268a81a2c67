// The records of registries, schemas and their versions.
#pragma once

#include <string>
#include <string_view>

#include <fmt/core.h>

#include "resources/table.hpp"
#include "services/schemas/schema.hpp"

namespace lapwing::schemas {

using resources::scope_fields;

struct RegistryTable {
  using Record = Registry;
  static constexpr std::string_view kKind = "schemas.registry";
  static constexpr int kFormat = 1;

  static std::string key(const Registry& each) {
    return resources::scoped_key(each.scope, each.name);
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    scope_fields(f, each.scope);
    f("name", each.name);
    f("description", each.description);
    f("tags", each.tags);
    f("policy", each.policy);
    f("policy_revision", each.policy_revision);
    f("created", each.created_ms);
  }
};
using Registries = resources::Table<RegistryTable>;

// "ACCOUNT/REGION/REGISTRY/NAME": neither name has a slash.
inline std::string schema_key(const aws::Scope& scope, std::string_view registry,
                              std::string_view name) {
  return resources::scoped_key(scope, fmt::format("{}/{}", registry, name));
}

struct SchemaTable {
  using Record = Schema;
  static constexpr std::string_view kKind = "schemas.schema";
  static constexpr int kFormat = 1;

  static std::string key(const Schema& each) {
    return schema_key(each.scope, each.registry, each.name);
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    scope_fields(f, each.scope);
    f("registry", each.registry);
    f("name", each.name);
    f("type", each.type);
    f("description", each.description);
    f("tags", each.tags);
    f("modified", each.modified_ms);
    f("last_version", each.last_version);
    f("versions", each.versions);
  }
};
using Schemas = resources::Table<SchemaTable>;

struct VersionTable {
  using Record = Version;
  static constexpr std::string_view kKind = "schemas.version";
  static constexpr int kFormat = 1;

  static std::string prefix(const Schema& of) { return SchemaTable::key(of) + "/"; }
  // Numbers of one width, so that keys are in their order.
  static std::string key(const Schema& of, std::int64_t number) {
    return fmt::format("{}{:010}", prefix(of), number);
  }
  static std::string key(const Version& each) {
    return fmt::format("{}/{:010}", schema_key(each.scope, each.registry, each.schema),
                       each.number);
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    scope_fields(f, each.scope);
    f("registry", each.registry);
    f("schema", each.schema);
    f("number", each.number);
    f("type", each.type);
    f("content", each.content);
    f("created", each.created_ms);
  }
};
using Versions = resources::Table<VersionTable>;

}  // namespace lapwing::schemas
