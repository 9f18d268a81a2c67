#include "services/logs/following/live_tails.hpp"

#include <algorithm>
#include <utility>

#include "services/logs/chunk.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/event_log.hpp"
#include "services/logs/limits.hpp"

namespace lapwing::logs {
bool LiveTails::enter(const Scope& scope) {
  const std::lock_guard lock(mutex_);
  std::size_t& open = open_[scope];
  if (open >= kTailSessionsMax) return false;
  ++open;
  return true;
}

void LiveTails::leave(const Scope& scope) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(scope);
  if (found != open_.end() && --found->second == 0) open_.erase(found);
}

Result<std::shared_ptr<TailSession>> TailSession::open(LiveTails& tails, store::Log& log,
                                                       Random& random, TailAsk ask) {
  if (!tails.enter(ask.scope)) return fail(limit_exceeded());
  std::shared_ptr<TailSession> out(new TailSession(tails, log, random, std::move(ask)));
  for (const Group& group : out->ask_.groups) {
    tails.follows().add(out->ask_.scope, group.name, group.uid, *out);
    LAPWING_CHECK(out->begin_at_the_end(group.uid));
  }
  return out;
}

TailSession::~TailSession() {
  for (const Group& group : ask_.groups) tails_.follows().remove(group.uid, *this);
  tails_.leave(ask_.scope);
}

bool TailSession::wants(std::string_view stream) const {
  if (!ask_.streams.empty()) return std::ranges::find(ask_.streams, stream) != ask_.streams.end();
  if (ask_.prefixes.empty()) return true;
  return std::ranges::any_of(ask_.prefixes,
                             [&](const std::string& each) { return stream.starts_with(each); });
}

Status TailSession::begin_at_the_end(const std::string& group_uid) {
  std::string after;
  while (true) {
    LAPWING_TRY(const store::ShardPage page, or_empty(log_.shards(group_uid, after)));
    for (const store::ShardInfo& info : page.shards) {
      after = info.shard;
      next_[{group_uid, info.shard}] = info.next_sequence;
    }
    if (!page.more) return {};
  }
}

void TailSession::wrote(const StreamTarget& target, std::string_view stream) {
  if (!wants(stream)) return;
  const std::lock_guard lock(mutex_);
  written_.try_emplace(target, stream);
}

Result<TailUpdate> TailSession::take() {
  std::map<StreamTarget, std::string> written;
  {
    const std::lock_guard lock(mutex_);
    written.swap(written_);
  }
  TailUpdate out;
  seen_ = 0;
  std::size_t bytes = kTailReadBytes;
  for (const auto& [target, stream] : written) LAPWING_CHECK(read(target, stream, bytes, out));
  std::multimap<std::int64_t, TailEvent> ordered;  // of one time as they were written
  for (TailEvent& each : out.events) ordered.emplace(each.time_ms, std::move(each));
  out.events.clear();
  for (auto& [time_ms, each] : ordered) out.events.push_back(std::move(each));
  return out;
}

Status TailSession::read(const StreamTarget& target, const std::string& stream, std::size_t& bytes,
                         TailUpdate& into) {
  const auto group = std::ranges::find(ask_.groups, target.group_uid, &Group::uid);
  store::LogSequence& next = next_.try_emplace(target, 1).first->second;
  while (bytes > 0) {
    store::LogRead read;
    read.stream = target.group_uid;
    read.shard = target.stream_uid;
    read.from = next;
    LAPWING_TRY(const store::LogPage page, or_empty(log_.read(read)));
    for (const store::LogRecord& record : page.records) {
      next = record.sequence + 1;
      bytes -= std::min(bytes, record.data.size());
      const auto header = read_chunk_header(record.data);
      const auto events = read_chunk(record.data);
      if (!header || !events) continue;  // told by those who ask for it
      for (const ChunkEvent& event : *events) {
        if (!ask_.pattern.matches(event.message)) continue;
        keep(into, {group->name, stream, event.time_ms, header->ingestion_ms,
                    std::string(event.message)});
      }
    }
    if (!page.more) return {};
  }
  // More than anybody could read: on from the end.
  LAPWING_TRY(const store::ShardInfo info,
              or_empty(log_.shard(target.group_uid, target.stream_uid)));
  if (info.next_sequence > next) {
    next = info.next_sequence;
    into.sampled = true;
  }
  return {};
}

// Of more than an update holds, each has the same chance to stay.
void TailSession::keep(TailUpdate& into, TailEvent event) {
  ++seen_;
  if (into.events.size() < kTailEventsMax) {
    into.events.push_back(std::move(event));
    return;
  }
  into.sampled = true;
  const std::uint64_t at = random_bits(random_) % seen_;
  if (at < kTailEventsMax) into.events[at] = std::move(event);
}

}  // namespace lapwing::logs
