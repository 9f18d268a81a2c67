#include "mappings/shard_reader.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "mappings/limits.hpp"
#include "mappings/stream_event.hpp"

namespace lapwing::mappings {
namespace {

std::int64_t in_ms(Duration length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
}

std::vector<ShardLane> make_lanes(const StreamMapping& mapping) {
  std::vector<ShardLane> out;
  for (std::uint32_t i = 0; i < std::max<std::uint32_t>(mapping.parallel, 1); ++i) {
    out.emplace_back(mapping.rules);
  }
  return out;
}

}  // namespace

ShardReader::ShardReader(std::shared_ptr<StreamTeam> team, Checkpoint from, std::string state)
    : team_(std::move(team)),
      needs_(team_->needs),
      loop_(team_->loop),
      shard_(std::move(from.shard)),
      records_(std::move(from.sequence)),
      lanes_(make_lanes(*team_->mapping)),
      committed_(loop_) {
  if (from.window && mapping().tumbling > Duration::zero()) {
    window_ = Window{from.window->start_ms, from.window->early, std::move(state)};
  }
}

ShardReader::~ShardReader() { team_->shared->leave_bytes(records_.bytes()); }

void ShardReader::listen() {
  {
    const std::scoped_lock lock(team_->watches);
    if (!team_->watches_over) {
      watch_ = mapping().source->watch(mapping().stream_arn, shard_, *this);
    }
  }
  wake();
}

void ShardReader::end() { watch_.reset(); }

void ShardReader::on_signal() noexcept {
  told_ = true;
  wake();
}

void ShardReader::wake() {
  if (signalled_.exchange(true)) return;
  loop_.post([reader = weak_from_this(), team = team_,
              hold = std::make_shared<background::Hold>(needs_.background.hold())]() mutable {
    const std::shared_ptr<ShardReader> self = reader.lock();
    if (self == nullptr) return team->pass_on();
    self->signalled_ = false;
    if (self->told_.exchange(false)) {
      self->unread_ = true;
      self->refused_until_ = {};
    }
    self->hold_ = std::move(*hold);
    self->begin_work();
  });
}

void ShardReader::changed(const StreamMapping& before) {
  for (ShardLane& each : lanes_) each.work.set_rules(mapping().rules);
  anew_ = anew_ || before.parallel != mapping().parallel || before.tumbling != mapping().tumbling;
  wake();
}

void ShardReader::begin_work() {
  look_again_ = true;
  if (working_) return;
  working_ = true;
  loop_.spawn(work(shared_from_this()));
}

net::Task<void> ShardReader::work([[maybe_unused]] std::shared_ptr<ShardReader> self) {
  while (look_again_ && !over_ && !left_ && !team_->over()) {
    look_again_ = false;
    co_await look();
  }
  working_ = false;
  team_->put_metrics();
  team_->pass_on();
  rest();
}

// Nothing to do before the next signal.
void ShardReader::rest() {
  if (!at_rest()) return;
  hold_.reset();
  if (team_->stopping || left_) team_->tell_poller();
}

net::Task<void> ShardReader::look() {
  if (anew_) {
    if (running_ > 0) co_return;
    reset();
  }
  close_open(needs_.clock.mono());
  const std::optional<Readiness> ready = team_->consumer->ready();
  begin_runs(ready);
  if (read_all_ && records_.held() == 0 && !window_ && running_ == 0) co_return co_await finish();
  if (window_ && !window_over()) {
    const std::int64_t end_ms = window_->start_ms + in_ms(mapping().tumbling);
    const std::int64_t now_ms = unix_ms(needs_.clock.wall());
    if (end_ms > now_ms) {
      set_alarm(needs_.clock.mono() + std::chrono::milliseconds(end_ms - now_ms));
    } else if (tip_ms_ < end_ms) {
      unread_ = true;
    }
  }
  if (may_read(ready)) co_await read(*ready);
}

// What is held is read again, as its mapping now says.
void ShardReader::reset() {
  anew_ = false;
  team_->shared->leave_bytes(records_.clear());
  lanes_ = make_lanes(mapping());
  if (window_ && mapping().tumbling == Duration::zero()) {
    window_.reset();
    dirty_ = true;
  }
  unread_ = true;
  read_all_ = false;
}

void ShardReader::close_open(MonoTime now) {
  for (ShardLane& lane : lanes_) {
    if (lane.open.empty()) continue;
    // Without a window of its own a batch grows for as long as the one before it runs.
    const bool waits = mapping().window > Duration::zero();
    const bool idle = !lane.running && lane.work.empty();
    if (read_all_ || (waits ? now >= lane.open_until : idle)) lane.close();
    if (!lane.open.empty() && waits) set_alarm(lane.open_until);
  }
  if (mapping().tumbling == Duration::zero()) return;
  ShardLane& lane = lanes_.front();
  if (lane.open.empty()) return;
  const std::int64_t end_ms =
      window_start_ms(lane.open.front().arrived_ms, mapping().tumbling) + in_ms(mapping().tumbling);
  const std::int64_t now_ms = unix_ms(needs_.clock.wall());
  if (end_ms <= now_ms) return lane.close();
  set_alarm(now + std::chrono::milliseconds(end_ms - now_ms));
}

void ShardReader::begin_runs(const std::optional<Readiness>& ready) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (!begin_run(i, ready)) return;
  }
}

