#include "services/logs/following/forwarder.hpp"

#include <algorithm>
#include <utility>

#include "services/logs/event_log.hpp"
#include "services/logs/following/round.hpp"
#include "services/logs/following/tables.hpp"
#include "services/logs/limits.hpp"
#include "store/limits.hpp"

namespace lapwing::logs {
namespace {

constexpr std::string_view kModule = "logs";

}  // namespace

Status Forwarder::load() {
  const std::lock_guard work(working_);
  LAPWING_CHECK(LogDestinations::for_each(needs_.store, [&](LogDestination& each) -> Status {
    needs_.outgoing.set(each);
    return {};
  }));
  std::map<std::string, FollowedGroup> found;
  const auto note = [&](const auto& filter) {
    found.try_emplace(filter.group_uid,
                      FollowedGroup{filter.scope, filter.group, filter.group_uid});
    return Status();
  };
  LAPWING_CHECK(
      Subscriptions::for_each(needs_.store, [&](SubscriptionFilter& each) { return note(each); }));
  if (needs_.metrics != nullptr) {
    LAPWING_CHECK(
        MetricFilters::for_each(needs_.store, [&](MetricFilter& each) { return note(each); }));
  }
  for (const auto& [uid, group] : found) {
    const auto now = needs_.repository.group(group.scope, group.name);
    if (!now && now.error().kind() != ErrorKind::kNotFound) return fail(now.error());
    if (!now || now->uid != uid) continue;  // gone; its records are about to be
    GroupFilters filters{group, {}, {}};
    LAPWING_CHECK(needs_.store.read(
        [&](store::Reader& reader) -> Status { return read_filters(reader, filters); }));
    replace(std::move(filters));
    if (const auto at = groups_.find(uid); at != groups_.end()) {
      needs_.follows.add(group.scope, group.name, uid, *this);
      LAPWING_CHECK(take_up(at->second));
    }
  }
  return {};
}

void Forwarder::begin(UniqueFunction<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  wake_();
}

void Forwarder::end() {
  const std::lock_guard lock(mutex_);
  wake_ = {};
}

// What was written and not read when the server ended, and positions beyond the log's end (a stream
// whose first moments were lost has no shard any more).
Status Forwarder::take_up(const GroupFilters& group) {
  const std::string& uid = group.group.uid;
  std::map<std::string, store::LogSequence> ends;  // by stream's uid
  std::string after;
  while (true) {
    LAPWING_TRY(const store::ShardPage page, or_empty(needs_.log.shards(uid, after)));
    for (const store::ShardInfo& info : page.shards) ends[info.shard] = info.next_sequence;
    if (!page.more) break;
    after = page.shards.back().shard;
  }
  LAPWING_TRY(const auto positions, positions_.of_group(uid));
  after.clear();
  while (true) {
    LAPWING_TRY(Repository::StreamPage page,
                needs_.repository.streams(uid, "", after, store::kMaxScanLimit));
    for (Stream& each : page.streams) {
      const StreamTarget target{uid, each.uid};
      const auto end = ends.find(each.uid);
      const store::LogSequence last = end == ends.end() ? 1 : end->second;
      const auto position = positions.find(each.uid);
      const store::LogSequence next = position == positions.end() ? 1 : position->second;
      if (next > last) LAPWING_CHECK(positions_.set(target, last));
      if (next < last) written_[target] = std::move(each.name);
    }
    if (!page.next) return {};
    after = *page.next;
  }
}

void Forwarder::wrote(const StreamTarget& target, std::string_view stream) {
  const std::lock_guard lock(mutex_);
  if (held_.contains(target)) return;
  const bool first = written_.empty();
  written_.try_emplace(target, stream);
  if (first && wake_) wake_();
}

Result<std::optional<MonoTime>> Forwarder::next_due() {
  const std::lock_guard lock(mutex_);
  if (written_.empty()) return look_at_;
  return std::optional(needs_.clock.mono());
}

Status Forwarder::run_due() {
  // Those that are there now: what is written meanwhile is the next run's.
  std::size_t left = 0;
  StreamTarget last;
  {
    const std::lock_guard lock(mutex_);
    if (look_at_ && *look_at_ <= needs_.clock.mono()) {
      written_.merge(held_);
      held_.clear();
      look_at_.reset();
    }
    left = written_.size();
  }
  Status first;
  while (left-- > 0) {
    const std::lock_guard work(working_);
    Noted taken;
    {
      const std::lock_guard lock(mutex_);
      auto next = written_.upper_bound(last);
      if (next == written_.end()) next = written_.begin();
      if (next == written_.end()) break;
      taken = written_.extract(next);
    }
    last = taken.key();
    Status done = forward_noted(std::move(taken));
    if (!done && first) first = std::move(done);
  }
  // No failure of the run: then all would wait for its next one.
  if (!first && (!told_ || needs_.clock.mono() - *told_ >= kFailureSaidEvery)) {
    told_ = needs_.clock.mono();
    needs_.logger.warn(kModule, "a followed log stream not read yet",
                       {{"error", first.error().to_log()}});
  }
  return {};
}

Status Forwarder::catch_up(const std::string& group_uid) {
  const StreamTarget from{group_uid, ""};
  {
    const std::lock_guard lock(mutex_);
    auto next = held_.lower_bound(from);
    while (next != held_.end() && next->first.group_uid == group_uid) {
      written_.insert(held_.extract(next++));
    }
  }
  while (true) {
    Noted taken;
    {
      const std::lock_guard lock(mutex_);
      const auto next = written_.lower_bound(from);
      if (next == written_.end() || next->first.group_uid != group_uid) return {};
      taken = written_.extract(next);
    }
    LAPWING_CHECK(forward_noted(std::move(taken)));
  }
}

Status Forwarder::forward_noted(Noted noted) {
  const Result<Reached> reached = forward(noted.key(), noted.mapped());
  if (reached && *reached == Reached::kEnd) return {};
  const std::lock_guard lock(mutex_);
  held_.insert(std::move(noted));
  if (!look_at_) look_at_ = needs_.clock.mono() + kHeldLookEvery;
  if (!reached) return fail(reached.error());
  return {};
}

Result<Forwarder::Reached> Forwarder::forward(const StreamTarget& target,
                                              const std::string& stream) {
  const auto followed = groups_.find(target.group_uid);
  if (followed == groups_.end()) return Reached::kEnd;
  LAPWING_TRY(store::LogSequence next, positions_.find(target));
  while (true) {
    LAPWING_TRY(const bool room, has_room(followed->second));
    if (!room) return Reached::kNoRoom;
    store::LogRead read;
    read.stream = target.group_uid;
    read.shard = target.stream_uid;
    read.from = next;
    read.max_bytes = kForwardReadBytes;
    LAPWING_TRY(const store::LogPage page, or_empty(needs_.log.read(read)));
    if (page.records.empty()) return Reached::kEnd;
    Round round(needs_.clock, needs_.random, followed->second, target, stream);
    for (const store::LogRecord& record : page.records) {
      next = record.sequence + 1;
      if (const Status taken = round.take(record); !taken) {
        needs_.logger.error(kModule, "events that cannot be read were passed by subscriptions",
                            {{"group", followed->second.group.name},
                             {"stream", stream},
                             {"error", taken.error().to_log()}});
      }
    }
    round.finish();
    LAPWING_CHECK(commit(target, next, round));
    if (!page.more) return Reached::kEnd;
  }
}

Result<bool> Forwarder::has_room(const GroupFilters& group) const {
  if (group.subscriptions.empty()) return true;
  if (needs_.disk != nullptr && needs_.disk->spare_bytes() == 0) return false;
  for (const Subscribed& each : group.subscriptions) {
    LAPWING_TRY(const std::uint64_t waiting, needs_.outbox.waiting_for(each.filter.uid));
    if (waiting >= kDeliveriesWaitingMax) return false;
  }
  return true;
}

Status Forwarder::commit(const StreamTarget& target, store::LogSequence next, Round& round) {
  const auto done = needs_.space.store().transact([&](store::Txn& txn) -> Status {
    LAPWING_CHECK(Positions::set(txn, target, next));
    for (const delivery::Posting& each : round.postings()) {
      LAPWING_CHECK(needs_.outbox.accept(txn, each));
    }
    return {};
  });
  if (!done) return fail(done.error());
  if (needs_.metrics != nullptr && !round.values().empty()) needs_.metrics->put(round.values());
  forwarded_ += round.events();
  if (round.too_large() > 0) {
    too_large_ += round.too_large();
    needs_.logger.warn(kModule, "events too large for a subscription were left out",
                       {{"group", target.group_uid}, {"events", round.too_large()}});
  }
  return {};
}

Status Forwarder::change_subscriptions(const FollowedGroup& group,
                                       FunctionRef<Status(store::Txn&)> write) {
  return change(group, write);
}

Status Forwarder::change_metrics(const FollowedGroup& group,
                                 FunctionRef<Status(store::Txn&)> write) {
  if (needs_.metrics != nullptr) return change(group, write);
  const auto done = needs_.store.transact(write);
  if (!done) return fail(done.error());
  return {};
}

Status Forwarder::change(const FollowedGroup& group, FunctionRef<Status(store::Txn&)> write) {
  const std::lock_guard work(working_);
  if (groups_.contains(group.uid)) {
    LAPWING_CHECK(catch_up(group.uid));
  } else {
    // From here on it is told of what is written; what lies before is nobody's.
    needs_.follows.add(group.scope, group.name, group.uid, *this);
    if (Status begun = positions_.begin_at_the_end(needs_.log, group.uid); !begun) {
      needs_.follows.remove(group.uid, *this);
      return begun;
    }
  }
  GroupFilters now{group, {}, {}};
  const auto written = needs_.store.transact([&](store::Txn& txn) -> Status {
    LAPWING_CHECK(write(txn));
    return read_filters(txn, now);
  });
  if (written) replace(std::move(now));
  if (!groups_.contains(group.uid)) {
    needs_.follows.remove(group.uid, *this);
    if (const Status gone = positions_.forget(group.uid); !gone) {
      needs_.logger.warn(kModule, "positions of a group not forgotten yet",
                         {{"group", group.name}, {"error", gone.error().to_log()}});
    }
  }
  if (!written) return fail(written.error());
  return {};
}

Status Forwarder::read_filters(store::Reader& reader, GroupFilters& into) const {
  const resources::ListOptions options{.prefix = into.group.uid + "/",
                                       .limit = kMetricFiltersMax + kSubscriptionsMax};
  into.subscriptions.clear();
  into.metrics.clear();
  LAPWING_TRY(const auto subscriptions, Subscriptions::list(reader, options));
  for (const SubscriptionFilter& each : subscriptions.records) {
    LAPWING_TRY(FilterPattern pattern, FilterPattern::parse(each.pattern));
    into.subscriptions.push_back({each, std::move(pattern)});
  }
  if (needs_.metrics == nullptr) return {};
  LAPWING_TRY(const auto metrics, MetricFilters::list(reader, options));
  for (const MetricFilter& each : metrics.records) {
    LAPWING_TRY(MetricRule rule, MetricRule::make(each));
    into.metrics.push_back(std::move(rule));
  }
  return {};
}

void Forwarder::replace(GroupFilters now) {
  const auto before = groups_.find(now.group.uid);
  if (before != groups_.end()) {
    for (const Subscribed& each : before->second.subscriptions) {
      const bool stays = std::ranges::any_of(now.subscriptions, [&](const Subscribed& other) {
        return other.filter.uid == each.filter.uid;
      });
      if (stays) continue;
      needs_.outgoing.forget(each.filter.uid);
      needs_.outbox.forget(each.filter.uid);
    }
    groups_.erase(before);
  }
  for (const Subscribed& each : now.subscriptions) needs_.outgoing.set(each.filter);
  if (!now.wanted()) return;
  const std::string uid = now.group.uid;
  groups_.emplace(uid, std::move(now));
}

void Forwarder::forget(const std::string& group_uid) {
  const std::lock_guard work(working_);
  needs_.follows.remove(group_uid, *this);
  {
    const std::lock_guard lock(mutex_);
    const auto of_it = [&](const auto& each) { return each.first.group_uid == group_uid; };
    std::erase_if(written_, of_it);
    std::erase_if(held_, of_it);
  }
  const auto found = groups_.find(group_uid);
  if (found == groups_.end()) return;
  for (const Subscribed& each : found->second.subscriptions) {
    needs_.outgoing.forget(each.filter.uid);
    needs_.outbox.forget(each.filter.uid);
  }
  groups_.erase(found);
}

}  // namespace lapwing::logs
