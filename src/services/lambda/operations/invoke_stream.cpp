#include "services/lambda/operations/invoke_stream.hpp"

#include <array>

#include "aws/event_stream.hpp"
#include "services/lambda/limits.hpp"
#include "text/base64.hpp"
#include "text/json_writer.hpp"
#include "text/utf8.hpp"

namespace lapwing::lambda {

aws::Response render_stream_head(const RequestId& request_id, std::string_view executed_version,
                                 std::string_view trace_id) {
  aws::Response response;
  response.status = 200;
  response.headers.push_back({"Content-Type", std::string(aws::kEventStreamContentType)});
  response.headers.push_back({"x-amzn-RequestId", request_id.str()});
  response.headers.push_back({"X-Amz-Executed-Version", std::string(executed_version)});
  if (!trace_id.empty()) response.headers.push_back({"X-Amzn-Trace-Id", std::string(trace_id)});
  return response;
}

void append_payload_chunks(std::string& out, std::string_view bytes) {
  constexpr std::array kFields = {aws::EventField{":message-type", "event"},
                                  aws::EventField{":event-type", "PayloadChunk"},
                                  aws::EventField{":content-type", "application/octet-stream"}};
  while (!bytes.empty()) {
    const std::string_view chunk = bytes.substr(0, kMaxPayloadChunkBytes);
    aws::append_event(out, kFields, chunk);
    bytes.remove_prefix(chunk.size());
  }
}

void append_invoke_complete(std::string& out, const InvokeRequest& request,
                            const InvokeComplete& complete) {
  std::string json;
  text::JsonWriter writer(json);
  writer.begin_object();
  if (!complete.error_code.empty()) {
    writer.member("ErrorCode", complete.error_code);
    // The function's own bytes: a reader of events must not stumble over them.
    writer.member("ErrorDetails", text::replace_invalid_utf8(text::truncate_utf8(
                                      complete.error_details, kMaxErrorDetailsBytes)));
  }
  if (request.log_type == LogType::kTail) {
    writer.member("LogResult", text::base64_encode(complete.log_tail));
  }
  writer.end_object();
  constexpr std::array kFields = {aws::EventField{":message-type", "event"},
                                  aws::EventField{":event-type", "InvokeComplete"},
                                  aws::EventField{":content-type", "application/json"}};
  aws::append_event(out, kFields, json);
}

}  // namespace lapwing::lambda
