#include "services/lambda/settings_input.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>
#include <fmt/format.h>

#include "aws/operation_table.hpp"
#include "resources/tags.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/event_target.hpp"
#include "services/lambda/runtimes.hpp"
#include "text/json_writer.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

// Lambda developer guide, "Reserved environment variables".
constexpr std::array<std::string_view, 18> kReservedKeys = {"AWS_ACCESS_KEY",
                                                            "AWS_ACCESS_KEY_ID",
                                                            "AWS_DEFAULT_REGION",
                                                            "AWS_EXECUTION_ENV",
                                                            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                                            "AWS_LAMBDA_FUNCTION_NAME",
                                                            "AWS_LAMBDA_FUNCTION_VERSION",
                                                            "AWS_LAMBDA_INITIALIZATION_TYPE",
                                                            "AWS_LAMBDA_LOG_GROUP_NAME",
                                                            "AWS_LAMBDA_LOG_STREAM_NAME",
                                                            "AWS_LAMBDA_RUNTIME_API",
                                                            "AWS_REGION",
                                                            "AWS_SECRET_ACCESS_KEY",
                                                            "AWS_SESSION_TOKEN",
                                                            "LAMBDA_RUNTIME_DIR",
                                                            "LAMBDA_TASK_ROOT",
                                                            "_HANDLER",
                                                            "_X_AMZN_TRACE_ID"};

Status check_environment(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> reserved;
  for (const auto& [key, value] : variables) {
    if (std::ranges::find(kReservedKeys, key) != kReservedKeys.end()) reserved.push_back(key);
  }
  if (!reserved.empty()) return fail(errors::reserved_environment_keys(reserved));
  std::string json;
  text::JsonWriter writer(json);
  writer.begin_object();
  for (const auto& [key, value] : variables) writer.member(key, value);
  writer.end_object();
  if (json.size() > kMaxEnvironmentBytes) return fail(errors::environment_too_large(json));
  return {};
}

Result<std::uint32_t> up_to(std::int32_t value, std::uint32_t max, std::string_view member) {
  const auto number = static_cast<std::uint32_t>(std::max(value, 0));
  if (number > max) {
    return fail(
        errors::validation(std::to_string(value), member,
                           fmt::format("Member must have value less than or equal to {}", max)));
  }
  return number;
}

// Whether it is there, and whether the role may send to it, is seen when it is sent to.
Result<std::string> dead_letter_from(const gl::DeadLetterConfig& in) {
  std::string arn = in.target_arn.value_or("");
  if (!arn.empty() && !is_event_target(arn, EventTarget::kDeadLetter)) {
    return fail(errors::dead_letter_not_valid(arn));
  }
  return arn;
}

Status change_logging(const gl::LoggingConfig& in, Settings& out) {
  const bool was_json = out.log_format == runtime::LogFormat::kJson;
  const bool json = in.log_format ? *in.log_format == "JSON" : was_json;
  if (!json && (in.application_log_level || in.system_log_level)) {
    return fail(errors::log_level_needs_json());
  }
  out.log_format = json ? runtime::LogFormat::kJson : runtime::LogFormat::kText;
  if (!json || !was_json) {
    out.application_log_level = json ? "INFO" : "";
    out.system_log_level = json ? "INFO" : "";
  }
  if (in.application_log_level) out.application_log_level = *in.application_log_level;
  if (in.system_log_level) out.system_log_level = *in.system_log_level;
  if (in.log_group) out.log_group = *in.log_group;
  return {};
}

Status check_snap_start(std::string_view operation, const Settings& settings) {
  if (!settings.snap_start) return {};
  if (settings.per_tenant) return fail(errors::not_with_tenants("SnapStart"));
  const SnapStartSupport support =
      settings.image ? SnapStartSupport::kNotBuilt : snap_start_support(settings.runtime);
  switch (support) {
    case SnapStartSupport::kBuilt:
      break;
    case SnapStartSupport::kNotBuilt:
      return fail(
          aws::unsupported("lambda", operation, "SnapStart",
                           fmt::format("it is built for Python from 3.12, not yet for {}",
                                       settings.image ? "container images" : settings.runtime)));
    case SnapStartSupport::kNotOfAws:
      return fail(errors::snap_start_unsupported(settings.runtime));
  }
  if (settings.ephemeral_storage_mb > kSnapStartStorageMb) {
    return fail(errors::snap_start_with_storage(kSnapStartStorageMb));
  }
  return {};
}

