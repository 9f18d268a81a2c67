// Why a function could not be run at all, in the words that Lambda has for its callers.
//
// Thread-safety: any thread.
#pragma once

#include <optional>
#include <string>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "runtime/invocation.hpp"
#include "runtime/language/catalogue.hpp"

namespace lapwing::lambda {

// Its execution role is not one that Lambda may assume (any more).
Error role_not_assumed();

// Nothing when it ran, however it ended. `runtime_id` is the function's, or empty for an image.
// What is the platform's fault goes to `log`, under the request's id.
std::optional<Error> invoke_failure(const Result<runtime::Outcome>& outcome,
                                    const std::string& runtime_id,
                                    const runtime::Catalogue& catalogue,
                                    const RequestId& request_id, Logger& log);

}  // namespace lapwing::lambda
