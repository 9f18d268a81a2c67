#include "services/events/operations/tags.hpp"

#include <variant>

#include "services/events/tagging.hpp"

namespace lapwing::events {
namespace {

using Tagged = std::variant<BusAddress, RuleAddress>;

// What an ARN names, of the caller's.
Result<Tagged> tagged(const aws::Call& call, const std::string& arn) {
  const aws::Scope scope = aws::scope_of(call.caller);
  if (const auto bus = parse_bus_arn(arn); bus && bus->scope == scope) return Tagged(*bus);
  if (const auto rule = parse_rule_arn(arn); rule && rule->bus.scope == scope) {
    return Tagged(*rule);
  }
  return fail(invalid_parameter(arn, "Provided Arn is not in correct format."));
}

Status change_tags(Core& core, const aws::Call& call, const std::string& arn,
                   FunctionRef<void(resources::Tags&)> body) {
  LAPWING_TRY(const Tagged what, tagged(call, arn));
  const auto change = [&](resources::Tags& tags) -> Status {
    body(tags);
    return check_tags(tags);
  };
  if (const auto* const bus = std::get_if<BusAddress>(&what)) {
    LAPWING_CHECK(core.change_bus(*bus, [&](Bus& each) { return change(each.tags); }));
    return {};
  }
  const RuleAddress& rule = std::get<RuleAddress>(what);
  LAPWING_CHECK(core.get_rule(rule));
  LAPWING_CHECK(core.change_rule(rule, [&](Rule& each) { return change(each.tags); }));
  return {};
}

}  // namespace

Result<gen::events::ListTagsForResourceResponse> list_tags_for_resource(
    Core& core, const aws::Call& call, const gen::events::ListTagsForResourceRequest& in) {
  LAPWING_TRY(const Tagged what, tagged(call, in.resource_arn));
  resources::Tags tags;
  if (const auto* const address = std::get_if<BusAddress>(&what)) {
    LAPWING_TRY(const BusPtr bus, core.get_bus(*address));
    tags = bus->tags;
  } else {
    LAPWING_TRY(const RulePtr rule, core.get_rule(std::get<RuleAddress>(what)));
    tags = rule->tags;
  }
  gen::events::ListTagsForResourceResponse out;
  auto& list = out.tags.emplace();
  for (const auto& [key, value] : tags) list.push_back({.key = key, .value = value});
  return out;
}

Result<gen::events::TagResource::Output> tag_resource(Core& core, const aws::Call& call,
                                                      const gen::events::TagResourceRequest& in) {
  LAPWING_CHECK(change_tags(core, call, in.resource_arn, [&](resources::Tags& tags) {
    resources::add_tags(tags, tags_of(in.tags));
  }));
  return gen::events::TagResource::Output();
}

Result<gen::events::UntagResource::Output> untag_resource(
    Core& core, const aws::Call& call, const gen::events::UntagResourceRequest& in) {
  LAPWING_CHECK(change_tags(core, call, in.resource_arn, [&](resources::Tags& tags) {
    resources::remove_tags(tags, in.tag_keys);
  }));
  return gen::events::UntagResource::Output();
}

}  // namespace lapwing::events