// What CreateFunction and UpdateFunctionConfiguration have in common.
template <class Request>
Status apply(std::string_view operation, const Request& in, const Options& options, Settings& out) {
  if (in.runtime && !in.runtime->empty()) {
    LAPWING_CHECK(check_runtime(operation, *in.runtime, options.refuse_retired, options.catalogue));
    out.runtime = *in.runtime;
  }
  if (in.handler) out.handler = *in.handler;
  if (in.description) out.description = *in.description;
  if (in.memory_size) {
    LAPWING_TRY(out.memory_mb, up_to(*in.memory_size, kMaxMemoryMb, "memorySize"));
  }
  if (in.timeout) {
    LAPWING_TRY(out.timeout_s, up_to(*in.timeout, kMaxTimeoutS, "timeout"));
  }
  if (in.ephemeral_storage) {
    out.ephemeral_storage_mb = static_cast<std::uint32_t>(in.ephemeral_storage->size);
  }
  if (in.environment) {
    out.environment = in.environment->variables.value_or(std::map<std::string, std::string>());
    LAPWING_CHECK(check_environment(*out.environment));
  }
  if (in.tracing_config && in.tracing_config->mode) {
    out.trace_active = *in.tracing_config->mode == "Active";
  }
  if (in.dead_letter_config) {
    LAPWING_TRY(out.dead_letter, dead_letter_from(*in.dead_letter_config));
  }
  if (in.logging_config) LAPWING_CHECK(change_logging(*in.logging_config, out));
  if (in.snap_start && in.snap_start->apply_on) {
    out.snap_start = *in.snap_start->apply_on == "PublishedVersions";
  }
  return check_snap_start(operation, out);
}

// As a whole: what an ImageConfig does not name is the image's again.
Status change_image_config(const gl::ImageConfig& in, ImageOverrides& out) {
  out.entry_point = in.entry_point.value_or(std::vector<std::string>());
  out.command = in.command.value_or(std::vector<std::string>());
  out.working_directory = in.working_directory.value_or("");
  std::size_t bytes = out.working_directory.size();
  for (const auto* list : {&out.entry_point, &out.command}) {
    for (const std::string& text : *list) {
      bytes += text.size() + 1;
      if (text.find('\0') != std::string::npos) {
        return fail(errors::invalid_parameter("ImageConfig must not hold NUL characters"));
      }
    }
  }
  if (out.working_directory.find('\0') != std::string::npos) {
    return fail(errors::invalid_parameter("ImageConfig must not hold NUL characters"));
  }
  if (bytes > kMaxImageConfigBytes) {
    return fail(errors::image_config_too_large(kMaxImageConfigBytes));
  }
  return {};
}

template <class Request>
Status refuse_for_images(const Request& in) {
  const bool layers = in.layers && !in.layers->empty();
  if (in.runtime || in.handler || layers) return fail(errors::not_for_images());
  return {};
}

Result<Settings> image_settings_from(std::string_view operation,
                                     const gl::CreateFunctionRequest& in, const Options& options) {
  LAPWING_CHECK(refuse_for_images(in));
  Settings out;
  out.role = in.role;
  out.per_tenant = in.tenancy_config.has_value();
  out.image.emplace();
  if (in.image_config) LAPWING_CHECK(change_image_config(*in.image_config, out.image->overrides));
  out.architecture = architecture_from(in.architectures, options.architectures.front());
  LAPWING_CHECK(apply(operation, in, options, out));
  return out;
}

}  // namespace

Status check_architecture(std::string_view operation, const Settings& settings,
                          const Options& options) {
  const std::vector<std::string>& here = options.architectures;
  const std::string& wanted = settings.architecture;
  if (std::ranges::find(here, wanted) != here.end()) return {};
  // What an interpreter reads runs on any machine; what an image holds is seen when it starts.
  const auto runtime = runtime::parse_runtime_id(settings.runtime);
  const bool native = runtime && runtime->language == runtime::Language::kProvided;
  const std::string& made_for = settings.code.machine;
  const bool runs = made_for.empty() || std::ranges::find(here, made_for) != here.end();
  if (settings.image || !native || runs) return {};
  return fail(aws::unsupported("lambda", operation, "Architectures " + wanted,
                               fmt::format("its bootstrap is made for {}, this machine runs {}",
                                           made_for, fmt::join(here, ", "))));
}

