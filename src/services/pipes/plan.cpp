#include "services/pipes/plan.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "gen/pipes/enums.hpp"
#include "services/pipes/limits.hpp"

namespace lapwing::pipes {
namespace {

using expressions::Dialect;
using expressions::Template;

LogLevel level_of(std::string_view text) {
  if (text == gen::pipes::LogLevel::kError) return LogLevel::kError;
  if (text == gen::pipes::LogLevel::kInfo) return LogLevel::kInfo;
  if (text == gen::pipes::LogLevel::kTrace) return LogLevel::kTrace;
  return LogLevel::kOff;
}

LogPlan log_of(const Parameters& parameters) {
  if (!parameters.log || !parameters.log->cloudwatch_logs_log_destination) return {};
  auto out = log_place(parameters.log->cloudwatch_logs_log_destination->log_group_arn);
  if (!out) return {};
  out->level = level_of(parameters.log->level);
  out->with_data =
      parameters.log->include_execution_data && !parameters.log->include_execution_data->empty();
  return *std::move(out);
}

std::optional<Template> template_of(const std::optional<std::string>& text) {
  if (!text || text->empty()) return std::nullopt;
  return Template::read(*text, Dialect::kPipe);
}

}  // namespace

std::int32_t batch_max(const Pipe& pipe) {
  std::int32_t out = batch_max(kind_of(pipe.target_arn).value_or(Kind::kQueue));
  if (const auto enrichment = kind_of(pipe.enrichment_arn)) {
    out = std::min(out, batch_max(*enrichment));
  }
  return out;
}

std::optional<LogPlan> log_place(std::string_view text) {
  constexpr std::string_view kAll = ":*";
  const auto arn = aws::Arn::parse(text);
  if (!arn || arn->service != "logs" || arn->resource_type() != "log-group") return std::nullopt;
  std::string_view group = arn->resource_id();
  if (group.ends_with(kAll)) group.remove_suffix(kAll.size());
  return LogPlan{.scope = {arn->account, arn->region}, .group = std::string(group)};
}

Result<mappings::FilterPtr> filter_of(const Parameters& parameters) {
  std::vector<std::string> patterns;
  if (parameters.source && parameters.source->filter_criteria &&
      parameters.source->filter_criteria->filters) {
    for (const auto& each : *parameters.source->filter_criteria->filters) {
      patterns.push_back(each.pattern.value_or(""));
    }
  }
  return mappings::Filter::compile(patterns);
}

Result<PlanPtr> make_plan(const Pipe& pipe) {
  LAPWING_TRY(Parameters parameters, parameters_of(pipe));
  auto out = std::make_shared<Plan>();
  out->arn = pipe.arn();
  out->name = pipe.name;
  out->id = pipe.id;
  out->scope = pipe.scope;
  out->role_arn = pipe.role_arn;
  out->source_arn = pipe.source_arn;
  out->enrichment_arn = pipe.enrichment_arn;
  out->target_arn = pipe.target_arn;
  out->ordered = pipe.ordered();
  out->enrichment = kind_of(pipe.enrichment_arn);
  const auto target = kind_of(pipe.target_arn);
  if (!target || (!pipe.enrichment_arn.empty() && !out->enrichment)) {
    return fail(make_error(ErrorKind::kUnavailable, "nothing here takes what is sent to it"));
  }
  out->target = *target;
  out->batch_size = batch_size_of(parameters, batch_max(pipe));
  out->window = std::chrono::seconds(window_of(parameters));
  LAPWING_TRY(out->filter, filter_of(parameters));
  out->log = log_of(parameters);
  if (parameters.enrichment) out->enrichment_parameters = *std::move(parameters.enrichment);
  if (parameters.target) out->target_parameters = *std::move(parameters.target);
  out->enrichment_template = template_of(out->enrichment_parameters.input_template);
  out->target_template = template_of(out->target_parameters.input_template);
  const auto& function = out->target_parameters.lambda_function_parameters;
  out->waits = !function ||
               function->invocation_type != gen::pipes::PipeTargetInvocationType::kFireAndForget;
  return PlanPtr(std::move(out));
}

}  // namespace lapwing::pipes
