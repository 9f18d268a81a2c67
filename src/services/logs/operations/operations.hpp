// The operations, typed input in, typed output or error out. Members that are not served
// are refused by name before they get here (service.cpp lists those that are).
#pragma once

#include "aws/call.hpp"
#include "aws/empty.hpp"
#include "gen/logs/types.hpp"
#include "services/logs/core.hpp"

namespace lapwing::logs {

namespace model = gen::logs;
using Nothing = Result<aws::Empty>;
using aws::Call;

// groups.cpp
Nothing create_log_group(Core& core, const Call& call, const model::CreateLogGroupRequest& in);
Nothing delete_log_group(Core& core, const Call& call, const model::DeleteLogGroupRequest& in);
Result<model::DescribeLogGroupsResponse> describe_log_groups(
    Core& core, const Call& call, const model::DescribeLogGroupsRequest& in);
Nothing put_retention_policy(Core& core, const Call& call,
                             const model::PutRetentionPolicyRequest& in);
Nothing delete_retention_policy(Core& core, const Call& call,
                                const model::DeleteRetentionPolicyRequest& in);

// list_log_groups.cpp
Result<model::ListLogGroupsResponse> list_log_groups(Core& core, const Call& call,
                                                     const model::ListLogGroupsRequest& in);

// streams.cpp
Nothing create_log_stream(Core& core, const Call& call, const model::CreateLogStreamRequest& in);
Nothing delete_log_stream(Core& core, const Call& call, const model::DeleteLogStreamRequest& in);
Result<model::DescribeLogStreamsResponse> describe_log_streams(
    Core& core, const Call& call, const model::DescribeLogStreamsRequest& in);

// put_log_events.cpp
Result<model::PutLogEventsResponse> put_log_events(Core& core, const Call& call,
                                                   const model::PutLogEventsRequest& in);
// get_log_events.cpp
Result<model::GetLogEventsResponse> get_log_events(Core& core, const Call& call,
                                                   const model::GetLogEventsRequest& in);
// filter_log_events.cpp
Result<model::FilterLogEventsResponse> filter_log_events(Core& core, const Call& call,
                                                         const model::FilterLogEventsRequest& in);

// tags.cpp
Nothing tag_resource(Core& core, const Call& call, const model::TagResourceRequest& in);
Nothing untag_resource(Core& core, const Call& call, const model::UntagResourceRequest& in);
Result<model::ListTagsForResourceResponse> list_tags_for_resource(
    Core& core, const Call& call, const model::ListTagsForResourceRequest& in);
Nothing tag_log_group(Core& core, const Call& call, const model::TagLogGroupRequest& in);
Nothing untag_log_group(Core& core, const Call& call, const model::UntagLogGroupRequest& in);
Result<model::ListTagsLogGroupResponse> list_tags_log_group(
    Core& core, const Call& call, const model::ListTagsLogGroupRequest& in);
// Also for CreateLogGroup.
// `too_many`: what is answered beyond kTagsMax, which the two ways to tag say differently.
Status check_tags(const Tags& tags, const Error& too_many);

}  // namespace lapwing::logs
