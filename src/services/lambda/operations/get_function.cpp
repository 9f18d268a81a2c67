#include "services/lambda/configuration.hpp"
#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

namespace gl = gen::lambda;

namespace {

// A client that waits for Active or Successful invokes next: invocations must know it by then.
Result<FunctionRecord> find_and_settle(Core& core, const FunctionIdentifier& id) {
  LAPWING_TRY(FunctionRecord record, find_function(core, id));
  LAPWING_CHECK(core.catalog.keep_up_with(record));
  return record;
}

}  // namespace

Result<gl::GetFunctionResponse> get_function(Core& core, const aws::Call& call,
                                             const gl::GetFunctionRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id,
              identify(call.caller, in.function_name, in.qualifier, "lambda:GetFunction"));
  LAPWING_TRY(const FunctionRecord record, find_and_settle(core, id));
  gl::GetFunctionResponse out;
  out.configuration = describe(record, id.qualifier);
  gl::FunctionCodeLocation code;
  if (const auto& image = record.settings.image) {
    code.repository_type = "ECR";
    code.image_uri = image->uri;
    code.resolved_image_uri = image->resolved_uri;
  } else {
    code.repository_type = "S3";
    code.location = core.code_urls.make(call.caller.host, record.key.account, record.key.region,
                                        record.key.name.view(), record.settings.code);
  }
  out.code = std::move(code);
  // Tags belong to the function: versions and aliases show none.
  if (!record.tags.empty()) out.tags = record.tags;
  if (const auto reserved = core.concurrency.find(id.key).reserved) {
    out.concurrency = gl::Concurrency{static_cast<std::int32_t>(*reserved)};
  }
  return out;
}

Result<gl::FunctionConfiguration> get_function_configuration(
    Core& core, const aws::Call& call, const gl::GetFunctionConfigurationRequest& in) {
  LAPWING_TRY(const FunctionIdentifier id, identify(call.caller, in.function_name, in.qualifier,
                                                    "lambda:GetFunctionConfiguration"));
  LAPWING_TRY(const FunctionRecord record, find_and_settle(core, id));
  return describe(record, id.qualifier);
}

}  // namespace lapwing::lambda
