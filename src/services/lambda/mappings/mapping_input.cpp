#include "services/lambda/mappings/mapping_input.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "mappings/filter.hpp"
#include "mappings/limits.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/mappings/mapping_errors.hpp"
#include "services/lambda/mappings/stream_input.hpp"

namespace lapwing::lambda {
namespace {

namespace gl = gen::lambda;

constexpr std::int32_t kBatchWithoutWindow = 10;
constexpr std::int32_t kStreamBatchSize = 100;
constexpr std::array<std::string_view, 2> kStreamSources = {"kinesis", "dynamodb"};
// What polling brokers needs, and is not built.
constexpr std::array<std::string_view, 3> kUnbuiltSources = {"kafka", "mq", "rds"};

bool is_stream(const aws::Arn& arn) {
  if (arn.service == "kinesis") return arn.resource_type() == "stream";
  return arn.resource_type() == "table" && arn.resource.contains("/stream/");
}

Status change_filters(const std::optional<gl::FilterCriteria>& in, MappingRecord& record) {
  if (!in) return {};
  std::vector<std::string> filters;
  if (in->filters) {
    for (const gl::Filter& each : *in->filters) filters.push_back(each.pattern.value_or(""));
  }
  if (filters.size() > mappings::kFiltersMax) {
    return fail(errors::filter_too_many(mappings::kFiltersMax));
  }
  LAPWING_CHECK(mappings::Filter::compile(filters));
  record.filters = std::move(filters);
  return {};
}

// What means something to other sources only. Values that say "none" are taken, as tools send them.
template <class Request>
Status check_not_for_queues(const Request& in) {
  const auto refuse = [](bool given, std::string_view name) -> Status {
    return given ? fail(errors::not_for_source(name)) : Status();
  };
  if constexpr (requires { in.starting_position; }) {
    if (in.starting_position || in.starting_position_timestamp) {
      return fail(errors::starting_position_not_for_queues());
    }
    LAPWING_CHECK(refuse(in.topics.has_value(), "Topics"));
    LAPWING_CHECK(refuse(in.queues.has_value(), "Queues"));
    LAPWING_CHECK(refuse(in.self_managed_event_source.has_value(), "SelfManagedEventSource"));
  }
  const auto& to = in.destination_config;
  LAPWING_CHECK(refuse(to && ((to->on_failure && to->on_failure->destination) ||
                              (to->on_success && to->on_success->destination)),
                       "DestinationConfig"));
  LAPWING_CHECK(
      refuse(in.bisect_batch_on_function_error.value_or(false), "BisectBatchOnFunctionError"));
  LAPWING_CHECK(refuse(in.maximum_record_age_in_seconds.has_value(), "MaximumRecordAgeInSeconds"));
  LAPWING_CHECK(refuse(in.maximum_retry_attempts.has_value(), "MaximumRetryAttempts"));
  LAPWING_CHECK(refuse(in.parallelization_factor.has_value(), "ParallelizationFactor"));
  LAPWING_CHECK(refuse(in.tumbling_window_in_seconds.value_or(0) != 0, "TumblingWindowInSeconds"));
  return check_no_broker(in);
}

Status change_scaling(const std::optional<gl::ScalingConfig>& scaling,
                      const std::optional<gl::ProvisionedPollerConfig>& pollers,
                      MappingRecord& record) {
  // An empty one removes it.
  if (scaling) record.concurrency_max = scaling->maximum_concurrency;
  if (pollers) {
    record.pollers.reset();
    if (pollers->poller_group_name) return fail(errors::not_for_source("PollerGroupName"));
    if (pollers->minimum_pollers || pollers->maximum_pollers) {
      record.pollers = PollerRange{pollers->minimum_pollers, pollers->maximum_pollers};
    }
  }
  if (record.concurrency_max && record.pollers) return fail(errors::scaling_twice());
  if (record.pollers && record.pollers->least.value_or(2) > record.pollers->most.value_or(200)) {
    return fail(errors::pollers_reversed());
  }
  return {};
}

// What both requests have.
template <class Request>
Status change(const Request& in, MappingRecord& record) {
  LAPWING_CHECK(record.stream ? change_stream(in, record) : check_not_for_queues(in));
  if (in.batch_size) record.batch_size = *in.batch_size;
  if (in.maximum_batching_window_in_seconds) {
    record.window_s = *in.maximum_batching_window_in_seconds;
  }
  LAPWING_CHECK(change_filters(in.filter_criteria, record));
  LAPWING_CHECK(change_scaling(in.scaling_config, in.provisioned_poller_config, record));
  if (in.function_response_types) {
    record.partial_failures = !in.function_response_types->empty();
  }
  if (in.metrics_config) {
    // The others are of Kafka.
    for (const std::string& each :
         in.metrics_config->metrics.value_or(std::vector<std::string>())) {
      if (each != kEventCount) return fail(errors::not_for_source("MetricsConfig"));
    }
    record.metrics_given = in.metrics_config->metrics.has_value();
    record.metrics = in.metrics_config->metrics.value_or(std::vector<std::string>());
  }
  if (in.enabled) record.enabled = *in.enabled;
  return {};
}

}  // namespace

Status set_source(std::string_view operation, const Region& region, std::string_view text,
                  const SourcesHere& here, MappingRecord& record) {
  const auto arn = aws::Arn::parse(text);
  if (!arn) return fail(errors::unrecognized_source());
  const bool streams = std::ranges::find(kStreamSources, arn->service) != kStreamSources.end();
  const bool unbuilt = std::ranges::find(kUnbuiltSources, arn->service) != kUnbuiltSources.end();
  const bool there = here.streams != nullptr && here.streams->find(arn->service) != nullptr;
  if (unbuilt || (streams && !there)) {
    return fail(aws::unsupported("lambda", operation, "EventSourceArn",
                                 "event sources of this service are not built yet"));
  }
  const bool known =
      streams ? is_stream(*arn) : arn->service == "sqs" && arn->resource_type().empty();
  if (!known) return fail(errors::unrecognized_source());
  if (arn->region != region) return fail(errors::source_of_other_region(text));
  record.source_arn = text;
  if (streams) {
    record.stream.emplace();
    record.batch_size = kStreamBatchSize;
  }
  return {};
}

Status apply(const gl::CreateEventSourceMappingRequest& in, MappingRecord& record) {
  if (record.stream) LAPWING_CHECK(set_start(in, record));
  LAPWING_CHECK(change(in, record));
  if (in.tags) record.tags = *in.tags;
  return {};
}

Status apply(const gl::UpdateEventSourceMappingRequest& in, MappingRecord& record) {
  return change(in, record);
}

Status check_mapping(const MappingRecord& record, const SourcesHere& here,
                     std::string_view role_arn, std::int64_t timeout_s) {
  if (record.stream) return check_stream(record, here.streams, role_arn);
  const bool fifo = record.source_arn.ends_with(".fifo");
  if (fifo && record.window_s > 0) return fail(errors::window_not_for_fifo());
  if (fifo && record.batch_size > kBatchWithoutWindow) {
    return fail(errors::batch_too_large_for_fifo());
  }
  if (record.batch_size > kBatchWithoutWindow && record.window_s == 0) {
    return fail(errors::window_needed());
  }
  if (here.queues == nullptr) {
    return fail(errors::queue_not_receivable(make_error(ErrorKind::kNotFound, "no queues")));
  }
  const auto facts = here.queues->describe({record.source_arn, std::string(role_arn)});
  if (!facts) return fail(errors::queue_not_receivable(facts.error()));
  const auto visibility_s =
      std::chrono::duration_cast<std::chrono::seconds>(facts->visibility).count();
  if (visibility_s < timeout_s) return fail(errors::visibility_too_short(visibility_s, timeout_s));
  return {};
}

gl::EventSourceMappingConfiguration describe(const MappingRecord& record,
                                             std::string_view last_result) {
  gl::EventSourceMappingConfiguration out;
  out.uuid = record.uuid;
  out.event_source_mapping_arn = record.arn();
  out.event_source_arn = record.source_arn;
  out.function_arn = function_arn(record.function, record.qualifier);
  out.batch_size = record.batch_size;
  out.maximum_batching_window_in_seconds = record.window_s;
  out.state = std::string(to_string(record.state));
  out.state_transition_reason = "USER_INITIATED";
  out.last_modified = wall_from_unix_ms(record.last_modified_ms);
  out.function_response_types.emplace();
  if (record.partial_failures) out.function_response_types->push_back("ReportBatchItemFailures");
  if (!record.filters.empty()) {
    auto& filters = out.filter_criteria.emplace().filters.emplace();
    for (const std::string& each : record.filters) filters.push_back({.pattern = each});
  }
  if (record.concurrency_max) {
    out.scaling_config.emplace().maximum_concurrency = record.concurrency_max;
  }
  if (record.pollers) {
    auto& pollers = out.provisioned_poller_config.emplace();
    pollers.minimum_pollers = record.pollers->least;
    pollers.maximum_pollers = record.pollers->most;
  }
  if (record.stream) describe_stream(record, last_result, out);
  if (record.metrics_given) out.metrics_config.emplace().metrics = record.metrics;
  return out;
}

}  // namespace lapwing::lambda
