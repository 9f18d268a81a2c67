// What a mapping's record asks of its poller.
//
// Errors: kInvalid for filters that cannot be read.
//
// Thread-safety: pure functions.
#pragma once

#include "base/result.hpp"
#include "mappings/pollers.hpp"
#include "services/lambda/mappings/mapping_record.hpp"

namespace lapwing::lambda {

Result<mappings::QueueMapping> queue_mapping(const MappingRecord& record);
Result<mappings::StreamMapping> stream_mapping(const MappingRecord& record,
                                               ports::StreamSource& source);

}  // namespace lapwing::lambda
