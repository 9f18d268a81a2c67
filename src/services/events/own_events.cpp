#include "services/events/own_events.hpp"

#include <memory>
#include <string>
#include <utility>

#include "services/events/core.hpp"
#include "services/events/limits.hpp"
#include "store/await.hpp"

namespace lapwing::events {
namespace {

BusAddress default_bus(const aws::Scope& scope) {
  return {.scope = scope, .name = std::string(kDefaultBus)};
}

Error not_an_event(std::string what) { return make_error(ErrorKind::kInvalid, std::move(what)); }

Result<Event> event_of(Core& core, ports::OwnEvent& own) {
  if (!is_own_source(own.source) || own.detail_type.empty()) {
    return fail(not_an_event("An event of a service has a source that begins with aws."));
  }
  const WallTime now = core.clock->wall();
  const WallTime time = own.time == WallTime() ? now : own.time;
  Event out;
  out.id = make_uuid(*core.random);
  out.time_ms = unix_ms(time);
  out.ingested_ms = unix_ms(now);
  out.trace = std::move(own.trace);
  auto json = envelope_json({.id = out.id,
                             .detail_type = own.detail_type,
                             .source = own.source,
                             .scope = own.scope,
                             .time = time,
                             .resources = &own.resources,
                             .detail = own.detail});
  if (!json) return fail(not_an_event("The detail of an event is no JSON object."));
  if (json->size() > kEnvelopeBytesMax) {
    return fail(make_error(ErrorKind::kTooLarge, "The event is larger than can be kept."));
  }
  out.json = *std::move(json);
  return out;
}

}  // namespace

bool OwnEvents::wanted(const aws::Scope& scope) const {
  return core_.parts != nullptr && core_.parts->matching.any(default_bus(scope));
}

net::Task<Status> OwnEvents::put(net::Loop& loop, ports::OwnEvent own) {
  if (!wanted(own.scope)) co_return Status();
  LAPWING_CO_TRY(const Event event, event_of(core_, own));
  auto routed = std::make_shared<Routed>();
  core_.parts->intake.route(default_bus(own.scope), event, *routed);
  if (!routed->empty()) {
    LAPWING_CO_CHECK(core_.parts->intake.check_room());
    const auto done = co_await store::transact_on(
        loop, core_.store(), [routed, intake = &core_.parts->intake](store::Txn& txn) {
          return intake->write(txn, *routed);
        });
    if (!done) co_return fail(done.error());
  }
  core_.parts->intake.note(*routed);
  co_return Status();
}

}  // namespace lapwing::events
