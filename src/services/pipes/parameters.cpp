#include "services/pipes/parameters.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "aws/arena.hpp"
#include "aws/json_codec.hpp"
#include "gen/pipes/model.hpp"
#include "services/pipes/limits.hpp"
#include "text/json_writer.hpp"

namespace lapwing::pipes {
namespace {

constexpr std::string_view kSource = "PipeSourceParameters";
constexpr std::string_view kEnrichment = "PipeEnrichmentParameters";
constexpr std::string_view kTarget = "PipeTargetParameters";
constexpr std::string_view kLog = "PipeLogConfigurationParameters";

const aws::ShapeRow& shape_named(std::string_view name) {
  const aws::ServiceModel& model = gen::pipes::kModel;
  return *std::ranges::find(model.shapes, name,
                            [&](const aws::ShapeRow& shape) { return model.text(shape.name); });
}

template <class Shape>
std::string text_of(std::string_view name, const std::optional<Shape>& given) {
  std::string out;
  if (!given) return out;
  aws::Arena arena;
  text::JsonWriter json(out);
  aws::write_json(gen::pipes::kModel, shape_named(name), to(*given, arena), json,
                  aws::JsonNames::kModel);
  return out;
}

template <class Shape>
Status read(std::string_view name, std::string_view text, std::optional<Shape>& out) {
  if (text.empty()) return {};
  aws::Arena arena;
  LAPWING_TRY(const aws::Value value, aws::read_json_text(gen::pipes::kModel, shape_named(name),
                                                          text, arena, aws::JsonNames::kModel));
  from(value, out.emplace());
  return {};
}

template <class T>
void replace(const std::optional<T>& given, std::optional<T>& there) {
  if (given) there = given;
}

void replace_template(const std::optional<std::string>& given, std::optional<std::string>& there) {
  replace(given, there);
  if (there && there->empty()) there.reset();
}

}  // namespace

Result<Parameters> parameters_of(const Pipe& pipe) {
  Parameters out;
  LAPWING_CHECK(read(kSource, pipe.source_parameters, out.source));
  LAPWING_CHECK(read(kEnrichment, pipe.enrichment_parameters, out.enrichment));
  LAPWING_CHECK(read(kTarget, pipe.target_parameters, out.target));
  LAPWING_CHECK(read(kLog, pipe.log_configuration, out.log));
  return out;
}

void keep(const Parameters& parameters, Pipe& pipe) {
  pipe.source_parameters = text_of(kSource, parameters.source);
  pipe.enrichment_parameters = text_of(kEnrichment, parameters.enrichment);
  pipe.target_parameters = text_of(kTarget, parameters.target);
  pipe.log_configuration = text_of(kLog, parameters.log);
}

void merge(const gen::pipes::UpdatePipeSourceParameters& in, Parameters& parameters) {
  auto& out = parameters.source ? *parameters.source : parameters.source.emplace();
  replace(in.filter_criteria, out.filter_criteria);
  if (in.sqs_queue_parameters) {
    auto& queue = out.sqs_queue_parameters.emplace();
    queue.batch_size = in.sqs_queue_parameters->batch_size;
    queue.maximum_batching_window_in_seconds =
        in.sqs_queue_parameters->maximum_batching_window_in_seconds;
  }
}

void merge(const gen::pipes::PipeEnrichmentParameters& in, Parameters& parameters) {
  auto& out = parameters.enrichment ? *parameters.enrichment : parameters.enrichment.emplace();
  replace(in.http_parameters, out.http_parameters);
  replace_template(in.input_template, out.input_template);
}

void merge(const gen::pipes::PipeTargetParameters& in, Parameters& parameters) {
  auto& out = parameters.target ? *parameters.target : parameters.target.emplace();
  replace(in.cloud_watch_logs_parameters, out.cloud_watch_logs_parameters);
  replace(in.event_bridge_event_bus_parameters, out.event_bridge_event_bus_parameters);
  replace(in.http_parameters, out.http_parameters);
  replace(in.lambda_function_parameters, out.lambda_function_parameters);
  replace(in.sqs_queue_parameters, out.sqs_queue_parameters);
  replace_template(in.input_template, out.input_template);
}

void drop_foreign(std::optional<Kind> kind, Parameters& parameters) {
  if (!parameters.target) return;
  auto& out = *parameters.target;
  if (kind != Kind::kFunction) out.lambda_function_parameters.reset();
  if (kind != Kind::kQueue) out.sqs_queue_parameters.reset();
  if (kind != Kind::kBus) out.event_bridge_event_bus_parameters.reset();
  if (kind != Kind::kLogGroup) out.cloud_watch_logs_parameters.reset();
  if (kind != Kind::kApi) out.http_parameters.reset();
}

std::int32_t batch_size_of(const Parameters& parameters, std::int32_t most) {
  if (parameters.source && parameters.source->sqs_queue_parameters &&
      parameters.source->sqs_queue_parameters->batch_size) {
    return *parameters.source->sqs_queue_parameters->batch_size;
  }
  return std::min(kBatchDefault, most);
}

std::int32_t window_of(const Parameters& parameters) {
  if (!parameters.source || !parameters.source->sqs_queue_parameters) return 0;
  return parameters.source->sqs_queue_parameters->maximum_batching_window_in_seconds.value_or(0);
}

}  // namespace lapwing::pipes
