#include "mappings/failure_record.hpp"

#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::mappings {

std::string failure_record(const StreamFailure& failure, WallTime now) {
  const bool kinesis = failure.kind == StreamKind::kKinesis;
  const auto arrival = [&](const StreamRecord& record) {
    return text::format_iso8601(wall_from_unix_ms(record.arrived_ms), kinesis);
  };
  const StreamRecord& first = failure.what.records.front();
  const StreamRecord& last = failure.what.records.back();
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.key("requestContext");
  json.begin_object();
  json.member("requestId", failure.request_id);
  json.member("functionArn", failure.function_arn);
  json.member("condition", to_string(failure.what.why));
  json.member("approximateInvokeCount", failure.what.attempts);
  json.end_object();
  if (!failure.executed_version.empty()) {
    json.key("responseContext");
    json.begin_object();
    json.member("statusCode", 200);
    json.member("executedVersion", failure.executed_version);
    json.key("functionError");
    failure.reported ? json.null() : json.string("Unhandled");
    json.end_object();
  }
  if (failure.what.why == GiveUp::kTooLarge) json.key("responseContext"), json.null();
  json.member("version", "1.0");
  json.member("timestamp", text::format_iso8601(now, true));
  json.key(kinesis ? "KinesisBatchInfo" : "DDBStreamBatchInfo");
  json.begin_object();
  json.member("shardId", failure.shard);
  json.member("startSequenceNumber", first.sequence);
  json.member("endSequenceNumber", last.sequence);
  json.member("approximateArrivalOfFirstRecord", arrival(first));
  json.member("approximateArrivalOfLastRecord", arrival(last));
  json.member("batchSize", failure.what.records.size());
  json.member("streamArn", failure.stream_arn);
  json.end_object();
  json.end_object();
  return out;
}

}  // namespace lapwing::mappings
