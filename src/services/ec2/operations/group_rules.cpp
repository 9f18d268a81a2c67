// What a security group lets in and out. Those who run something under a group are told when it
// lets out something else.
#include <algorithm>

#include <fmt/core.h>

#include "services/ec2/limits.hpp"
#include "services/ec2/lookup.hpp"
#include "services/ec2/operations/operations.hpp"
#include "services/ec2/rules.hpp"
#include "services/ec2/tagging.hpp"
#include "services/ec2/words.hpp"

namespace lapwing::ec2 {
namespace {

namespace ge = gen::ec2;

struct Asked {
  std::optional<std::string> group_id;
  std::optional<std::string> group_name;
};

template <class In>
Asked asked(const In& in) {
  Asked out;
  out.group_id = in.group_id;
  if constexpr (requires { in.group_name; }) out.group_name = in.group_name;
  return out;
}

// IpPermissions, or the older form of one.
template <class In>
Result<std::vector<Rule>> rules_asked(const In& in, bool egress) {
  if (in.ip_permissions && !in.ip_permissions->empty()) {
    return rules_of(*in.ip_permissions, egress);
  }
  if (!in.cidr_ip && !in.ip_protocol) return fail(missing("ipPermissions"));
  ge::IpPermission one;
  one.ip_protocol = in.ip_protocol;
  one.from_port = in.from_port;
  one.to_port = in.to_port;
  if (in.cidr_ip) {
    ge::IpRange range;
    range.cidr_ip = in.cidr_ip;
    one.ip_ranges.emplace().push_back(std::move(range));
  }
  return rules_of({one}, egress);
}

// The groups that rules name are there.
Status check_peers(store::Reader& reader, const aws::Scope& scope, const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    if (!rule.group.empty()) LAPWING_CHECK(find_group(reader, scope, rule.group));
  }
  return {};
}

Status add_rules(Group& group, const std::vector<Rule>& added) {
  for (const Rule& rule : added) {
    const bool twice =
        std::ranges::any_of(group.rules, [&](const Rule& each) { return each.same_as(rule); });
    if (twice) {
      return fail(failure(ErrorKind::kConflict, "InvalidPermission.Duplicate",
                          fmt::format("the specified rule \"{}\" already exists", tell(rule))));
    }
    group.rules.push_back(rule);
  }
  for (const bool egress : {false, true}) {
    const auto count = std::ranges::count(group.rules, egress, &Rule::egress);
    if (static_cast<std::size_t>(count) > kRulesPerGroupMax) {
      return fail(limit_reached("RulesPerSecurityGroupLimitExceeded", "rules per security group"));
    }
  }
  return {};
}

// Changes one group, and tells of it where `egress` is what changes.
Result<Group> change_group(Core& core, const aws::Call& call, const Asked& which, bool egress,
                           FunctionRef<Status(store::Txn&, Group&)> body) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_TRY(Group out, change<Group>(core, scope, [&](store::Txn& txn) -> Result<Group> {
                LAPWING_TRY(Group group, find_group(txn, scope, which.group_id, which.group_name));
                LAPWING_CHECK(body(txn, group));
                LAPWING_CHECK(Groups::put(txn, group));
                return group;
              }));
  if (egress) core.tell_changed(scope, out.id);
  return out;
}

template <class Op>
Out<Op> authorize(Core& core, const aws::Call& call, typename Op::Input in, bool egress) {
  LAPWING_TRY(std::vector<Rule> rules, rules_asked(in, egress));
  LAPWING_TRY(const resources::Tags tags, tags_for("security-group-rule", in.tag_specifications));
  for (Rule& rule : rules) {
    rule.id = core.new_id("sgr");
    rule.tags = tags;
  }
  LAPWING_TRY(const Group group,
              change_group(core, call, asked(in), egress, [&](store::Txn& txn, Group& it) {
                if (Status there = check_peers(txn, it.scope, rules); !there) return there;
                return add_rules(it, rules);
              }));
  typename Op::Output out;
  out.return_ = true;
  out.security_group_rules.emplace();
  for (const Rule& rule : rules) out.security_group_rules->push_back(show_rule(group, rule));
  return out;
}

Error no_such_permission() {
  return failure(ErrorKind::kNotFound, "InvalidPermission.NotFound",
                 "The specified rule does not exist in this security group.");
}

// Takes out what is named, and gives it.
Result<std::vector<Rule>> take_by_id(Group& group, const std::vector<std::string>& ids,
                                     bool egress) {
  std::vector<Rule> out;
  for (const std::string& id : ids) {
    const auto found = std::ranges::find_if(
        group.rules, [&](const Rule& each) { return each.id == id && each.egress == egress; });
    if (found == group.rules.end()) return fail(no_such_rule(id));
    out.push_back(std::move(*found));
    group.rules.erase(found);
  }
  return out;
}

Result<std::vector<Rule>> take_alike(Group& group, const std::vector<Rule>& rules) {
  std::vector<Rule> out;
  for (const Rule& rule : rules) {
    const auto found =
        std::ranges::find_if(group.rules, [&](const Rule& each) { return each.same_as(rule); });
    if (found == group.rules.end()) return fail(no_such_permission());
    out.push_back(std::move(*found));
    group.rules.erase(found);
  }
  return out;
}

