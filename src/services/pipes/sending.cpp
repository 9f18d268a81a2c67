// The target's part of an execution (execution.hpp).
#include <set>
#include <utility>

#include <fmt/core.h>

#include "delivery/hand_over.hpp"
#include "delivery/limits.hpp"
#include "mappings/answer.hpp"
#include "services/pipes/execution.hpp"
#include "services/pipes/parcels.hpp"

namespace lapwing::pipes {
namespace {

using mappings::Taken;
using ports::Delivered;
using ports::FunctionRun;

std::string group_of(Item& item) {
  const text::JsonValue* const attributes = item.event().find("attributes");
  const text::JsonValue* const group =
      attributes == nullptr ? nullptr : attributes->find("MessageGroupId");
  return group == nullptr ? std::string() : std::string(group->as_string());
}

}  // namespace

net::Task<Taken> Execution::send(net::Loop& loop) {
  log_.step(LogLevel::kInfo, "TargetStageEntered");
  if (plan_.target_template) log_.step(LogLevel::kTrace, "TargetTransformationStarted");
  Taken out;
  if (plan_.target == Kind::kFunction) {
    out = co_await send_whole(loop);
  } else {
    failed_.assign(items_.size(), false);
    if (plan_.ordered) {
      co_await send_in_order(loop);
    } else {
      co_await send_items(loop);
    }
    out = sum_up();
  }
  if (out.kind == Taken::Kind::kFailed) {
    log_.step(LogLevel::kError, "TargetStageFailed", {.error = out.reason});
  } else if (out.kind == Taken::Kind::kDone && !out.failed.empty()) {
    log_.step(LogLevel::kError, "TargetStagePartiallyFailed", {.error = out.reason});
  } else if (out.kind == Taken::Kind::kDone) {
    log_.step(LogLevel::kInfo, "TargetStageSucceeded");
  }
  co_return out;
}

net::Task<Taken> Execution::send_whole(net::Loop& loop) {
  const auto& body = plan_.target_template;
  auto payload = co_await whole_payload(loop, body);
  if (!payload) {
    log_.step(LogLevel::kError, "TargetTransformationFailed", {.error = reason_});
    co_return Taken{.kind = Taken::Kind::kFailed, .reason = reason_};
  }
  if (body) log_.step(LogLevel::kTrace, "TargetTransformationSucceeded", {.payload = *payload});
  log_.step(LogLevel::kTrace, "TargetInvocationStarted", {.request = *payload});
  if (plan_.waits) co_return co_await call_function(loop, *std::move(payload));
  ports::Parcel parcel = function_parcel(plan_, *std::move(payload));
  parcel.id = parcel_id(plan_, batch_.ids(), 0, enriched_ ? parcel.body : "");
  std::vector<ports::Parcel> parcels;
  parcels.push_back(std::move(parcel));
  const Delivered delivered = (co_await deliver(loop, std::move(parcels))).front();
  if (delivered.kind == Delivered::Kind::kTaken) {
    log_.step(LogLevel::kTrace, "TargetInvocationSucceeded");
    co_return Taken{};
  }
  const std::string reason = reason_of(delivered);
  log_.step(LogLevel::kError, "TargetInvocationFailed", {.error = reason, .service = "lambda"});
  co_return Taken{.kind = Taken::Kind::kFailed, .reason = reason};
}

net::Task<Taken> Execution::call_function(net::Loop& loop, std::string body) {
  FunctionRun run =
      co_await needs_.functions->run(loop, plan_.target_arn, std::move(body), on_behalf(plan_));
  Taken out{.request_id = run.request_id, .trace = run.trace};
  out.reason = std::move(run.reason);
  if (run.kind == FunctionRun::Kind::kNotNow) {
    out.kind = Taken::Kind::kLater;
    co_return out;
  }
  if (run.kind == FunctionRun::Kind::kFailed) {
    log_.step(LogLevel::kError, "TargetInvocationFailed",
              {.answer = run.answer, .error = out.reason, .service = "lambda"});
    out.kind = Taken::Kind::kFailed;
    co_return out;
  }
  const std::vector<std::string_view> ids(batch_.ids().begin(), batch_.ids().end());
  auto failed = mappings::failed_items(run.answer, ids);
  if (!failed || failed->size() == batch_.size()) {
    out.kind = Taken::Kind::kFailed;
    out.reason = "The function says that all of the batch failed.";
  } else if (!failed->empty()) {
    out.reason = fmt::format("The function says that {} of the batch failed.", failed->size());
    out.failed = *std::move(failed);
  }
  if (out.reason.empty()) {
    log_.step(LogLevel::kTrace, "TargetInvocationSucceeded", {.answer = run.answer});
  } else {
    log_.step(LogLevel::kError,
              out.failed.empty() ? "TargetInvocationFailed" : "TargetInvocationPartiallyFailed",
              {.answer = run.answer, .error = out.reason, .service = "lambda"});
  }
  co_return out;
}

std::optional<ports::Parcel> Execution::parcel_of(std::size_t index) {
  Item& item = items_[index];
  const auto refuse = [&](std::string reason) {
    failed_[index] = true;
    reason_ = std::move(reason);
    log_.step(LogLevel::kError, "TargetTransformationFailed",
              {.payload = item.text(), .error = reason_});
    return std::nullopt;
  };
  auto body = item.payload(plan_.target_template, plan_, began_);
  if (!body) return refuse(unsent(body.error()));
  auto parcel = target_parcel(plan_, item, *std::move(body));
  if (!parcel) return refuse(parcel.error().message());
  parcel->id = enriched_ ? parcel_id(plan_, batch_.ids(), index, parcel->body)
                         : parcel_id(plan_, {batch_.ids()[index]}, 0, "");
  if (plan_.target_template) {
    log_.step(LogLevel::kTrace, "TargetTransformationSucceeded", {.payload = parcel->body});
  }
  log_.step(LogLevel::kTrace, "TargetInvocationStarted", {.request = parcel->body});
  return *std::move(parcel);
}

net::Task<std::vector<Delivered>> Execution::deliver(net::Loop& loop,
                                                     std::vector<ports::Parcel> parcels) {
  ports::Destination* const destination =
      needs_.destinations == nullptr ? nullptr : needs_.destinations->find(parcels.front().target);
  if (destination == nullptr) {
    co_return std::vector<Delivered>(
        parcels.size(), Delivered{.kind = Delivered::Kind::kRefused,
                                  .code = "UnsupportedTarget",
                                  .message = "Nothing here takes what is sent to it."});
  }
  delivery::HandedOver got =
      co_await delivery::hand_over(loop, needs_.logger, plan_.arn, *destination, std::move(parcels),
                                   destination->quick() ? Duration(delivery::kQuickAttemptMax)
                                                        : Duration(delivery::kAttemptMax));
  co_return std::move(got.delivered);
}

void Execution::note(std::size_t index, const Delivered& delivered) {
  if (delivered.kind == Delivered::Kind::kTaken) {
    log_.step(LogLevel::kTrace, "TargetInvocationSucceeded", {.answer = delivered.answer});
    return;
  }
  failed_[index] = true;
  reason_ = reason_of(delivered);
  log_.step(LogLevel::kError, "TargetInvocationFailed",
            {.error = reason_, .service = service_name(plan_.target)});
}

net::Task<void> Execution::send_items(net::Loop& loop) {
  std::vector<ports::Parcel> parcels;
  std::vector<std::size_t> of;  // which items they are
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (i != 0) co_await loop.yield();
    if (auto parcel = parcel_of(i)) {
      parcels.push_back(*std::move(parcel));
      of.push_back(i);
    }
  }
  if (parcels.empty()) co_return;
  const std::vector<Delivered> delivered = co_await deliver(loop, std::move(parcels));
  for (std::size_t i = 0; i < of.size(); ++i) note(of[i], delivered[i]);
}

net::Task<void> Execution::send_in_order(net::Loop& loop) {
  std::set<std::string> blocked;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const std::string group = enriched_ ? std::string() : group_of(items_[i]);
    if (blocked.contains(group)) {
      failed_[i] = true;
      continue;
    }
    if (auto parcel = parcel_of(i)) {
      std::vector<ports::Parcel> one;
      one.push_back(*std::move(parcel));
      note(i, (co_await deliver(loop, std::move(one))).front());
    }
    if (failed_[i]) blocked.insert(group);
  }
}

Taken Execution::sum_up() const {
  Taken out;
  for (std::size_t i = 0; i < failed_.size(); ++i) {
    if (failed_[i]) out.failed.push_back(i);
  }
  if (out.failed.empty()) return out;
  out.reason = reason_;
  if (enriched_ || out.failed.size() == failed_.size()) {
    out.kind = Taken::Kind::kFailed;
    out.failed.clear();
  }
  return out;
}

}  // namespace lapwing::pipes
