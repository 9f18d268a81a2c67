// Tags of whatever has an id here.
#include <algorithm>

#include <fmt/core.h>

#include "services/ec2/filters.hpp"
#include "services/ec2/lookup.hpp"
#include "services/ec2/operations/operations.hpp"
#include "services/ec2/pages.hpp"
#include "services/ec2/tagging.hpp"

namespace lapwing::ec2 {
namespace {

namespace ge = gen::ec2;

using ChangeTags = FunctionRef<Status(resources::Tags&)>;

// The VPC that has a part of this id: the id with another beginning.
Status change_part(store::Txn& txn, const aws::Scope& scope, const std::string& id,
                   ChangeTags body) {
  LAPWING_TRY(auto found, Vpcs::find(txn, resources::scoped_key(scope, id_beside("vpc", id))));
  const bool gateway = id.starts_with("igw-");
  if (!found || (gateway && !found->record.is_default)) return fail(no_such_id(id));
  Vpc& vpc = found->record;
  LAPWING_CHECK(body(id.starts_with("rtb-")   ? vpc.route_table_tags
                     : id.starts_with("acl-") ? vpc.acl_tags
                                              : vpc.gateway_tags));
  LAPWING_CHECK(Vpcs::put(txn, vpc));
  return {};
}

// `groups`: all of them, read when the first rule is asked for.
Status change_rule(store::Txn& txn, const aws::Scope& scope, const std::string& id, ChangeTags body,
                   std::optional<std::vector<Group>>& groups) {
  if (!groups) {
    LAPWING_TRY(groups, all_of<GroupTable>(txn, scope));
  }
  for (Group& group : *groups) {
    const auto rule = std::ranges::find(group.rules, id, &Rule::id);
    if (rule == group.rules.end()) continue;
    LAPWING_CHECK(body(rule->tags));
    LAPWING_CHECK(Groups::put(txn, group));
    return {};
  }
  return fail(no_such_rule(id));
}

Status change_one(store::Txn& txn, const aws::Scope& scope, const std::string& id,
                  ChangeTags body) {
  if (id.starts_with("vpc-")) {
    LAPWING_TRY(Vpc vpc, find_vpc(txn, scope, id));
    LAPWING_CHECK(body(vpc.tags));
    LAPWING_CHECK(Vpcs::put(txn, vpc));
    return {};
  }
  if (id.starts_with("subnet-")) {
    LAPWING_TRY(Subnet subnet, find_subnet(txn, scope, id));
    LAPWING_CHECK(body(subnet.tags));
    LAPWING_CHECK(Subnets::put(txn, subnet));
    return {};
  }
  if (id.starts_with("sg-")) {
    LAPWING_TRY(Group group, find_group(txn, scope, id));
    LAPWING_CHECK(body(group.tags));
    LAPWING_CHECK(Groups::put(txn, group));
    return {};
  }
  for (const std::string_view part : {"rtb-", "acl-", "igw-"}) {
    if (id.starts_with(part)) return change_part(txn, scope, id, body);
  }
  return fail(no_such_id(id));
}

Status change_all(Core& core, const aws::Call& call, const std::vector<std::string>& ids,
                  ChangeTags body) {
  const aws::Scope scope = aws::scope_of(call.caller);
  if (ids.size() > kTaggedMax) {
    return fail(invalid_value(fmt::format("At most {} resources can be tagged.", kTaggedMax)));
  }
  LAPWING_CHECK(change<bool>(core, scope, [&](store::Txn& txn) -> Result<bool> {
    std::optional<std::vector<Group>> groups;
    for (const std::string& id : ids) {
      // A group that is named beside its rules has been changed meanwhile.
      if (!id.starts_with("sgr-")) groups.reset();
      LAPWING_CHECK(id.starts_with("sgr-") ? change_rule(txn, scope, id, body, groups)
                                           : change_one(txn, scope, id, body));
    }
    return true;
  }));
  return {};
}

struct Shown {
  std::string type;
  std::string id;
  std::string key;
  std::string value;
};

void add(std::vector<Shown>& out, std::string_view type, const std::string& id,
         const resources::Tags& tags) {
  for (const auto& [key, value] : tags) out.push_back({std::string(type), id, key, value});
}

Result<std::vector<Shown>> all_tags(store::Reader& reader, const aws::Scope& scope) {
  std::vector<Shown> out;
  LAPWING_TRY(const auto vpcs, all_of<VpcTable>(reader, scope));
  for (const Vpc& each : vpcs) {
    add(out, "vpc", each.id, each.tags);
    add(out, "route-table", each.route_table(), each.route_table_tags);
    add(out, "network-acl", each.acl(), each.acl_tags);
    add(out, "internet-gateway", each.gateway(), each.gateway_tags);
  }
  LAPWING_TRY(const auto subnets, all_of<SubnetTable>(reader, scope));
  for (const Subnet& each : subnets) add(out, "subnet", each.id, each.tags);
  LAPWING_TRY(const auto groups, all_of<GroupTable>(reader, scope));
  for (const Group& each : groups) {
    add(out, "security-group", each.id, each.tags);
    for (const Rule& rule : each.rules) add(out, "security-group-rule", rule.id, rule.tags);
  }
  return out;
}

}  // namespace

Out<ge::CreateTags> create_tags(Core& core, const aws::Call& call, ge::CreateTagsRequest in) {
  LAPWING_TRY(const resources::Tags added, tags_of(in.tags));
  LAPWING_CHECK(change_all(core, call, in.resources, [&](resources::Tags& tags) -> Status {
    resources::add_tags(tags, added);
    return check_tags(tags);
  }));
  return aws::Empty();
}

// A tag that is given with a value goes only where it has that value; without any, all go.
Out<ge::DeleteTags> delete_tags(Core& core, const aws::Call& call, ge::DeleteTagsRequest in) {
  LAPWING_CHECK(change_all(core, call, in.resources, [&](resources::Tags& tags) -> Status {
    if (!in.tags) {
      tags.clear();
      return {};
    }
    for (const ge::Tag& each : *in.tags) {
      const auto found = tags.find(each.key.value_or(""));
      if (found == tags.end()) continue;
      if (!each.value || each.value == found->second) tags.erase(found);
    }
    return {};
  }));
  return aws::Empty();
}

Out<ge::DescribeTags> describe_tags(Core& core, const aws::Call& call, ge::DescribeTagsRequest in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(check_filters(in.filters, {"key", "value", "resource-id", "resource-type"}));
  LAPWING_TRY(auto found, read<std::vector<Shown>>(core, scope, [&](store::Reader& reader) {
                return all_tags(reader, scope);
              }));
  std::erase_if(found, [&](const Shown& each) {
    Facts facts;
    facts.add("key", each.key);
    facts.add("value", each.value);
    facts.add("resource-id", each.id);
    facts.add("resource-type", each.type);
    facts.add_tags({{each.key, each.value}});
    return !facts.fit(in.filters);
  });
  LAPWING_TRY(auto page,
              page_of(std::move(found), "ec2.DescribeTags", in.max_results, in.next_token,
                      [](const Shown& each) { return fmt::format("{}/{}", each.id, each.key); }));
  ge::DescribeTagsResult out;
  out.tags.emplace();
  for (const Shown& each : page.items) {
    ge::TagDescription tag;
    tag.resource_type = each.type;
    tag.resource_id = each.id;
    tag.key = each.key;
    tag.value = each.value;
    out.tags->push_back(std::move(tag));
  }
  out.next_token = std::move(page.next);
  return out;
}

}  // namespace lapwing::ec2
