// Targets of rules.
#pragma once

#include "gen/events/list_targets_by_rule.hpp"
#include "gen/events/put_targets.hpp"
#include "gen/events/remove_targets.hpp"
#include "services/events/core.hpp"

namespace lapwing::events {

Result<gen::events::PutTargetsResponse> put_targets(Core& core, const aws::Call& call,
                                                    const gen::events::PutTargetsRequest& in);
Result<gen::events::ListTargetsByRuleResponse> list_targets_by_rule(
    Core& core, const aws::Call& call, const gen::events::ListTargetsByRuleRequest& in);
Result<gen::events::RemoveTargetsResponse> remove_targets(
    Core& core, const aws::Call& call, const gen::events::RemoveTargetsRequest& in);

}  // namespace lapwing::events
