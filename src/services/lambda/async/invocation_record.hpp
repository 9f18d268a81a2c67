// What others are told of an event that ended: the record for its destination, the message for its
// dead-letter queue.
//
// Facts: Lambda developer guide, "Capturing records of Lambda asynchronous invocations"; recorded
// answers.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "ports/destination.hpp"
#include "services/lambda/async/event.hpp"
#include "services/lambda/async/next_step.hpp"

namespace lapwing::lambda {

// How the last attempt went; none where the function was never run.
struct LastAnswer {
  std::int32_t status = 200;  // 429: throttled, 500: could not be run
  std::string executed_version;
  std::string function_error;  // "Unhandled", or empty
  std::string payload;         // what it answered, or the error as JSON
};

struct Ended {
  const Event& event;
  std::string function_arn;  // with the qualifier it was invoked by, "$LATEST" where none
  Condition condition = Condition::kSuccess;
  std::uint32_t runs = 0;  // of the function
  std::optional<LastAnswer> answer;
};

// JSON. Payloads are left out where it would be larger than `bytes_max`.
std::string invocation_record(const Ended& ended, WallTime now, std::size_t bytes_max);
// "Lambda Function Invocation Result - Success"
std::string_view detail_type_of(Condition condition);

// RequestID, ErrorCode and ErrorMessage (its first KiB).
std::vector<ports::ParcelAttribute> dead_letter_attributes(const Ended& ended);

}  // namespace lapwing::lambda
