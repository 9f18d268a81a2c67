#include "services/lambda/mappings/function_consumer.hpp"

namespace lapwing::lambda {

using mappings::Readiness;
using mappings::Taken;

std::optional<Readiness> FunctionConsumer::ready() {
  auto facts = runs_.facts(function_);
  if (!facts) return std::nullopt;
  return Readiness{
      .room = facts->room, .role_arn = std::move(facts->role_arn), .timeout = facts->timeout};
}

net::Task<Taken> FunctionConsumer::take(net::Loop& loop, const mappings::Batch& batch) {
  using Kind = ports::FunctionRun::Kind;
  ports::FunctionRun run = co_await runs_.run(
      loop, function_, arn_, R"({"Records":)" + mappings::array_of(batch.records()) + '}');
  Taken out;
  out.kind = run.kind == Kind::kAnswered ? Taken::Kind::kDone
             : run.kind == Kind::kFailed ? Taken::Kind::kFailed
                                         : Taken::Kind::kLater;
  if (run.kind == Kind::kAnswered) out.answer = std::move(run.answer);
  out.reason = std::move(run.reason);
  out.request_id = std::move(run.request_id);
  out.trace = std::move(run.trace);
  co_return out;
}

}  // namespace lapwing::lambda
