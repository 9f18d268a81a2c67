#include "services/lambda/mappings/mapping_errors.hpp"

#include <fmt/core.h>

#include "gen/lambda/errors.hpp"
#include "services/lambda/errors.hpp"

namespace lapwing::lambda::errors {

Error mapping_exists(const MappingRecord& there) {
  if (there.stream) {
    return gen::lambda::errors::resource_conflict(fmt::format(
        "The event source arn (\" {} \") and function (\" {} \") provided mapping already exists. "
        "Please update or delete the existing mapping with UUID {}",
        there.source_arn, there.function.name.view(), there.uuid));
  }
  return gen::lambda::errors::resource_conflict(fmt::format(
      "An event source mapping with SQS arn (\" {} \") and function (\" {} \") already exists. "
      "Please update or delete the existing mapping with UUID {}",
      there.source_arn, there.function.name.view(), there.uuid));
}

Error mapping_in_use(std::string_view verb) {
  return gen::lambda::errors::resource_in_use(
      fmt::format("Cannot {} the event source mapping because it is in use.", verb));
}

Error mapping_not_found(std::string_view arn) {
  return gen::lambda::errors::resource_not_found(
      fmt::format("Event source mapping not found: {}", arn));
}

Error unrecognized_source() { return invalid_parameter("Unrecognized event source."); }

Error mapped_function_not_there() { return invalid_parameter("Function does not exist"); }

Error not_for_source(std::string_view parameter) {
  return invalid_parameter(
      fmt::format("Unsupported {} parameter for given event source mapping type.", parameter));
}

Error starting_position_not_for_queues() {
  return invalid_parameter("StartingPosition is not valid for SQS event sources.");
}

Error window_needed() {
  return invalid_parameter(
      "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
      "than 10");
}

Error window_not_for_fifo() {
  return invalid_parameter("Batching window is not supported for FIFO queues");
}

Error batch_too_large_for_fifo() {
  return invalid_parameter("The batch size of a FIFO queue is 10 at most");
}

Error filter_too_many(std::size_t most) {
  return invalid_parameter(fmt::format("FilterCriteria has {} filters at most", most));
}

Error scaling_twice() {
  return invalid_parameter(
      "ScalingConfig and ProvisionedPollerConfig cannot be used for one event source mapping");
}

Error pollers_reversed() {
  return invalid_parameter("MinimumPollers must not be greater than MaximumPollers");
}

Error starting_position_needed() {
  return invalid_parameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
      "Member must not be null.");
}

Error starting_position_not_for(std::string_view arn) {
  return invalid_parameter(fmt::format("Unsupported starting position for arn type: {}", arn));
}

Error timestamp_needed() { return invalid_parameter("Need to specify a timestamp"); }

Error timestamp_unused() {
  return invalid_parameter(
      "StartingPositionTimestamp is only for the starting position AT_TIMESTAMP");
}

Error record_age_too_short(std::int32_t least_s) {
  return invalid_parameter(
      fmt::format("MaximumRecordAgeInSeconds must be -1, or {} at least", least_s));
}

Error windows_not_parallel() {
  return invalid_parameter("With TumblingWindowInSeconds, ParallelizationFactor must be 1");
}

Error destination_not_for_stream(std::string_view arn) {
  return invalid_parameter(
      fmt::format("The on-failure destination must be a standard queue or topic: {}", arn));
}

Error stream_not_readable(std::string_view arn, const Error& why) {
  if (why.kind() == ErrorKind::kNotFound) {
    return invalid_parameter(fmt::format("Stream not found: {}", arn));
  }
  if (why.kind() == ErrorKind::kDenied) {
    return invalid_parameter(fmt::format(
        "Cannot access stream {}. Please ensure the role can perform the GetRecords, "
        "GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM.",
        arn));
  }
  return why;
}

Error queue_not_receivable(const Error& why) {
  if (why.kind() == ErrorKind::kDenied) {
    return invalid_parameter(
        "The provided execution role does not have permissions to call ReceiveMessage on SQS");
  }
  if (why.kind() == ErrorKind::kNotFound || why.kind() == ErrorKind::kInvalid) {
    return invalid_parameter(
        "Error occurred while ReceiveMessage. SQS Error Code: "
        "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not "
        "exist.");
  }
  return why;
}

Error visibility_too_short(std::int64_t visibility_s, std::int64_t timeout_s) {
  return invalid_parameter(
      fmt::format("Queue visibility timeout: {} seconds is less than Function timeout: {} seconds",
                  visibility_s, timeout_s));
}

Error source_of_other_region(std::string_view arn) {
  return invalid_parameter(
      fmt::format("The event source must be in the function's region: {}", arn));
}

}  // namespace lapwing::lambda::errors
