#include "services/logs/following/outgoing.hpp"

#include <utility>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/logs/following/awslogs.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {
namespace {

constexpr std::string_view kLambda = "lambda";
constexpr std::string_view kLogs = "logs";

}  // namespace

std::string LogDestination::arn() const {
  return aws::make_arn(kLogs, scope.region, scope.account, fmt::format("destination:{}", name));
}

std::string posting_event(std::string_view stream_uid, std::string_view gzipped) {
  std::string out(stream_uid);
  out += '\n';
  out += gzipped;
  return out;
}

void Outgoing::set(const SubscriptionFilter& filter) {
  const std::lock_guard lock(mutex_);
  filters_.insert_or_assign(filter.uid, filter);
}

void Outgoing::forget(const std::string& filter_uid) {
  const std::lock_guard lock(mutex_);
  filters_.erase(filter_uid);
}

void Outgoing::set(const LogDestination& destination) {
  const std::lock_guard lock(mutex_);
  destinations_by_arn_.insert_or_assign(destination.arn(), destination);
}

void Outgoing::forget_destination(const std::string& arn) {
  const std::lock_guard lock(mutex_);
  destinations_by_arn_.erase(arn);
}

std::optional<LogDestination> Outgoing::destination(std::string_view arn) const {
  const std::lock_guard lock(mutex_);
  const auto found = destinations_by_arn_.find(arn);
  return found == destinations_by_arn_.end() ? std::nullopt : std::optional(found->second);
}

ports::OnBehalf Outgoing::as_service(const SubscriptionFilter& filter) const {
  ports::OnBehalf as{.service = fmt::format("logs.{}.amazonaws.com", filter.scope.region.view()),
                     .source_arn = group_arn(filter.scope, filter.group) + ":*",
                     .source_account = filter.scope.account,
                     .role_arn = {}};
  const ports::Destination* const target = find(filter.destination_arn);
  if (target == nullptr || !target->refusal(filter.destination_arn, as)) return as;
  ports::OnBehalf other = as;
  other.service = "logs.amazonaws.com";
  return target->refusal(filter.destination_arn, other) ? as : other;
}

std::optional<delivery::Shipment> Outgoing::shipment(const delivery::Posting& posting,
                                                     std::string_view addressee) {
  SubscriptionFilter filter;
  {
    const std::lock_guard lock(mutex_);
    const auto found = filters_.find(addressee);
    if (found == filters_.end()) return std::nullopt;
    filter = found->second;
  }
  const std::size_t line = posting.event.find('\n');
  if (line == std::string::npos) return std::nullopt;
  const std::string_view gzipped = std::string_view(posting.event).substr(line + 1);
  delivery::Shipment out;
  out.retry = delivery::RetryPolicy::exponential({.first = kSubscriptionRetryFirst,
                                                  .most = kSubscriptionRetryMost,
                                                  .attempts = kSubscriptionRetries,
                                                  .age = kSubscriptionRetryAge});
  out.parcel.trace = posting.trace;
  if (aws::service_of(filter.destination_arn) == kLambda) {
    out.parcel.target = filter.destination_arn;
    out.parcel.body = function_event(gzipped);
    out.parcel.as = as_service(filter);
    return out;
  }
  out.parcel.target = filter.destination_arn;
  out.parcel.as = {.service = {},
                   .source_arn = group_arn(filter.scope, filter.group) + ":*",
                   .source_account = filter.scope.account,
                   .role_arn = filter.role_arn};
  if (aws::service_of(filter.destination_arn) == kLogs) {
    const auto through = destination(filter.destination_arn);
    if (!through) {
      out.refusal = ports::Delivered{.kind = ports::Delivered::Kind::kRefused,
                                     .code = "ResourceNotFoundException",
                                     .message = "The destination is gone."};
      return out;
    }
    out.parcel.target = through->target_arn;
    // The destination's owner sends on what it let in.
    out.parcel.as.source_account = through->scope.account;
    out.parcel.as.role_arn = through->role_arn;
  }
  out.parcel.body = gzipped;
  // What streams divide records by.
  out.parcel.group =
      filter.distribution == Distribution::kRandom ? posting.id : posting.event.substr(0, line);
  return out;
}

}  // namespace lapwing::logs
