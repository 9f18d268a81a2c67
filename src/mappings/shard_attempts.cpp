// Of a ShardReader: attempts at its batches, what comes of them, and how that is kept.
#include <algorithm>
#include <utility>

#include "mappings/answer.hpp"
#include "mappings/failure_record.hpp"
#include "mappings/limits.hpp"
#include "mappings/shard_reader.hpp"
#include "mappings/stream_event.hpp"
#include "store/await.hpp"

namespace lapwing::mappings {

std::string_view to_string(LastResult result) {
  switch (result) {
    case LastResult::kNone:
      return "No records processed";
    case LastResult::kOk:
      return "OK";
    case LastResult::kFailed:
      return "PROBLEM: Function call failed";
    case LastResult::kUnreadable:
      return "PROBLEM: Cannot access stream";
  }
  return "OK";
}

net::Task<void> ShardReader::run([[maybe_unused]] std::shared_ptr<ShardReader> self,
                                 std::size_t index) {
  // Whatever way it ends, also cut where it waits.
  struct AtWork {
    ShardReader& reader;
    ShardLane& lane;
    ~AtWork() {
      lane.running = false;
      --reader.running_;
      reader.team_->leave_batch();
    }
  };
  {
    ShardLane& lane = lanes_[index];
    const AtWork at_work{*this, lane};
    Duration pause = kPauseAfterThrottle;
    while (!team_->over() && !anew_ && !left_) {
      // It may be another one at the next attempt.
      const std::shared_ptr<Consumer> consumer = team_->consumer;
      const std::optional<Readiness> ready = consumer->ready();
      if (!ready || ready->room == 0) break;
      if (lane.failures > 0 && !co_await check_kept(*ready)) break;
      std::optional<Attempt> attempt = next_attempt(lane);
      collect(lane, ready->role_arn);
      if (dirty_ && !co_await commit()) break;
      if (!attempt) break;
      const Taken taken = co_await consumer->take_event(loop_, std::move(attempt->event));
      note(*attempt, taken);
      if (taken.kind != Taken::Kind::kDone && team_->shared->draining) break;
      if (taken.kind == Taken::Kind::kLater) {
        throttled();
        if (team_->over()) break;
        co_await loop_.sleep(pause);
        pause = std::min<Duration>(2 * pause, kPauseMost);
        continue;
      }
      ++team_->shared->counts.batches;
      lane.request_id = taken.request_id, lane.version = taken.version, lane.trace = taken.trace;
      if (settle(lane, *attempt, taken)) {
        back_off(lane);
      } else {
        lane.failures = 0;
        lane.retried = 0;
        lane.again_at = {};
      }
      collect(lane, ready->role_arn);
      if (dirty_) (void)co_await commit();
      break;
    }
  }
  team_->put_metrics();
  begin_work();
}

void ShardReader::throttled() {
  ++team_->shared->counts.throttles;
  team_->last = LastResult::kFailed;
  team_->paused_until = std::max(team_->paused_until, loop_.now() + kPauseAfterThrottle);
}

// Whether what failed is still in the stream: it is not tried for longer than it is kept.
net::Task<bool> ShardReader::check_kept(const Readiness& ready) {
  if (records_.first().empty()) co_return true;  // of a window's last
  const std::shared_ptr<const StreamMapping> as = team_->mapping;
  ports::StreamAsk asked{.shard = shard_, .position = behind(records_.sequence())};
  const Result<ports::ShardBatch> got =
      co_await as->source->read(loop_, {as->stream_arn, ready.role_arn}, std::move(asked));
  bool gone = !got && got.error().kind() == ErrorKind::kNotFound;
  if (got) gone = got->records.empty() || got->records.front().sequence != records_.first();
  if (gone) anew_ = true;
  co_return !gone;
}

std::optional<ShardReader::Attempt> ShardReader::next_attempt(ShardLane& lane) {
  const Chunk* const chunk = lane.work.next(unix_ms(needs_.clock.wall()));
  const Duration tumbling = mapping().tumbling;
  Attempt out;
  if (tumbling == Duration::zero()) {
    if (chunk == nullptr) return std::nullopt;
    out.event = stream_event(chunk->records, nullptr);
  } else {
    const std::int64_t chunk_ms =
        chunk == nullptr ? 0 : window_start_ms(chunk->records.front().arrived_ms, tumbling);
    out.final = window_ && (window_->early ||
                            (chunk == nullptr ? window_over() : chunk_ms > window_->start_ms));
    if (chunk == nullptr && !out.final) return std::nullopt;
    out.window_ms = window_ ? window_->start_ms : chunk_ms;
    const WindowFacts facts{.start_ms = *out.window_ms,
                            .length = tumbling,
                            .state = window_ ? std::string_view(window_->state) : "",
                            .shard = shard_,
                            .stream_arn = mapping().stream_arn,
                            .final = out.final,
                            .early = window_ && window_->early};
    static const std::vector<StreamRecord> kNone;
    out.event = stream_event(out.final ? kNone : chunk->records, &facts);
  }
  if (!out.final) {
    for (const StreamRecord& each : chunk->records) out.ids.push_back(each.sequence);
  }
  return out;
}

// Whether the same is to be tried again.
bool ShardReader::settle(ShardLane& lane, const Attempt& attempt, const Taken& taken) {
  const bool ran = taken.kind == Taken::Kind::kDone;
  team_->last = ran ? LastResult::kOk : LastResult::kFailed;
  if (attempt.final) return settle_final(lane, taken);
  const std::size_t count = attempt.ids.size();
  team_->meter.add(Counted::kInvoked, count);
  lane.reported = false;
  const auto state = ran && attempt.window_ms ? state_of(taken.answer) : std::nullopt;
  std::size_t good = ran && (!attempt.window_ms || state) ? count : 0;
  if (good > 0 && mapping().partial_failures) {
    const std::vector<std::string_view> ids(attempt.ids.begin(), attempt.ids.end());
    const auto failed = failed_items(taken.answer, ids);
    if (!failed) {
      good = 0;
    } else if (!failed->empty()) {
      good = failed->front();
      lane.reported = true;
    }
  }
  if (good < count) {
    team_->last = LastResult::kFailed;
    team_->meter.add(Counted::kFailedInvoke, count - good);
  }
  if (good > 0 && state) {
    window_ = Window{*attempt.window_ms, state->size() > kWindowStateMax, *state};
    state_changed_ = true;
    dirty_ = true;
  }
  if (good == count) {
    lane.work.done();
    return false;
  }
  if (!taken.counts) return true;
  return good > 0 ? lane.work.failed_from(good) : lane.work.failed();
}

// The last of a window, which has no records: what it says of its state counts no more.
bool ShardReader::settle_final(ShardLane& lane, const Taken& taken) {
  if (taken.kind != Taken::Kind::kDone) {
    const auto retries = mapping().rules.retries;
    if (!taken.counts) return true;
    if (!retries || lane.retried < *retries) {
      ++lane.retried;
      return true;
    }
    needs_.logger.warn("mappings", "a window was given up",
                       {{"mapping", mapping().arn}, {"shard", shard_}});
  }
  window_.reset();
  dirty_ = true;
  return false;
}

void ShardReader::back_off(ShardLane& lane) {
  const std::uint32_t doubled = std::min<std::uint32_t>(lane.failures++, 10);
  const Duration delay = std::min<Duration>(kRetryFirst * (1U << doubled), kRetryMost);
  lane.again_at = needs_.clock.mono() + delay;
  set_alarm(lane.again_at);
}

void ShardReader::collect(ShardLane& lane, const std::string& role_arn) {
  for (const GivenUp& each : lane.work.take_given_up()) {
    team_->meter.add(Counted::kDropped, each.records.size());
    notice(lane, each, role_arn);
  }
  passed(lane.work.take_passed());
}

void ShardReader::notice(const ShardLane& lane, const GivenUp& what, const std::string& role_arn) {
  if (mapping().on_failure.empty() || needs_.given_up == nullptr) return;
  StreamFailure failure;
  failure.kind = mapping().kind;
  failure.stream_arn = mapping().stream_arn;
  failure.shard = shard_;
  failure.function_arn = mapping().function_arn;
  failure.request_id = make_uuid(needs_.random);
  if (what.attempts > 0) {
    failure.request_id = lane.request_id;
    failure.executed_version = lane.version;
    failure.reported = lane.reported;
  }
  failure.what = what;
  notices_.push_back({.id = make_uuid(needs_.random),
                      .destination = mapping().on_failure,
                      .function_arn = mapping().function_arn,
                      .role_arn = role_arn,
                      .record = failure_record(failure, needs_.clock.wall()),
                      .trace = lane.trace,
                      .records = what.records.size()});
}

Checkpoint ShardReader::checkpoint() const {
  Checkpoint out{team_->id, shard_, records_.sequence(), over_, {}};
  if (window_) out.window = OpenWindow{window_->start_ms, window_->early, 0};
  return out;
}

// One at a time: each is at least as far as the one before.
net::Task<bool> ShardReader::commit() {
  while (committing_) co_await committed_.wait();
  if (!dirty_) co_return !team_->over();
  committing_ = true;
  committed_.reset();
  dirty_ = false;
  std::optional<std::string> state;
  if (std::exchange(state_changed_, false) && window_) state = window_->state;
  bool kept = false;
  const std::vector<GivenUpNotice> notices = std::exchange(notices_, {});
  const Checkpoint at = checkpoint();
  while (true) {
    const auto done = co_await store::transact_on(
        loop_, *needs_.checkpoints,
        [owner = team_->owner, at, state, notices,
         sink = needs_.given_up](store::Txn& txn) -> Status {
          LAPWING_CHECK(Checkpoints::put(txn, owner, at, state ? &*state : nullptr));
          for (const GivenUpNotice& each : notices) LAPWING_CHECK(sink->tell(txn, each));
          return {};
        });
    if (done) {
      kept = true;
      break;
    }
    needs_.logger.warn(
        "mappings", "a checkpoint cannot be written",
        {{"mapping", mapping().arn}, {"shard", shard_}, {"error", done.error().to_log()}});
    if (done.error().kind() == ErrorKind::kConflict) team_->lost = true;
    if (team_->lost || team_->shared->draining) break;
    co_await loop_.sleep(kCheckpointAgain);
  }
  if (kept) {
    for (const GivenUpNotice& each : notices) {
      team_->meter.add(Counted::kOnFailureDelivered, each.records);
    }
  }
  committing_ = false;
  committed_.set();
  co_return kept;
}

void ShardReader::note(const Attempt& attempt, const Taken& taken) {
  if (needs_.journal == nullptr) return;
  using journal::StepKind;
  StepKind kind = StepKind::kDelivered;
  if (taken.kind == Taken::Kind::kFailed) kind = StepKind::kAttempted;
  if (taken.kind == Taken::Kind::kLater) kind = StepKind::kThrottled;
  for (const std::string& id : attempt.ids) {
    needs_.journal->note({.trace = taken.trace,
                          .event = id,
                          .account = mapping().account,
                          .kind = kind,
                          .at = mapping().arn,
                          .reason = taken.reason});
  }
}

bool ShardReader::window_over() const {
  if (!window_) return false;
  if (window_->early) return true;
  const ShardLane& lane = lanes_.front();
  if (!lane.work.empty()) return false;
  const Duration tumbling = mapping().tumbling;
  if (!lane.open.empty()) {
    return window_start_ms(lane.open.front().arrived_ms, tumbling) > window_->start_ms;
  }
  const auto length_ms = std::chrono::duration_cast<std::chrono::milliseconds>(tumbling).count();
  return read_all_ || window_->start_ms + length_ms <= tip_ms_;
}

}  // namespace lapwing::mappings
