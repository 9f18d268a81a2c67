// What a function says of a batch (ReportBatchItemFailures):
//
//   {"batchItemFailures":[{"itemIdentifier":"..."}]}
//
// Facts: Lambda developer guide, "Implementing partial batch responses"; recorded runs.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace lapwing::mappings {

// Indices of the items that failed, rising. None: the whole batch did, as where an identifier is
// empty, missing or unknown, or the answer cannot be read.
std::optional<std::vector<std::size_t>> failed_items(std::string_view answer,
                                                     const std::vector<std::string_view>& ids);

}  // namespace lapwing::mappings
