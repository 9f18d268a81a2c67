// How registries and schemas are named, and the ARNs of both.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/scope.hpp"
#include "base/result.hpp"

namespace lapwing::schemas {

// BadRequest: for what no name can be.
Status check_registry_name(std::string_view name);
Status check_schema_name(std::string_view name);

// "arn:aws:schemas:us-east-1:000000000000:registry/NAME"
std::string registry_arn(const aws::Scope& scope, std::string_view registry);
// "...:schema/REGISTRY/NAME"
std::string schema_arn(const aws::Scope& scope, std::string_view registry, std::string_view schema);

// What an ARN of this scope names; `schema` is empty where it is a registry's.
struct Named {
  std::string registry;
  std::string schema;
};
std::optional<Named> parse_arn(std::string_view arn, const aws::Scope& scope);

}  // namespace lapwing::schemas
