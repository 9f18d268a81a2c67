// FunctionConfiguration, the API's view of a function or a version of it, in its forms. Which
// members are always there follows recorded answers of the service.
#pragma once

#include <string_view>

#include "gen/lambda/types.hpp"
#include "services/lambda/function_record.hpp"

namespace lapwing::lambda {

// `qualifier` as the request named it: the ARN shows it, "" leaves it unqualified.
gen::lambda::FunctionConfiguration describe(const FunctionRecord& record,
                                            std::string_view qualifier = {});
// As an item of ListFunctions: without state, update status and runtime version.
gen::lambda::FunctionConfiguration describe_in_list(const FunctionRecord& record,
                                                    std::string_view qualifier = {});

}  // namespace lapwing::lambda
