// What requests say of a mapping, checked and put into its record.
//
// Thread-safety: pure functions, but for what they ask of the queue.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "gen/lambda/types.hpp"
#include "ports/queue_source.hpp"
#include "ports/stream_source.hpp"
#include "services/lambda/mappings/mapping_record.hpp"

namespace lapwing::lambda {

// What can be polled here. Null: there are none.
struct SourcesHere {
  const ports::QueueSource* queues = nullptr;
  const ports::StreamSources* streams = nullptr;
};

// Makes the record one of that source: a queue, or a stream that somebody publishes, of this
// region. Others answer what is known of them, those of services that are not built 501.
Status set_source(std::string_view operation, const Region& region, std::string_view arn,
                  const SourcesHere& here, MappingRecord& record);

Status apply(const gen::lambda::CreateEventSourceMappingRequest& in, MappingRecord& record);
Status apply(const gen::lambda::UpdateEventSourceMappingRequest& in, MappingRecord& record);

// With what its source and function are like.
Status check_mapping(const MappingRecord& record, const SourcesHere& here,
                     std::string_view role_arn, std::int64_t timeout_s);

// `last_result`: of a stream's.
gen::lambda::EventSourceMappingConfiguration describe(const MappingRecord& record,
                                                      std::string_view last_result);

}  // namespace lapwing::lambda
