#include "services/events/intake.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "services/events/limits.hpp"

namespace lapwing::events {
namespace {

// What came from another bus goes to no third one, as in AWS: so a circle of rules ends.
bool takes(const gen::events::Target& target, const Event& event) {
  return event.hops < kHopsMax || !is_bus_arn(target.arn);
}

void tell(const BusAddress& bus, const Event& event, const Matched& matched,
          std::vector<journal::Step>& steps) {
  journal::Step step{.trace = event.trace,
                     .event = event.id,
                     .account = bus.scope.account,
                     .kind = journal::StepKind::kAccepted,
                     .at = bus.arn()};
  steps.push_back(step);
  step.kind = matched.rules.empty() ? journal::StepKind::kFiltered : journal::StepKind::kMatched;
  if (matched.rules.empty()) steps.push_back(step);
  for (const RulePtr& rule : matched.rules) {
    step.to = rule->address.arn();
    steps.push_back(step);
  }
}

}  // namespace

Status Intake::check_room() const {
  return disk_ == nullptr ? Status() : disk_->check(2 * kPutEventsBytesMax);
}

void Intake::note(Routed& routed) const {
  if (journal_ == nullptr) return;
  for (journal::Step& step : routed.steps) journal_->note(std::move(step));
}

void Intake::route_to(const std::vector<RulePtr>& rules, const Event& event, Routed& out) const {
  std::vector<std::string> addressees;
  for (const RulePtr& rule : rules) {
    for (const gen::events::Target& target : rule->targets) {
      if (takes(target, event)) addressees.push_back(addressee(*rule, target.id));
    }
  }
  std::string packed = addressees.empty() ? std::string() : pack(event);
  for (std::size_t at = 0; at < addressees.size();) {
    delivery::Posting& posting = out.postings.emplace_back();
    // Not the event's id: the same event may come again, by a replay or another bus.
    posting.id = make_uuid(random_);
    std::size_t bytes = 0;
    while (at < addressees.size() && posting.addressees.size() < delivery::kAddresseesOfPosting &&
           bytes < kAddresseesBytesMax) {
      bytes += addressees[at].size();
      posting.addressees.push_back(std::move(addressees[at++]));
    }
    posting.event = at == addressees.size() ? std::move(packed) : packed;
    posting.trace = event.trace;
    posting.accepted_ms = event.ingested_ms;
  }
}

void Intake::route(const BusAddress& bus, const Event& event, Routed& out) const {
  const Matched matched = matching_.match(bus, event.json);
  if (journal_ != nullptr) tell(bus, event, matched, out.steps);
  for (const ArchivePtr& archive : matched.archives) {
    out.archived.push_back({archive->stream(), {.time_ms = event.time_ms, .data = pack(event)}});
  }
  route_to(matched.rules, event, out);
}

Status Intake::write(store::Txn& txn, const Routed& routed) const {
  for (const delivery::Posting& posting : routed.postings) {
    LAPWING_CHECK(outbox_.accept(txn, posting));
  }
  for (const Routed::Archived& each : routed.archived) {
    LAPWING_CHECK(txn.append(each.stream, kArchiveShard, {each.record}));
  }
  return {};
}

}  // namespace lapwing::events
