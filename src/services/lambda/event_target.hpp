// What may be told of the outcome of asynchronous invocations (developer guide, "Capturing records
// of Lambda asynchronous invocations").
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace lapwing::lambda {

enum class EventTarget : std::uint8_t {
  kOnSuccess,   // queues, topics, functions, event buses
  kOnFailure,   // these, and buckets
  kDeadLetter,  // queues and topics
};

// Whether the ARN is of such a thing; queues and topics are standard ones. Whether it is there is
// not asked.
bool is_event_target(std::string_view arn, EventTarget as);

}  // namespace lapwing::lambda
