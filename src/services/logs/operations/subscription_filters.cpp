#include <algorithm>

#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "policy/evaluate.hpp"
#include "ports/acting.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/following/following.hpp"
#include "services/logs/following/tables.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/filters.hpp"
#include "services/logs/pages.hpp"

namespace lapwing::logs {
namespace {

constexpr std::string_view kOperation = "PutSubscriptionFilter";

// What takes a filter's events: by the service in its ARN.
enum class Vendor { kLambda, kStream, kLogs };

struct Aim {
  Vendor vendor = Vendor::kLambda;
  std::string name;  // of the service
};

// What is wrong with the ARN alone, before anything is looked up.
Result<Aim> check_arn(const Scope& scope, const model::PutSubscriptionFilterRequest& in) {
  const auto arn = aws::Arn::parse(in.destination_arn);
  if (!arn) return fail(invalid_parameter("Invalid destinationArn."));  // [ours]
  const std::string& service = arn->service;
  if (service == "lambda") {
    if (arn->account != scope.account) {
      return fail(
          access_denied("Cross-account lambda invocation passing is not allowed. You must use "
                        "DestinationPolicies to create cross account lambda triggers."));
    }
    if (in.role_arn) {
      return fail(
          invalid_parameter("destinationArn for vendor lambda cannot be used with roleArn"));
    }
    return Aim{Vendor::kLambda, service};
  }
  if (service == "kinesis" || service == "firehose") {
    if (!in.role_arn) {
      return fail(invalid_parameter(
          fmt::format("destinationArn for vendor {} cannot be used without roleArn", service)));
    }
    return Aim{Vendor::kStream, service};
  }
  if (service == "logs" && arn->resource_type() == "destination")
    return Aim{Vendor::kLogs, service};
  return fail(invalid_parameter(fmt::format(
      "PutSubscriptionFilter operation cannot work with destinationArn for vendor {}", service)));
}

// Whether a destination lets the caller's account in: its own account's always, others by its
// access policy.
bool lets_in(const LogDestination& destination, const Call& call) {
  if (destination.scope.account == call.caller.account) return true;
  const auto document = policy::parse(destination.policy, policy::Use::kResource);
  if (!document) return false;
  policy::Request request;
  request.asker.arn = call.caller.principal_arn;
  request.asker.account = call.caller.account.view();
  request.action = "logs:PutSubscriptionFilter";
  request.resource = destination.arn();
  const policy::Verdict verdict = policy::evaluate(*document, request);
  return verdict == policy::Verdict::kAllowed || verdict == policy::Verdict::kAccount;
}

// Whether events would be taken there now, as far as AWS asks when a filter is put.
Status check_reach(Core& core, const Call& call, const Aim& aim, const SubscriptionFilter& filter) {
  Outgoing& outgoing = core.following->outgoing();
  if (aim.vendor == Vendor::kLogs) {
    const auto destination = outgoing.destination(filter.destination_arn);
    if (!destination) return fail(destination_not_found());
    if (!lets_in(*destination, call)) {
      return fail(access_denied(fmt::format(
          "User with accountId: {} is not authorized to perform: logs:PutSubscriptionFilter on "
          "resource: {}",
          call.caller.account.view(), filter.destination_arn)));
    }
    return {};
  }
  const ports::Destination* const target = outgoing.find(filter.destination_arn);
  if (target == nullptr) {
    return fail(aws::unsupported("logs", kOperation, "destinationArn=" + aim.name,
                                 "there is no such service here"));
  }
  if (aim.vendor == Vendor::kLambda &&
      target->refusal(filter.destination_arn, outgoing.as_service(filter))) {
    return fail(
        invalid_parameter("Could not execute the lambda function. Make sure you have given "
                          "CloudWatch Logs permission to execute your function."));
  }
  return {};
}

// One of that name is replaced; a third one is refused.
Status write_filter(store::Txn& txn, SubscriptionFilter& filter) {
  LAPWING_CHECK(Repository::check_there(txn, filter.scope, filter.group, filter.group_uid));
  LAPWING_TRY(const auto there,
              Subscriptions::list(txn, {.prefix = filter_key(filter.group_uid, "")}));
  const auto same = std::ranges::find(there.records, filter.name, &SubscriptionFilter::name);
  if (same != there.records.end()) {
    filter.uid = same->uid;
    filter.created_ms = same->created_ms;
  } else if (there.records.size() >= kSubscriptionsMax) {
    return fail(limit_exceeded());
  }
  LAPWING_CHECK(Subscriptions::put(txn, filter));
  return {};
}

model::SubscriptionFilter describe(const SubscriptionFilter& filter) {
  model::SubscriptionFilter out;
  out.filter_name = filter.name;
  out.log_group_name = filter.group;
  out.filter_pattern = filter.pattern;
  out.destination_arn = filter.destination_arn;
  if (!filter.role_arn.empty()) out.role_arn = filter.role_arn;
  out.distribution = filter.distribution == Distribution::kRandom
                         ? model::Distribution::kRandom
                         : model::Distribution::kByLogStream;
  out.apply_on_transformed_logs = false;
  out.creation_time = filter.created_ms;
  return out;
}

Status check_room_for(Core& core, const SubscriptionFilter& filter) {
  return core.repository.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto found,
                Subscriptions::list(reader, {.prefix = filter_key(filter.group_uid, "")}));
    const bool new_one = std::ranges::find(found.records, filter.name, &SubscriptionFilter::name) ==
                         found.records.end();
    if (new_one && found.records.size() >= kSubscriptionsMax) return fail(limit_exceeded());
    return {};
  });
}

}  // namespace

