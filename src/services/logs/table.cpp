#include "services/logs/table.hpp"

#include <initializer_list>
#include <string_view>

#include "gen/logs/types.hpp"
#include "services/logs/core.hpp"
#include "services/logs/following/records.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/filters.hpp"
#include "services/logs/operations/operations.hpp"
#include "services/logs/operations/read_backs.hpp"

namespace lapwing::logs {
namespace {

using aws::Access;

// What a request acts on, as an ARN; a group or stream is asked about as AWS does, ":*" at the end
// of a group and whole where a stream is named.
template <class In>
std::string group_asked(const aws::Call& call, const In& in) {
  std::string name;
  if constexpr (requires { in.log_group_name->size(); }) {
    name = in.log_group_name.value_or("*");
  } else {
    name = in.log_group_name;
  }
  return group_arn(scope_of(call.caller), name) + ":*";
}

template <class In>
std::string stream_asked(const aws::Call& call, const In& in) {
  std::string arn = group_asked(call, in);
  arn.replace(arn.size() - 1, 1, "log-stream:" + in.log_stream_name);
  return arn;
}

template <class In>
std::string resource_asked(const aws::Call&, const In& in) {
  return in.resource_arn;
}

std::vector<std::string> groups_asked(const aws::Call&, const model::StartLiveTailRequest& in) {
  return in.log_group_identifiers;
}

std::string destination_asked(const aws::Call& call, std::string_view name) {
  LogDestination named;
  named.scope = scope_of(call.caller);
  named.name = name;
  return named.arn();
}

void add_filters(aws::OperationTable& table, Core& core) {
  table.add<model::PutSubscriptionFilter>(
      core, put_subscription_filter,
      {.access = Access::kWrite,
       .resource = group_asked<model::PutSubscriptionFilterRequest>,
       .accepts = {"logGroupName", "filterName", "filterPattern", "destinationArn", "roleArn",
                   "distribution", "applyOnTransformedLogs"}});
  table.add<model::DescribeSubscriptionFilters>(
      core, describe_subscription_filters,
      {.access = Access::kList,
       .resource = group_asked<model::DescribeSubscriptionFiltersRequest>});
  table.add<model::DeleteSubscriptionFilter>(
      core, delete_subscription_filter,
      {.access = Access::kWrite, .resource = group_asked<model::DeleteSubscriptionFilterRequest>});
  table.add<model::PutMetricFilter>(
      core, put_metric_filter,
      {.access = Access::kWrite,
       .resource = group_asked<model::PutMetricFilterRequest>,
       .accepts = {"logGroupName", "filterName", "filterPattern", "metricTransformations",
                   "applyOnTransformedLogs"}});
  table.add<model::DescribeMetricFilters>(
      core, describe_metric_filters,
      {.access = Access::kList, .resource = group_asked<model::DescribeMetricFiltersRequest>});
  table.add<model::DeleteMetricFilter>(
      core, delete_metric_filter,
      {.access = Access::kWrite, .resource = group_asked<model::DeleteMetricFilterRequest>});
  table.add<model::TestMetricFilter>(core, test_metric_filter,
                                     {.access = Access::kRead, .resource = aws::kNoResource});
  table.add<model::StartLiveTail>(core, start_live_tail,
                                  {.access = Access::kRead, .resource = groups_asked});
}

void add_policies(aws::OperationTable& table, Core& core) {
  table.add<model::PutDestination>(
      core, put_destination,
      {.access = Access::kWrite,
       .resource = [](const aws::Call& call, const model::PutDestinationRequest& in) {
         return destination_asked(call, in.destination_name);
       }});
  table.add<model::PutDestinationPolicy>(
      core, put_destination_policy,
      {.access = Access::kPermissions,
       .resource = [](const aws::Call& call, const model::PutDestinationPolicyRequest& in) {
         return destination_asked(call, in.destination_name);
       }});
  table.add<model::DescribeDestinations>(core, describe_destinations,
                                         {.access = Access::kList, .resource = aws::kNoResource});
  table.add<model::DeleteDestination>(
      core, delete_destination,
      {.access = Access::kWrite,
       .resource = [](const aws::Call& call, const model::DeleteDestinationRequest& in) {
         return destination_asked(call, in.destination_name);
       }});
  table.add<model::PutResourcePolicy>(
      core, put_resource_policy, {.access = Access::kPermissions, .resource = aws::kNoResource});
  table.add<model::DescribeResourcePolicies>(
      core, describe_resource_policies, {.access = Access::kList, .resource = aws::kNoResource});
  table.add<model::DeleteResourcePolicy>(
      core, delete_resource_policy, {.access = Access::kPermissions, .resource = aws::kNoResource});
}

void add_groups(aws::OperationTable& table, Core& core) {
  table.add<model::ListLogGroups>(
      core, list_log_groups,
      {.access = Access::kList,
       .resource = aws::kNoResource,
       .accepts = {"logGroupNamePattern", "logGroupClass", "logGroupTags", "nextToken", "limit"}});
  table.add<model::CreateLogGroup>(
      core, create_log_group,
      {.access = Access::kWrite,
       .resource = group_asked,
       .accepts = {"logGroupName", "tags", "logGroupClass", "deletionProtectionEnabled"}});
  table.add<model::DeleteLogGroup>(core, delete_log_group,
                                   {.access = Access::kWrite, .resource = group_asked});
  table.add<model::DescribeLogGroups>(
      core, describe_log_groups,
      {.access = Access::kList,
       .resource = aws::kNoResource,
       .accepts = {"logGroupNamePrefix", "logGroupNamePattern", "nextToken", "limit",
                   "logGroupClass", "logGroupIdentifiers"}});
  table.add<model::PutRetentionPolicy>(core, put_retention_policy,
                                       {.access = Access::kWrite, .resource = group_asked});
  table.add<model::DeleteRetentionPolicy>(core, delete_retention_policy,
                                          {.access = Access::kWrite, .resource = group_asked});
}

void add_streams(aws::OperationTable& table, Core& core) {
  table.add<model::CreateLogStream>(core, create_log_stream,
                                    {.access = Access::kWrite, .resource = stream_asked});
  table.add<model::DeleteLogStream>(core, delete_log_stream,
                                    {.access = Access::kWrite, .resource = stream_asked});
  table.add<model::DescribeLogStreams>(core, describe_log_streams,
                                       {.access = Access::kList, .resource = group_asked});
  table.add<model::PutLogEvents>(core, put_log_events,
                                 {.access = Access::kWrite,
                                  .resource = stream_asked,
                                  .body_bytes_max = kBatchRequestBytesMax});
  table.add<model::GetLogEvents>(core, get_log_events,
                                 {.access = Access::kRead, .resource = stream_asked});
  table.add<model::FilterLogEvents>(core, filter_log_events,
                                    {.access = Access::kList, .resource = group_asked});
}

void add_tags(aws::OperationTable& table, Core& core) {
  table.add<model::TagResource>(core, tag_resource,
                                {.access = Access::kTagging, .resource = resource_asked});
  table.add<model::UntagResource>(core, untag_resource,
                                  {.access = Access::kTagging, .resource = resource_asked});
  table.add<model::ListTagsForResource>(core, list_tags_for_resource,
                                        {.access = Access::kList, .resource = resource_asked});
  table.add<model::TagLogGroup>(core, tag_log_group,
                                {.access = Access::kTagging, .resource = group_asked});
  table.add<model::UntagLogGroup>(core, untag_log_group,
                                  {.access = Access::kTagging, .resource = group_asked});
  table.add<model::ListTagsLogGroup>(core, list_tags_log_group,
                                     {.access = Access::kList, .resource = group_asked});
}

constexpr std::initializer_list<std::string_view> kNotBuilt = {
    "AssociateKmsKey",
    "AssociateSourceToS3TableIntegration",
    "CancelExportTask",
    "CancelImportTask",
    "CreateDelivery",
    "CreateExportTask",
    "CreateImportTask",
    "CreateLogAnomalyDetector",
    "CreateLookupTable",
    "CreateScheduledQuery",
    "DeleteAccountPolicy",
    "DeleteDataProtectionPolicy",
    "DeleteDelivery",
    "DeleteDeliveryDestination",
    "DeleteDeliveryDestinationPolicy",
    "DeleteDeliverySource",
    "DeleteIndexPolicy",
    "DeleteIntegration",
    "DeleteLogAnomalyDetector",
    "DeleteLookupTable",
    "DeleteQueryDefinition",
    "DeleteScheduledQuery",
    "DeleteSyslogConfiguration",
    "DeleteTransformer",
    "DescribeConfigurationTemplates",
    "DescribeImportTaskBatches",
    "DescribeImportTasks",
    "DescribeLookupTables",
    "DisassociateKmsKey",
    "DisassociateSourceFromS3TableIntegration",
    "GetIntegration",
    "GetLogAnomalyDetector",
    "GetLogFields",
    "GetLogGroupFields",
    "GetLogObject",
    "GetLogRecord",
    "GetLookupTable",
    "GetQueryResults",
    "GetScheduledQuery",
    "GetScheduledQueryHistory",
    "GetStorageTierPolicy",
    "ListAggregateLogGroupSummaries",
    "ListAnomalies",
    "ListLogGroupsForQuery",
    "ListScheduledQueries",
    "ListSourcesForS3TableIntegration",
    "ListSyslogConfigurations",
    "PutAccountPolicy",
    "PutBearerTokenAuthentication",
    "PutDataProtectionPolicy",
    "PutDeliveryDestination",
    "PutDeliveryDestinationPolicy",
    "PutDeliverySource",
    "PutIndexPolicy",
    "PutIntegration",
    "PutLogGroupDeletionProtection",
    "PutQueryDefinition",
    "PutStorageTierPolicy",
    "PutSyslogConfiguration",
    "PutTransformer",
    "StartQuery",
    "StopQuery",
    "TestTransformer",
    "UpdateAnomaly",
    "UpdateDeliveryConfiguration",
    "UpdateLogAnomalyDetector",
    "UpdateLookupTable",
    "UpdateScheduledQuery"};

}  // namespace

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(model::kModel);
  add_groups(table, core);
  add_streams(table, core);
  add_tags(table, core);
  add_filters(table, core);
  add_policies(table, core);
  add_read_backs(table, core);
  table.refuse(kNotBuilt);
  return table;
}

}  // namespace lapwing::logs
