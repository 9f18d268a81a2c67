#include "services/schemas/names.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/schemas/limits.hpp"
#include "services/schemas/schema.hpp"
#include "services/schemas/words.hpp"

namespace lapwing::schemas {
namespace {

Status check_name(std::string_view what, std::string_view name, std::size_t max,
                  std::string_view signs) {
  const bool good = !name.empty() && name.size() <= max && std::ranges::all_of(name, [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || signs.contains(c);
  });
  if (good) return {};
  return fail(bad_request(
      fmt::format("{} must be 1 to {} characters long and hold only letters, digits and {}.", what,
                  max, signs)));
}

}  // namespace

Status check_registry_name(std::string_view name) {
  LAPWING_CHECK(check_name("RegistryName", name, kRegistryNameMax, ".-_"));
  // AWS's own are called so.
  if (!name.starts_with("aws.")) return {};
  return fail(forbidden("The names of registries of your own cannot begin with aws."));
}

Status check_schema_name(std::string_view name) {
  return check_name("SchemaName", name, kSchemaNameMax, ".-_@");
}

std::string registry_arn(const aws::Scope& scope, std::string_view registry) {
  return aws::make_arn("schemas", scope.region, scope.account,
                       fmt::format("registry/{}", registry));
}

std::string schema_arn(const aws::Scope& scope, std::string_view registry,
                       std::string_view schema) {
  return aws::make_arn("schemas", scope.region, scope.account,
                       fmt::format("schema/{}/{}", registry, schema));
}

std::string Registry::arn() const { return registry_arn(scope, name); }
std::string Schema::arn() const { return schema_arn(scope, registry, name); }

std::optional<Named> parse_arn(std::string_view text, const aws::Scope& scope) {
  const auto arn = aws::Arn::parse(text);
  if (!arn || arn->service != "schemas" || aws::Scope{arn->account, arn->region} != scope) {
    return std::nullopt;
  }
  const std::string_view id = arn->resource_id();
  if (arn->resource_type() == "registry") return Named{std::string(id), {}};
  const std::size_t slash = id.find('/');
  if (arn->resource_type() != "schema" || slash == std::string_view::npos) return std::nullopt;
  return Named{std::string(id.substr(0, slash)), std::string(id.substr(slash + 1))};
}

}  // namespace lapwing::schemas
