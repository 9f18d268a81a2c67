#include "services/events/replays.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "services/events/limits.hpp"

namespace lapwing::events {
namespace {

constexpr std::string_view kRunning = "RUNNING";
constexpr std::string_view kCompleted = "COMPLETED";
constexpr std::string_view kCancelling = "CANCELLING";
constexpr std::string_view kCancelled = "CANCELLED";
constexpr std::string_view kFailed = "FAILED";

constexpr auto is_active = [](const Replay& replay) { return replay.active(); };

}  // namespace

void Replays::begin(background::Runner& runner) {
  task_ = runner.when_due("events.replays", *this);
  task_.notify();
  upkeep_ =
      runner.every("events.old_replays", std::chrono::hours(1), [this] { return forget_old(); });
}

void Replays::stop() {
  upkeep_.reset();
  task_.reset();
}

Result<std::optional<MonoTime>> Replays::next_due() {
  if (replays_.list("", {}, 1, is_active).empty()) return std::nullopt;
  return std::max(next_, clock_.mono());
}

Status Replays::run_due() {
  next_ = clock_.mono() + kReplayEvery;
  LAPWING_TRY(const std::uint64_t waiting, outbox_.waiting());
  if (waiting > kReplayWaitingMax || !intake_.check_room()) return {};
  Status first;  // of what went wrong: the others go on
  for (const ReplayPtr& replay : replays_.list("", {}, SIZE_MAX, is_active)) {
    Status done = step(replay);
    if (!done && first) first = std::move(done);
  }
  return first;
}

void Replays::route(const Replay& replay, const store::LogRecord& record, Routed& routed) const {
  auto event = unpack_event(record.data);
  if (!event) return;
  event->json = with_replay_name(event->json, replay.name);
  event->ingested_ms = unix_ms(clock_.wall());
  const BusAddress bus{replay.scope, replay.bus_name};
  std::vector<RulePtr> rules = intake_.matching().match(bus, event->json).rules;
  if (!replay.filter_arns.empty()) {
    std::erase_if(rules, [&](const RulePtr& rule) {
      return std::ranges::find(replay.filter_arns, rule->address.arn()) == replay.filter_arns.end();
    });
  }
  intake_.route_to(rules, *event, routed);
}

Result<Replays::Step> Replays::read(const Replay& replay) const {
  Step out;
  out.last_ms = replay.last_ms;
  out.last_sequence = replay.last_sequence;
  if (replay.state == kCancelling) {
    out.state = kCancelled;
    return out;
  }
  const ArchivePtr archive =
      archives_.find(resources::scoped_key(replay.scope, replay.archive_name));
  if (archive == nullptr || archive->id != replay.archive_id) {
    out.state = kFailed;
    out.reason = "The archive was deleted.";
    return out;
  }
  store::LogTimeRead from{.stream = archive->stream(),
                          .shard = std::string(kArchiveShard),
                          .start_ms = replay.from_ms,
                          .end_ms = replay.until_ms,
                          .max_records = kReplayStep,
                          .max_bytes = kReplayStepBytes};
  if (replay.last_sequence != 0) {
    from.beyond = store::LogPlace{replay.last_ms, replay.last_sequence};
  }
  auto page = space_.log().read_by_time(from);
  if (!page && page.error().kind() != ErrorKind::kNotFound) return fail(page.error());
  out.state = page && page->more ? kRunning : kCompleted;
  if (!page) return out;
  for (const store::LogRecord& record : page->records) {
    route(replay, record, out.routed);
    out.last_ms = record.time_ms;
    out.last_sequence = record.sequence;
  }
  return out;
}

Status Replays::step(const ReplayPtr& replay) {
  LAPWING_TRY(const Step made, read(*replay));
  bool stands = true;
  LAPWING_CHECK(replays_.change(
      replay->key(),
      [&](const ReplayPtr& there) -> Result<ReplayPtr> {
        // Cancelled meanwhile: the next step sees it.
        stands = there != nullptr && there->state == replay->state;
        if (!stands) return there;
        auto next = std::make_shared<Replay>(*there);
        next->state = made.state;
        next->state_reason = made.reason;
        next->last_ms = made.last_ms;
        next->last_sequence = made.last_sequence;
        if (!next->active()) next->ended_ms = unix_ms(clock_.wall());
        return next;
      },
      [&](store::Txn& txn) { return stands ? intake_.write(txn, made.routed) : Status(); }));
  return {};
}

Status Replays::forget_old() {
  const std::int64_t oldest = unix_ms(clock_.wall() - kReplaysKeptFor);
  const auto old = replays_.list("", {}, SIZE_MAX, [&](const Replay& replay) {
    return !replay.active() && replay.ended_ms < oldest;
  });
  Status first;
  for (const ReplayPtr& replay : old) {
    const auto gone = replays_.change(
        replay->key(), [](const ReplayPtr&) -> Result<ReplayPtr> { return ReplayPtr(); });
    if (!gone && first) first = fail(gone.error());
  }
  return first;
}

}  // namespace lapwing::events
