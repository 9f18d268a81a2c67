// What a service has of its model, as a page for people: generated from its table, so that it
// cannot say anything else than the server does.
//
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "aws/operation_table.hpp"

namespace lapwing::aws {

// Markdown: each operation with what becomes of it, and what of its input is refused.
std::string coverage_page(const OperationTable& table);

}  // namespace lapwing::aws
