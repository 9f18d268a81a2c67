#include "services/events/core.hpp"

#include <utility>

namespace lapwing::events {
namespace {

Status complete_bus(Bus& bus) {
  bus.document = nullptr;
  if (bus.policy.empty()) return {};
  auto document = policy::parse(bus.policy, policy::Use::kResource);
  if (document) bus.document = std::make_shared<const policy::Document>(*std::move(document));
  return {};
}

bool is_same(const Bus& a, const Bus& b) {
  return a.description == b.description && a.dead_letter_arn == b.dead_letter_arn &&
         a.log_level == b.log_level && a.log_detail == b.log_detail && a.policy == b.policy &&
         a.tags == b.tags;
}

Status complete_rule(Rule& rule) {
  rule.targets.clear();
  for (const std::string& text : rule.target_texts) {
    LAPWING_TRY(gen::events::Target target, read_target(text));
    rule.targets.push_back(std::move(target));
  }
  return {};
}

}  // namespace

Parts::Parts(const hosting::Dependencies& dependencies, store::Space& of)
    : given(dependencies),
      space(of),
      buses(space.store(), complete_bus),
      rules(space.store(), complete_rule),
      archives(space.store()),
      replays(space.store()),
      connections(space.store()),
      apis(space.store()),
      authorisations(given, connections),
      api_calls(apis, connections, authorisations),
      rules_by_id(&api_calls),
      sending(rules_by_id),
      outbox("events",
             {space, given.clock, given.random, given.log, given.background, given.loops,
              *given.ports.destinations, given.journal},
             sending),
      intake(matching, outbox, given.random, given.journal, given.disk),
      schedules(given.clock, given.random, intake, space.store()),
      archive_log(given.clock, space.log(), archives),
      replaying(given.clock, space, intake, outbox, archives, replays) {
  rules.watch([this](const RulePtr& before, const RulePtr& after) {
    rules_by_id.changed(before, after);
    matching.changed(before, after);
    schedules.changed(before, after);
  });
  connections.watch([this](const ConnectionPtr& before, const ConnectionPtr& after) {
    authorisations.changed(before, after);
  });
  archives.watch([this](const ArchivePtr& before, const ArchivePtr& after) {
    matching.changed(before, after);
  });
}

Status Parts::start() {
  matching.begin_loading();
  LAPWING_CHECK(buses.load());
  LAPWING_CHECK(rules.load());
  LAPWING_CHECK(archives.load());
  LAPWING_CHECK(replays.load());
  LAPWING_CHECK(connections.load());
  LAPWING_CHECK(apis.load());
  matching.end_loading();
  waker = std::make_unique<hosting::SpaceWaker>("events.due", space, given.background);
  LAPWING_CHECK(outbox.start());
  schedules.begin(given.background);
  archive_log.begin(given.background);
  replaying.begin(given.background);
  authorisations.begin();
  return {};
}

void Parts::stop() {
  replaying.stop();
  archive_log.stop();
  schedules.stop();
  authorisations.stop();
  outbox.stop();
  waker.reset();
}

BusPtr Core::find_bus(const BusAddress& address) const {
  if (BusPtr found = parts->buses.find(address.key())) return found;
  if (address.name != kDefaultBus) return nullptr;
  auto bus = std::make_shared<Bus>();
  bus->address = address;
  return bus;
}

Result<BusPtr> Core::get_bus(const BusAddress& address) const {
  BusPtr found = find_bus(address);
  if (found == nullptr) return fail(no_such_bus(address.name));
  return found;
}

Result<RulePtr> Core::get_rule(const RuleAddress& address) const {
  LAPWING_CHECK(get_bus(address.bus));
  RulePtr found = parts->rules.find(address.key());
  if (found == nullptr) return fail(no_such_rule(address.name, address.bus.name));
  return found;
}

Result<BusPtr> Core::change_bus(const BusAddress& address, FunctionRef<Status(Bus&)> body) {
  BusPtr shown;
  LAPWING_CHECK(parts->buses.change(address.key(), [&](const BusPtr& there) -> Result<BusPtr> {
    const BusPtr before = there != nullptr ? there : find_bus(address);
    if (before == nullptr) return fail(no_such_bus(address.name));
    auto bus = std::make_shared<Bus>(*before);
    LAPWING_CHECK(body(*bus));
    if (is_same(*before, *bus)) {
      shown = before;
      return there;
    }
    bus->modified_ms = now_ms();
    LAPWING_CHECK(complete_bus(*bus));
    shown = bus;
    return bus;
  }));
  return shown;
}

Result<RulePtr> Core::change_rule(const RuleAddress& address, FunctionRef<Status(Rule&)> body) {
  return parts->rules.change(address.key(), [&](const RulePtr& there) -> Result<RulePtr> {
    if (there == nullptr) return fail(no_such_rule(address.name, address.bus.name));
    auto rule = std::make_shared<Rule>(*there);
    LAPWING_CHECK(body(*rule));
    return rule;
  });
}

}  // namespace lapwing::events
