// What requests say of a mapping, checked and put into its record.
//
// Thread-safety: pure functions, but for what they ask of the queue.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "gen/lambda/types.hpp"
#include "ports/queue_source.hpp"
#include "services/lambda/mappings/mapping_record.hpp"

namespace lapwing::lambda {

// Of a source that is polled: a queue of this region. Others answer what is known of them, those of
// services that are not built 501.
Status check_source(std::string_view operation, const Region& region, std::string_view arn);

Status apply(const gen::lambda::CreateEventSourceMappingRequest& in, MappingRecord& record);
Status apply(const gen::lambda::UpdateEventSourceMappingRequest& in, MappingRecord& record);

// With what its queue and function are like. `queues` null: there are none.
Status check_mapping(const MappingRecord& record, const ports::QueueSource* queues,
                     std::string_view role_arn, std::int64_t timeout_s);

gen::lambda::EventSourceMappingConfiguration describe(const MappingRecord& record);

}  // namespace lapwing::lambda
