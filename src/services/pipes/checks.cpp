#include "services/pipes/checks.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "aws/operation_table.hpp"
#include "expressions/reserved.hpp"
#include "expressions/template.hpp"
#include "gen/pipes/enums.hpp"
#include "ports/acting.hpp"
#include "ports/destination.hpp"
#include "ports/roles.hpp"
#include "services/pipes/limits.hpp"
#include "services/pipes/plan.hpp"
#include "services/pipes/words.hpp"

namespace lapwing::pipes {
namespace {

using expressions::Dialect;

// What AWS has and is not built here.
constexpr std::array<std::string_view, 4> kUnbuiltSources{"kinesis", "dynamodb", "kafka", "mq"};
constexpr std::array<std::string_view, 11> kUnbuiltTargets{
    "states",        "kinesis",   "firehose",  "ecs",        "batch",   "execute-api",
    "redshift-data", "sagemaker", "inspector", "timestream", "redshift"};
constexpr std::string_view kSize = "SourceParameters.SqsQueueParameters.BatchSize";
constexpr std::string_view kWindow =
    "SourceParameters.SqsQueueParameters.MaximumBatchingWindowInSeconds";

template <class List>
bool holds(const List& list, std::string_view service) {
  return std::ranges::find(list, service) != list.end();
}

Error not_built(std::string_view operation, std::string_view member, std::string_view arn,
                std::string_view why) {
  return aws::unsupported("pipes", operation, fmt::format("{}={}", member, arn), why);
}

Status check_source(const hosting::Ports& ports, std::string_view operation, const Pipe& pipe) {
  const std::string& text = pipe.source_arn;
  const auto arn = aws::Arn::parse(text);
  if (text.starts_with("smk:") || (arn && holds(kUnbuiltSources, arn->service)) ||
      ports.queues == nullptr) {
    return fail(not_built(operation, "Source", text, "of sources only SQS queues are built yet"));
  }
  if (!arn || arn->service != "sqs" || !arn->resource_type().empty()) {
    return fail(invalid_member("Source", "It is no source of pipes."));
  }
  if (arn->region != pipe.scope.region || arn->account != pipe.scope.account) {
    return fail(invalid_member("Source", "The source must be in the pipe's account and region."));
  }
  return {};
}

Status check_batches(const Pipe& pipe, const Parameters& parameters) {
  const std::int32_t most = batch_max(pipe);
  const std::int32_t size = batch_size_of(parameters, most);
  const std::int32_t window = window_of(parameters);
  if (size > most) {
    return fail(invalid_member(
        kSize, fmt::format("The batch size must not be above {}, the most that the target and the "
                           "enrichment of this pipe take.",
                           most)));
  }
  if (pipe.ordered() && window > 0) {
    return fail(invalid_member(kWindow, "Batching window is not supported for FIFO queues"));
  }
  if (pipe.ordered() && size > kBatchWithoutWindow) {
    return fail(invalid_member(kSize, "The batch size of a FIFO queue is 10 at most"));
  }
  if (size > kBatchWithoutWindow && window == 0) {
    return fail(invalid_member(
        kWindow,
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
        "than 10"));
  }
  return {};
}

Status check_filters(const Parameters& parameters) {
  constexpr std::string_view kMember = "SourceParameters.FilterCriteria";
  if (const auto read = filter_of(parameters); !read) {
    return fail(invalid_member(kMember, read.error().message()));
  }
  return {};
}

Status check_template(std::string_view member, const std::optional<std::string>& text) {
  if (!text) return {};
  const auto body = expressions::Template::read(*text, Dialect::kPipe);
  const auto* const unknown = body.unknown([](std::string_view name) {
    return !name.starts_with("aws.") || expressions::is_reserved(name, Dialect::kPipe);
  });
  if (unknown == nullptr) return {};
  return fail(invalid_member(member, fmt::format("<{}> is no variable of pipes.", unknown->name)));
}

// Structures of other kinds of targets mean nothing to this one.
Status check_foreign(Kind kind, const Parameters& parameters) {
  if (!parameters.target) return {};
  Parameters own;
  own.target = parameters.target;
  drop_foreign(kind, own);
  if (own.target == parameters.target) return {};
  return fail(invalid_member("TargetParameters",
                             "It has parameters of another kind of target than this pipe's."));
}

Status check_bus(std::string_view operation, const Pipe& pipe) {
  const auto arn = aws::Arn::parse(pipe.target_arn);
  if (arn && (arn->region != pipe.scope.region || arn->account != pipe.scope.account)) {
    return fail(not_built(operation, "Target", pipe.target_arn,
                          "an event bus must be in the pipe's account and region"));
  }
  return {};
}

Status check_target(const hosting::Ports& ports, std::string_view operation, const Pipe& pipe,
                    const Parameters& parameters) {
  const auto arn = aws::Arn::parse(pipe.target_arn);
  const auto kind = kind_of(pipe.target_arn);
  if (!kind && (!arn || !holds(kUnbuiltTargets, arn->service))) {
    return fail(invalid_member("Target", "It is no target of pipes."));
  }
  if (!kind || ports.destinations == nullptr ||
      ports.destinations->find(pipe.target_arn) == nullptr ||
      (kind == Kind::kFunction && ports.runner == nullptr)) {
    return fail(
        not_built(operation, "Target", pipe.target_arn, "nothing here takes what is sent to it"));
  }
  const bool fifo = pipe.target_arn.ends_with(".fifo");
  if (kind == Kind::kTopic && fifo) {
    return fail(invalid_member("Target", "FIFO topics are no targets of pipes."));
  }
  LAPWING_CHECK(check_foreign(*kind, parameters));
  const auto& queue = parameters.target ? parameters.target->sqs_queue_parameters : std::nullopt;
  if (kind == Kind::kQueue && fifo && !(queue && queue->message_group_id)) {
    return fail(invalid_member("TargetParameters.SqsQueueParameters.MessageGroupId",
                               "Missing required parameter."));
  }
  if (kind == Kind::kBus) return check_bus(operation, pipe);
  return {};
}

Status check_enrichment(const hosting::Ports& ports, std::string_view operation, const Pipe& pipe,
                        const Parameters& parameters) {
  const bool http = parameters.enrichment && parameters.enrichment->http_parameters;
  if (pipe.enrichment_arn.empty()) return {};
  const auto arn = aws::Arn::parse(pipe.enrichment_arn);
  const auto kind = kind_of(pipe.enrichment_arn);
  const bool built = kind == Kind::kFunction || kind == Kind::kApi;
  if (!built && (!arn || (arn->service != "states" && arn->service != "execute-api"))) {
    return fail(invalid_member("Enrichment", "It is no enrichment of pipes."));
  }
  if (!built || (kind == Kind::kFunction && ports.runner == nullptr) ||
      (kind == Kind::kApi && (ports.destinations == nullptr ||
                              ports.destinations->find("api-destination:") == nullptr))) {
    return fail(not_built(operation, "Enrichment", pipe.enrichment_arn,
                          "of enrichments only functions and API destinations are built yet"));
  }
  if (http && kind != Kind::kApi) {
    return fail(invalid_member("EnrichmentParameters.HttpParameters",
                               "Only an enrichment by HTTP has HTTP parameters."));
  }
  return {};
}

Status check_log(const hosting::Ports& ports, std::string_view operation, const Pipe& pipe,
                 const Parameters& parameters) {
  if (!parameters.log || parameters.log->level == gen::pipes::LogLevel::kOff) return {};
  constexpr std::string_view kMember = "LogConfiguration.CloudwatchLogsLogDestination";
  if (!parameters.log->cloudwatch_logs_log_destination) {
    return fail(invalid_member("LogConfiguration", "Logs need a destination."));
  }
  const std::string& arn = parameters.log->cloudwatch_logs_log_destination->log_group_arn;
  if (ports.logs == nullptr) {
    return fail(not_built(operation, kMember, arn, "there are no log groups here"));
  }
  const auto place = log_place(arn);
  if (place && place->scope == pipe.scope) return {};
  return fail(invalid_member(kMember, "The log group must be in the pipe's account and region."));
}

Status check_role(const hosting::Ports& ports, const Pipe& pipe) {
  if (!ports::is_role_of(pipe.role_arn, pipe.scope.account)) return fail(foreign_role());
  if (ports.roles == nullptr || !ports.roles->known_only()) return {};
  LAPWING_TRY(const ports::Role role, ports.roles->find(pipe.role_arn));
  if (role.known && role.trusts("pipes.amazonaws.com")) return {};
  return fail(
      invalid_member("RoleArn", "The role must be there and let pipes.amazonaws.com assume it."));
}

}  // namespace

Status check_pipe(const hosting::Ports& ports, std::string_view operation, const Pipe& pipe,
                  const Parameters& parameters) {
  LAPWING_CHECK(check_source(ports, operation, pipe));
  LAPWING_CHECK(check_target(ports, operation, pipe, parameters));
  LAPWING_CHECK(check_enrichment(ports, operation, pipe, parameters));
  LAPWING_CHECK(check_batches(pipe, parameters));
  LAPWING_CHECK(check_filters(parameters));
  if (parameters.enrichment) {
    LAPWING_CHECK(check_template("EnrichmentParameters.InputTemplate",
                                 parameters.enrichment->input_template));
  }
  if (parameters.target) {
    LAPWING_CHECK(
        check_template("TargetParameters.InputTemplate", parameters.target->input_template));
  }
  LAPWING_CHECK(check_log(ports, operation, pipe, parameters));
  return check_role(ports, pipe);
}

}  // namespace lapwing::pipes
