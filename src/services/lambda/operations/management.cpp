// How a function's runtime is updated, whether it may loop, how far it scales on managed instances.
#include "aws/arn.hpp"
#include "runtime/failure_text.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

namespace {

namespace gl = gen::lambda;

// The one version there is of the function's runtime.
std::string version_arn_of(const FunctionRecord& record) {
  const std::string_view region = record.key.region.view();
  return runtime::runtime_version_arn(aws::partition_of(region), region, record.settings.runtime);
}

Status check_runtime_version(const FunctionRecord& record,
                             const std::optional<std::string>& version_arn) {
  if (!version_arn || version_arn->empty()) return fail(errors::runtime_version_needed());
  if (*version_arn == version_arn_of(record)) return {};
  return fail(errors::unknown_runtime_version(*version_arn));
}

}  // namespace

Result<gl::PutRuntimeManagementConfigResponse> put_runtime_management_config(
    Core& core, const aws::Call& call, const gl::PutRuntimeManagementConfigRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id, identify(call.caller, in.function_name, in.qualifier,
                                                    "lambda:PutRuntimeManagementConfig"));
  LAPWING_TRY(const FunctionRecord asked, find_function(core, id));
  RuntimeManagement management{in.update_runtime_on, ""};
  if (in.update_runtime_on == gl::UpdateRuntimeOn::kManual) {
    management.version_arn = in.runtime_version_arn.value_or("");
  }
  const std::string revision_id = make_uuid(core.random);
  LAPWING_CHECK(core.attachments.change(
      id.key, asked.version_name(), [&](RecordTxn& txn, Attachment& attachment) -> Status {
        LAPWING_TRY(std::optional<FunctionRecord> record, txn.find(id.key, asked.version));
        if (!record) return fail(errors::function_not_found(function_arn(id.key, id.qualifier)));
        if (record->settings.image) return fail(errors::runtime_management_not_for_images());
        LAPWING_CHECK(check_changeable(*record, std::nullopt));
        if (in.update_runtime_on == gl::UpdateRuntimeOn::kManual) {
          LAPWING_CHECK(check_runtime_version(*record, in.runtime_version_arn));
        }
        // As it is of a function that nothing was said of.
        const bool same = in.update_runtime_on == gl::UpdateRuntimeOn::kAuto;
        attachment.runtime_management = same ? std::nullopt : std::optional(management);
        record->revision_id = revision_id;
        return txn.put(*record);
      }));
  gl::PutRuntimeManagementConfigResponse out;
  out.function_arn = function_arn(id.key, asked.version_name());
  out.update_runtime_on = in.update_runtime_on;
  if (!management.version_arn.empty()) out.runtime_version_arn = management.version_arn;
  return out;
}

Result<gl::GetRuntimeManagementConfigResponse> get_runtime_management_config(
    Core& core, const aws::Call& call, const gl::GetRuntimeManagementConfigRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id, identify(call.caller, in.function_name, in.qualifier,
                                                    "lambda:GetRuntimeManagementConfig"));
  LAPWING_TRY(const FunctionRecord record, find_function(core, id));
  Attachment attachment;
  LAPWING_CHECK(core.functions.read([&](Records& records) -> Status {
    LAPWING_TRY(attachment, records.find_attachment(id.key, record.version_name()));
    return {};
  }));
  gl::GetRuntimeManagementConfigResponse out;
  out.function_arn = function_arn(id.key, record.version_name());
  out.update_runtime_on = gl::UpdateRuntimeOn::kAuto;
  if (const auto& management = attachment.runtime_management) {
    out.update_runtime_on = management->update_on;
    if (!management->version_arn.empty()) out.runtime_version_arn = management->version_arn;
  }
  return out;
}

Result<gl::PutFunctionRecursionConfigResponse> put_function_recursion_config(
    Core& core, const aws::Call& call, const gl::PutFunctionRecursionConfigRequest& in) {
  LAPWING_TRY(const FunctionKey key, identify_function(call.caller, in.function_name,
                                                       "lambda:PutFunctionRecursionConfig"));
  LAPWING_CHECK(
      core.attachments.change(key, "", [&](RecordTxn& txn, Attachment& attachment) -> Status {
        LAPWING_TRY(const std::optional<FunctionRecord> record, txn.find(key));
        if (!record) return fail(errors::function_not_found(function_arn(key)));
        attachment.loop_allowed = in.recursive_loop == gl::RecursiveLoop::kAllow;
        return {};
      }));
  gl::PutFunctionRecursionConfigResponse out;
  out.recursive_loop = in.recursive_loop;
  return out;
}

Result<gl::GetFunctionRecursionConfigResponse> get_function_recursion_config(
    Core& core, const aws::Call& call, const gl::GetFunctionRecursionConfigRequest& in) {
  LAPWING_TRY(const FunctionKey key, identify_function(call.caller, in.function_name,
                                                       "lambda:GetFunctionRecursionConfig"));
  LAPWING_CHECK(find_function(core, {key, ""}));
  gl::GetFunctionRecursionConfigResponse out;
  out.recursive_loop = core.attachments.loop_allowed(key) ? gl::RecursiveLoop::kAllow
                                                          : gl::RecursiveLoop::kTerminate;
  return out;
}

// Only functions of capacity providers scale so, and there are none here.
Result<gl::PutFunctionScalingConfigResponse> put_function_scaling_config(
    Core& core, const aws::Call& call, const gl::PutFunctionScalingConfigRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id, identify(call.caller, in.function_name, in.qualifier,
                                                    "lambda:PutFunctionScalingConfig"));
  LAPWING_CHECK(find_function(core, id));
  return fail(errors::no_capacity_provider());
}

}  // namespace lapwing::lambda
