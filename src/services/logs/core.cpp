#include "services/logs/core.hpp"

#include <algorithm>

#include "services/logs/errors.hpp"
#include "services/logs/following/following.hpp"

namespace lapwing::logs {
namespace {

constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;

}  // namespace

std::optional<std::string> name_in_arn(const Scope& scope, std::string_view arn) {
  const std::string prefix = group_arn(scope, "");
  if (!arn.starts_with(prefix)) return std::nullopt;
  arn.remove_prefix(prefix.size());
  if (arn.ends_with(":*")) arn.remove_suffix(2);
  if (arn.empty() || arn.contains(':')) return std::nullopt;
  return std::string(arn);
}

Result<std::string> group_name(const Scope& scope, const std::optional<std::string>& name,
                               const std::optional<std::string>& identifier) {
  if (name && identifier)
    return fail(validation("LogGroup name and LogGroup ARN are mutually exclusive parameters."));
  if (name) return *name;
  if (!identifier)
    return fail(invalid_parameter("Either logGroupName or logGroupIdentifier must be specified."));
  if (!identifier->starts_with("arn:")) return *identifier;
  auto found = name_in_arn(scope, *identifier);
  if (!found) return fail(group_not_found());
  return *std::move(found);
}

Result<Group> find_group(Core& core, const Scope& scope, const std::string& identifier) {
  LAPWING_TRY(const std::string name, group_name(scope, std::nullopt, identifier));
  return core.repository.group(scope, name);
}

std::int64_t retention_start_ms(const Group& group, std::int64_t now_ms) {
  return group.retention_days ? now_ms - *group.retention_days * kDayMs : 0;
}

void keep_retention(const Core& core, const Group& group, EventRange& range) {
  const std::int64_t start_ms = retention_start_ms(group, core.now_ms());
  if (core.ages_by_ingestion()) {
    range.ingested_from_ms = start_ms;
  } else {
    range.start_ms = std::max(range.start_ms, start_ms);
  }
}

void flush_for_reading(Core& core, const Scope& scope, std::string_view group,
                       std::optional<std::string_view> stream) {
  if (const Status flushed = core.sink.flush(scope, group, stream); !flushed)
    core.log->warn("logs", "read without the newest function output",
                   {{"group", group}, {"error", flushed.error().to_log()}});
}

Status check_room(Core& core) {
  core.budget.refresh(core.clock->mono());
  if (const auto closed = core.budget.closed(); closed == Loss::kDisk)
    return fail(no_room(describe(*closed, core.budget.limits())));
  return {};
}

Status sweep_dropped(Core& core) {
  LAPWING_TRY(const std::vector<std::string> marks, core.repository.dropped());
  for (const std::string& mark : marks) {
    LAPWING_CHECK(core.events.drop(mark));
    if (core.following != nullptr) {
      LAPWING_CHECK(core.following->forwarder().forget_positions(mark));
    }
    LAPWING_CHECK(core.repository.forget_dropped(mark));
  }
  if (!marks.empty()) core.budget.recount();
  core.budget.refresh(core.clock->mono());
  return {};
}

Status expire_events(Core& core) {
  const std::int64_t now_ms = core.now_ms();
  return core.repository.for_each_group([&](const Group& group) -> Status {
    if (!group.retention_days) return {};
    const std::int64_t start_ms = retention_start_ms(group, now_ms);
    LAPWING_TRY(const std::uint64_t removed, core.ages_by_ingestion()
                                                 ? core.events.expire_ingested(group.uid, start_ms)
                                                 : core.events.expire(group.uid, start_ms));
    if (removed == 0) return {};
    core.budget.recount();
    core.log->info("logs", "events expired", {{"group", group.name}, {"records", removed}});
    return {};
  });
}

}  // namespace lapwing::logs
