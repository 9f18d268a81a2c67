#include "services/scheduler/api_calls.hpp"

#include <string>
#include <utility>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "ports/acting.hpp"
#include "ports/aws_api.hpp"
#include "ports/roles.hpp"
#include "services/scheduler/api_target.hpp"

namespace lapwing::scheduler {
namespace {

using ports::Delivered;

constexpr std::string_view kSession = "EventBridgeScheduler";

bool passes(const Error& error) {
  if (error.http_status() != 0) {
    return error.http_status() == 429 || (error.http_status() >= 500 && error.http_status() != 501);
  }
  const ErrorKind kind = error.kind();
  return kind == ErrorKind::kThrottled || kind == ErrorKind::kUnavailable ||
         kind == ErrorKind::kTimeout || kind == ErrorKind::kUnknown ||
         kind == ErrorKind::kCancelled || kind == ErrorKind::kInternal;
}

Delivered not_taken(const Error& error) {
  return {.kind = passes(error) ? Delivered::Kind::kLater : Delivered::Kind::kRefused,
          .code = error.code(),
          .message = error.message()};
}

Delivered cannot_assume(std::string_view role) {
  return {.kind = Delivered::Kind::kRefused,
          .code = "AccessDenied",
          .message = fmt::format("EventBridge Scheduler cannot assume {}.", role)};
}

}  // namespace

net::Task<Delivered> ApiCalls::call(net::Loop& loop, const ports::Parcel& parcel) {
  const auto target = read_api_target(parcel.target);
  if (!target) co_return not_taken(target.error());
  const auto schedule = aws::Arn::parse(parcel.as.source_arn);
  if (!schedule) co_return not_taken(schedule.error());
  auto input = api_request(*target, parcel.body);
  if (!input) co_return not_taken(input.error());

  const std::string& role = parcel.as.role_arn;
  if (!ports::is_role_of(role, schedule->account)) co_return cannot_assume(role);
  ports::ApiRequest request;
  request.service = target->service();
  request.operation = target->name();
  request.input = *std::move(input);
  request.call.trace_id = parcel.trace;
  aws::Caller& caller = request.call.caller;
  caller.account = schedule->account;
  caller.region = schedule->region;
  caller.authenticated = true;
  Result<ports::Role> known = ports::Role();
  if (ports_.roles != nullptr) {
    known = ports_.roles->find(role);
    if (!known) co_return not_taken(known.error());
    if (ports_.roles->known_only() && !(known->known && known->trusts("scheduler.amazonaws.com"))) {
      co_return cannot_assume(role);
    }
  }
  aws::Principal acts = ports::role_session(*known, role, schedule->account, kSession);
  caller.principal_arn = std::move(acts.arn);
  caller.user_id = std::move(acts.user_id);
  caller.identity = std::move(acts.identity);
  Result<std::string> answer = co_await ports_.api->perform(loop, std::move(request));
  if (!answer) co_return not_taken(answer.error());
  co_return Delivered{};
}

net::Task<std::vector<Delivered>> ApiCalls::deliver(net::Loop& loop,
                                                    const std::vector<ports::Parcel>& parcels) {
  std::vector<Delivered> out;
  for (const ports::Parcel& parcel : parcels) out.push_back(co_await call(loop, parcel));
  co_return out;
}

}  // namespace lapwing::scheduler
