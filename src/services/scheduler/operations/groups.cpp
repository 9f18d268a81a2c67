#include "services/scheduler/operations/groups.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "gen/scheduler/enums.hpp"
#include "gen/scheduler/errors.hpp"
#include "resources/pages.hpp"
#include "services/scheduler/once.hpp"
#include "services/scheduler/tables.hpp"
#include "services/scheduler/words.hpp"

namespace lapwing::scheduler {
namespace {

using gen::scheduler::ScheduleGroupState;

std::string state_of(const Group& group) {
  return std::string(group.deleting ? ScheduleGroupState::kDeleting : ScheduleGroupState::kActive);
}

// Get and List answer the same members.
template <class Out>
Out show(const Group& group) {
  Out out;
  out.arn = group.arn();
  out.name = group.name;
  out.state = state_of(group);
  out.creation_date = wall_from_unix_ms(group.created_ms);
  out.last_modification_date = wall_from_unix_ms(group.modified_ms);
  return out;
}

Group default_group(const Core& core, const aws::Scope& scope) {
  return {.scope = scope,
          .name = std::string(kDefaultGroup),
          .created_ms = core.began_ms,
          .modified_ms = core.began_ms};
}

Result<std::vector<Group>> all_groups(const Core& core, store::Reader& reader,
                                      const aws::Scope& scope) {
  std::vector<Group> out;
  resources::ListOptions options{.prefix = resources::scoped_key(scope, ""),
                                 .limit = store::kMaxScanLimit};
  while (true) {
    LAPWING_TRY(auto page, Groups::list(reader, options));
    std::ranges::move(page.records, std::back_inserter(out));
    if (!page.next) break;
    options.after = *std::move(page.next);
  }
  const bool has_default =
      std::ranges::any_of(out, [](const Group& each) { return each.name == kDefaultGroup; });
  if (!has_default) out.push_back(default_group(core, scope));
  return out;
}

Status check_tags(const resources::Tags& tags) {
  if (tags.size() > kTagsOfGroup) {
    return fail(invalid(fmt::format("A schedule group has at most {} tags.", kTagsOfGroup)));
  }
  for (const auto& [key, value] : tags) {
    if (const auto fault = resources::check_tags({{key, value}})) {
      return fail(invalid(resources::tag_rule(*fault)));
    }
  }
  return {};
}

resources::Tags tags_of(const std::vector<gen::scheduler::Tag>& list) {
  resources::Tags out;
  for (const gen::scheduler::Tag& each : list) out[each.key] = each.value;
  return out;
}

// Its model knows groups' alone.
Result<Group> group_at(const Core& core, store::Reader& reader, const aws::Call& call,
                       const std::string& arn) {
  LAPWING_TRY(const aws::Arn parsed, aws::Arn::parse(arn));
  const aws::Scope scope{parsed.account, parsed.region};
  const std::string name(parsed.resource_id());
  if (scope != aws::scope_of(call.caller)) return fail(no_such_group(name));
  return find_group(core, reader, scope, name);
}

// Changes the tags of a group, the default one too.
template <class Change>
Status change_tags(Core& core, const aws::Call& call, const std::string& arn, Change change) {
  const std::int64_t now = core.now_ms();
  const auto done = core.store().transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(Group group, group_at(core, txn, call, arn));
    if (group.deleting) return fail(group_is_deleting(group.name));
    change(group.tags);
    LAPWING_CHECK(check_tags(group.tags));
    group.modified_ms = now;
    LAPWING_CHECK(Groups::put(txn, group));
    return {};
  });
  if (!done) return fail(store_failure(done.error()));
  return {};
}

}  // namespace

Result<Group> find_group(const Core& core, store::Reader& reader, const aws::Scope& scope,
                         std::string_view name) {
  LAPWING_TRY(auto found, Groups::find(reader, resources::scoped_key(scope, name)));
  if (found) return std::move(found->record);
  if (name == kDefaultGroup) return default_group(core, scope);
  return fail(no_such_group(name));
}

