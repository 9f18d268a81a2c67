#include "services/lambda/function_runs.hpp"

#include <functional>
#include <utility>

#include "services/lambda/trace_header.hpp"

namespace lapwing::lambda {

using ports::FunctionFacts;
using ports::FunctionRun;

std::optional<FunctionFacts> FunctionRuns::facts(std::string_view arn) const {
  const auto function = read_function_arn(arn);
  return function ? facts(*function) : std::nullopt;
}

std::optional<FunctionFacts> FunctionRuns::facts(const FunctionIdentifier& named) const {
  const FunctionKey& key = named.key;
  const auto function =
      needs_.catalog.resolve(key.account, key.region, key.name.view(), named.qualifier);
  if (!function) return std::nullopt;
  const auto reserved = needs_.concurrency.find(key).reserved;
  return FunctionFacts{.room = reserved ? static_cast<std::uint32_t>(*reserved) : UINT32_MAX,
                       .role_arn = (*function)->role_arn,
                       .timeout = std::chrono::seconds((*function)->timeout_s)};
}

net::Task<FunctionRun> FunctionRuns::run(net::Loop& loop, std::string arn, std::string payload) {
  auto function = read_function_arn(arn);
  if (!function) {
    co_return FunctionRun{.kind = FunctionRun::Kind::kFailed,
                          .reason = "It is no function: " + arn};
  }
  co_return co_await run(loop, *std::move(function), std::move(arn), std::move(payload));
}

net::Task<FunctionRun> FunctionRuns::run(net::Loop& loop, FunctionIdentifier named, std::string arn,
                                         std::string payload) {
  FunctionRun out;
  const FunctionKey& key = named.key;
  auto function = needs_.catalog.resolve(key.account, key.region, key.name.view(), named.qualifier);
  if (!function) {
    out.kind = FunctionRun::Kind::kFailed;
    out.reason = function.error().message();
    co_return out;
  }
  runtime::Invocation invocation;
  invocation.request_id = out.request_id = make_uuid(needs_.random);
  invocation.invoked_arn = arn;
  invocation.trace_id = out.trace = complete_trace_header(
      "", {(*function)->arn, (*function)->trace_active}, needs_.clock.wall(), needs_.random);
  invocation.payload = std::move(payload);
  invocation.caller = {.hash = std::hash<std::string_view>()(key.account.view()),
                       .part = std::hash<std::string_view>()((*function)->arn)};
  Result<runtime::Outcome> outcome =
      co_await needs_.invoker.invoke(loop, *function, std::move(invocation));
  if (!outcome) {
    out.kind = FunctionRun::Kind::kNotNow;
    out.reason = outcome.error().message();
    co_return out;
  }
  out.answer = std::move(outcome->body);
  if (outcome->kind == runtime::Outcome::Kind::kSuccess) co_return out;
  out.kind = FunctionRun::Kind::kFailed;
  const bool ours = outcome->kind == runtime::Outcome::Kind::kPlatformError;
  out.reason = ours ? outcome->detail : outcome->error_type;
  if (ours) {
    needs_.logger.warn("lambda.runs", "a function could not be run",
                       {{"function", arn}, {"error", outcome->detail}});
  }
  co_return out;
}

}  // namespace lapwing::lambda
