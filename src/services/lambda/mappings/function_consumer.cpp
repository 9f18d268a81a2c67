#include "services/lambda/mappings/function_consumer.hpp"

#include <functional>
#include <map>
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

namespace {

// Of that version: an alias may have led to it by chance.
class VersionPlace final : public mappings::Place {
 public:
  VersionPlace(runtime::FunctionVersionPtr of, engine::Reservation place)
      : version(std::move(of)), reservation(std::move(place)) {}

  runtime::FunctionVersionPtr version;
  engine::Reservation reservation;
};

}  // namespace

Result<runtime::FunctionVersionPtr> FunctionConsumer::resolve() const {
  const FunctionKey& key = function_.key;
  return needs_.catalog.resolve(key.account, key.region, key.name.view(), function_.qualifier);
}

net::Task<std::vector<mappings::PlacePtr>> FunctionConsumer::hold(net::Loop& loop,
                                                                  std::uint32_t count) {
  std::vector<mappings::PlacePtr> out;
  std::map<runtime::FunctionVersionPtr, std::uint32_t> wanted;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto version = resolve();
    if (!version) co_return out;
    ++wanted[*version];
  }
  for (const auto& [version, times] : wanted) {
    auto held = co_await needs_.invoker.hold(loop, version, times);
    for (engine::Reservation& each : held) {
      out.push_back(std::make_unique<VersionPlace>(version, std::move(each)));
    }
  }
  co_return out;
}

net::Task<Taken> FunctionConsumer::take(net::Loop& loop, std::string event,
                                        mappings::PlacePtr place) {
  Taken out;
  out.by = arn_;
  // Places are made by hold() alone.
  auto* const held = static_cast<VersionPlace*>(place.get());
  auto function = held != nullptr ? Result<runtime::FunctionVersionPtr>(held->version) : resolve();
  if (!function) {
    out.kind = Taken::Kind::kFailed;
    out.counts = false;
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
  out.version = (*function)->version;
  invocation.payload = std::move(event);
  invocation.caller = {.hash = std::hash<std::string_view>()(function_.key.account.view()),
                       .part = std::hash<std::string_view>()((*function)->arn)};
  Result<runtime::Outcome> outcome = co_await needs_.invoker.invoke_held(
      loop, *function, std::move(invocation),
      held != nullptr ? std::move(held->reservation) : engine::Reservation());
  if (!outcome) {
    out.kind = Taken::Kind::kLater;
    out.reason = outcome.error().message();
  } else if (outcome->kind == runtime::Outcome::Kind::kSuccess) {
    out.answer = std::move(outcome->body);
  } else {
    out.kind = Taken::Kind::kFailed;
    const bool ours = outcome->kind == runtime::Outcome::Kind::kPlatformError;
    out.counts = !ours;
    out.reason = ours ? outcome->detail : outcome->error_type;
    if (ours) {
      needs_.logger.warn("lambda.mappings", "a function could not be run",
                         {{"function", arn_}, {"error", outcome->detail}});
    }
  }
  co_return out;
}

}  // namespace lapwing::lambda
