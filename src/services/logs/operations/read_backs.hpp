// What deploy tools ask of groups and accounts that have none of it: policies, indexes, deliveries,
// transformers, queries. None can be made here, so these answer as AWS does where there is none.
#pragma once

#include "services/logs/operations/operations.hpp"

namespace lapwing::aws {
class OperationTable;
}

namespace lapwing::logs {

void add_read_backs(aws::OperationTable& table, Core& core);

}  // namespace lapwing::logs
