#include "runtime/api/telemetry_api.hpp"

#include "runtime/api/api_answer.hpp"
#include "runtime/api/extensions_api.hpp"
#include "runtime/limits.hpp"

namespace lapwing::runtime {

std::optional<TelemetryKind> telemetry_kind(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path == "/2022-07-01/telemetry") return TelemetryKind::kTelemetry;
  if (path == "/2020-08-15/logs") return TelemetryKind::kLogs;
  return std::nullopt;
}

net::Task<void> TelemetryApi::subscribe(http::RequestContext& context, TelemetryKind kind) {
  if (context.request().method != http::Method::kPut) {
    http::Response refused = error_answer(405, "MethodNotAllowed", "Subscribe with PUT");
    refused.headers.add("Allow", "PUT");
    co_await context.respond(std::move(refused));
    co_return;
  }
  Result<std::string> body = co_await context.body().read_all(kExtensionBodyBytesMax);
  if (!body) co_return;  // the server answers 400, 408 or 413
  const auto extension = calling_extension(*extensions_, context.request().headers);
  if (!extension) {
    co_await context.respond(error_answer(extension.error()));
    co_return;
  }
  Result<TelemetrySubscription> subscription = parse_subscription(kind, *body);
  if (!subscription) {
    co_await context.respond(error_answer(subscription.error()));
    co_return;
  }
  const std::vector<TelemetryCategory> types = subscription->types;
  const auto subscribed = hub_->subscribe((*extension)->name, *std::move(subscription));
  if (!subscribed) {
    co_await context.respond(error_answer(subscribed.error()));
    co_return;
  }
  const bool already = *subscribed == TelemetryHub::Subscribed::kAlready;
  log_->subscription({(*extension)->name, kind, already, types});
  co_await context.respond(json_answer(200, already ? R"("AlreadySubscribed")" : R"("OK")"));
}

}  // namespace lapwing::runtime
