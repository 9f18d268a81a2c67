// The runtime identifiers of AWS Lambda and which of them are served here.
#pragma once

#include <span>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::lambda {

// What AWS names in its error message: the runtimes new functions may have there.
std::span<const std::string_view> active_runtimes();

// AWS's message for what is no runtime at all, a clear refusal for languages that are not
// served. Unlike AWS, retired versions of a served language (python3.8) are accepted: the
// catalogue of interpreters finds the nearest.
Status check_runtime(std::string_view operation, std::string_view runtime);

// Whether a snapshot of an initialised function of that runtime can be taken.
bool can_snap_start(std::string_view runtime);

}  // namespace lapwing::lambda
