// The operations: a row each, and by name what is not built.
//
// Thread-safety: made by one thread.
#pragma once

#include "aws/operation_table.hpp"

namespace lapwing::logs {

struct Core;

aws::OperationTable make_table(Core& core);

}  // namespace lapwing::logs
