#include "services/lambda/layer_input.hpp"

#include <map>

#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"

namespace lapwing::lambda {

namespace {

Result<LayerVersionRecord> find_layer(Records& records, const aws::Caller& caller,
                                      const std::string& arn) {
  const std::optional<LayerVersionKey> key = parse_layer_version_arn(arn);
  if (!key) return fail(errors::layer_of_function_not_found(arn));
  LAPWING_TRY(std::optional<LayerVersionRecord> record, records.find(*key));
  if (key->layer.account != caller.account && (!record || !allows(*record, caller.account))) {
    return fail(errors::access_denied(caller.principal_arn, "lambda:GetLayerVersion", arn));
  }
  if (!record) return fail(errors::layer_of_function_not_found(arn));
  return *std::move(record);
}

}  // namespace

Result<std::vector<LayerRef>> find_layers(Records& records, const aws::Caller& caller,
                                          const std::vector<std::string>& arns) {
  if (arns.size() > kMaxLayers) return fail(errors::too_many_layers());
  for (const std::string& arn : arns) {
    const std::optional<LayerVersionKey> key = parse_layer_version_arn(arn);
    if (key && key->layer.region != caller.region) {
      return fail(errors::layers_in_other_region(caller.region.view()));
    }
  }
  std::map<LayerKey, std::string> seen;
  std::vector<LayerRef> out;
  for (const std::string& arn : arns) {
    LAPWING_TRY(LayerVersionRecord record, find_layer(records, caller, arn));
    const auto [first, is_new] = seen.emplace(record.key.layer, arn);
    if (!is_new) return fail(errors::same_layer_twice(first->second, arn));
    out.push_back({arn, std::move(record.content)});
  }
  return out;
}

Status check_unpacked_size(const Settings& settings) {
  std::uint64_t layers = 0;
  for (const LayerRef& layer : settings.layers) layers += layer.content.unpacked_bytes;
  if (layers > kMaxUnzippedBytes) return fail(errors::layers_too_large());
  const std::uint64_t all = layers + settings.code.unpacked_bytes;
  if (all > kMaxUnzippedBytes) return fail(errors::code_and_layers_too_large(all));
  return {};
}

}  // namespace lapwing::lambda
