#include "services/lambda/function_runs.hpp"

#include <functional>
#include <map>
#include <utility>

#include "ports/acting.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/trace_header.hpp"

namespace lapwing::lambda {

using ports::FunctionFacts;
using ports::FunctionRun;

std::optional<FunctionFacts> FunctionRuns::facts(std::string_view arn) const {
  const auto function = read_function_arn(arn);
  return function ? facts(*function) : std::nullopt;
}

Result<runtime::FunctionVersionPtr> FunctionRuns::resolve(const FunctionIdentifier& named) const {
  const FunctionKey& key = named.key;
  LAPWING_TRY(runtime::FunctionVersionPtr function,
              needs_.catalog.resolve(key.account, key.region, key.name.view(), named.qualifier));
  if (function->per_tenant) return fail(errors::tenant_needed());  // nobody says which
  return function;
}

std::optional<FunctionFacts> FunctionRuns::facts(const FunctionIdentifier& named) const {
  const auto function = resolve(named);
  if (!function) return std::nullopt;
  const auto reserved = needs_.concurrency.find(named.key).reserved;
  return FunctionFacts{.room = reserved ? static_cast<std::uint32_t>(*reserved) : UINT32_MAX,
                       .role_arn = ports::role_in((*function)->role_arn, named.key.account),
                       .timeout = std::chrono::seconds((*function)->timeout_s)};
}

net::Task<std::vector<HeldRun>> FunctionRuns::hold(net::Loop& loop, const FunctionIdentifier& named,
                                                   std::uint32_t count) {
  std::vector<HeldRun> out;
  std::map<runtime::FunctionVersionPtr, std::uint32_t> wanted;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto version = resolve(named);
    if (!version) co_return out;
    ++wanted[*version];
  }
  for (const auto& [version, times] : wanted) {
    auto held = co_await needs_.invoker.hold(loop, version, times);
    for (engine::Reservation& each : held) out.push_back({version, std::move(each)});
  }
  co_return out;
}

net::Task<FunctionRun> FunctionRuns::run(net::Loop& loop, std::string arn, std::string payload,
                                         ports::OnBehalf as) {
  const auto function = read_function_arn(arn);
  if (!function) {
    co_return FunctionRun{.kind = FunctionRun::Kind::kFailed,
                          .reason = "It is no function: " + arn};
  }
  if (!needs_.attachments.allows(arn, as)) {
    co_return FunctionRun{
        .kind = FunctionRun::Kind::kFailed,
        .counts = false,
        .reason = errors::access_denied(ports::sender(as), "lambda:InvokeFunction", arn).message()};
  }
  co_return co_await run(loop, *function, std::move(arn), std::move(payload));
}

net::Task<FunctionRun> FunctionRuns::run(net::Loop& loop, const FunctionIdentifier& named,
                                         std::string arn, std::string payload, HeldRun held) {
  FunctionRun out;
  auto function =
      held.version != nullptr ? Result<runtime::FunctionVersionPtr>(held.version) : resolve(named);
  if (!function) {
    out.kind = FunctionRun::Kind::kFailed;
    out.counts = false;
    out.reason = function.error().message();
    co_return out;
  }
  runtime::Invocation invocation;
  invocation.request_id = out.request_id = make_uuid(needs_.random);
  invocation.invoked_arn = arn;
  invocation.trace_id = out.trace = complete_trace_header(
      "", {(*function)->arn, (*function)->trace_active}, needs_.clock.wall(), needs_.random);
  out.version = (*function)->version;
  invocation.payload = std::move(payload);
  invocation.caller = {.hash = std::hash<std::string_view>()(named.key.account.view()),
                       .part = std::hash<std::string_view>()((*function)->arn)};
  Result<runtime::Outcome> outcome = co_await needs_.invoker.invoke_held(
      loop, *function, std::move(invocation), std::move(held.reservation));
  if (!outcome) {
    out.kind = FunctionRun::Kind::kNotNow;
    out.reason = outcome.error().message();
    co_return out;
  }
  out.answer = std::move(outcome->body);
  if (outcome->kind == runtime::Outcome::Kind::kSuccess) co_return out;
  out.kind = FunctionRun::Kind::kFailed;
  const bool ours = outcome->kind == runtime::Outcome::Kind::kPlatformError;
  out.counts = !ours;
  out.reason = ours ? outcome->detail : outcome->error_type;
  if (ours) {
    needs_.logger.warn("lambda.runs", "a function could not be run",
                       {{"function", arn}, {"error", outcome->detail}});
  }
  co_return out;
}

}  // namespace lapwing::lambda
