#include <algorithm>

#include <fmt/core.h>

#include "aws/arn.hpp"
#include "services/ec2/default_vpc.hpp"
#include "services/ec2/filters.hpp"
#include "services/ec2/lookup.hpp"
#include "services/ec2/operations/operations.hpp"
#include "services/ec2/pages.hpp"
#include "services/ec2/rules.hpp"
#include "services/ec2/tagging.hpp"

namespace lapwing::ec2 {
namespace {

namespace ge = gen::ec2;

std::string arn_of(const Group& group) {
  return aws::make_arn("ec2", group.scope.region, group.scope.account,
                       "security-group/" + group.id);
}

ge::SecurityGroup show(const Group& group) {
  ge::SecurityGroup out;
  out.group_id = group.id;
  out.group_name = group.name;
  out.description = group.description;
  out.owner_id = group.scope.account.str();
  out.vpc_id = group.vpc;
  out.security_group_arn = arn_of(group);
  out.ip_permissions = show_permissions(group, false);
  out.ip_permissions_egress = show_permissions(group, true);
  out.tags = show_tags(group.tags);
  return out;
}

void add_rule_facts(Facts& out, const Rule& rule) {
  const std::string way = rule.egress ? "egress.ip-permission." : "ip-permission.";
  out.add(way + "protocol", rule.protocol);
  out.add(way + "from-port", std::to_string(rule.from));
  out.add(way + "to-port", std::to_string(rule.to));
  if (!rule.cidr_v4.empty()) out.add(way + "cidr", rule.cidr_v4);
  if (!rule.cidr_v6.empty()) out.add(way + "ipv6-cidr", rule.cidr_v6);
  if (!rule.prefix_list.empty()) out.add(way + "prefix-list-id", rule.prefix_list);
  if (!rule.group.empty()) out.add(way + "group-id", rule.group);
}

Facts facts_of(const Group& group) {
  Facts out;
  out.add("group-id", group.id);
  out.add("group-name", group.name);
  out.add("description", group.description);
  out.add("owner-id", group.scope.account.str());
  out.add("vpc-id", group.vpc);
  for (const Rule& rule : group.rules) add_rule_facts(out, rule);
  out.add_tags(group.tags);
  return out;
}

Status check_name(std::string_view parameter, const std::string& text) {
  if (!text.empty() && text.size() <= kNameCharactersMax) return {};
  return fail(invalid_value(
      fmt::format("Value ({}) for parameter {} is invalid. It must have 1 to {} characters.", text,
                  parameter, kNameCharactersMax)));
}

Status check_new(const std::vector<Group>& all, const Group& group) {
  if (all.size() >= kGroupsMax) {
    return fail(limit_reached("SecurityGroupLimitExceeded", "security groups"));
  }
  for (const Group& each : all) {
    if (each.vpc == group.vpc && each.name == group.name) {
      return fail(failure(ErrorKind::kConflict, "InvalidGroup.Duplicate",
                          fmt::format("The security group '{}' already exists for VPC '{}'",
                                      group.name, group.vpc)));
    }
  }
  return {};
}

bool names(const Group& group, const Group& other) {
  return std::ranges::any_of(group.rules, [&](const Rule& rule) { return rule.group == other.id; });
}

struct RuleOf {
  Group group;  // without its rules
  Rule rule;
};

Facts facts_of(const RuleOf& each) {
  Facts out;
  out.add("security-group-rule-id", each.rule.id);
  out.add("group-id", each.group.id);
  out.add_tags(each.rule.tags);
  return out;
}

}  // namespace

Out<ge::CreateSecurityGroup> create_security_group(Core& core, const aws::Call& call,
                                                   ge::CreateSecurityGroupRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(check_name("groupName", in.group_name));
  LAPWING_CHECK(check_name("groupDescription", in.description));
  if (in.group_name.starts_with("sg-")) {
    return fail(invalid_value(
        fmt::format("Value ({}) for parameter GroupName is invalid. Group names may not be in the "
                    "format sg-*.",
                    in.group_name)));
  }
  if (in.group_name == "default") {
    return fail(invalid_value("Cannot use reserved security group name: default"));
  }
  LAPWING_TRY(resources::Tags tags, tags_for("security-group", in.tag_specifications));
  Group group;
  group.scope = scope;
  group.id = core.new_id("sg");
  group.name = std::move(in.group_name);
  group.description = std::move(in.description);
  group.rules = {everything_out(core.new_id("sgr"))};
  group.tags = std::move(tags);
  LAPWING_CHECK(change<bool>(core, scope, [&](store::Txn& txn) -> Result<bool> {
    if (in.vpc_id) {
      LAPWING_TRY(const Vpc vpc, find_vpc(txn, scope, *in.vpc_id));
      group.vpc = vpc.id;
    } else {
      LAPWING_TRY(const auto vpcs, all_of<VpcTable>(txn, scope));
      const auto vpc = default_vpc_of(vpcs);
      if (!vpc) {
        return fail(
            failure(ErrorKind::kNotFound, "VPCIdNotSpecified", "No default VPC for this user"));
      }
      group.vpc = vpc->id;
    }
    LAPWING_TRY(const auto all, all_of<GroupTable>(txn, scope));
    LAPWING_CHECK(check_new(all, group));
    LAPWING_CHECK(Groups::insert(txn, group));
    return true;
  }));
  ge::CreateSecurityGroupResult out;
  out.group_id = group.id;
  out.security_group_arn = arn_of(group);
  out.tags = show_tags(group.tags);
  return out;
}

Out<ge::DeleteSecurityGroup> delete_security_group(Core& core, const aws::Call& call,
                                                   ge::DeleteSecurityGroupRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_TRY(
      const std::string gone,
      change<std::string>(core, scope, [&](store::Txn& txn) -> Result<std::string> {
        LAPWING_TRY(const Group group, find_group(txn, scope, in.group_id, in.group_name));
        if (group.is_default()) {
          return fail(failure(
              ErrorKind::kConflict, "CannotDelete",
              fmt::format(
                  "the specified group: \"{}\" name: \"default\" cannot be deleted by a user",
                  group.id)));
        }
        LAPWING_TRY(const auto all, all_of<GroupTable>(txn, scope));
        const bool named = std::ranges::any_of(
            all, [&](const Group& each) { return each.id != group.id && names(each, group); });
        if (named || core.in_use(scope, group.id)) {
          return fail(has_dependents(fmt::format("resource {} has a dependent object", group.id)));
        }
        LAPWING_CHECK(Groups::erase(txn, GroupTable::key(group)));
        return group.id;
      }));
  // Somebody may have begun to use it meanwhile: nothing is let out any more.
  core.tell_changed(scope, gone);
  ge::DeleteSecurityGroupResult out;
  out.return_ = true;
  out.group_id = gone;
  return out;
}

Out<ge::DescribeSecurityGroups> describe_security_groups(Core& core, const aws::Call& call,
                                                         ge::DescribeSecurityGroupsRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(check_filters(
      in.filters, {"group-id", "group-name", "description", "owner-id", "vpc-id",
                   "ip-permission.protocol", "ip-permission.from-port", "ip-permission.to-port",
                   "ip-permission.cidr", "ip-permission.ipv6-cidr", "ip-permission.prefix-list-id",
                   "ip-permission.group-id", "egress.ip-permission.protocol",
                   "egress.ip-permission.from-port", "egress.ip-permission.to-port",
                   "egress.ip-permission.cidr", "egress.ip-permission.ipv6-cidr",
                   "egress.ip-permission.prefix-list-id", "egress.ip-permission.group-id"}));
  using All = std::vector<Group>;
  LAPWING_TRY(auto found, read<All>(core, scope, [&](store::Reader& reader) -> Result<All> {
                if (!in.group_ids && !in.group_names) return all_of<GroupTable>(reader, scope);
                All named;
                const auto add = [&](const std::optional<std::string>& id,
                                     const std::optional<std::string>& name) -> Status {
                  LAPWING_TRY(Group group, find_group(reader, scope, id, name));
                  const bool twice = std::ranges::find(named, group.id, &Group::id) != named.end();
                  if (!twice) named.push_back(std::move(group));
                  return {};
                };
                if (in.group_ids) {
                  for (const auto& id : *in.group_ids) LAPWING_CHECK(add(id, std::nullopt));
                }
                if (in.group_names) {
                  for (const auto& name : *in.group_names) LAPWING_CHECK(add(std::nullopt, name));
                }
                return named;
              }));
  std::erase_if(found, [&](const Group& each) { return !facts_of(each).fit(in.filters); });
  LAPWING_TRY(auto page, page_of(std::move(found), "ec2.DescribeSecurityGroups", in.max_results,
                                 in.next_token, [](const Group& each) { return each.id; }));
  ge::DescribeSecurityGroupsResult out;
  out.security_groups.emplace();
  for (const Group& each : page.items) out.security_groups->push_back(show(each));
  out.next_token = std::move(page.next);
  return out;
}

Out<ge::DescribeSecurityGroupRules> describe_security_group_rules(
    Core& core, const aws::Call& call, ge::DescribeSecurityGroupRulesRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(check_filters(in.filters, {"group-id", "security-group-rule-id"}));
  LAPWING_TRY(auto groups, read<std::vector<Group>>(core, scope, [&](store::Reader& reader) {
                return all_of<GroupTable>(reader, scope);
              }));
  std::vector<RuleOf> found;
  for (Group& group : groups) {
    const std::vector<Rule> rules = std::move(group.rules);
    for (const Rule& rule : rules) found.push_back({group, rule});
  }
  if (in.security_group_rule_ids) {
    const auto& ids = *in.security_group_rule_ids;
    for (const std::string& id : ids) {
      const bool there =
          std::ranges::any_of(found, [&](const RuleOf& each) { return each.rule.id == id; });
      if (!there) return fail(no_such_rule(id));
    }
    std::erase_if(found, [&](const RuleOf& each) {
      return std::ranges::find(ids, each.rule.id) == ids.end();
    });
  }
  std::erase_if(found, [&](const RuleOf& each) { return !facts_of(each).fit(in.filters); });
  LAPWING_TRY(auto page, page_of(std::move(found), "ec2.DescribeSecurityGroupRules", in.max_results,
                                 in.next_token, [](const RuleOf& each) { return each.rule.id; }));
  ge::DescribeSecurityGroupRulesResult out;
  out.security_group_rules.emplace();
  for (const RuleOf& each : page.items) {
    out.security_group_rules->push_back(show_rule(each.group, each.rule));
  }
  out.next_token = std::move(page.next);
  return out;
}

}  // namespace lapwing::ec2
