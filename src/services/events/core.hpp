// What the operations work on.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "aws/call.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "delivery/outbox.hpp"
#include "hosting/service.hpp"
#include "hosting/space_waker.hpp"
#include "services/events/api_calls.hpp"
#include "services/events/archives.hpp"
#include "services/events/connections.hpp"
#include "services/events/intake.hpp"
#include "services/events/matching.hpp"
#include "services/events/replays.hpp"
#include "services/events/rules.hpp"
#include "services/events/schedules.hpp"
#include "services/events/sending.hpp"
#include "services/events/shelf.hpp"
#include "services/events/tables.hpp"
#include "store/engine.hpp"

namespace lapwing::events {

// Made when the service starts: operations come only afterwards.
struct Parts {
  Parts(const hosting::Dependencies& given, store::Space& space);

  Status start();
  void drain() { outbox.drain(); }
  void stop();

  hosting::Dependencies given;
  store::Space& space;
  Shelf<BusTable> buses;
  Shelf<RuleTable> rules;
  Shelf<ArchiveTable> archives;
  Shelf<ReplayTable> replays;
  Shelf<ConnectionTable> connections;
  Shelf<ApiDestinationTable> apis;
  Matching matching;
  Connections authorisations;
  ApiCalls api_calls;
  Rules rules_by_id;
  Sending sending;
  delivery::Outbox outbox;
  Intake intake;
  Schedules schedules;
  Archives archive_log;
  Replays replaying;
  std::unique_ptr<hosting::SpaceWaker> waker;
};

struct Core {
  const Clock* clock = nullptr;
  Random* random = nullptr;
  const hosting::Ports* ports = nullptr;
  std::unique_ptr<Parts> parts;

  std::int64_t now_ms() const { return unix_ms(clock->wall()); }
  store::Store& store() { return parts->space.store(); }

  // The default bus is there in every account and region, without a record.
  BusPtr find_bus(const BusAddress& address) const;
  // The same with ResourceNotFoundException.
  Result<BusPtr> get_bus(const BusAddress& address) const;
  Result<RulePtr> get_rule(const RuleAddress& address) const;
  // The bus with what `body` does to it; it has to be there.
  Result<BusPtr> change_bus(const BusAddress& address, FunctionRef<Status(Bus&)> body);
  Result<RulePtr> change_rule(const RuleAddress& address, FunctionRef<Status(Rule&)> body);
};

}  // namespace lapwing::events
