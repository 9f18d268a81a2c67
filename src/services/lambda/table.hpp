// Lambda's operations: a row each.
#pragma once

#include "aws/operation_table.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

// `core` outlives the table.
aws::OperationTable make_table(Core& core);

}  // namespace lapwing::lambda
