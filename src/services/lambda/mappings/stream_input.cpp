#include "services/lambda/mappings/stream_input.hpp"

#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "services/lambda/event_target.hpp"

namespace lapwing::lambda {
namespace {

namespace gl = gen::lambda;

constexpr std::int32_t kAgeLeastS = 60;

Status change_destination(const std::optional<gl::DestinationConfig>& in,
                          StreamSettings& settings) {
  if (!in) return {};
  if (in->on_success) return fail(errors::not_for_source("DestinationConfig"));
  settings.on_failure = in->on_failure ? in->on_failure->destination.value_or("") : "";
  const std::string& arn = settings.on_failure;
  if (arn.empty()) return {};
  const std::string_view service = aws::service_of(arn);
  if (service == "s3") {
    return fail(aws::unsupported("lambda", "CreateEventSourceMapping", "DestinationConfig",
                                 "buckets as destinations are not built yet"));
  }
  const bool taken = service == "sqs" || service == "sns";
  if (!taken || !is_event_target(arn, EventTarget::kOnFailure)) {
    return fail(errors::destination_not_for_stream(arn));
  }
  return {};
}

template <class Request>
Status change(const Request& in, MappingRecord& record) {
  const auto refuse = [](bool given, std::string_view name) -> Status {
    return given ? fail(errors::not_for_source(name)) : Status();
  };
  if constexpr (requires { in.topics; }) {
    LAPWING_CHECK(refuse(in.topics.has_value(), "Topics"));
    LAPWING_CHECK(refuse(in.queues.has_value(), "Queues"));
    LAPWING_CHECK(refuse(in.self_managed_event_source.has_value(), "SelfManagedEventSource"));
  }
  LAPWING_CHECK(refuse(in.scaling_config && in.scaling_config->maximum_concurrency.has_value(),
                       "ScalingConfig"));
  LAPWING_CHECK(refuse(in.provisioned_poller_config.has_value(), "ProvisionedPollerConfig"));
  LAPWING_CHECK(check_no_broker(in));
  StreamSettings& settings = *record.stream;
  if (in.parallelization_factor) settings.parallel = *in.parallelization_factor;
  if (in.maximum_retry_attempts) settings.retries = *in.maximum_retry_attempts;
  if (in.maximum_record_age_in_seconds) settings.age_s = *in.maximum_record_age_in_seconds;
  if (in.bisect_batch_on_function_error) settings.bisect = *in.bisect_batch_on_function_error;
  if (in.tumbling_window_in_seconds) settings.tumbling_s = *in.tumbling_window_in_seconds;
  if (settings.age_s != -1 && settings.age_s < kAgeLeastS) {
    return fail(errors::record_age_too_short(kAgeLeastS));
  }
  if (settings.tumbling_s > 0 && settings.parallel > 1) {
    return fail(errors::windows_not_parallel());
  }
  return change_destination(in.destination_config, settings);
}

}  // namespace

Status set_start(const gl::CreateEventSourceMappingRequest& in, MappingRecord& record) {
  if (!in.starting_position) return fail(errors::starting_position_needed());
  StreamSettings& settings = *record.stream;
  settings.from = *in.starting_position;
  const bool at_time = settings.from == "AT_TIMESTAMP";
  if (at_time && record.source_service() == "dynamodb") {
    return fail(errors::starting_position_not_for(record.source_arn));
  }
  if (at_time && !in.starting_position_timestamp) return fail(errors::timestamp_needed());
  if (!at_time && in.starting_position_timestamp) return fail(errors::timestamp_unused());
  if (at_time) settings.from_ms = unix_ms(*in.starting_position_timestamp);
  return {};
}

Status change_stream(const gl::CreateEventSourceMappingRequest& in, MappingRecord& record) {
  return change(in, record);
}

Status change_stream(const gl::UpdateEventSourceMappingRequest& in, MappingRecord& record) {
  return change(in, record);
}

Status check_stream(const MappingRecord& record, const ports::StreamSources* streams,
                    std::string_view role_arn) {
  const ports::StreamSource* const source =
      streams != nullptr ? streams->find(record.source_service()) : nullptr;
  if (source == nullptr) {
    return fail(aws::unsupported("lambda", "UpdateEventSourceMapping", "EventSourceArn",
                                 "event sources of this service are not built yet"));
  }
  const auto shards = source->describe({record.source_arn, std::string(role_arn)});
  if (!shards) return fail(errors::stream_not_readable(record.source_arn, shards.error()));
  return {};
}

void describe_stream(const MappingRecord& record, std::string_view last_result,
                     gl::EventSourceMappingConfiguration& out) {
  const StreamSettings& settings = *record.stream;
  out.state_transition_reason = "User action";
  out.last_processing_result = std::string(last_result);
  out.starting_position = settings.from;
  if (settings.from_ms) out.starting_position_timestamp = wall_from_unix_ms(*settings.from_ms);
  out.parallelization_factor = settings.parallel;
  out.maximum_retry_attempts = settings.retries;
  out.maximum_record_age_in_seconds = settings.age_s;
  out.bisect_batch_on_function_error = settings.bisect;
  out.tumbling_window_in_seconds = settings.tumbling_s;
  auto& failure = out.destination_config.emplace().on_failure.emplace();
  if (!settings.on_failure.empty()) failure.destination = settings.on_failure;
}

}  // namespace lapwing::lambda
