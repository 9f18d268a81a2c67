// The answer of InvokeWithResponseStream: an event stream of PayloadChunk events, ended by one
// InvokeComplete. A function's error is told only there, as AWS does: ErrorCode "Unhandled"
// and the error document as ErrorDetails.
//
// Facts: AWS Lambda API reference, "InvokeWithResponseStream".
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "aws/message.hpp"
#include "services/lambda/operations/invoke.hpp"

namespace lapwing::lambda {

// Everything before the first event.
aws::Response render_stream_head(const RequestId& request_id, std::string_view executed_version,
                                 std::string_view trace_id);

// Appends `bytes` as one event, or several when there are many; nothing for none.
void append_payload_chunks(std::string& out, std::string_view bytes);

struct InvokeComplete {
  std::string error_code;     // "" when the function succeeded
  std::string error_details;  // the error document
  std::string log_tail;       // sent when the request asked for it
};
void append_invoke_complete(std::string& out, const InvokeRequest& request,
                            const InvokeComplete& complete);

}  // namespace lapwing::lambda