std::string architecture_from(const std::optional<std::vector<std::string>>& named,
                              const std::string& otherwise) {
  return named && !named->empty() ? named->front() : otherwise;
}

bool is_image(const gl::CreateFunctionRequest& in) {
  return in.package_type.value_or("Zip") == "Image";
}

Result<Settings> settings_from(const gl::CreateFunctionRequest& in, const Options& options) {
  constexpr std::string_view kOperation = "CreateFunction";
  if (is_image(in)) return image_settings_from(kOperation, in, options);
  if (in.image_config) return fail(errors::image_config_not_for_zip());
  const std::string runtime = in.runtime.value_or("");
  const bool handler_needed = !runtime.starts_with("provided");
  if (runtime.empty() || (handler_needed && in.handler.value_or("").empty())) {
    return fail(errors::runtime_and_handler_needed());
  }
  Settings out;
  out.role = in.role;
  out.per_tenant = in.tenancy_config.has_value();
  out.architecture = architecture_from(in.architectures, options.architectures.front());
  LAPWING_CHECK(apply(kOperation, in, options, out));
  return out;
}

Status change_settings(const gl::UpdateFunctionConfigurationRequest& in, Settings& settings,
                       const Options& options) {
  if (settings.image) LAPWING_CHECK(refuse_for_images(in));
  if (in.image_config) {
    if (!settings.image) return fail(errors::image_config_not_for_zip());
    LAPWING_CHECK(change_image_config(*in.image_config, settings.image->overrides));
  }
  LAPWING_CHECK(apply("UpdateFunctionConfiguration", in, options, settings));
  LAPWING_CHECK(check_architecture("UpdateFunctionConfiguration", settings, options));
  if (in.role) settings.role = *in.role;
  return {};
}

namespace {

Status check_endpoint_tag(const std::map<std::string, std::string>& tags) {
  const auto tag = tags.find(std::string(kEndpointTag));
  if (tag == tags.end() || tag->second == "open" || tag->second == "closed") return {};
  return fail(errors::invalid_parameter(
      fmt::format("Tag {}={}: must be one of open closed", kEndpointTag, tag->second)));
}

}  // namespace

Status check_reach_tags(const std::map<std::string, std::string>& tags, const Options& options) {
  LAPWING_CHECK(check_endpoint_tag(tags));
  const auto tag = tags.find(std::string(kNetworkTag));
  if (tag == tags.end()) return {};
  const auto mode = options.network_modes.find(tag->second);
  if (mode == options.network_modes.end()) {
    std::string known;
    for (const auto& [name, why] : options.network_modes) known += " " + name;
    return fail(errors::invalid_parameter(
        fmt::format("Tag {}={}: must be one of{}", kNetworkTag, tag->second, known)));
  }
  if (mode->second.empty()) return {};
  return fail(errors::invalid_parameter(
      fmt::format("Tag {}={}: {}", kNetworkTag, tag->second, mode->second)));
}

Status check_tags(const std::map<std::string, std::string>& tags) {
  const std::optional<resources::TagFault> fault = resources::check_tags(tags);
  if (!fault) return {};
  switch (fault->problem) {
    case resources::TagProblem::kTooMany:
      return fail(errors::too_many_tags());
    case resources::TagProblem::kKeyReserved:
      return fail(errors::invalid_parameter("Tag keys beginning with 'aws:' are reserved."));
    case resources::TagProblem::kKeyEmpty:
    case resources::TagProblem::kKeyTooLong:
    case resources::TagProblem::kKeyCharacter:
    case resources::TagProblem::kValueTooLong:
    case resources::TagProblem::kValueCharacter:
      break;
  }
  return fail(errors::invalid_parameter("The tag is invalid: " + resources::tag_rule(*fault)));
}

}  // namespace lapwing::lambda