bool ShardReader::has_work(const ShardLane& lane) const {
  return !lane.work.empty() || window_over();
}

void ShardReader::wait_for_bytes() {
  team_->shared->bytes_line.wait(weak_from_this());
  if (team_->shared->has_bytes()) wake();  // they came meanwhile
}

// Whether others may be begun, too.
bool ShardReader::begin_run(std::size_t index, const std::optional<Readiness>& ready) {
  ShardLane& lane = lanes_[index];
  if (lane.running || !has_work(lane)) return true;
  const MonoTime now = needs_.clock.mono();
  if (now < lane.again_at) {
    set_alarm(lane.again_at);
    return true;
  }
  if (!ready || ready->room == 0) {
    set_alarm(now + kNotReadyAgain);
    return false;
  }
  if (loop_.now() < team_->paused_until) {
    sleep_pause();
    return false;
  }
  if (team_->at_work >= std::min(ready->room, kBatchesMost)) {
    team_->line.wait(weak_from_this());
    return false;
  }
  if (!team_->shared->has_batches()) {
    team_->shared->batch_line.wait(weak_from_this());
    if (team_->shared->has_batches()) wake();  // it came meanwhile
    return false;
  }
  lane.running = true;
  ++running_;
  ++team_->at_work;
  ++team_->shared->at_work;
  loop_.spawn(run(shared_from_this(), index));
  return true;
}

void ShardReader::sleep_pause() {
  if (std::exchange(sleeping_, true)) return;
  loop_.spawn([](std::shared_ptr<ShardReader> self) -> net::Task<void> {
    co_await self->loop_.sleep_until(self->team_->paused_until);
    self->sleeping_ = false;
    self->wake();
  }(shared_from_this()));
}

void ShardReader::set_alarm(MonoTime when) {
  if (alarm_at_ > needs_.clock.mono() && alarm_at_ <= when) return;
  alarm_at_ = when;
  team_->shared->alarms.set(when, weak_from_this());
}

// Nothing that was read can be lost, but it takes memory: so only what has room to be run.
bool ShardReader::may_read(const std::optional<Readiness>& ready) {
  if (!unread_ || read_all_) return false;
  const MonoTime now = needs_.clock.mono();
  if (now < refused_until_) {
    set_alarm(refused_until_);
    return false;
  }
  if (!ready || ready->room == 0) {
    set_alarm(now + kNotReadyAgain);
    return false;
  }
  if (records_.held() >= mapping().batch_size * lanes_.size()) return false;
  if (lanes_.size() == 1 && !lanes_.front().work.empty()) return false;
  if (ask().bytes_max > 0) return true;
  wait_for_bytes();
  return false;
}

// Of a shard of which nothing is done, where its mapping begins.
ports::StreamPosition ShardReader::behind(const std::string& sequence) const {
  using From = ports::StreamPosition::From;
  if (!sequence.empty()) return {.from = From::kAfter, .sequence = sequence};
  if (mapping().from_ms) return {.from = From::kTime, .time_ms = *mapping().from_ms};
  return {};
}

