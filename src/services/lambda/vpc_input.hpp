// VpcConfig of a request: where the function is to stand, checked against EC2's records, in
// Lambda's words.
//
// Thread-safety: any thread that may block; not within a transaction, as EC2's records are read.
#pragma once

#include <optional>
#include <string_view>

#include "aws/caller.hpp"
#include "gen/lambda/shape/vpc_config.hpp"
#include "hosting/ports.hpp"
#include "services/lambda/function_record.hpp"

namespace lapwing::lambda {

// What the request does not name stays as it was; two empty lists take the function out.
Result<VpcPlace> vpc_from(const hosting::Ports& ports, std::string_view operation,
                          const FunctionKey& key, const gen::lambda::VpcConfig& in,
                          const std::optional<VpcPlace>& before);

}  // namespace lapwing::lambda
