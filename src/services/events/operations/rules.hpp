// Rules, and trying patterns out.
#pragma once

#include "aws/empty.hpp"
#include "gen/events/delete_rule.hpp"
#include "gen/events/describe_rule.hpp"
#include "gen/events/disable_rule.hpp"
#include "gen/events/enable_rule.hpp"
#include "gen/events/list_rule_names_by_target.hpp"
#include "gen/events/list_rules.hpp"
#include "gen/events/put_rule.hpp"
#include "gen/events/test_event_pattern.hpp"
#include "services/events/core.hpp"

namespace lapwing::events {

Result<gen::events::PutRuleResponse> put_rule(Core& core, const aws::Call& call,
                                              const gen::events::PutRuleRequest& in);
Result<gen::events::DescribeRuleResponse> describe_rule(Core& core, const aws::Call& call,
                                                        const gen::events::DescribeRuleRequest& in);
Result<gen::events::ListRulesResponse> list_rules(Core& core, const aws::Call& call,
                                                  const gen::events::ListRulesRequest& in);
Result<gen::events::ListRuleNamesByTargetResponse> list_rule_names_by_target(
    Core& core, const aws::Call& call, const gen::events::ListRuleNamesByTargetRequest& in);
Result<aws::Empty> delete_rule(Core& core, const aws::Call& call,
                               const gen::events::DeleteRuleRequest& in);
Result<aws::Empty> enable_rule(Core& core, const aws::Call& call,
                               const gen::events::EnableRuleRequest& in);
Result<aws::Empty> disable_rule(Core& core, const aws::Call& call,
                                const gen::events::DisableRuleRequest& in);
Result<gen::events::TestEventPatternResponse> test_event_pattern(
    Core& core, const aws::Call& call, const gen::events::TestEventPatternRequest& in);

}  // namespace lapwing::events
