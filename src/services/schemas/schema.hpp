// What a registry, a schema and a version of it are. Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/scope.hpp"
#include "resources/tags.hpp"

namespace lapwing::schemas {

struct Registry {
  aws::Scope scope;
  std::string name;
  std::optional<std::string> description;
  resources::Tags tags;
  std::string policy = {};           // a document, or empty
  std::string policy_revision = {};  // of another text another one
  std::int64_t created_ms = 0;

  std::string arn() const;
};

struct Schema {
  aws::Scope scope;
  std::string registry;
  std::string name;
  std::string type;  // gen::schemas::Type, of the newest version
  std::optional<std::string> description;
  resources::Tags tags;
  std::int64_t modified_ms = 0;
  std::int64_t last_version = 0;  // numbers are not given twice
  std::int64_t versions = 0;      // that are there

  std::string arn() const;
};

struct Version {
  aws::Scope scope;
  std::string registry;
  std::string schema;
  std::int64_t number = 0;
  std::string type;
  std::string content;
  std::int64_t created_ms = 0;
};

}  // namespace lapwing::schemas