Result<gen::scheduler::CreateScheduleGroupOutput> create_schedule_group(
    Core& core, const aws::Call& call, gen::scheduler::CreateScheduleGroupInput in) {
  Group group{.scope = aws::scope_of(call.caller), .name = std::move(in.name)};
  if (in.tags) group.tags = tags_of(*in.tags);
  LAPWING_CHECK(check_tags(group.tags));
  const std::string request = Groups::encode(group);
  group.created_ms = group.modified_ms = core.now_ms();
  LAPWING_CHECK(transact_once(
      core, call, "CreateScheduleGroup", in.client_token, request, [&](store::Txn& txn) -> Status {
        LAPWING_TRY(const auto there, Groups::find(txn, GroupTable::key(group)));
        if (there && there->record.deleting) return fail(group_is_deleting(group.name));
        if (there || group.name == kDefaultGroup) return fail(group_exists(group.name));
        LAPWING_TRY(const auto all, all_groups(core, txn, group.scope));
        if (all.size() >= kGroupsMax) {
          return fail(gen::scheduler::errors::service_quota_exceeded(
              fmt::format("You have reached the quota of {} schedule groups.", kGroupsMax)));
        }
        LAPWING_CHECK(Groups::insert(txn, group));
        return {};
      }));
  gen::scheduler::CreateScheduleGroupOutput out;
  out.schedule_group_arn = group.arn();
  return out;
}

Result<gen::scheduler::GetScheduleGroupOutput> get_schedule_group(
    Core& core, const aws::Call& call, gen::scheduler::GetScheduleGroupInput in) {
  gen::scheduler::GetScheduleGroupOutput out;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const Group group, find_group(core, reader, aws::scope_of(call.caller), in.name));
    out = show<gen::scheduler::GetScheduleGroupOutput>(group);
    return {};
  }));
  return out;
}

Result<gen::scheduler::ListScheduleGroupsOutput> list_schedule_groups(
    Core& core, const aws::Call& call, gen::scheduler::ListScheduleGroupsInput in) {
  const std::string prefix = in.name_prefix.value_or("");
  auto ask = resources::page_ask("scheduler.ListScheduleGroups " + prefix, in.next_token,
                                 static_cast<std::size_t>(in.max_results.value_or(kPageMax)));
  if (!ask) return fail(invalid("Invalid pagination token provided."));
  std::vector<Group> groups;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(groups, all_groups(core, reader, aws::scope_of(call.caller)));
    return {};
  }));
  std::erase_if(groups, [&](const Group& each) { return !each.name.starts_with(prefix); });
  auto page =
      resources::page_items(std::move(groups), *ask, [](const Group& each) { return each.name; });
  gen::scheduler::ListScheduleGroupsOutput out;
  for (const Group& each : page.items) {
    out.schedule_groups.push_back(show<gen::scheduler::ScheduleGroupSummary>(each));
  }
  out.next_token = std::move(page.next);
  return out;
}

Result<gen::scheduler::DeleteScheduleGroupOutput> delete_schedule_group(
    Core& core, const aws::Call& call, gen::scheduler::DeleteScheduleGroupInput in) {
  if (in.name == kDefaultGroup)
    return fail(invalid("The default schedule group cannot be deleted."));
  const aws::Scope scope = aws::scope_of(call.caller);
  LAPWING_CHECK(transact_once(core, call, "DeleteScheduleGroup", in.client_token, in.name,
                              [&](store::Txn& txn) -> Status {
                                LAPWING_TRY(Group group, find_group(core, txn, scope, in.name));
                                if (group.deleting) return fail(group_is_deleting(in.name));
                                group.deleting = true;
                                group.modified_ms = core.now_ms();
                                LAPWING_CHECK(Groups::put(txn, group));
                                return {};
                              }));
  core.parts->removal_task.notify();
  return gen::scheduler::DeleteScheduleGroupOutput();
}

Result<gen::scheduler::TagResourceOutput> tag_resource(Core& core, const aws::Call& call,
                                                       gen::scheduler::TagResourceInput in) {
  LAPWING_CHECK(change_tags(core, call, in.resource_arn, [&](resources::Tags& tags) {
    resources::add_tags(tags, tags_of(in.tags));
  }));
  return gen::scheduler::TagResourceOutput();
}

Result<gen::scheduler::UntagResourceOutput> untag_resource(Core& core, const aws::Call& call,
                                                           gen::scheduler::UntagResourceInput in) {
  LAPWING_CHECK(change_tags(core, call, in.resource_arn, [&](resources::Tags& tags) {
    resources::remove_tags(tags, in.tag_keys);
  }));
  return gen::scheduler::UntagResourceOutput();
}

Result<gen::scheduler::ListTagsForResourceOutput> list_tags_for_resource(
    Core& core, const aws::Call& call, gen::scheduler::ListTagsForResourceInput in) {
  gen::scheduler::ListTagsForResourceOutput out;
  LAPWING_CHECK(core.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const Group group, group_at(core, reader, call, in.resource_arn));
    out.tags.emplace();
    for (const auto& [key, value] : group.tags) {
      gen::scheduler::Tag tag;
      tag.key = key;
      tag.value = value;
      out.tags->push_back(std::move(tag));
    }
    return {};
  }));
  return out;
}

}  // namespace lapwing::scheduler
