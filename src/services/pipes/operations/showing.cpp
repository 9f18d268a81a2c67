#include "services/pipes/operations/showing.hpp"

#include <utility>

#include "services/pipes/parameters.hpp"
#include "services/pipes/plan.hpp"

namespace lapwing::pipes {
namespace {

namespace gp = gen::pipes;

// The destinations that are built.
gp::PipeLogConfiguration log_shown(const gp::PipeLogConfigurationParameters& given) {
  gp::PipeLogConfiguration out;
  out.level = given.level;
  out.include_execution_data = given.include_execution_data;
  if (given.cloudwatch_logs_log_destination) {
    out.cloudwatch_logs_log_destination.emplace().log_group_arn =
        given.cloudwatch_logs_log_destination->log_group_arn;
  }
  return out;
}

}  // namespace

Result<gp::DescribePipeResponse> described(const Pipe& pipe) {
  LAPWING_TRY(Parameters parameters, parameters_of(pipe));
  auto out = shown<gp::DescribePipeResponse>(pipe);
  out.description = pipe.description;
  out.role_arn = pipe.role_arn;
  out.source = pipe.source_arn;
  out.target = pipe.target_arn;
  if (!pipe.enrichment_arn.empty()) out.enrichment = pipe.enrichment_arn;
  const std::int32_t size = batch_size_of(parameters, batch_max(pipe));
  auto& source = out.source_parameters.emplace(
      std::move(parameters.source).value_or(gp::PipeSourceParameters()));
  if (!source.sqs_queue_parameters) source.sqs_queue_parameters.emplace();
  source.sqs_queue_parameters->batch_size = size;
  out.enrichment_parameters = std::move(parameters.enrichment);
  out.target_parameters = std::move(parameters.target);
  if (parameters.log) out.log_configuration = log_shown(*parameters.log);
  if (!pipe.tags.empty()) out.tags = pipe.tags;
  return out;
}

std::optional<std::string> reason_shown(const Core& core, const Pipe& pipe) {
  std::string reason = pipe.reason.empty() ? core.works.trouble(pipe) : pipe.reason;
  if (reason.empty()) return std::nullopt;
  return reason;
}

}  // namespace lapwing::pipes
