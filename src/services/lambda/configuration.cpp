#include "services/lambda/configuration.hpp"

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "runtime/failure_text.hpp"
#include "text/time_format.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::string runtime_version_arn(const FunctionRecord& record) {
  const std::string_view region = record.key.region.view();
  return runtime::runtime_version_arn(aws::partition_of(region), region, record.settings.runtime);
}

gl::LoggingConfig describe_logging(const FunctionRecord& record) {
  const Settings& in = record.settings;
  gl::LoggingConfig out;
  out.log_format = in.log_format == runtime::LogFormat::kJson ? "JSON" : "Text";
  out.log_group = log_group_of(record, in);
  out.application_log_level = unless_empty(in.application_log_level);
  out.system_log_level = unless_empty(in.system_log_level);
  return out;
}

gl::VpcConfigResponse describe_vpc(const VpcPlace& in) {
  gl::VpcConfigResponse out;
  out.subnet_ids = in.subnets;
  out.security_group_ids = in.groups;
  out.vpc_id = in.vpc;
  out.ipv6_allowed_for_dual_stack = in.ipv6;
  return out;
}

gl::ImageConfigResponse describe_image(const ImageRef& image) {
  const ImageOverrides& in = image.overrides;
  gl::ImageConfig config;
  if (!in.entry_point.empty()) config.entry_point = in.entry_point;
  if (!in.command.empty()) config.command = in.command;
  config.working_directory = unless_empty(in.working_directory);
  gl::ImageConfigResponse out;
  out.image_config = std::move(config);
  return out;
}

}  // namespace

gl::FunctionConfiguration describe_in_list(const FunctionRecord& record,
                                           std::string_view qualifier) {
  const Settings& in = record.settings;
  gl::FunctionConfiguration out;
  out.function_name = record.key.name.str();
  out.function_arn = function_arn(record.key, qualifier);
  out.runtime = unless_empty(in.runtime);
  out.role = in.role;
  out.handler = unless_empty(in.handler);
  out.code_size = static_cast<std::int64_t>(in.code.size);
  out.code_sha256 = code_sha256(in);
  out.description = record.description();
  out.timeout = static_cast<std::int32_t>(in.timeout_s);
  out.memory_size = static_cast<std::int32_t>(in.memory_mb);
  out.last_modified = text::format_lambda_time(wall_from_unix_ms(record.last_modified_ms));
  out.version = record.version_name();
  if (in.environment) {
    gl::EnvironmentResponse environment;
    environment.variables = in.environment;
    out.environment = std::move(environment);
  }
  if (!in.layers.empty()) {
    out.layers.emplace();
    for (const LayerRef& layer : in.layers) {
      gl::Layer shown;
      shown.arn = layer.arn;
      shown.code_size = static_cast<std::int64_t>(layer.content.size);
      out.layers->push_back(std::move(shown));
    }
  }
  gl::TracingConfigResponse tracing;
  tracing.mode = in.trace_active ? "Active" : "PassThrough";
  out.tracing_config = std::move(tracing);
  out.revision_id = record.revision_id;
  out.package_type = in.image ? "Image" : "Zip";
  if (in.image && !in.image->overrides.empty())
    out.image_config_response = describe_image(*in.image);
  out.architectures = std::vector<std::string>{in.architecture};
  gl::EphemeralStorage storage;
  storage.size = static_cast<std::int32_t>(in.ephemeral_storage_mb);
  out.ephemeral_storage = storage;
  gl::SnapStartResponse snap_start;
  snap_start.apply_on = in.snap_start ? "PublishedVersions" : "None";
  snap_start.optimization_status = record.optimized ? "On" : "Off";
  out.snap_start = std::move(snap_start);
  out.logging_config = describe_logging(record);
  if (in.vpc) out.vpc_config = describe_vpc(*in.vpc);
  if (in.per_tenant) out.tenancy_config.emplace().tenant_isolation_mode = "PER_TENANT";
  if (!in.dead_letter.empty()) out.dead_letter_config.emplace().target_arn = in.dead_letter;
  return out;
}

gl::FunctionConfiguration describe(const FunctionRecord& record, std::string_view qualifier) {
  gl::FunctionConfiguration out = describe_in_list(record, qualifier);
  out.state = std::string(to_string(record.state));
  out.state_reason = unless_empty(record.state_reason.text);
  out.state_reason_code = unless_empty(record.state_reason.code);
  if (record.update != UpdateStatus::kNone) {
    out.last_update_status = std::string(to_string(record.update));
    out.last_update_status_reason = unless_empty(record.update_reason.text);
    out.last_update_status_reason_code = unless_empty(record.update_reason.code);
  }
  if (!record.settings.image) {
    gl::RuntimeVersionConfig version;
    version.runtime_version_arn = runtime_version_arn(record);
    out.runtime_version_config = std::move(version);
  }
  return out;
}

}  // namespace lapwing::lambda
