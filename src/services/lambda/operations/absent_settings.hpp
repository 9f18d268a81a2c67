// Settings that no function can have here yet (URLs, event source mappings, durable executions,
// capacity providers): reading them answers as AWS does for a function that has none, as deployment
// tools read all of them back; setting them is not built.
//
// Thread-safety: as operations.hpp.
#pragma once

#include "aws/operation_table.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

void add_absent_settings(aws::OperationTable& table, Core& core);

}  // namespace lapwing::lambda