Nothing put_subscription_filter(Core& core, const Call& call,
                                const model::PutSubscriptionFilterRequest& in) {
  const Scope scope = scope_of(call.caller);
  // There are no transformers: nothing would be transformed.
  if (in.apply_on_transformed_logs.value_or(false)) {
    return fail(aws::unsupported("logs", kOperation, "applyOnTransformedLogs"));
  }
  LAPWING_TRY(const Aim aim, check_arn(scope, in));
  if (in.role_arn && !ports::is_role_of(*in.role_arn, scope.account)) return fail(foreign_role());
  LAPWING_CHECK(FilterPattern::parse(in.filter_pattern));
  LAPWING_TRY(const Group group, core.repository.group(scope, in.log_group_name));
  if (group.log_class != model::LogGroupClass::kStandard) {
    return fail(not_of_this_class("Subscription filters"));
  }
  SubscriptionFilter filter;
  filter.scope = scope;
  filter.group = group.name;
  filter.group_uid = group.uid;
  filter.name = in.filter_name;
  filter.uid = random_hex(core.repository.random(), 16);
  filter.pattern = in.filter_pattern;
  filter.destination_arn = in.destination_arn;
  filter.role_arn = in.role_arn.value_or("");
  if (in.distribution == model::Distribution::kRandom) {
    filter.distribution = Distribution::kRandom;
  }
  filter.created_ms = core.now_ms();
  LAPWING_CHECK(check_room_for(core, filter));
  LAPWING_CHECK(check_reach(core, call, aim, filter));
  // Function output that was taken over before is not the filter's.
  flush_for_reading(core, scope, group.name);
  LAPWING_CHECK(core.following->forwarder().change_subscriptions(
      {scope, group.name, group.uid},
      [&](store::Txn& txn) -> Status { return write_filter(txn, filter); }));
  if (aim.vendor == Vendor::kStream) {
    LAPWING_CHECK(core.following->probe(filter, aim.name == "kinesis" ? "Kinesis" : "Firehose"));
  }
  return {};
}

Result<model::DescribeSubscriptionFiltersResponse> describe_subscription_filters(
    Core& core, const Call& call, const model::DescribeSubscriptionFiltersRequest& in) {
  LAPWING_TRY(const Group group, core.repository.group(scope_of(call.caller), in.log_group_name));
  LAPWING_TRY(const PageAsk ask, page_ask("logs.DescribeSubscriptionFilters of " + group.uid,
                                          in.next_token, in.limit));
  model::DescribeSubscriptionFiltersResponse out;
  out.subscription_filters.emplace();
  std::vector<SubscriptionFilter> all;
  LAPWING_CHECK(core.repository.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(auto found, Subscriptions::list(reader, {.prefix = filter_key(group.uid, "")}));
    all = std::move(found.records);
    return {};
  }));
  std::erase_if(all, [&](const SubscriptionFilter& each) {
    return !each.name.starts_with(in.filter_name_prefix.value_or(""));
  });
  const auto page = resources::page_items(std::move(all), ask,
                                          [](const SubscriptionFilter& each) { return each.name; });
  for (const SubscriptionFilter& each : page.items) {
    out.subscription_filters->push_back(describe(each));
  }
  out.next_token = page.next;
  return out;
}

Nothing delete_subscription_filter(Core& core, const Call& call,
                                   const model::DeleteSubscriptionFilterRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const Group group, core.repository.group(scope, in.log_group_name));
  const std::string key = filter_key(group.uid, in.filter_name);
  LAPWING_CHECK(core.following->forwarder().change_subscriptions(
      {scope, group.name, group.uid}, [&](store::Txn& txn) -> Status {
        LAPWING_TRY(const auto there, Subscriptions::find(txn, key));
        if (!there) return fail(filter_not_found("subscription"));
        return Subscriptions::erase(txn, key);
      }));
  return {};
}

}  // namespace lapwing::logs
