// Who follows a group: subscription filters, metric filters, destinations, resource policies; and
// what a live tail is.
#pragma once

#include "net/task.hpp"
#include "services/logs/operations/operations.hpp"

namespace lapwing::aws {
class AnswerSink;
class BodySource;
}  // namespace lapwing::aws
namespace lapwing::net {
class Loop;
}

namespace lapwing::logs {

// subscription_filters.cpp
Nothing put_subscription_filter(Core& core, const Call& call,
                                const model::PutSubscriptionFilterRequest& in);
Result<model::DescribeSubscriptionFiltersResponse> describe_subscription_filters(
    Core& core, const Call& call, const model::DescribeSubscriptionFiltersRequest& in);
Nothing delete_subscription_filter(Core& core, const Call& call,
                                   const model::DeleteSubscriptionFilterRequest& in);

// metric_filters.cpp
Nothing put_metric_filter(Core& core, const Call& call, const model::PutMetricFilterRequest& in);
Result<model::DescribeMetricFiltersResponse> describe_metric_filters(
    Core& core, const Call& call, const model::DescribeMetricFiltersRequest& in);
Nothing delete_metric_filter(Core& core, const Call& call,
                             const model::DeleteMetricFilterRequest& in);
Result<model::TestMetricFilterResponse> test_metric_filter(
    Core& core, const Call& call, const model::TestMetricFilterRequest& in);
// Of one group.
Result<std::int32_t> count_metric_filters(Core& core, const std::string& group_uid);

// destinations.cpp
Result<model::PutDestinationResponse> put_destination(Core& core, const Call& call,
                                                      const model::PutDestinationRequest& in);
Nothing put_destination_policy(Core& core, const Call& call,
                               const model::PutDestinationPolicyRequest& in);
Result<model::DescribeDestinationsResponse> describe_destinations(
    Core& core, const Call& call, const model::DescribeDestinationsRequest& in);
Nothing delete_destination(Core& core, const Call& call, const model::DeleteDestinationRequest& in);

// resource_policies.cpp
Result<model::PutResourcePolicyResponse> put_resource_policy(
    Core& core, const Call& call, const model::PutResourcePolicyRequest& in);
Result<model::DescribeResourcePoliciesResponse> describe_resource_policies(
    Core& core, const Call& call, const model::DescribeResourcePoliciesRequest& in);
Nothing delete_resource_policy(Core& core, const Call& call,
                               const model::DeleteResourcePolicyRequest& in);

// start_live_tail.cpp
net::Task<Status> start_live_tail(Core& core, net::Loop& loop, const Call& call,
                                  model::StartLiveTailRequest in, aws::BodySource& body,
                                  aws::AnswerSink& answer);

}  // namespace lapwing::logs
