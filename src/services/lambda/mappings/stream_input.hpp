// What requests say of a mapping of a stream (mapping_input.hpp).
//
// Thread-safety: pure functions, but for what they ask of the stream.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "gen/lambda/types.hpp"
#include "ports/stream_source.hpp"
#include "services/lambda/mappings/mapping_errors.hpp"
#include "services/lambda/mappings/mapping_record.hpp"

namespace lapwing::lambda {

// What a request may not say of a source that is none of these brokers.
template <class Request>
Status check_no_broker(const Request& in) {
  const auto refuse = [](bool given, std::string_view name) -> Status {
    return given ? fail(errors::not_for_source(name)) : Status();
  };
  LAPWING_CHECK(refuse(in.source_access_configurations && !in.source_access_configurations->empty(),
                       "SourceAccessConfigurations"));
  LAPWING_CHECK(refuse(in.amazon_managed_kafka_event_source_config.has_value(),
                       "AmazonManagedKafkaEventSourceConfig"));
  LAPWING_CHECK(refuse(in.self_managed_kafka_event_source_config.has_value(),
                       "SelfManagedKafkaEventSourceConfig"));
  return refuse(in.document_db_event_source_config.has_value(), "DocumentDBEventSourceConfig");
}

// Where it begins. Said once.
Status set_start(const gen::lambda::CreateEventSourceMappingRequest& in, MappingRecord& record);

Status change_stream(const gen::lambda::CreateEventSourceMappingRequest& in, MappingRecord& record);
Status change_stream(const gen::lambda::UpdateEventSourceMappingRequest& in, MappingRecord& record);

Status check_stream(const MappingRecord& record, const ports::StreamSources* streams,
                    std::string_view role_arn);

void describe_stream(const MappingRecord& record, std::string_view last_result,
                     gen::lambda::EventSourceMappingConfiguration& out);

}  // namespace lapwing::lambda
