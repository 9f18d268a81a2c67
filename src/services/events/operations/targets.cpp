#include "services/events/operations/targets.hpp"

#include <algorithm>
#include <utility>

#include "aws/arn.hpp"
#include "aws/operation_table.hpp"
#include "ports/acting.hpp"
#include "services/events/input.hpp"
#include "services/events/limits.hpp"
#include "services/events/pages.hpp"

namespace lapwing::events {
namespace {

constexpr std::size_t kMarkDigits = 16;

Result<aws::Arn> arn_of(const std::string& text) {
  auto arn = aws::Arn::parse(text);
  if (!arn) return fail(invalid_parameter(text, "Provided Arn is not in correct format."));
  return *std::move(arn);
}

Status check_target(const Core& core, const aws::Call& call, const gen::events::Target& target) {
  LAPWING_TRY(const aws::Arn arn, arn_of(target.arn));
  if (target.role_arn && !ports::is_role_of(*target.role_arn, call.caller.account)) {
    return fail(foreign_role());
  }
  LAPWING_CHECK(check_input(target));
  const bool fifo = arn.service == "sqs" && arn.resource.ends_with(".fifo");
  if (fifo && (!target.sqs_parameters || !target.sqs_parameters->message_group_id)) {
    return fail(invalid(
        fmt::format("Parameter(s) SqsParameters must be specified for target: {}.", target.id)));
  }
  if (target.dead_letter_config && target.dead_letter_config->arn) {
    LAPWING_TRY(const aws::Arn dead, arn_of(*target.dead_letter_config->arn));
    if (dead.service != "sqs") {
      return fail(invalid_parameter(*target.dead_letter_config->arn,
                                    "Provided Arn is not in correct format."));
    }
  }
  // AWS takes any; here nothing would come of it.
  if (core.ports->destinations->find(target.arn) == nullptr ||
      (arn.service == "events" && arn.resource_type() != "event-bus" &&
       arn.resource_type() != "api-destination")) {
    return fail(aws::unsupported("events", "PutTargets", "Targets.Arn",
                                 fmt::format("nothing here takes events for {}", target.arn)));
  }
  return {};
}

std::size_t bytes_of(const Rule& rule) {
  std::size_t out = 0;
  for (const std::string& text : rule.target_texts) out += text.size();
  return out;
}

void put(Rule& rule, const gen::events::Target& target, Random& random) {
  const auto there = std::ranges::find(rule.targets, target.id, &gen::events::Target::id);
  if (there == rule.targets.end()) {
    rule.targets.push_back(target);
    rule.target_texts.push_back(target_text(target));
    rule.target_marks.insert_or_assign(target.id, random_hex(random, kMarkDigits));
    return;
  }
  const auto at = there - rule.targets.begin();
  *there = target;
  rule.target_texts[static_cast<std::size_t>(at)] = target_text(target);
}

}  // namespace

Result<gen::events::PutTargetsResponse> put_targets(Core& core, const aws::Call& call,
                                                    const gen::events::PutTargetsRequest& in) {
  LAPWING_TRY(BusAddress bus, own_bus(call, in.event_bus_name));
  const RuleAddress address{std::move(bus), in.rule};
  LAPWING_CHECK(core.get_rule(address));
  for (const gen::events::Target& target : in.targets) {
    LAPWING_CHECK(check_target(core, call, target));
  }
  LAPWING_CHECK(core.change_rule(address, [&](Rule& rule) -> Status {
    for (const gen::events::Target& target : in.targets) put(rule, target, *core.random);
    if (rule.targets.size() > kTargetsMax || bytes_of(rule) > kTargetsBytesMax) {
      return fail(too_many());
    }
    return {};
  }));
  return gen::events::PutTargetsResponse{.failed_entries = {{}}, .failed_entry_count = 0};
}

Result<gen::events::ListTargetsByRuleResponse> list_targets_by_rule(
    Core& core, const aws::Call& call, const gen::events::ListTargetsByRuleRequest& in) {
  LAPWING_TRY(BusAddress bus, own_bus(call, in.event_bus_name));
  LAPWING_TRY(const RulePtr rule, core.get_rule({std::move(bus), in.rule}));
  LAPWING_TRY(
      const resources::PageAsk ask,
      page_asked("events.ListTargetsByRule " + rule->address.arn(), in.next_token, in.limit));
  auto page = resources::page_items(rule->targets, ask,
                                    [](const gen::events::Target& target) { return target.id; });
  gen::events::ListTargetsByRuleResponse out;
  out.next_token = std::move(page.next);
  out.targets = std::move(page.items);
  return out;
}

Result<gen::events::RemoveTargetsResponse> remove_targets(
    Core& core, const aws::Call& call, const gen::events::RemoveTargetsRequest& in) {
  LAPWING_TRY(BusAddress bus, own_bus(call, in.event_bus_name));
  const RuleAddress address{std::move(bus), in.rule};
  LAPWING_CHECK(core.get_rule(address));
  std::vector<gen::events::RemoveTargetsResultEntry> failed;
  std::vector<std::string> gone;
  LAPWING_CHECK(core.change_rule(address, [&](Rule& rule) -> Status {
    for (const std::string& id : in.ids) {
      const auto found = std::ranges::find(rule.targets, id, &gen::events::Target::id);
      if (found == rule.targets.end()) {
        failed.push_back(
            {.error_code = "ResourceNotFoundException",
             .error_message = fmt::format("Rule {} does not have target {}", in.rule, id),
             .target_id = id});
        continue;
      }
      const auto at = found - rule.targets.begin();
      rule.targets.erase(found);
      rule.target_texts.erase(rule.target_texts.begin() + at);
      gone.push_back(addressee(rule, id));
      rule.target_marks.erase(id);
    }
    return {};
  }));
  for (const std::string& each : gone) core.parts->outbox.forget(each);
  gen::events::RemoveTargetsResponse out;
  out.failed_entry_count = static_cast<std::int32_t>(failed.size());
  out.failed_entries = std::move(failed);
  return out;
}

}  // namespace lapwing::events
