#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "policy/document.hpp"
#include "ports/acting.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/following/following.hpp"
#include "services/logs/following/tables.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/filters.hpp"
#include "services/logs/pages.hpp"

namespace lapwing::logs {
namespace {

model::Destination describe(const LogDestination& destination) {
  model::Destination out;
  out.destination_name = destination.name;
  out.target_arn = destination.target_arn;
  out.role_arn = destination.role_arn;
  if (!destination.policy.empty()) out.access_policy = destination.policy;
  out.arn = destination.arn();
  out.creation_time = destination.created_ms;
  return out;
}

Status check_target(Core& core, const std::string& target) {
  const auto arn = aws::Arn::parse(target);
  if (!arn || (arn->service != "kinesis" && arn->service != "firehose")) {
    return fail(invalid_parameter("The targetArn is not one of a stream."));  // [ours]
  }
  if (core.following->outgoing().find(target) == nullptr) {
    return fail(aws::unsupported("logs", "PutDestination", "targetArn=" + arn->service,
                                 "there is no such service here"));
  }
  return {};
}

}  // namespace

Result<model::PutDestinationResponse> put_destination(Core& core, const Call& call,
                                                      const model::PutDestinationRequest& in) {
  LAPWING_CHECK(check_target(core, in.target_arn));
  if (!ports::is_role_of(in.role_arn, call.caller.account)) return fail(foreign_role());
  if (in.tags) LAPWING_CHECK(check_tags(*in.tags, too_many_tags()));
  LogDestination destination;
  LAPWING_CHECK(core.repository.change([&](store::Txn& txn) -> Status {
    destination = {.scope = scope_of(call.caller),
                   .name = in.destination_name,
                   .target_arn = in.target_arn,
                   .role_arn = in.role_arn,
                   .policy = {},
                   .tags = in.tags.value_or(Tags()),
                   .created_ms = core.now_ms()};
    LAPWING_TRY(const auto there, LogDestinations::find(txn, DestinationTable::key(destination)));
    if (there) {
      destination.policy = there->record.policy;
      destination.created_ms = there->record.created_ms;
      if (!in.tags) destination.tags = there->record.tags;
    }
    LAPWING_CHECK(LogDestinations::put(txn, destination));
    return {};
  }));
  core.following->outgoing().set(destination);
  return model::PutDestinationResponse{describe(destination)};
}

Nothing put_destination_policy(Core& core, const Call& call,
                               const model::PutDestinationPolicyRequest& in) {
  if (const auto document = policy::parse(in.access_policy, policy::Use::kResource); !document) {
    return fail(invalid_parameter(document.error().message));
  }
  const std::string key = resources::scoped_key(scope_of(call.caller), in.destination_name);
  LogDestination changed;
  LAPWING_CHECK(core.repository.change([&](store::Txn& txn) -> Status {
    LAPWING_TRY(const auto there, LogDestinations::find(txn, key));
    // This operation has no error of its own for what is not there.
    if (!there) return fail(invalid_parameter(destination_not_found().message()));
    changed = there->record;
    changed.policy = in.access_policy;
    LAPWING_CHECK(LogDestinations::put(txn, changed));
    return {};
  }));
  core.following->outgoing().set(changed);
  return {};
}

Result<model::DescribeDestinationsResponse> describe_destinations(
    Core& core, const Call& call, const model::DescribeDestinationsRequest& in) {
  const std::string prefix =
      resources::scoped_key(scope_of(call.caller), in.destination_name_prefix.value_or(""));
  LAPWING_TRY(const PageAsk ask,
              page_ask("logs.DescribeDestinations of " + prefix, in.next_token, in.limit));
  model::DescribeDestinationsResponse out;
  LAPWING_CHECK(core.repository.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto page,
                resources::page_records<DestinationTable>(
                    reader, ask, prefix, [](const LogDestination&) { return true; }));
    out.destinations.emplace();
    for (const LogDestination& each : page.items) out.destinations->push_back(describe(each));
    out.next_token = page.next;
    return {};
  }));
  return out;
}

Nothing delete_destination(Core& core, const Call& call,
                           const model::DeleteDestinationRequest& in) {
  LogDestination gone;
  LAPWING_CHECK(core.repository.change([&](store::Txn& txn) -> Status {
    const std::string key = resources::scoped_key(scope_of(call.caller), in.destination_name);
    LAPWING_TRY(const auto there, LogDestinations::find(txn, key));
    if (!there) return fail(destination_not_found());
    gone = there->record;
    return LogDestinations::erase(txn, key);
  }));
  core.following->outgoing().forget_destination(gone.arn());
  return {};
}

}  // namespace lapwing::logs
