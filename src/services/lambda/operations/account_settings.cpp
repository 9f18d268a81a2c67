#include "services/lambda/limits.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

namespace gl = gen::lambda;

// Every version stores its own code, equal or not, and so does every layer version; functions
// are counted without their versions.
Result<gl::GetAccountSettingsResponse> get_account_settings(Core& core, const aws::Call& call,
                                                            const gl::GetAccountSettingsRequest&) {
  const aws::Caller& caller = call.caller;
  std::int64_t functions = 0;
  std::uint64_t bytes = 0;
  const auto is_ours = [&](const auto& key) {
    return key.account == caller.account && key.region == caller.region;
  };
  LAPWING_CHECK(core.functions.for_each([&](FunctionRecord& record) -> Status {
    if (!is_ours(record.key)) return {};
    ++functions;
    bytes += record.settings.code.size;
    return {};
  }));
  LAPWING_CHECK(core.functions.for_each_version([&](FunctionRecord& record) -> Status {
    if (is_ours(record.key)) bytes += record.settings.code.size;
    return {};
  }));
  LAPWING_CHECK(core.functions.for_each_layer_version([&](LayerVersionRecord& record) -> Status {
    if (is_ours(record.key.layer)) bytes += record.content.size;
    return {};
  }));
  gl::GetAccountSettingsResponse out;
  const auto concurrency = static_cast<std::int32_t>(core.options.concurrency_limit);
  out.account_limit = {.code_size_unzipped = kMaxUnzippedBytes,
                       .code_size_zipped = kMaxZippedBytes,
                       .concurrent_executions = concurrency,
                       .total_code_size = kAccountCodeBytes,
                       .unreserved_concurrent_executions = static_cast<std::int32_t>(
                           core.concurrency.unreserved(caller.account, caller.region))};
  out.account_usage = {.function_count = functions,
                       .total_code_size = static_cast<std::int64_t>(bytes)};
  return out;
}

}  // namespace lapwing::lambda
