// How the layer operations find what a request names. Not for anybody outside operations/.
//
// Thread-safety: as operations.hpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

// A name or an ARN, with a number from 1 on. ResourceNotFoundException for another region.
Result<LayerVersionKey> identify_layer_version(const aws::Caller& caller,
                                               std::string_view name_or_arn, std::int64_t version);
// The same for what only the layer's own account may do: AccessDeniedException for others.
Result<LayerKey> identify_own_layer(const aws::Caller& caller, std::string_view name_or_arn,
                                    std::string_view action);
Result<LayerVersionKey> identify_own_layer_version(const aws::Caller& caller,
                                                   std::string_view name_or_arn,
                                                   std::int64_t version, std::string_view action);

}  // namespace lapwing::lambda
