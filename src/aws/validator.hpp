// Checks an input against its model's constraints and complains in AWS's words:
//
//   2 validation errors detected: Value 'x y' at 'functionName' failed to satisfy constraint:
//   Member must satisfy regular expression pattern: ...; Value null at 'role' failed to
//   satisfy constraint: Member must not be null
//
// Every violated constraint is named. Length comes before pattern, so that an overlong text
// never reaches the pattern engine.
#pragma once

#include <string>
#include <string_view>

#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/result.hpp"

namespace lapwing::text {
class PatternCache;
}

namespace lapwing::aws {

// The error's code is the service's validation code, its status 400.
Status validate(const ServiceModel& model, const OperationRow& operation, const Value& input,
                text::PatternCache& patterns);

// One entry of such a message, for checks that a service makes itself:
// "Value 'x' at 'functionName' failed to satisfy constraint: <constraint>".
std::string constraint_violation(std::string_view value, std::string_view path,
                                 std::string_view constraint);
// "1 validation error detected: " + violation.
std::string validation_message(std::string_view violation);

}  // namespace lapwing::aws
