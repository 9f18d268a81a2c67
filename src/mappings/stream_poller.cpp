#include "mappings/stream_poller.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "mappings/limits.hpp"
#include "store/await.hpp"

namespace lapwing::mappings {

StreamPoller::StreamPoller(std::shared_ptr<PollerShared> shared, net::Loop& loop,
                           const std::string& id, StreamMapping mapping,
                           std::shared_ptr<Consumer> consumer)
    : team_(std::make_shared<StreamTeam>(std::move(shared), loop, id)),
      needs_(team_->needs),
      loop_(loop) {
  team_->meter.measure(mapping.measured);
  team_->mapping = std::make_shared<const StreamMapping>(std::move(mapping));
  team_->consumer = std::move(consumer);
}

void StreamPoller::listen() {
  team_->poller = weak_from_this();
  wake();
}

void StreamPoller::end() {
  const std::scoped_lock lock(team_->watches);
  team_->watches_over = true;
  for (const auto& [shard, reader] : readers_) reader->end();
}

void StreamPoller::wake() {
  if (signalled_.exchange(true)) return;
  loop_.post([poller = weak_from_this(),
              hold = std::make_shared<background::Hold>(needs_.background.hold())]() mutable {
    const std::shared_ptr<StreamPoller> self = poller.lock();
    if (self == nullptr) return;
    self->signalled_ = false;
    self->hold_ = std::move(*hold);
    if (self->consumer_told_.exchange(false)) {
      for (const auto& [shard, reader] : self->readers_) reader->wake();
    }
    self->begin_work();
  });
}

void StreamPoller::consumer_changed() {
  consumer_told_ = true;
  wake();
}

void StreamPoller::change(StreamMapping mapping, std::shared_ptr<Consumer> consumer) {
  loop_.post([self = shared_from_this(), changed = std::move(mapping),
              taker = std::move(consumer)]() mutable {
    StreamTeam& team = *self->team_;
    const std::shared_ptr<const StreamMapping> before = team.mapping;
    team.meter.measure(changed.measured);
    team.mapping = std::make_shared<const StreamMapping>(std::move(changed));
    team.consumer = std::move(taker);
    for (const auto& [shard, reader] : self->readers_) reader->changed(*before);
  });
  wake();
}

void StreamPoller::stop(UniqueFunction<void()> done) {
  loop_.post([self = shared_from_this(), callback = std::move(done)]() mutable {
    self->self_ = self;
    self->team_->stopping = true;
    self->stopped_.push_back(std::move(callback));
    self->begin_work();
  });
}

PollerFacts StreamPoller::facts() const { return {team_->at_work, last_result(), 0}; }

std::string StreamPoller::last_result() const { return std::string(to_string(team_->last.load())); }

void StreamPoller::begin_work() {
  look_again_ = true;
  if (working_) return;
  working_ = true;
  loop_.spawn(work(shared_from_this()));
}

net::Task<void> StreamPoller::work([[maybe_unused]] std::shared_ptr<StreamPoller> self) {
  while (look_again_ && !team_->over()) {
    look_again_ = false;
    co_await look();
  }
  working_ = false;
  rest();
}

void StreamPoller::rest() {
  hold_.reset();
  if (!team_->stopping) return;
  for (const auto& [shard, reader] : readers_) {
    if (!reader->at_rest()) return;
  }
  for (UniqueFunction<void()>& done : std::exchange(stopped_, {})) done();
  self_.reset();
}

net::Task<void> StreamPoller::look() {
  if (needs_.clock.mono() < refused_until_) {
    team_->shared->alarms.set(refused_until_, weak_from_this());
    co_return;
  }
  if (!owned_) co_await own();
  if (!owned_) co_return;
  for (const std::string& shard : std::exchange(team_->ended, {})) {
    checkpoints_.by_shard[shard].ended = true;
    const std::scoped_lock lock(team_->watches);
    readers_.erase(shard);
    unlisted_ = true;
  }
  unlisted_ = unlisted_ || !team_->missing.empty();
  unlisted_ = end_left() || unlisted_;
  if (unlisted_) co_await list();
}

void StreamPoller::refused(std::string_view what, const Error& error) {
  if (refused_again_ == Duration::zero()) {
    needs_.logger.warn("mappings", what, {{"mapping", mapping().arn}, {"error", error.to_log()}});
  }
  refused_again_ = std::clamp<Duration>(2 * refused_again_, kRefusedAgain, kRefusedAgainMost);
  refused_until_ = needs_.clock.mono() + refused_again_;
  team_->shared->alarms.set(refused_until_, weak_from_this());
}

net::Task<void> StreamPoller::own() {
  Result<OwnedCheckpoints> got = co_await Checkpoints::own(loop_, *needs_.checkpoints, team_->id);
  if (!got) co_return refused("checkpoints cannot be read", got.error());
  refused_again_ = {};
  owned_ = true;
  checkpoints_ = *std::move(got);
  team_->owner = checkpoints_.owner;
}

net::Task<void> StreamPoller::list() {
  const std::optional<Readiness> ready = team_->consumer->ready();
  if (!ready) {
    team_->shared->alarms.set(needs_.clock.mono() + kNotReadyAgain, weak_from_this());
    co_return;
  }
  const std::shared_ptr<const StreamMapping> as = team_->mapping;
  unlisted_ = false;
  auto got = co_await as->source->list(loop_, {as->stream_arn, ready->role_arn});
  if (team_->over()) co_return;
  if (!got) {
    unlisted_ = true;
    team_->last = LastResult::kUnreadable;
    co_return refused("a stream's shards cannot be listed", got.error());
  }
  refused_again_ = {};
  std::set<std::string> there;
  for (const ports::StreamShard& each : *got) there.insert(each.id);
  leave_missing(there);
  begin_shards(*got);
  co_await forget(there);
}

void StreamPoller::leave_missing(const std::set<std::string>& there) {
  for (const std::string& each : std::exchange(team_->missing, {})) {
    const auto found = readers_.find(each);
    if (found != readers_.end() && !there.contains(each)) found->second->leave();
  }
  (void)end_left();
}

// Whether there were some.
bool StreamPoller::end_left() {
  const std::scoped_lock lock(team_->watches);
  return std::erase_if(readers_, [](const auto& each) {
           return each.second->is_left() && each.second->at_rest();
         }) > 0;
}

bool StreamPoller::is_over(const std::string& shard) const {
  const auto found = checkpoints_.by_shard.find(shard);
  return found != checkpoints_.by_shard.end() && found->second.ended;
}

void StreamPoller::begin_shards(const std::vector<ports::StreamShard>& shards) {
  std::set<std::string> at_work;  // or still to come
  for (const ports::StreamShard& each : shards) {
    if (!is_over(each.id)) at_work.insert(each.id);
  }
  for (const ports::StreamShard& each : shards) {
    if (!at_work.contains(each.id) || readers_.contains(each.id)) continue;
    const bool waits = std::ranges::any_of(
        each.parents, [&](const std::string& parent) { return at_work.contains(parent); });
    if (waits) continue;
    Checkpoint from = checkpoints_.by_shard[each.id];
    from.mapping = team_->id;
    from.shard = each.id;
    const auto state = checkpoints_.states.find(each.id);
    auto reader = std::make_shared<ShardReader>(
        team_, std::move(from), state != checkpoints_.states.end() ? state->second : "");
    {
      const std::scoped_lock lock(team_->watches);
      readers_.emplace(each.id, reader);
    }
    reader->listen();
  }
}

// What is kept of shards that are not there any more: nobody asks for them again.
net::Task<void> StreamPoller::forget(const std::set<std::string>& there) {
  std::vector<std::string> gone;
  for (const auto& [shard, checkpoint] : checkpoints_.by_shard) {
    if (!there.contains(shard) && !readers_.contains(shard)) gone.push_back(shard);
  }
  if (gone.empty()) co_return;
  const auto done = co_await store::transact_on(
      loop_, *needs_.checkpoints,
      [owner = team_->owner, id = team_->id, gone](store::Txn& txn) -> Status {
        for (const std::string& each : gone) {
          LAPWING_CHECK(Checkpoints::erase(txn, owner, id, each));
        }
        return {};
      });
  if (!done) co_return;  // they go at another time
  for (const std::string& each : gone) {
    checkpoints_.by_shard.erase(each);
    checkpoints_.states.erase(each);
  }
}

}  // namespace lapwing::mappings
