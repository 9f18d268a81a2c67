#include <algorithm>
#include <chrono>
#include <utility>

#include "aws/arn.hpp"
#include "gen/events/enums.hpp"
#include "gen/events/errors.hpp"
#include "services/events/limits.hpp"
#include "services/events/operations/archives.hpp"
#include "services/events/pages.hpp"

namespace lapwing::events {
namespace {

namespace errors = gen::events::errors;
using State = gen::events::ReplayState;

Error no_such_replay(std::string_view name) {
  return errors::resource_not_found(fmt::format("Replay {} does not exist.", name));
}

std::optional<WallTime> time_of(std::int64_t ms) {
  if (ms == 0) return std::nullopt;
  return wall_from_unix_ms(ms);
}

std::optional<std::string> unless_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

// The archive, where the replay may be of it.
Result<ArchivePtr> archive_of(Core& core, const aws::Call& call,
                              const gen::events::StartReplayRequest& in) {
  const aws::Scope scope = aws::scope_of(call.caller);
  const std::string name = named_in(in.event_source_arn, scope, "archive");
  ArchivePtr archive = core.parts->archives.find(resources::scoped_key(scope, name));
  if (archive == nullptr) {
    const auto arn = aws::Arn::parse(in.event_source_arn);
    return fail(invalid_parameter(
        "EventSourceArn",
        fmt::format("Archive {} does not exist.",
                    arn ? arn->resource_id() : std::string_view(in.event_source_arn))));
  }
  if (in.destination.arn != archive->bus().arn()) {
    return fail(invalid_parameter("Destination.Arn", "Cross event bus replay is not permitted."));
  }
  for (const std::string& filter :
       in.destination.filter_arns.value_or(std::vector<std::string>())) {
    const auto rule = parse_rule_arn(filter);
    if (!rule || rule->bus != archive->bus()) {
      return fail(
          invalid_parameter("Destination.FilterArns", "Provided Arn is not in correct format."));
    }
  }
  return archive;
}

}  // namespace

Result<gen::events::StartReplayResponse> start_replay(Core& core, const aws::Call& call,
                                                      const gen::events::StartReplayRequest& in) {
  LAPWING_TRY(const ArchivePtr archive, archive_of(core, call, in));
  if (in.event_start_time >= in.event_end_time) {
    return fail(invalid_parameter("EventEndTime", "EventStartTime must be before EventEndTime."));
  }
  Replay wanted;
  wanted.scope = archive->scope;
  wanted.name = in.replay_name;
  wanted.archive_name = archive->name;
  wanted.archive_id = archive->id;
  wanted.bus_name = archive->bus_name;
  wanted.filter_arns = in.destination.filter_arns.value_or(std::vector<std::string>());
  wanted.description = in.description;
  wanted.state = State::kStarting;
  wanted.from_ms = unix_ms(in.event_start_time);
  wanted.until_ms = unix_ms(in.event_end_time);
  wanted.started_ms = core.now_ms();
  const auto active =
      core.parts->replays.list(resources::scoped_key(wanted.scope, ""), {}, kReplaysActiveMax,
                               [](const Replay& replay) { return replay.active(); });
  if (active.size() >= kReplaysActiveMax) return fail(too_many());
  LAPWING_TRY(
      const ReplayPtr replay,
      core.parts->replays.change(wanted.key(), [&](const ReplayPtr& there) -> Result<ReplayPtr> {
        if (there != nullptr) {
          return fail(errors::resource_already_exists(
              fmt::format("Replay {} already exists.", in.replay_name)));
        }
        return std::make_shared<const Replay>(wanted);
      }));
  core.parts->replaying.notify();
  gen::events::StartReplayResponse out;
  out.replay_arn = replay->arn();
  out.replay_start_time = time_of(replay->started_ms);
  out.state = replay->state;
  return out;
}

Result<gen::events::DescribeReplayResponse> describe_replay(
    Core& core, const aws::Call& call, const gen::events::DescribeReplayRequest& in) {
  const ReplayPtr replay =
      core.parts->replays.find(resources::scoped_key(aws::scope_of(call.caller), in.replay_name));
  if (replay == nullptr) return fail(no_such_replay(in.replay_name));
  gen::events::DescribeReplayResponse out;
  out.replay_name = replay->name;
  out.replay_arn = replay->arn();
  out.description = replay->description;
  out.state = replay->state;
  out.state_reason = unless_empty(replay->state_reason);
  out.event_source_arn = replay->archive_arn();
  auto& destination = out.destination.emplace();
  destination.arn = BusAddress{replay->scope, replay->bus_name}.arn();
  if (!replay->filter_arns.empty()) destination.filter_arns = replay->filter_arns;
  out.event_start_time = wall_from_unix_ms(replay->from_ms);
  out.event_end_time = wall_from_unix_ms(replay->until_ms);
  out.event_last_replayed_time = time_of(replay->last_ms);
  out.replay_start_time = time_of(replay->started_ms);
  out.replay_end_time = time_of(replay->ended_ms);
  return out;
}

Result<gen::events::ListReplaysResponse> list_replays(Core& core, const aws::Call& call,
                                                      const gen::events::ListReplaysRequest& in) {
  const int filters = (in.name_prefix ? 1 : 0) + (in.event_source_arn ? 1 : 0) + (in.state ? 1 : 0);
  if (filters > 1) {
    return fail(invalid("At most one of NamePrefix, EventSourceArn or State may be provided."));
  }
  LAPWING_TRY(const resources::PageAsk ask,
              page_asked("events.ListReplays " + in.name_prefix.value_or("") +
                             in.event_source_arn.value_or("") + in.state.value_or(""),
                         in.next_token, in.limit));
  auto page =
      page_of(core.parts->replays, ask, resources::scoped_key(aws::scope_of(call.caller), ""),
              in.name_prefix, [&](const Replay& replay) {
                return (!in.event_source_arn || replay.archive_arn() == *in.event_source_arn) &&
                       (!in.state || replay.state == *in.state);
              });
  gen::events::ListReplaysResponse out;
  out.next_token = std::move(page.next);
  auto& replays = out.replays.emplace();
  for (const ReplayPtr& replay : page.items) {
    gen::events::Replay& each = replays.emplace_back();
    each.replay_name = replay->name;
    each.event_source_arn = replay->archive_arn();
    each.state = replay->state;
    each.state_reason = unless_empty(replay->state_reason);
    each.event_start_time = wall_from_unix_ms(replay->from_ms);
    each.event_end_time = wall_from_unix_ms(replay->until_ms);
    each.event_last_replayed_time = time_of(replay->last_ms);
    each.replay_start_time = time_of(replay->started_ms);
    each.replay_end_time = time_of(replay->ended_ms);
  }
  return out;
}

Result<gen::events::CancelReplayResponse> cancel_replay(
    Core& core, const aws::Call& call, const gen::events::CancelReplayRequest& in) {
  LAPWING_TRY(
      const ReplayPtr replay,
      core.parts->replays.change(
          resources::scoped_key(aws::scope_of(call.caller), in.replay_name),
          [&](const ReplayPtr& there) -> Result<ReplayPtr> {
            if (there == nullptr) return fail(no_such_replay(in.replay_name));
            if (there->state != State::kStarting && there->state != State::kRunning) {
              return fail(errors::illegal_status(fmt::format(
                  "Replay {} is not in a valid state for this operation.", in.replay_name)));
            }
            auto changed = std::make_shared<Replay>(*there);
            changed->state = State::kCancelling;
            return changed;
          }));
  core.parts->replaying.notify();
  gen::events::CancelReplayResponse out;
  out.replay_arn = replay->arn();
  out.state = replay->state;
  return out;
}

}  // namespace lapwing::events
