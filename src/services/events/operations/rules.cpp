#include "services/events/operations/rules.hpp"

#include <algorithm>
#include <utility>

#include "gen/events/enums.hpp"
#include "gen/events/errors.hpp"
#include "patterns/automaton.hpp"
#include "patterns/compile.hpp"
#include "ports/acting.hpp"
#include "schedule/expression.hpp"
#include "services/events/limits.hpp"
#include "services/events/pages.hpp"
#include "services/events/tagging.hpp"
#include "text/json.hpp"

namespace lapwing::events {
namespace {

namespace errors = gen::events::errors;
using State = gen::events::RuleState;

std::optional<std::string> unless_empty(const std::optional<std::string>& text) {
  if (!text || text->empty()) return std::nullopt;
  return text;
}

Result<patterns::Pattern> compiled(std::string_view text) {
  auto pattern = patterns::compile(text, patterns::Dialect::kRule);
  if (!pattern) return fail(errors::invalid_event_pattern(pattern.error().message));
  return *std::move(pattern);
}

Status check_schedule(const Rule& rule) {
  if (!rule.schedule) return {};
  if (rule.address.bus.name != kDefaultBus) {
    return fail(invalid("ScheduleExpression is supported only on the default event bus."));
  }
  const auto expression = schedule::parse(*rule.schedule, schedule::Dialect::kRule);
  if (!expression) return fail(invalid(expression.error().message));
  return {};
}

// What PutRule makes of the rule that is there.
Rule put_over(const Rule& there, Rule wanted) {
  wanted.id = there.id;
  wanted.created_by = there.created_by;
  wanted.tags = there.tags;
  wanted.target_texts = there.target_texts;
  wanted.targets = there.targets;
  wanted.target_marks = there.target_marks;
  if (there.enabled() && wanted.schedule == there.schedule) wanted.anchor_ms = there.anchor_ms;
  return wanted;
}

// A pattern that listens, where the account has room for it.
Status check_room(const Core& core, const Rule& rule) {
  if (!rule.pattern || !rule.enabled()) return {};
  LAPWING_TRY(const patterns::Pattern pattern, compiled(*rule.pattern));
  return core.parts->matching.has_room(rule.address, pattern) ? Status() : fail(too_many());
}

Result<aws::Empty> set_state(Core& core, const aws::Call& call, const std::string& name,
                             const std::optional<std::string>& bus, std::string_view state) {
  LAPWING_TRY(BusAddress address, own_bus(call, bus));
  LAPWING_CHECK(core.get_bus(address));
  LAPWING_CHECK(core.change_rule({std::move(address), name}, [&](Rule& rule) -> Status {
    const bool was = rule.enabled();
    rule.state = state;
    if (!was && rule.enabled()) rule.anchor_ms = core.now_ms();
    return was ? Status() : check_room(core, rule);
  }));
  return aws::Empty();
}

// The members that TestEventPattern wants of an event.
constexpr std::string_view kEventMembers[] = {"id",     "account",   "source",     "time",
                                              "region", "resources", "detail-type"};

}  // namespace

Result<gen::events::PutRuleResponse> put_rule(Core& core, const aws::Call& call,
                                              const gen::events::PutRuleRequest& in) {
  LAPWING_TRY(BusAddress bus, own_bus(call, in.event_bus_name));
  Rule wanted;
  wanted.address = {std::move(bus), in.name};
  wanted.pattern = unless_empty(in.event_pattern);
  wanted.schedule = unless_empty(in.schedule_expression);
  if (!wanted.pattern && !wanted.schedule) {
    return fail(invalid("Parameter(s) EventPattern or ScheduleExpression must be specified."));
  }
  if (wanted.pattern) LAPWING_CHECK(compiled(*wanted.pattern));
  LAPWING_CHECK(check_schedule(wanted));
  wanted.state = in.state.value_or(std::string(State::kEnabled));
  wanted.description = in.description;
  if (in.role_arn && !ports::is_role_of(*in.role_arn, call.caller.account)) {
    return fail(foreign_role());
  }
  wanted.role_arn = in.role_arn;
  wanted.created_by = call.caller.account;
  wanted.anchor_ms = core.now_ms();
  wanted.tags = tags_of(in.tags);
  LAPWING_CHECK(check_tags(wanted.tags));
  wanted.id = random_hex(*core.random, 32);
  // A bus goes only where no rule is on it: it stays until the rule is there.
  const auto buses = core.parts->buses.hold();
  LAPWING_CHECK(core.get_bus(wanted.address.bus));
  LAPWING_TRY(
      const RulePtr rule,
      core.parts->rules.change(wanted.address.key(), [&](const RulePtr& there) -> Result<RulePtr> {
        LAPWING_CHECK(check_room(core, wanted));
        if (there == nullptr) return std::make_shared<const Rule>(wanted);
        return std::make_shared<const Rule>(put_over(*there, wanted));
      }));
  return gen::events::PutRuleResponse{.rule_arn = rule->address.arn()};
}

Result<gen::events::DescribeRuleResponse> describe_rule(
    Core& core, const aws::Call& call, const gen::events::DescribeRuleRequest& in) {
  LAPWING_TRY(BusAddress bus, own_bus(call, in.event_bus_name));
  LAPWING_TRY(const RulePtr rule, core.get_rule({std::move(bus), in.name}));
  gen::events::DescribeRuleResponse out;
  out.name = rule->address.name;
  out.arn = rule->address.arn();
  out.event_bus_name = rule->address.bus.name;
  out.event_pattern = rule->pattern;
  out.schedule_expression = rule->schedule;
  out.state = rule->state;
  out.description = rule->description;
  out.role_arn = rule->role_arn;
  out.created_by = rule->created_by.str();
  return out;
}

Result<gen::events::ListRulesResponse> list_rules(Core& core, const aws::Call& call,
                                                  const gen::events::ListRulesRequest& in) {
  LAPWING_TRY(const BusAddress bus, own_bus(call, in.event_bus_name));
  LAPWING_CHECK(core.get_bus(bus));
  const std::string prefix = in.name_prefix.value_or("");
  LAPWING_TRY(const resources::PageAsk ask,
              page_asked("events.ListRules " + bus.arn() + prefix, in.next_token, in.limit));
  auto page =
      page_of(core.parts->rules, ask, bus.key() + "/", prefix, [](const Rule&) { return true; });
  gen::events::ListRulesResponse out;
  out.next_token = std::move(page.next);
  auto& rules = out.rules.emplace();
  for (const RulePtr& rule : page.items) {
    gen::events::Rule& each = rules.emplace_back();
    each.name = rule->address.name;
    each.arn = rule->address.arn();
    each.event_bus_name = rule->address.bus.name;
    each.event_pattern = rule->pattern;
    each.schedule_expression = rule->schedule;
    each.state = rule->state;
    each.description = rule->description;
    each.role_arn = rule->role_arn;
  }
  return out;
}

Result<gen::events::ListRuleNamesByTargetResponse> list_rule_names_by_target(
    Core& core, const aws::Call& call, const gen::events::ListRuleNamesByTargetRequest& in) {
  LAPWING_TRY(const BusAddress bus, own_bus(call, in.event_bus_name));
  LAPWING_CHECK(core.get_bus(bus));
  LAPWING_TRY(const resources::PageAsk ask,
              page_asked("events.ListRuleNamesByTarget " + bus.arn() + in.target_arn, in.next_token,
                         in.limit));
  auto page = page_of(core.parts->rules, ask, bus.key() + "/", std::nullopt, [&](const Rule& rule) {
    return std::ranges::find(rule.targets, in.target_arn, &gen::events::Target::arn) !=
           rule.targets.end();
  });
  gen::events::ListRuleNamesByTargetResponse out;
  out.next_token = std::move(page.next);
  auto& names = out.rule_names.emplace();
  for (const RulePtr& rule : page.items) names.push_back(rule->address.name);
  return out;
}

Result<aws::Empty> delete_rule(Core& core, const aws::Call& call,
                               const gen::events::DeleteRuleRequest& in) {
  LAPWING_TRY(BusAddress bus, own_bus(call, in.event_bus_name));
  const RuleAddress address{std::move(bus), in.name};
  LAPWING_CHECK(
      core.parts->rules.change(address.key(), [&](const RulePtr& there) -> Result<RulePtr> {
        if (there == nullptr) return there;  // deleted already
        if (!there->targets.empty()) {
          return fail(invalid("Rule can't be deleted since it has targets."));
        }
        return RulePtr();
      }));
  return aws::Empty();
}

Result<aws::Empty> enable_rule(Core& core, const aws::Call& call,
                               const gen::events::EnableRuleRequest& in) {
  return set_state(core, call, in.name, in.event_bus_name, State::kEnabled);
}

Result<aws::Empty> disable_rule(Core& core, const aws::Call& call,
                                const gen::events::DisableRuleRequest& in) {
  return set_state(core, call, in.name, in.event_bus_name, State::kDisabled);
}

Result<gen::events::TestEventPatternResponse> test_event_pattern(
    Core&, const aws::Call&, const gen::events::TestEventPatternRequest& in) {
  LAPWING_TRY(patterns::Pattern pattern, compiled(in.event_pattern));
  const auto event = text::parse_json(
      in.event, {.max_bytes = kEnvelopeBytesMax * 2, .max_depth = kDetailDepthMax});
  const bool good = event && event->root().is_object() &&
                    std::ranges::all_of(kEventMembers, [&](std::string_view name) {
                      return event->root().find(name) != nullptr;
                    });
  if (!good) return fail(invalid("Parameter Event is not valid."));
  const patterns::Identified one[] = {
      {1, std::make_shared<const patterns::Pattern>(std::move(pattern))}};
  const patterns::Automaton automaton(one);
  patterns::Scratch scratch;
  std::vector<patterns::PatternId> found;
  const bool read = automaton.match(in.event, scratch, found).has_value();
  return gen::events::TestEventPatternResponse{.result = read && !found.empty()};
}

}  // namespace lapwing::events
