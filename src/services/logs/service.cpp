#include "services/logs/service.hpp"

#include <optional>
#include <utility>

#include <fmt/core.h>

#include "gen/logs/types.hpp"
#include "services/logs/core.hpp"
#include "services/logs/deliveries.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/operations.hpp"

namespace lapwing::logs {
namespace {

using aws::Access;

constexpr auto kHousekeepingEvery = std::chrono::minutes(1);

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

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(model::kModel);
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
  table.refuse({"AssociateKmsKey",
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
                "DeleteDestination",
                "DeleteIndexPolicy",
                "DeleteIntegration",
                "DeleteLogAnomalyDetector",
                "DeleteLookupTable",
                "DeleteMetricFilter",
                "DeleteQueryDefinition",
                "DeleteResourcePolicy",
                "DeleteScheduledQuery",
                "DeleteSubscriptionFilter",
                "DeleteSyslogConfiguration",
                "DeleteTransformer",
                "DescribeAccountPolicies",
                "DescribeConfigurationTemplates",
                "DescribeDeliveries",
                "DescribeDeliveryDestinations",
                "DescribeDeliverySources",
                "DescribeDestinations",
                "DescribeExportTasks",
                "DescribeFieldIndexes",
                "DescribeImportTaskBatches",
                "DescribeImportTasks",
                "DescribeIndexPolicies",
                "DescribeLookupTables",
                "DescribeMetricFilters",
                "DescribeQueries",
                "DescribeQueryDefinitions",
                "DescribeResourcePolicies",
                "DescribeSubscriptionFilters",
                "DisassociateKmsKey",
                "DisassociateSourceFromS3TableIntegration",
                "GetDataProtectionPolicy",
                "GetDelivery",
                "GetDeliveryDestination",
                "GetDeliveryDestinationPolicy",
                "GetDeliverySource",
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
                "GetTransformer",
                "ListAggregateLogGroupSummaries",
                "ListAnomalies",
                "ListIntegrations",
                "ListLogAnomalyDetectors",
                "ListLogGroups",
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
                "PutDestination",
                "PutDestinationPolicy",
                "PutIndexPolicy",
                "PutIntegration",
                "PutLogGroupDeletionProtection",
                "PutMetricFilter",
                "PutQueryDefinition",
                "PutResourcePolicy",
                "PutStorageTierPolicy",
                "PutSubscriptionFilter",
                "PutSyslogConfiguration",
                "PutTransformer",
                "StartLiveTail",
                "StartQuery",
                "StopQuery",
                "TestMetricFilter",
                "TestTransformer",
                "UpdateAnomaly",
                "UpdateDeliveryConfiguration",
                "UpdateLogAnomalyDetector",
                "UpdateLookupTable",
                "UpdateScheduledQuery"});
  return table;
}

}  // namespace

struct Service::Inside {
  Inside(const hosting::Dependencies& given, const LogLimits& limits)
      : core(given.store.store(), given.store.bulk_log(), given.clock, given.random, given.log,
             limits, &given.pipeline.clock),
        service(make_table(core), given.pipeline),
        deliveries(core, given.pipeline.workers),
        background(given.background) {}

  Status run_housekeeping() {
    LAPWING_CHECK(sweep_dropped(core));
    return expire_events(core);
  }

  Core core;
  aws::Service service;
  Deliveries deliveries;
  background::Runner& background;
  background::Task housekeeping;
};

Service::Service(const hosting::Dependencies& given, const LogLimits& limits)
    : inside_(std::make_unique<Inside>(given, limits)) {}

Service::~Service() { stop(); }

Status Service::start() {
  inside_->core.sink.start();
  inside_->housekeeping = inside_->background.every("logs.housekeeping", kHousekeepingEvery,
                                                    [this] { return inside_->run_housekeeping(); });
  inside_->housekeeping.notify();
  return {};
}

void Service::stop() {
  inside_->housekeeping.reset();
  inside_->core.sink.stop();
}

const aws::Service& Service::api() const { return inside_->service; }

void Service::metrics(hosting::MetricsText& text) const {
  const LogBudget& budget = inside_->core.budget;
  text.add("log_bytes", "gauge", "Disk space of log events, as last looked at.",
           budget.used_bytes());
  text.family("log_dropped_bytes_total", "counter",
              "Function output that was dropped, by what was at its limit.");
  for (std::size_t i = 0; i < kLosses; ++i) {
    const auto why = static_cast<Loss>(i);
    text.sample("log_dropped_bytes_total", fmt::format(R"(reason="{}")", to_string(why)),
                budget.lost_bytes(why));
  }
}

hosting::Health Service::health() const {
  const LogBudget& budget = inside_->core.budget;
  const std::optional<Loss> closed = budget.closed();
  if (!closed) return {};
  return {"limited", "Function output is dropped: " + describe(*closed, budget.limits())};
}

void Service::publish(hosting::Ports& ports) {
  ports.logs = &inside_->core.sink;
  if (ports.destinations != nullptr) ports.destinations->add("logs", inside_->deliveries);
}

ports::LogSink& Service::sink() { return inside_->core.sink; }

const LogBudget& Service::budget() const { return inside_->core.budget; }

Status Service::run_housekeeping() { return inside_->run_housekeeping(); }

}  // namespace lapwing::logs
