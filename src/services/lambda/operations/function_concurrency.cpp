#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/operations/common.hpp"

namespace lapwing::lambda {

namespace gl = gen::lambda;

Result<gl::Concurrency> put_function_concurrency(Core& core, const aws::Call& call,
                                                 const gl::PutFunctionConcurrencyRequest& in) {
  LAPWING_TRY(const FunctionKey key,
              identify_unqualified(call.caller, in.function_name, "lambda:PutFunctionConcurrency"));
  // Alone among its like, the service names the version in its refusal.
  LAPWING_CHECK(find_function(core, {key, std::string(kLatest)}));
  const auto wanted = static_cast<std::uint32_t>(in.reserved_concurrent_executions);
  LAPWING_CHECK(core.concurrency.change(
      key, [&](RecordTxn&, ConcurrencyRecord& record, std::uint64_t left) -> Status {
        if (left < kMinUnreservedConcurrency + std::uint64_t{wanted}) {
          return fail(errors::reservation_too_large());
        }
        const std::uint64_t provisioned = record.provisioned_total();
        if (wanted < provisioned) {
          return fail(errors::reservation_below_provisioned(wanted, provisioned));
        }
        record.reserved = wanted;
        return {};
      }));
  gl::Concurrency out;
  out.reserved_concurrent_executions = in.reserved_concurrent_executions;
  return out;
}

Result<gl::GetFunctionConcurrencyResponse> get_function_concurrency(
    Core& core, const aws::Call& call, const gl::GetFunctionConcurrencyRequest& in) {
  LAPWING_TRY(const FunctionKey key,
              identify_unqualified(call.caller, in.function_name, "lambda:GetFunctionConcurrency"));
  LAPWING_CHECK(find_function(core, {key, ""}));
  gl::GetFunctionConcurrencyResponse out;
  if (const auto reserved = core.concurrency.find(key).reserved) {
    out.reserved_concurrent_executions = static_cast<std::int32_t>(*reserved);
  }
  return out;
}

Result<aws::Empty> delete_function_concurrency(Core& core, const aws::Call& call,
                                               const gl::DeleteFunctionConcurrencyRequest& in) {
  LAPWING_TRY(const FunctionKey key, identify_unqualified(call.caller, in.function_name,
                                                          "lambda:DeleteFunctionConcurrency"));
  LAPWING_CHECK(core.concurrency.change(
      key, [](RecordTxn&, ConcurrencyRecord& record, std::uint64_t) -> Status {
        record.reserved.reset();
        return {};
      }));
  return aws::Empty{};
}

}  // namespace lapwing::lambda
