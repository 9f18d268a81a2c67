#include "services/logs/service.hpp"

#include <utility>

#include "services/logs/core.hpp"
#include "services/logs/operations/operations.hpp"

namespace lapwing::logs {
namespace {

constexpr auto kHousekeepingEvery = std::chrono::minutes(1);

// Binds an operation to the core.
template <class Out, class In>
auto bound(Core& core, Result<Out> (*operation)(Core&, const Caller&, const In&)) {
  return [&core, operation](const Caller& caller, In in) { return operation(core, caller, in); };
}

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(model::kModel);
  table.add<model::CreateLogGroup>(
      bound(core, create_log_group),
      {"logGroupName", "tags", "logGroupClass", "deletionProtectionEnabled"});
  table.add<model::DeleteLogGroup>(bound(core, delete_log_group));
  table.add<model::DescribeLogGroups>(bound(core, describe_log_groups),
                                      {"logGroupNamePrefix", "logGroupNamePattern", "nextToken",
                                       "limit", "logGroupClass", "logGroupIdentifiers"});
  table.add<model::PutRetentionPolicy>(bound(core, put_retention_policy));
  table.add<model::DeleteRetentionPolicy>(bound(core, delete_retention_policy));
  table.add<model::CreateLogStream>(bound(core, create_log_stream));
  table.add<model::DeleteLogStream>(bound(core, delete_log_stream));
  table.add<model::DescribeLogStreams>(bound(core, describe_log_streams));
  table.add<model::PutLogEvents>(bound(core, put_log_events));
  table.add<model::GetLogEvents>(bound(core, get_log_events));
  table.add<model::FilterLogEvents>(bound(core, filter_log_events));
  table.add<model::TagResource>(bound(core, tag_resource));
  table.add<model::UntagResource>(bound(core, untag_resource));
  table.add<model::ListTagsForResource>(bound(core, list_tags_for_resource));
  table.add<model::TagLogGroup>(bound(core, tag_log_group));
  table.add<model::UntagLogGroup>(bound(core, untag_log_group));
  table.add<model::ListTagsLogGroup>(bound(core, list_tags_log_group));
  table.limit_body<model::PutLogEvents>(kBatchRequestBytesMax);
  return table;
}

}  // namespace

struct LogsService::Inside {
  explicit Inside(const LogsParts& parts)
      : core(parts.store, parts.events, parts.clock, parts.random, parts.log, parts.limits),
        service(make_table(core), parts.patterns, parts.log),
        background(parts.background) {}

  Status run_housekeeping() {
    LAPWING_CHECK(sweep_dropped(core));
    return expire_events(core);
  }

  Core core;
  aws::Service service;
  background::Runner& background;
  background::Task housekeeping;
};

LogsService::LogsService(const LogsParts& parts) : inside_(std::make_unique<Inside>(parts)) {}

LogsService::~LogsService() { stop(); }

void LogsService::start() {
  inside_->core.sink.start();
  inside_->housekeeping = inside_->background.every("logs.housekeeping", kHousekeepingEvery,
                                                    [this] { return inside_->run_housekeeping(); });
  inside_->housekeeping.notify();
}

void LogsService::stop() {
  inside_->housekeeping.reset();
  inside_->core.sink.stop();
}

const aws::Service& LogsService::service() const { return inside_->service; }

ports::LogSink& LogsService::sink() { return inside_->core.sink; }

const LogBudget& LogsService::budget() const { return inside_->core.budget; }

Status LogsService::run_housekeeping() { return inside_->run_housekeeping(); }

}  // namespace lapwing::logs
