#include "services/lambda/operations/layer_common.hpp"

#include "services/lambda/errors.hpp"

namespace lapwing::lambda {

namespace {

Result<LayerKey> identify_layer(const aws::Caller& caller, std::string_view name_or_arn) {
  std::optional<LayerKey> key = parse_layer(name_or_arn, caller.account, caller.region);
  if (!key || key->region != caller.region) return fail(errors::resource_not_found());
  return *std::move(key);
}

Status check_number(std::int64_t version) {
  return version < 1 ? fail(errors::layer_version_too_small()) : Status();
}

}  // namespace

Result<LayerVersionKey> identify_layer_version(const aws::Caller& caller,
                                               std::string_view name_or_arn, std::int64_t version) {
  LAPWING_CHECK(check_number(version));
  LAPWING_TRY(LayerKey layer, identify_layer(caller, name_or_arn));
  return LayerVersionKey{std::move(layer), static_cast<std::uint64_t>(version)};
}

Result<LayerKey> identify_own_layer(const aws::Caller& caller, std::string_view name_or_arn,
                                    std::string_view action) {
  LAPWING_TRY(LayerKey layer, identify_layer(caller, name_or_arn));
  if (layer.account != caller.account) {
    return fail(errors::access_denied(caller.principal_arn, action, layer_arn(layer)));
  }
  return layer;
}

Result<LayerVersionKey> identify_own_layer_version(const aws::Caller& caller,
                                                   std::string_view name_or_arn,
                                                   std::int64_t version, std::string_view action) {
  LAPWING_CHECK(check_number(version));
  LAPWING_TRY(LayerKey layer, identify_own_layer(caller, name_or_arn, action));
  return LayerVersionKey{std::move(layer), static_cast<std::uint64_t>(version)};
}

}  // namespace lapwing::lambda
