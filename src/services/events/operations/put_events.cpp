#include "services/events/operations/put_events.hpp"

#include <memory>
#include <utility>

#include "gen/events/errors.hpp"
#include "services/events/limits.hpp"
#include "services/events/own_events.hpp"
#include "store/await.hpp"

namespace lapwing::events {
namespace {

using Entry = gen::events::PutEventsRequestEntry;
using ResultEntry = gen::events::PutEventsResultEntry;

std::size_t bytes_of(const Entry& entry) {
  std::size_t out = entry.time ? kEventTimeBytes : 0;
  for (const auto* const text : {&entry.source, &entry.detail_type, &entry.detail}) {
    if (*text) out += (*text)->size();
  }
  if (entry.resources) {
    for (const std::string& each : *entry.resources) out += each.size();
  }
  return out;
}

Status check_size(const std::vector<Entry>& entries) {
  std::size_t bytes = 0;
  for (const Entry& entry : entries) bytes += bytes_of(entry);
  if (bytes < kPutEventsBytesMax) return {};
  return fail(invalid("Total size of the entries in the request is over the limit."));
}

ResultEntry refused(std::string code, std::string message) {
  return {.error_code = std::move(code), .error_message = std::move(message), .event_id = {}};
}

// The entry's fault, in EventBridge's order.
std::optional<ResultEntry> fault_of(const Entry& entry) {
  for (const auto& [name, value] :
       {std::pair("Source", &entry.source), std::pair("DetailType", &entry.detail_type),
        std::pair("Detail", &entry.detail)}) {
    if (*value && !(*value)->empty()) continue;
    return refused(
        "InvalidArgument",
        fmt::format("Parameter {} is not valid. Reason: {} is a required argument.", name, name));
  }
  if (is_own_source(*entry.source)) {
    return refused("NotAuthorizedForSourceException", "Not authorized for the source.");
  }
  return std::nullopt;
}

// All buses of another account have to let the caller.
Status check_policies(const Core& core, const aws::Call& call, const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    const BusAddress address = bus_given(call, entry.event_bus_name);
    if (address.scope.account == call.caller.account) continue;
    const BusPtr bus = core.find_bus(address);
    if (bus != nullptr && may_put(*bus, {.service = {},
                                         .arn = call.caller.principal_arn,
                                         .role_arn = {},
                                         .account = call.caller.account.str()})) {
      continue;
    }
    return fail(gen::events::errors::access_denied(fmt::format(
        "User: {} is not authorized to perform: events:PutEvents on resource: {} because no "
        "resource-based policy allows the events:PutEvents action",
        call.caller.principal_arn, address.arn())));
  }
  return {};
}

// What an entry answers; what comes of it is put to `routed`.
ResultEntry take(const Core& core, const aws::Call& call, const Entry& entry, Routed& routed) {
  if (auto fault = fault_of(entry)) return *std::move(fault);
  const WallTime now = core.clock->wall();
  Event event;
  event.id = make_uuid(*core.random);
  event.ingested_ms = unix_ms(now);
  event.time_ms = unix_ms(entry.time.value_or(now));
  event.trace = entry.trace_header.value_or(call.trace_id);
  const BusAddress address = bus_given(call, entry.event_bus_name);
  auto json = envelope_json({.id = event.id,
                             .detail_type = *entry.detail_type,
                             .source = *entry.source,
                             .scope = {call.caller.account, address.scope.region},
                             .time = entry.time.value_or(now),
                             .resources = entry.resources ? &*entry.resources : nullptr,
                             .detail = *entry.detail});
  if (!json) return refused("MalformedDetail", "Detail is malformed.");
  if (json->size() > kEnvelopeBytesMax) {
    return refused("InvalidArgument", "The event is larger than can be kept.");
  }
  event.json = *std::move(json);
  ResultEntry out;
  out.event_id = event.id;
  // An event for a bus that is not there is taken, and nobody gets it, as in AWS.
  if (core.find_bus(address) != nullptr) core.parts->intake.route(address, event, routed);
  return out;
}

}  // namespace

bool may_put(const Bus& bus, const policy::Asker& asker) {
  if (bus.document == nullptr) return false;
  policy::Request request;
  request.asker = asker;
  request.action = "events:PutEvents";
  request.resource = bus.address.arn();
  const policy::Verdict verdict = policy::evaluate(*bus.document, request);
  return verdict == policy::Verdict::kAllowed || verdict == policy::Verdict::kAccount;
}

net::Task<Result<gen::events::PutEventsResponse>> put_events(Core& core, net::Loop& loop,
                                                             const aws::Call& call,
                                                             gen::events::PutEventsRequest in) {
  LAPWING_CO_CHECK(check_size(in.entries));
  LAPWING_CO_CHECK(check_policies(core, call, in.entries));
  gen::events::PutEventsResponse out;
  auto routed = std::make_shared<Routed>();
  std::vector<ResultEntry>& answers = out.entries.emplace();
  std::int32_t failed = 0;
  for (const Entry& entry : in.entries) {
    answers.push_back(take(core, call, entry, *routed));
    if (answers.back().error_code) ++failed;
  }
  out.failed_entry_count = failed;
  if (routed->empty()) {
    core.parts->intake.note(*routed);
    co_return out;
  }
  if (auto room = core.parts->intake.check_room(); !room) {
    co_return fail(store_failure(std::move(room).error()));
  }
  const auto done = co_await store::transact_on(
      loop, core.store(), [routed, intake = &core.parts->intake](store::Txn& txn) {
        return intake->write(txn, *routed);
      });
  if (!done) co_return fail(store_failure(done.error()));
  core.parts->intake.note(*routed);
  co_return out;
}

}  // namespace lapwing::events
