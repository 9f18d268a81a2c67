// What is refused about event source mappings, in AWS's words where they are known.
//
// Source: recorded answers of the service; lines marked "ours" are Lapwing's own.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "services/lambda/mappings/mapping_record.hpp"

namespace lapwing::lambda::errors {

// 409 ResourceConflictException.
Error mapping_exists(const MappingRecord& there);
// 400 ResourceInUseException: on its way from one state to another. `verb`: "update", "delete".
Error mapping_in_use(std::string_view verb);
// 404 ResourceNotFoundException, of tags.
Error mapping_not_found(std::string_view arn);

// 400 InvalidParameterValueException.
Error unrecognized_source();
Error mapped_function_not_there();
Error not_for_source(std::string_view parameter);
Error starting_position_not_for_queues();
Error window_needed();
Error window_not_for_fifo();
Error batch_too_large_for_fifo();         // ours
Error filter_too_many(std::size_t most);  // ours
Error scaling_twice();                    // ours
Error pollers_reversed();                 // ours
Error starting_position_needed();
Error starting_position_not_for(std::string_view arn);
Error timestamp_needed();
Error timestamp_unused();                                // ours
Error record_age_too_short(std::int32_t least_s);        // ours
Error windows_not_parallel();                            // ours
Error destination_not_for_stream(std::string_view arn);  // ours
Error stream_not_readable(std::string_view arn, const Error& why);
Error queue_not_receivable(const Error& why);
Error visibility_too_short(std::int64_t visibility_s, std::int64_t timeout_s);
Error source_of_other_region(std::string_view arn);  // ours

}  // namespace lapwing::lambda::errors
