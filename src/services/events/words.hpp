// Refusals in EventBridge's words, where the model's errors (gen/events/errors.hpp) need composing.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::events {

// 400 ValidationException.
Error invalid(std::string message);
// "Parameter P is not valid. Reason: R"
Error invalid_parameter(std::string_view parameter, std::string_view reason);
Error no_such_bus(std::string_view name);
Error no_such_rule(std::string_view rule, std::string_view bus);
// LimitExceededException in the words of all its quotas.
// A role that the caller cannot pass: another account's. [ours: IAM's words]
Error foreign_role();
Error too_many();
// What a store answered, to callers: our failures keep their kind, what is theirs gets words.
Error store_failure(Error error);

}  // namespace lapwing::events
