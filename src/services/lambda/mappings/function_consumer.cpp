#include "services/lambda/mappings/function_consumer.hpp"

namespace lapwing::lambda {

using mappings::PlacePtr;
using mappings::Readiness;
using mappings::Taken;

namespace {

struct RunPlace final : mappings::Place {
  explicit RunPlace(HeldRun of) : held(std::move(of)) {}
  HeldRun held;
};

Taken taken_of(ports::FunctionRun run, const std::string& arn) {
  using Kind = ports::FunctionRun::Kind;
  Taken out;
  out.kind = run.kind == Kind::kAnswered ? Taken::Kind::kDone
             : run.kind == Kind::kFailed ? Taken::Kind::kFailed
                                         : Taken::Kind::kLater;
  out.counts = run.counts;
  if (run.kind == Kind::kAnswered) out.answer = std::move(run.answer);
  out.reason = std::move(run.reason);
  out.request_id = std::move(run.request_id);
  out.version = std::move(run.version);
  out.trace = std::move(run.trace);
  out.by = arn;
  return out;
}

}  // namespace

std::optional<Readiness> FunctionConsumer::ready() {
  auto facts = runs_.facts(function_);
  if (!facts) return std::nullopt;
  return Readiness{
      .room = facts->room, .role_arn = std::move(facts->role_arn), .timeout = facts->timeout};
}

net::Task<std::vector<PlacePtr>> FunctionConsumer::hold(net::Loop& loop, std::uint32_t count) {
  std::vector<PlacePtr> out;
  for (HeldRun& each : co_await runs_.hold(loop, function_, count)) {
    out.push_back(std::make_unique<RunPlace>(std::move(each)));
  }
  co_return out;
}

net::Task<Taken> FunctionConsumer::take(net::Loop& loop, const mappings::Batch& batch,
                                        PlacePtr place) {
  // Places are made by hold() alone.
  auto* const at = static_cast<RunPlace*>(place.get());
  co_return taken_of(
      co_await runs_.run(loop, function_, arn_,
                         R"({"Records":)" + mappings::array_of(batch.records()) + '}',
                         at != nullptr ? std::move(at->held) : HeldRun()),
      arn_);
}

net::Task<Taken> FunctionConsumer::take_event(net::Loop& loop, std::string event) {
  co_return taken_of(co_await runs_.run(loop, function_, arn_, std::move(event)), arn_);
}

}  // namespace lapwing::lambda
