#include "services/lambda/mappings/function_consumer.hpp"

#include <functional>
#include <utility>

#include "services/lambda/errors.hpp"
#include "services/lambda/trace_header.hpp"

namespace lapwing::lambda {

using mappings::Readiness;
using mappings::Taken;

std::optional<Readiness> FunctionConsumer::ready() {
  const FunctionKey& key = function_.key;
  const auto function =
      needs_.catalog.resolve(key.account, key.region, key.name.view(), function_.qualifier);
  if (!function) return std::nullopt;
  const auto reserved = needs_.concurrency.find(key).reserved;
  return Readiness{.room = reserved ? static_cast<std::uint32_t>(*reserved) : UINT32_MAX,
                   .role_arn = (*function)->role_arn,
                   .timeout = std::chrono::seconds((*function)->timeout_s)};
}

net::Task<Taken> FunctionConsumer::take(net::Loop& loop, std::string event) {
  Taken out;
  const FunctionKey& key = function_.key;
  auto function =
      needs_.catalog.resolve(key.account, key.region, key.name.view(), function_.qualifier);
  if (!function) {
    out.kind = Taken::Kind::kFailed;
    out.reason = function.error().message();
    co_return out;
  }
  if ((*function)->per_tenant) {  // made again under the mapping's name
    out.kind = Taken::Kind::kFailed;
    out.reason = errors::tenant_needed().message();
    co_return out;
  }
  runtime::Invocation invocation;
  invocation.request_id = out.request_id = make_uuid(needs_.random);
  invocation.invoked_arn = arn_;
  invocation.trace_id = out.trace = complete_trace_header(
      "", {(*function)->arn, (*function)->trace_active}, needs_.clock.wall(), needs_.random);
  invocation.payload = std::move(event);
  invocation.caller = {.hash = std::hash<std::string_view>()(key.account.view()),
                       .part = std::hash<std::string_view>()((*function)->arn)};
  Result<runtime::Outcome> outcome =
      co_await needs_.invoker.invoke(loop, *function, std::move(invocation));
  if (!outcome) {
    out.kind = Taken::Kind::kLater;
    out.reason = outcome.error().message();
  } else if (outcome->kind == runtime::Outcome::Kind::kSuccess) {
    out.answer = std::move(outcome->body);
  } else {
    out.kind = Taken::Kind::kFailed;
    const bool ours = outcome->kind == runtime::Outcome::Kind::kPlatformError;
    out.reason = ours ? outcome->detail : outcome->error_type;
    if (ours) {
      needs_.logger.warn("lambda.mappings", "a function could not be run",
                         {{"function", arn_}, {"error", outcome->detail}});
    }
  }
  co_return out;
}

}  // namespace lapwing::lambda
