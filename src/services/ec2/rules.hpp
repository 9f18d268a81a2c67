// Rules of security groups: as requests say them (IpPermissions, each of several peers), as they
// are kept (one peer each), as they are shown.
//
// Thread-safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gen/ec2/shape/ip_permission.hpp"
#include "gen/ec2/shape/revoked_security_group_rule.hpp"
#include "gen/ec2/shape/security_group_rule.hpp"
#include "gen/ec2/shape/security_group_rule_request.hpp"
#include "os/egress_rule.hpp"
#include "services/ec2/records.hpp"

namespace lapwing::ec2 {

// "tcp" of "6", "-1" of "all"; kInvalid for what is no protocol.
Result<std::string> parse_protocol(std::string_view text);

// Without ids. Groups are named by id; other accounts' are refused.
Result<std::vector<Rule>> rules_of(const std::vector<gen::ec2::IpPermission>& permissions,
                                   bool egress);
Result<Rule> rule_of(const gen::ec2::SecurityGroupRuleRequest& request, bool egress);

// The rules of one way, those of the same ports together.
std::vector<gen::ec2::IpPermission> show_permissions(const Group& group, bool egress);
gen::ec2::SecurityGroupRule show_rule(const Group& group, const Rule& rule);
gen::ec2::RevokedSecurityGroupRule show_revoked(const Group& group, const Rule& rule);
// "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW", as errors tell it.
std::string tell(const Rule& rule);

// What an egress rule lets out; nothing for rules to groups and prefix lists, which have no
// addresses here.
std::optional<os::EgressRule> lets_out(const Rule& rule);

}  // namespace lapwing::ec2
