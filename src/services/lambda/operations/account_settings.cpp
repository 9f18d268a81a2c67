#include "services/lambda/limits.hpp"
#include "services/lambda/operations/operations.hpp"

namespace lapwing::lambda {

namespace gl = gen::lambda;

Result<gl::GetAccountSettingsResponse> get_account_settings(Context& context,
                                                            const aws::Caller& caller) {
  std::int64_t functions = 0;
  std::int64_t bytes = 0;
  LAPWING_CHECK(context.functions.for_each([&](FunctionRecord& record) -> Status {
    if (record.key.account == caller.account && record.key.region == caller.region) {
      ++functions;
      bytes += static_cast<std::int64_t>(record.settings.code.size);
    }
    return {};
  }));
  gl::GetAccountSettingsResponse out;
  const auto concurrency = static_cast<std::int32_t>(context.options.concurrency_limit);
  out.account_limit = {.code_size_unzipped = kMaxUnzippedBytes,
                       .code_size_zipped = kMaxZippedBytes,
                       .concurrent_executions = concurrency,
                       .total_code_size = kAccountCodeBytes,
                       .unreserved_concurrent_executions = concurrency};
  out.account_usage = {.function_count = functions, .total_code_size = bytes};
  return out;
}

}  // namespace lapwing::lambda
