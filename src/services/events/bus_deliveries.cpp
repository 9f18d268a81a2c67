#include "services/events/bus_deliveries.hpp"

#include <expected>
#include <memory>
#include <utility>

#include "ports/acting.hpp"
#include "services/events/core.hpp"
#include "services/events/limits.hpp"
#include "services/events/operations/put_events.hpp"
#include "services/events/own_events.hpp"
#include "store/await.hpp"
#include "text/json.hpp"

namespace lapwing::events {
namespace {

using ports::Delivered;
using ports::Parcel;

constexpr std::size_t kOwnPrefix = 4;  // "aws."

Delivered refused(std::string code, std::string message) {
  return {
      .kind = Delivered::Kind::kRefused, .code = std::move(code), .message = std::move(message)};
}

// Who sends, as a bus's policy sees it: the account that sends, under its role where it has one.
policy::Asker asker_of(const ports::OnBehalf& as) {
  policy::Asker out;
  out.account = as.source_account.str();
  out.role_arn = as.role_arn;
  out.arn = as.role_arn.empty() ? "arn:aws:iam::" + out.account + ":root" : as.role_arn;
  return out;
}

bool may_send(const Bus& bus, const ports::OnBehalf& as, const policy::Asker& asker) {
  if (!as.role_arn.empty() && !ports::is_role_of(as.role_arn, as.source_account)) return false;
  return as.source_account == bus.address.scope.account || may_put(bus, asker);
}

std::expected<Event, Delivered> event_of(Core& core, const BusAddress& bus, const Parcel& parcel) {
  const WallTime now = core.clock->wall();
  Event out;
  if (parcel.source.empty()) {
    auto event = read_envelope(parcel.body);
    if (!event) {
      return std::unexpected(refused("MalformedEvent", "What is sent is no event of a bus."));
    }
    out = *std::move(event);
    const auto document = text::parse_json(parcel.body, {.max_depth = kDetailDepthMax + 1});
    const text::JsonValue* const region = document ? document->root().find("region") : nullptr;
    if (region != nullptr && region->as_string() != bus.scope.region.view()) {
      out.id = make_uuid(*core.random);
      out.json = with_id(out.json, out.id);
    }
  } else {
    if (is_own_source(parcel.source) &&
        parcel.as.service != parcel.source.substr(kOwnPrefix) + ".amazonaws.com") {
      return std::unexpected(
          refused("NotAuthorizedForSourceException", "Not authorized for the source."));
    }
    out.id = make_uuid(*core.random);
    auto json = envelope_json(
        {.id = out.id,
         .detail_type = parcel.detail_type,
         .source = parcel.source,
         .scope = {parcel.as.source_account.empty() ? bus.scope.account : parcel.as.source_account,
                   bus.scope.region},
         .time = parcel.time_ms ? wall_from_unix_ms(*parcel.time_ms) : now,
         .resources = &parcel.resources,
         .detail = parcel.body});
    if (!json) return std::unexpected(refused("MalformedDetail", "Detail is malformed."));
    out.json = *std::move(json);
    out.time_ms = parcel.time_ms.value_or(unix_ms(now));
  }
  if (out.json.size() > kEnvelopeBytesMax) {
    return std::unexpected(refused("EventTooLarge", "The event is larger than can be kept."));
  }
  out.ingested_ms = unix_ms(now);
  out.hops = parcel.hops;
  out.trace = parcel.trace;
  return out;
}

// Into `routed`; what the parcel answers where it was not taken.
std::optional<Delivered> take(Core& core, const Parcel& parcel, Routed& routed,
                              std::string& answer) {
  const auto address = parse_bus_arn(parcel.target);
  const BusPtr bus = address ? core.find_bus(*address) : nullptr;
  if (bus == nullptr) {
    return refused("ResourceNotFoundException", parcel.target + " does not exist.");
  }
  const policy::Asker asker = asker_of(parcel.as);
  if (!may_send(*bus, parcel.as, asker)) {
    return refused("AccessDeniedException",
                   asker.arn + " is not authorized to perform: events:PutEvents on resource: " +
                       parcel.target);
  }
  auto event = event_of(core, bus->address, parcel);
  if (!event) return std::move(event).error();
  answer = event->id;
  core.parts->intake.route(bus->address, *event, routed);
  return std::nullopt;
}

}  // namespace

net::Task<std::vector<Delivered>> BusDeliveries::deliver(net::Loop& loop,
                                                         const std::vector<Parcel>& parcels) {
  std::vector<Delivered> out(parcels.size());
  std::vector<std::size_t> of;  // where the taken ones' outcomes stand
  auto routed = std::make_shared<Routed>();
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    auto fault = take(core_, parcels[i], *routed, out[i].answer);
    if (fault) {
      out[i] = *std::move(fault);
    } else {
      of.push_back(i);
    }
  }
  if (routed->empty()) {
    core_.parts->intake.note(*routed);
    co_return out;
  }
  Status done = core_.parts->intake.check_room();
  if (done) {
    const auto written = co_await store::transact_on(
        loop, core_.store(), [routed, intake = &core_.parts->intake](store::Txn& txn) {
          return intake->write(txn, *routed);
        });
    if (!written) done = fail(written.error());
  }
  if (done) {
    core_.parts->intake.note(*routed);
    co_return out;
  }
  for (const std::size_t i : of) {
    out[i] = {.kind = Delivered::Kind::kLater,
              .code = std::string(done.error().code()),
              .message = done.error().message()};
  }
  co_return out;
}

net::Task<std::vector<Delivered>> ApiDeliveries::deliver(net::Loop& loop,
                                                         const std::vector<Parcel>& parcels) {
  return core_.parts->api_calls.deliver(loop, parcels);
}

}  // namespace lapwing::events
