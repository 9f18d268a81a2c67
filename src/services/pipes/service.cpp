#include "services/pipes/service.hpp"

#include <string>

#include "services/pipes/operations/pipes.hpp"
#include "services/pipes/operations/tags.hpp"

namespace lapwing::pipes {
namespace {

namespace gp = gen::pipes;
using aws::Access;

template <class In>
std::string pipe_arn(const aws::Call& call, const In& in) {
  Pipe named;
  named.scope = aws::scope_of(call.caller);
  named.name = in.name;
  return named.arn();
}

template <class In>
std::string resource_arn(const aws::Call&, const In& in) {
  return in.resource_arn;
}

void add_pipes(aws::OperationTable& table, Core& core) {
  // Sources, targets and places of logs that are not here have parameters of their own; nothing
  // would be encrypted with a key.
  table.add<gp::CreatePipe>(
      core, create_pipe,
      {.access = Access::kWrite,
       .resource = pipe_arn<gp::CreatePipeRequest>,
       .accepts = {"Description",
                   "DesiredState",
                   "Enrichment",
                   "EnrichmentParameters",
                   "LogConfiguration.CloudwatchLogsLogDestination",
                   "LogConfiguration.IncludeExecutionData",
                   "LogConfiguration.Level",
                   "Name",
                   "RoleArn",
                   "Source",
                   "SourceParameters.FilterCriteria",
                   "SourceParameters.SqsQueueParameters",
                   "Tags",
                   "Target",
                   "TargetParameters.CloudWatchLogsParameters",
                   "TargetParameters.EventBridgeEventBusParameters.DetailType",
                   "TargetParameters.EventBridgeEventBusParameters.Resources",
                   "TargetParameters.EventBridgeEventBusParameters.Source",
                   "TargetParameters.EventBridgeEventBusParameters.Time",
                   "TargetParameters.HttpParameters",
                   "TargetParameters.InputTemplate",
                   "TargetParameters.LambdaFunctionParameters",
                   "TargetParameters.SqsQueueParameters"}});
  table.add<gp::UpdatePipe>(
      core, update_pipe,
      {.access = Access::kWrite,
       .resource = pipe_arn<gp::UpdatePipeRequest>,
       .accepts = {"Description",
                   "DesiredState",
                   "Enrichment",
                   "EnrichmentParameters",
                   "LogConfiguration.CloudwatchLogsLogDestination",
                   "LogConfiguration.IncludeExecutionData",
                   "LogConfiguration.Level",
                   "Name",
                   "RoleArn",
                   "SourceParameters.FilterCriteria",
                   "SourceParameters.SqsQueueParameters",
                   "Target",
                   "TargetParameters.CloudWatchLogsParameters",
                   "TargetParameters.EventBridgeEventBusParameters.DetailType",
                   "TargetParameters.EventBridgeEventBusParameters.Resources",
                   "TargetParameters.EventBridgeEventBusParameters.Source",
                   "TargetParameters.EventBridgeEventBusParameters.Time",
                   "TargetParameters.HttpParameters",
                   "TargetParameters.InputTemplate",
                   "TargetParameters.LambdaFunctionParameters",
                   "TargetParameters.SqsQueueParameters"}});
  table.add<gp::DescribePipe>(
      core, describe_pipe,
      {.access = Access::kRead, .resource = pipe_arn<gp::DescribePipeRequest>});
  table.add<gp::ListPipes>(core, list_pipes,
                           {.access = Access::kList, .resource = aws::kNoResource});
  table.add<gp::StartPipe>(core, start_pipe,
                           {.access = Access::kWrite, .resource = pipe_arn<gp::StartPipeRequest>});
  table.add<gp::StopPipe>(core, stop_pipe,
                          {.access = Access::kWrite, .resource = pipe_arn<gp::StopPipeRequest>});
  table.add<gp::DeletePipe>(
      core, delete_pipe, {.access = Access::kWrite, .resource = pipe_arn<gp::DeletePipeRequest>});
}

void add_tags(aws::OperationTable& table, Core& core) {
  table.add<gp::TagResource>(
      core, tag_resource,
      {.access = Access::kTagging, .resource = resource_arn<gp::TagResourceRequest>});
  table.add<gp::UntagResource>(
      core, untag_resource,
      {.access = Access::kTagging, .resource = resource_arn<gp::UntagResourceRequest>});
  table.add<gp::ListTagsForResource>(
      core, list_tags_for_resource,
      {.access = Access::kRead, .resource = resource_arn<gp::ListTagsForResourceRequest>});
}

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(gp::kModel);
  add_pipes(table, core);
  add_tags(table, core);
  return table;
}

}  // namespace

Service::Service(const hosting::Dependencies& given)
    : works_(given),
      core_{given.clock, given.random, given.ports, given.store.store(), works_},
      api_(make_table(core_), given.pipeline) {}

}  // namespace lapwing::pipes