ports::StreamAsk ShardReader::ask() const {
  ports::StreamAsk out;
  out.shard = shard_;
  out.position = behind(records_.last_read());
  const std::size_t most = mapping().batch_size * lanes_.size();
  out.records_max = std::min(most - std::min(most, records_.held()), kReadRecords);
  const std::size_t others = team_->shared->bytes.load(std::memory_order_relaxed);
  // Half of what is left, so that many that are held up leave some to the next (has_bytes()).
  std::size_t bytes = others < kBytesAtWork ? (kBytesAtWork - others) / 2 : 0;
  if (bytes < kReadBytesLeast) bytes = records_.bytes() == 0 ? kReadBytesLeast : 0;
  out.bytes_max = std::min(bytes, kTakeBytes);
  out.filterable = mapping().filter != nullptr;
  return out;
}

net::Task<void> ShardReader::read(const Readiness& ready) {
  const std::shared_ptr<const StreamMapping> as = team_->mapping;
  const std::int64_t asked_ms = unix_ms(needs_.clock.wall());
  unread_ = false;
  Result<ports::ShardBatch> got =
      co_await as->source->read(loop_, {as->stream_arn, ready.role_arn}, ask());
  look_again_ = true;
  if (team_->over() || anew_) {
    unread_ = true;
    co_return;
  }
  if (!got) co_return refused(got.error());
  refused_again_ = {};
  if (got->trimmed && !records_.last_read().empty()) {
    needs_.logger.warn("mappings", "records were trimmed before they were done",
                       {{"mapping", as->arn}, {"shard", shard_}});
  }
  read_all_ = got->ended;
  unread_ = unread_ || got->more;
  if (!got->more) tip_ms_ = asked_ms;
  take_in(*std::move(got), *as);
  // Otherwise the end of a batch says how far it is.
  if (dirty_ && running_ == 0) (void)co_await commit();
}

void ShardReader::refused(const Error& error) {
  unread_ = true;
  if (refused_again_ == Duration::zero()) {
    needs_.logger.warn("mappings", "a shard cannot be read",
                       {{"mapping", mapping().arn}, {"shard", shard_}, {"error", error.to_log()}});
  }
  if (error.kind() == ErrorKind::kNotFound) {
    team_->missing.insert(shard_);
    team_->tell_poller();
  }
  team_->last = LastResult::kUnreadable;
  refused_again_ = std::clamp<Duration>(2 * refused_again_, kRefusedAgain, kRefusedAgainMost);
  refused_until_ = needs_.clock.mono() + refused_again_;
  set_alarm(refused_until_);
}

void ShardReader::take_in(ports::ShardBatch got, const StreamMapping& as) {
  const MonoTime now = needs_.clock.mono();
  const bool tumbles = as.tumbling > Duration::zero();
  std::vector<std::uint64_t> unwanted;
  team_->meter.add(Counted::kPolled, got.records.size());
  for (ports::ShardRecord& record : got.records) {
    const std::size_t bytes = record.record.size();
    const std::uint64_t place = records_.add(record.sequence, bytes);
    team_->shared->bytes += bytes;
    if (as.filter != nullptr && !as.filter->passes(record.filterable, match_)) {
      unwanted.push_back(place);
      continue;
    }
    ShardLane& lane = lanes_[std::hash<std::string>()(record.key) % lanes_.size()];
    StreamRecord in{std::move(record.sequence), record.arrived_ms, std::move(record.record), place};
    const bool of_next = tumbles && !lane.open.empty() &&
                         window_start_ms(lane.open.front().arrived_ms, as.tumbling) !=
                             window_start_ms(in.arrived_ms, as.tumbling);
    if (of_next || !lane.fits(in, as.batch_size)) lane.close();
    if (lane.open.empty()) lane.open_until = now + as.window;
    lane.add(std::move(in));
    if (lane.open.size() >= as.batch_size) lane.close();
  }
  team_->meter.add(Counted::kFilteredOut, unwanted.size());
  passed(unwanted);
}

// What of the shard's records is dealt with.
void ShardReader::passed(const std::vector<std::uint64_t>& places) {
  if (places.empty()) return;
  std::size_t bytes = 0;
  for (const std::uint64_t place : places) bytes += records_.done(place);
  team_->shared->leave_bytes(bytes);
  dirty_ = true;
}

net::Task<void> ShardReader::finish() {
  over_ = true;
  dirty_ = true;
  if (!co_await commit()) co_return;
  team_->ended.push_back(shard_);
  team_->tell_poller();
}

}  // namespace lapwing::mappings
