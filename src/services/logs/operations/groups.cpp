#include <algorithm>
#include <array>

#include "aws/operation_table.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/following/following.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/filters.hpp"
#include "services/logs/pages.hpp"

namespace lapwing::logs {
namespace {

constexpr std::array kRetentionDays = {1,    3,    5,    7,    14,   30,  60,  90,
                                       120,  150,  180,  365,  400,  545, 731, 1096,
                                       1827, 2192, 2557, 2922, 3288, 3653};

Status check_retention(int days) {
  if (std::ranges::find(kRetentionDays, days) != kRetentionDays.end()) return {};
  std::string allowed;
  for (const int one : kRetentionDays)
    allowed += (allowed.empty() ? "" : ", ") + std::to_string(one);
  return fail(invalid_parameter(
      fmt::format("1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy "
                  "constraint: Member must satisfy enum value set: [{}]",
                  days, allowed)));
}

Result<model::LogGroup> describe(Core& core, const Scope& scope, const Group& group) {
  LAPWING_TRY(const EventLog::GroupStats stats, core.events.group_stats(group.uid));
  model::LogGroup out;
  out.log_group_name = group.name;
  out.log_group_arn = group_arn(scope, group.name);
  out.arn = *out.log_group_arn + ":*";
  out.creation_time = group.created_ms;
  out.retention_in_days = group.retention_days;
  LAPWING_TRY(out.metric_filter_count, count_metric_filters(core, group.uid));
  out.stored_bytes = static_cast<std::int64_t>(stats.bytes);
  out.log_group_class = group.log_class;
  out.deletion_protection_enabled = false;
  return out;
}

Result<model::DescribeLogGroupsResponse> describe_named(Core& core, const Scope& scope,
                                                        const std::vector<std::string>& names) {
  model::DescribeLogGroupsResponse out;
  out.log_groups.emplace();
  for (const std::string& identifier : names) {
    auto name = group_name(scope, std::nullopt, identifier);
    if (!name) continue;  // of another account or region: not there
    auto group = core.repository.group(scope, *name);
    if (!group && group.error().kind() == ErrorKind::kNotFound) continue;
    if (!group) return fail(std::move(group).error());
    LAPWING_TRY(model::LogGroup described, describe(core, scope, *group));
    out.log_groups->push_back(std::move(described));
  }
  return out;
}

}  // namespace

Nothing create_log_group(Core& core, const Call& call, const model::CreateLogGroupRequest& in) {
  Group group;
  group.name = in.log_group_name;
  group.created_ms = core.now_ms();
  if (in.log_group_class) group.log_class = *in.log_group_class;
  if (group.log_class != model::LogGroupClass::kStandard &&
      group.log_class != model::LogGroupClass::kInfrequentAccess)
    return fail(aws::unsupported("logs", "CreateLogGroup", "logGroupClass=" + group.log_class));
  if (in.deletion_protection_enabled.value_or(false))
    return fail(aws::unsupported("logs", "CreateLogGroup", "deletionProtectionEnabled"));
  if (in.tags) {
    LAPWING_CHECK(check_tags(*in.tags, too_many_tags()));
    group.tags = *in.tags;
  }
  LAPWING_CHECK(check_room(core));
  LAPWING_CHECK(core.repository.create_group(scope_of(call.caller), std::move(group)));
  return {};
}

Nothing delete_log_group(Core& core, const Call& call, const model::DeleteLogGroupRequest& in) {
  {
    const DeletionGate::Closed closed = core.deletion.close();
    LAPWING_TRY(const Group removed,
                core.repository.remove_group(scope_of(call.caller), in.log_group_name));
    core.sink.forget(removed.uid);
    if (core.following != nullptr) core.following->forwarder().forget(removed.uid);
  }
  // It is gone already; what fails here is taken up again by the next sweep.
  if (const Status swept = sweep_dropped(core); !swept)
    core.log->warn("logs", "deleted group not swept yet", {{"error", swept.error().to_log()}});
  return {};
}

Result<model::DescribeLogGroupsResponse> describe_log_groups(
    Core& core, const Call& call, const model::DescribeLogGroupsRequest& in) {
  const Scope scope = scope_of(call.caller);
  if (in.log_group_name_prefix && in.log_group_name_pattern)
    return fail(invalid_parameter(
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
  if (in.log_group_identifiers) {
    if (in.log_group_name_prefix || in.log_group_name_pattern)
      return fail(invalid_parameter(
          "LogGroup identifiers and LogGroup name prefix or pattern are mutually exclusive "
          "parameters."));
    return describe_named(core, scope, *in.log_group_identifiers);
  }
  const std::string prefix = in.log_group_name_prefix.value_or("");
  LAPWING_TRY(const PageAsk ask, page_ask("logs.DescribeLogGroups", in.next_token, in.limit));
  std::string after = ask.after;
  model::DescribeLogGroupsResponse out;
  out.log_groups.emplace();
  // As many as a page holds are read, unless few of them may be wanted.
  const bool chosen = in.log_group_name_pattern || in.log_group_class;
  const std::size_t step =
      chosen ? store::kMaxScanLimit : std::min(ask.limit + 1, store::kMaxScanLimit);
  while (true) {
    LAPWING_TRY(const Repository::GroupPage page,
                core.repository.groups(scope, prefix, after, step));
    for (const Group& group : page.groups) {
      if (in.log_group_name_pattern && !group.name.contains(*in.log_group_name_pattern)) continue;
      if (in.log_group_class && group.log_class != *in.log_group_class) continue;
      if (out.log_groups->size() == ask.limit) {  // there is one more
        out.next_token = resources::token_after(ask, *out.log_groups->back().log_group_name);
        return out;
      }
      LAPWING_TRY(model::LogGroup described, describe(core, scope, group));
      out.log_groups->push_back(std::move(described));
    }
    if (!page.next) return out;
    after = *page.next;
  }
}

Nothing put_retention_policy(Core& core, const Call& call,
                             const model::PutRetentionPolicyRequest& in) {
  LAPWING_CHECK(check_retention(in.retention_in_days));
  LAPWING_CHECK(core.repository.change_group(scope_of(call.caller), in.log_group_name,
                                             [&](Group& group) -> Status {
                                               group.retention_days = in.retention_in_days;
                                               return {};
                                             }));
  return {};
}

Nothing delete_retention_policy(Core& core, const Call& call,
                                const model::DeleteRetentionPolicyRequest& in) {
  LAPWING_CHECK(core.repository.change_group(scope_of(call.caller), in.log_group_name,
                                             [](Group& group) -> Status {
                                               group.retention_days.reset();
                                               return {};
                                             }));
  return {};
}

}  // namespace lapwing::logs
