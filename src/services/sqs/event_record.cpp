#include "services/sqs/event_record.hpp"

#include <utility>

#include "crypto/md5.hpp"
#include "services/sqs/message.hpp"
#include "text/base64.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::sqs {
namespace {

void write_system_attributes(text::JsonWriter& json, const Queue& queue,
                             const store::Claimed& claimed, const Message& message) {
  const auto put = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) json.member(name, value);
  };
  json.begin_object();
  put("ApproximateReceiveCount", std::to_string(claimed.attempts_in_all));
  put("AWSTraceHeader", message.trace_header);
  put("SentTimestamp", std::to_string(claimed.enqueued_ms));
  if (queue.fifo) put("SequenceNumber", sequence_number(claimed.receipt.id));
  put("MessageGroupId", claimed.group);
  put("SenderId", message.sender_id);
  put("MessageDeduplicationId", message.deduplication_id);
  put("DeadLetterQueueSourceArn", message.source_arn);
  put("ApproximateFirstReceiveTimestamp", std::to_string(claimed.first_claim_ms));
  json.end_object();
}

void write_attributes(text::JsonWriter& json, const MessageAttributes& attributes) {
  json.begin_object();
  for (const MessageAttribute& each : attributes) {
    json.key(each.name);
    json.begin_object();
    if (each.binary()) {
      json.member("binaryValue", text::base64_encode(each.value));
    } else {
      json.member("stringValue", each.value);
    }
    for (const char* const list : {"stringListValues", "binaryListValues"}) {
      json.key(list);
      json.begin_array();
      json.end_array();
    }
    json.member("dataType", each.type);
    json.end_object();
  }
  json.end_object();
}

// All of it, with the body's place.
struct Written {
  std::string text;
  std::size_t body_begin = 0;
  std::size_t body_end = 0;
};

Written write(const Queue& queue, const store::Claimed& claimed, const Handle& handle,
              const Message& message) {
  Written out;
  out.text.reserve(message.body.size() + 768);
  text::JsonWriter json(out.text);
  json.begin_object();
  json.member("messageId", message.id);
  json.member("receiptHandle", write_handle(queue, handle));
  json.key("body");
  out.body_begin = out.text.size();
  json.string(message.body);
  out.body_end = out.text.size();
  json.key("attributes");
  write_system_attributes(json, queue, claimed, message);
  json.key("messageAttributes");
  write_attributes(json, message.attributes);
  json.member("md5OfBody", crypto::md5_hex(message.body));
  json.key("md5OfMessageAttributes");
  if (message.attributes.empty()) {
    json.null();
  } else {
    json.string(md5_of(message.attributes));
  }
  json.member("eventSource", "aws:sqs");
  json.member("eventSourceARN", queue.arn());
  json.member("awsRegion", queue.scope.region.view());
  json.end_object();
  return out;
}

}  // namespace

Result<ports::QueueRecord> event_record(const Queue& queue, const store::Claimed& claimed,
                                        const Handle& handle, bool filterable) {
  LAPWING_TRY(Message message, decode(claimed.payload));
  Written written = write(queue, claimed, handle, message);
  ports::QueueRecord out{.receipt = claimed.receipt,
                         .id = std::move(message.id),
                         .record = {},
                         .filterable = {},
                         .trace = std::move(message.trace_header)};
  if (filterable) {
    out.filterable = written.text;
    if (text::check_json(message.body)) {
      out.filterable.replace(written.body_begin, written.body_end - written.body_begin,
                             message.body);
    }
  }
  out.record = std::move(written.text);
  return out;
}

}  // namespace lapwing::sqs
