// A received message as functions see it: one of the "Records" of an event.
//
// Facts: Lambda developer guide, "Using Lambda with Amazon SQS"; recorded events.
//
// Thread-safety: pure functions.
#pragma once

#include <string>

#include "base/result.hpp"
#include "ports/queue_source.hpp"
#include "services/sqs/queue.hpp"
#include "services/sqs/receipt_handle.hpp"

namespace lapwing::sqs {

// `filterable`: also with a body that is JSON as JSON.
Result<ports::QueueRecord> event_record(const Queue& queue, const store::Claimed& claimed,
                                        const Handle& handle, bool filterable);

}  // namespace lapwing::sqs
