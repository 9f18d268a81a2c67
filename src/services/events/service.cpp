#include "services/events/service.hpp"

#include "delivery/outbox_events.hpp"
#include "services/events/limits.hpp"
#include "services/events/operations/archives.hpp"
#include "services/events/operations/buses.hpp"
#include "services/events/operations/connections.hpp"
#include "services/events/operations/put_events.hpp"
#include "services/events/operations/rules.hpp"
#include "services/events/operations/tags.hpp"
#include "services/events/operations/targets.hpp"

namespace lapwing::events {
namespace {

using aws::Access;
using gen::events::kModel;

template <class In>
std::string bus_arn(const aws::Call& call, const In& in) {
  return bus_given(call, in.event_bus_name).arn();
}
template <class In>
std::string bus_named(const aws::Call& call, const In& in) {
  return bus_given(call, in.name).arn();
}
template <class In>
std::string rule_arn(const aws::Call& call, const In& in) {
  if constexpr (requires { in.rule; }) {
    return RuleAddress{bus_given(call, in.event_bus_name), in.rule}.arn();
  } else {
    return RuleAddress{bus_given(call, in.event_bus_name), in.name}.arn();
  }
}
template <class In>
std::string tagged_arn(const aws::Call&, const In& in) {
  return in.resource_arn;
}
template <class In>
std::string archive_arn(const aws::Call& call, const In& in) {
  return events_arn(aws::scope_of(call.caller), "archive/" + in.archive_name);
}
template <class In>
std::string replay_arn(const aws::Call& call, const In& in) {
  return events_arn(aws::scope_of(call.caller), "replay/" + in.replay_name);
}
// As IAM's policies name them: the UUID is not known to who writes one.
template <class In>
std::string connection_arn(const aws::Call& call, const In& in) {
  return events_arn(aws::scope_of(call.caller), "connection/" + in.name);
}
template <class In>
std::string api_arn(const aws::Call& call, const In& in) {
  return events_arn(aws::scope_of(call.caller), "api-destination/" + in.name);
}

std::vector<std::string> entries_buses(const aws::Call& call,
                                       const gen::events::PutEventsRequest& in) {
  std::vector<std::string> out;
  for (const auto& entry : in.entries) out.push_back(bus_given(call, entry.event_bus_name).arn());
  return out;
}

template <class Op, class Fn>
void add(aws::OperationTable& table, Core& core, Fn fn, Access access,
         aws::ResourceOf<Core, typename Op::Input> resource,
         std::initializer_list<std::string_view> accepts = {}) {
  table.add<Op>(core, fn, {.access = access, .resource = resource, .accepts = accepts});
}

void add_buses(aws::OperationTable& table, Core& core) {
  namespace g = gen::events;
  // No keys (nothing would be encrypted), no partners.
  add<g::CreateEventBus>(table, core, create_event_bus, Access::kWrite,
                         bus_named<g::CreateEventBusRequest>,
                         {"Name", "Description", "DeadLetterConfig", "LogConfig", "Tags"});
  add<g::DescribeEventBus>(table, core, describe_event_bus, Access::kRead,
                           bus_named<g::DescribeEventBusRequest>);
  add<g::ListEventBuses>(table, core, list_event_buses, Access::kList, aws::kNoResource);
  add<g::UpdateEventBus>(table, core, update_event_bus, Access::kWrite,
                         bus_named<g::UpdateEventBusRequest>,
                         {"Name", "Description", "DeadLetterConfig", "LogConfig"});
  add<g::DeleteEventBus>(table, core, delete_event_bus, Access::kWrite,
                         bus_named<g::DeleteEventBusRequest>);
  add<g::PutPermission>(table, core, put_permission, Access::kPermissions,
                        bus_arn<g::PutPermissionRequest>);
  add<g::RemovePermission>(table, core, remove_permission, Access::kPermissions,
                           bus_arn<g::RemovePermissionRequest>);
  table.add<g::PutEvents>(core, put_events,
                          {.access = Access::kWrite,
                           .resource = entries_buses,
                           .accepts = {"Entries"},
                           .body_bytes_max = kPutEventsBodyBytesMax});
}

void add_rules(aws::OperationTable& table, Core& core) {
  namespace g = gen::events;
  add<g::PutRule>(table, core, put_rule, Access::kWrite, rule_arn<g::PutRuleRequest>);
  add<g::DescribeRule>(table, core, describe_rule, Access::kRead, rule_arn<g::DescribeRuleRequest>);
  add<g::ListRules>(table, core, list_rules, Access::kList, aws::kNoResource);
  add<g::ListRuleNamesByTarget>(table, core, list_rule_names_by_target, Access::kList,
                                aws::kNoResource);
  add<g::DeleteRule>(table, core, delete_rule, Access::kWrite, rule_arn<g::DeleteRuleRequest>);
  add<g::EnableRule>(table, core, enable_rule, Access::kWrite, rule_arn<g::EnableRuleRequest>);
  add<g::DisableRule>(table, core, disable_rule, Access::kWrite, rule_arn<g::DisableRuleRequest>);
  add<g::TestEventPattern>(table, core, test_event_pattern, Access::kRead, aws::kNoResource);
  add<g::PutTargets>(table, core, put_targets, Access::kWrite, rule_arn<g::PutTargetsRequest>);
  add<g::ListTargetsByRule>(table, core, list_targets_by_rule, Access::kList,
                            rule_arn<g::ListTargetsByRuleRequest>);
  add<g::RemoveTargets>(table, core, remove_targets, Access::kWrite,
                        rule_arn<g::RemoveTargetsRequest>);
  add<g::ListTagsForResource>(table, core, list_tags_for_resource, Access::kRead,
                              tagged_arn<g::ListTagsForResourceRequest>);
  add<g::TagResource>(table, core, tag_resource, Access::kTagging,
                      tagged_arn<g::TagResourceRequest>);
  add<g::UntagResource>(table, core, untag_resource, Access::kTagging,
                        tagged_arn<g::UntagResourceRequest>);
}

void add_archives(aws::OperationTable& table, Core& core) {
  namespace g = gen::events;
  add<g::CreateArchive>(
      table, core, create_archive, Access::kWrite, archive_arn<g::CreateArchiveRequest>,
      {"ArchiveName", "EventSourceArn", "Description", "EventPattern", "RetentionDays"});
  add<g::DescribeArchive>(table, core, describe_archive, Access::kRead,
                          archive_arn<g::DescribeArchiveRequest>);
  add<g::ListArchives>(table, core, list_archives, Access::kList, aws::kNoResource);
  add<g::UpdateArchive>(table, core, update_archive, Access::kWrite,
                        archive_arn<g::UpdateArchiveRequest>,
                        {"ArchiveName", "Description", "EventPattern", "RetentionDays"});
  add<g::DeleteArchive>(table, core, delete_archive, Access::kWrite,
                        archive_arn<g::DeleteArchiveRequest>);
  add<g::StartReplay>(table, core, start_replay, Access::kWrite, replay_arn<g::StartReplayRequest>);
  add<g::DescribeReplay>(table, core, describe_replay, Access::kRead,
                         replay_arn<g::DescribeReplayRequest>);
  add<g::ListReplays>(table, core, list_replays, Access::kList, aws::kNoResource);
  add<g::CancelReplay>(table, core, cancel_replay, Access::kWrite,
                       replay_arn<g::CancelReplayRequest>);
}

void add_connections(aws::OperationTable& table, Core& core) {
  namespace g = gen::events;
  // No private ways (VPC Lattice), no keys: what authorises is sealed with the server's own.
  add<g::CreateConnection>(
      table, core, create_connection, Access::kWrite, connection_arn<g::CreateConnectionRequest>,
      {"Name", "Description", "AuthorizationType", "AuthParameters.BasicAuthParameters",
       "AuthParameters.ApiKeyAuthParameters", "AuthParameters.OAuthParameters",
       "AuthParameters.InvocationHttpParameters"});
  add<g::UpdateConnection>(
      table, core, update_connection, Access::kWrite, connection_arn<g::UpdateConnectionRequest>,
      {"Name", "Description", "AuthorizationType", "AuthParameters.BasicAuthParameters",
       "AuthParameters.ApiKeyAuthParameters", "AuthParameters.OAuthParameters",
       "AuthParameters.InvocationHttpParameters"});
  add<g::DescribeConnection>(table, core, describe_connection, Access::kRead,
                             connection_arn<g::DescribeConnectionRequest>);
  add<g::ListConnections>(table, core, list_connections, Access::kList, aws::kNoResource);
  add<g::DeleteConnection>(table, core, delete_connection, Access::kWrite,
                           connection_arn<g::DeleteConnectionRequest>);
  add<g::DeauthorizeConnection>(table, core, deauthorize_connection, Access::kWrite,
                                connection_arn<g::DeauthorizeConnectionRequest>);
  add<g::CreateApiDestination>(table, core, create_api_destination, Access::kWrite,
                               api_arn<g::CreateApiDestinationRequest>);
  add<g::DescribeApiDestination>(table, core, describe_api_destination, Access::kRead,
                                 api_arn<g::DescribeApiDestinationRequest>);
  add<g::ListApiDestinations>(table, core, list_api_destinations, Access::kList, aws::kNoResource);
  add<g::UpdateApiDestination>(table, core, update_api_destination, Access::kWrite,
                               api_arn<g::UpdateApiDestinationRequest>);
  add<g::DeleteApiDestination>(table, core, delete_api_destination, Access::kWrite,
                               api_arn<g::DeleteApiDestinationRequest>);
}

aws::OperationTable make_table(Core& core) {
  aws::OperationTable table(kModel);
  add_buses(table, core);
  add_rules(table, core);
  add_archives(table, core);
  add_connections(table, core);
  table.refuse({"ActivateEventSource", "CreateEndpoint", "CreatePartnerEventSource",
                "DeactivateEventSource", "DeleteEndpoint", "DeletePartnerEventSource",
                "DescribeEndpoint", "DescribeEventSource", "DescribePartnerEventSource",
                "ListEndpoints", "ListEventSources", "ListPartnerEventSourceAccounts",
                "ListPartnerEventSources", "PutPartnerEvents", "UpdateEndpoint"});
  return table;
}

}  // namespace

Service::Service(const hosting::Dependencies& given)
    : given_(given),
      buses_(core_),
      apis_(core_),
      own_(core_),
      api_(make_table(core_), given.pipeline) {
  core_.clock = &given_.clock;
  core_.random = &given_.random;
  core_.ports = &given_.ports;
}

void Service::publish(hosting::Ports& ports) {
  ports.own_events = &own_;
  if (ports.destinations == nullptr) return;
  ports.destinations->add("events", buses_);
  ports.destinations->add(std::string(kApiScheme), apis_);
}

Status Service::start() {
  LAPWING_TRY(store::Space * space, given_.store.space("events"));
  core_.parts = std::make_unique<Parts>(given_, *space);
  return core_.parts->start();
}

Result<journal::EventPage> Service::events(const journal::EventAsk& ask) {
  if (core_.parts == nullptr) return journal::EventPage();
  if (ask.list == journal::EventList::kSchedules) return core_.parts->schedules.facts(ask);
  return delivery::outbox_events(core_.parts->outbox, "events", given_.clock.wall(), ask);
}

Result<std::size_t> Service::replay(std::string_view event) {
  if (core_.parts == nullptr) return std::size_t{0};
  return core_.parts->outbox.replay(event);
}

void Service::metrics(hosting::MetricsText& text) const {
  if (core_.parts == nullptr) return;
  const SendingCounts& counts = core_.parts->sending.counts();
  text.add("events_invocations_total", "counter", "Events that targets of rules took.",
           counts.invocations.load());
  text.add("events_failed_invocations_total", "counter",
           "Events that targets of rules did not take, with all attempts.",
           counts.failed_invocations.load());
}

}  // namespace lapwing::events