template <class Op>
Out<Op> revoke(Core& core, const aws::Call& call, typename Op::Input in, bool egress) {
  std::vector<Rule> alike;
  const bool by_id = in.security_group_rule_ids && !in.security_group_rule_ids->empty();
  if (!by_id) {
    LAPWING_TRY(alike, rules_asked(in, egress));
  }
  std::vector<Rule> gone;
  const auto take = [&](store::Txn&, Group& it) -> Status {
    auto taken =
        by_id ? take_by_id(it, *in.security_group_rule_ids, egress) : take_alike(it, alike);
    if (!taken) return fail(std::move(taken).error());
    gone = *std::move(taken);
    return {};
  };
  LAPWING_TRY(const Group group, change_group(core, call, asked(in), egress, take));
  typename Op::Output out;
  out.return_ = true;
  out.revoked_security_group_rules.emplace();
  for (const Rule& rule : gone) {
    out.revoked_security_group_rules->push_back(show_revoked(group, rule));
  }
  return out;
}

// New descriptions, by the rules' ids or by what the rules are.
template <class Op>
Out<Op> describe_anew(Core& core, const aws::Call& call, typename Op::Input in, bool egress) {
  const bool by_id = in.security_group_rule_descriptions.has_value();
  std::vector<Rule> alike;
  if (!by_id) {
    if (!in.ip_permissions) return fail(missing("ipPermissions"));
    LAPWING_TRY(alike, rules_of(*in.ip_permissions, egress));
  }
  LAPWING_CHECK(
      change_group(core, call, asked(in), false, [&](store::Txn&, Group& group) -> Status {
        if (by_id) {
          for (const auto& each : *in.security_group_rule_descriptions) {
            const std::string id = each.security_group_rule_id.value_or("");
            const auto found = std::ranges::find(group.rules, id, &Rule::id);
            if (found == group.rules.end()) return fail(no_such_rule(id));
            found->description = each.description.value_or("");
          }
          return {};
        }
        for (const Rule& rule : alike) {
          const auto found = std::ranges::find_if(
              group.rules, [&](const Rule& each) { return each.same_as(rule); });
          if (found == group.rules.end()) return fail(no_such_permission());
          found->description = rule.description;
        }
        return {};
      }));
  typename Op::Output out;
  out.return_ = true;
  return out;
}

}  // namespace

Out<ge::AuthorizeSecurityGroupEgress> authorize_egress(Core& core, const aws::Call& call,
                                                       ge::AuthorizeSecurityGroupEgressRequest in) {
  return authorize<ge::AuthorizeSecurityGroupEgress>(core, call, std::move(in), true);
}

Out<ge::AuthorizeSecurityGroupIngress> authorize_ingress(
    Core& core, const aws::Call& call, ge::AuthorizeSecurityGroupIngressRequest in) {
  return authorize<ge::AuthorizeSecurityGroupIngress>(core, call, std::move(in), false);
}

Out<ge::RevokeSecurityGroupEgress> revoke_egress(Core& core, const aws::Call& call,
                                                 ge::RevokeSecurityGroupEgressRequest in) {
  return revoke<ge::RevokeSecurityGroupEgress>(core, call, std::move(in), true);
}

Out<ge::RevokeSecurityGroupIngress> revoke_ingress(Core& core, const aws::Call& call,
                                                   ge::RevokeSecurityGroupIngressRequest in) {
  return revoke<ge::RevokeSecurityGroupIngress>(core, call, std::move(in), false);
}

Out<ge::UpdateSecurityGroupRuleDescriptionsEgress> describe_egress_anew(
    Core& core, const aws::Call& call, ge::UpdateSecurityGroupRuleDescriptionsEgressRequest in) {
  return describe_anew<ge::UpdateSecurityGroupRuleDescriptionsEgress>(core, call, std::move(in),
                                                                      true);
}

Out<ge::UpdateSecurityGroupRuleDescriptionsIngress> describe_ingress_anew(
    Core& core, const aws::Call& call, ge::UpdateSecurityGroupRuleDescriptionsIngressRequest in) {
  return describe_anew<ge::UpdateSecurityGroupRuleDescriptionsIngress>(core, call, std::move(in),
                                                                       false);
}

Out<ge::ModifySecurityGroupRules> modify_security_group_rules(
    Core& core, const aws::Call& call, ge::ModifySecurityGroupRulesRequest in) {
  LAPWING_CHECK(change_group(
      core, call, {in.group_id, std::nullopt}, true, [&](store::Txn& txn, Group& group) -> Status {
        for (const ge::SecurityGroupRuleUpdate& each : in.security_group_rules) {
          const auto found = std::ranges::find(group.rules, each.security_group_rule_id, &Rule::id);
          if (found == group.rules.end()) return fail(no_such_rule(each.security_group_rule_id));
          if (!each.security_group_rule) return fail(missing("SecurityGroupRule"));
          LAPWING_TRY(Rule rule, rule_of(*each.security_group_rule, found->egress));
          rule.id = found->id;
          rule.tags = found->tags;
          LAPWING_CHECK(check_peers(txn, group.scope, {rule}));
          group.rules.erase(found);
          LAPWING_CHECK(add_rules(group, {rule}));
        }
        return {};
      }));
  ge::ModifySecurityGroupRulesResult out;
  out.return_ = true;
  return out;
}

}  // namespace lapwing::ec2
