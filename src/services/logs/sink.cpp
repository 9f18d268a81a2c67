#include "services/logs/sink.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "services/logs/following/chain.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::logs {
namespace {

constexpr std::string_view kModule = "logs";
constexpr std::size_t kTurnBytes = 8 * kChunkBytesMax;
// Beyond this much the writer does not wait for kFlushAfter to pass.
constexpr std::size_t kWriteAtOnceBytes = 1 * kMiB;
constexpr auto kRetryAfter = std::chrono::milliseconds(200);
constexpr std::size_t kResolveMax = 256;        // streams made in one transaction
constexpr std::size_t kCommitStreamsMax = 256;  // streams written in one

// Outcomes that another try may change.
bool may_pass(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kInvalid:
    case ErrorKind::kTooLarge:
    case ErrorKind::kUnsupported:
      return false;
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kThrottled:
    case ErrorKind::kDenied:
    case ErrorKind::kUnavailable:
    case ErrorKind::kTimeout:
    case ErrorKind::kUnknown:
    case ErrorKind::kCancelled:
    case ErrorKind::kInternal:
      return true;
  }
  return true;
}

}  // namespace

SinkWriter::SinkWriter(Repository& repository, EventLog& events, LogBudget& budget,
                       DeletionGate& deletion, FollowList& follows, const Clock& clock, Logger& log)
    : repository_(&repository),
      events_(&events),
      budget_(&budget),
      deletion_(&deletion),
      follows_(&follows),
      clock_(&clock),
      log_(&log) {}

SinkWriter::~SinkWriter() { stop(); }

void SinkWriter::start() {
  thread_ = std::thread([this] { run(); });
}

void SinkWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// Holds the buffer weakly, so that an idle one can be dropped; the next event finds another.
class SinkWriter::Held final : public ports::LogStream {
 public:
  Held(SinkWriter& sink, StreamName name, bool json)
      : sink_(&sink), name_(std::move(name)), json_(json) {}

  void append(std::vector<ports::LogEvent> events) override {
    if (events.empty()) return;
    BufferPtr target = buffer_.lock();
    const std::string_view chain = chain_to_note();
    Filled filled = target == nullptr ? Filled::kGone : sink_->fill(*target, events, chain);
    while (filled == Filled::kGone) {
      target = sink_->buffer(name_, json_);
      buffer_ = target;
      filled = sink_->fill(*target, events, chain);
    }
    losing_ = filled == Filled::kLost;
    sink_->queue(target);
  }
  void caused_by(std::string_view trace) override { chain_.assign(chain_of(trace)); }
  bool losing() const override { return losing_; }

 private:
  // Noted only where it can go on from here, as chunks are cut by it.
  std::string_view chain_to_note() const {
    if (chain_.empty() || !sink_->follows_->follows(name_.scope, name_.group)) return {};
    return chain_;
  }

  SinkWriter* sink_;
  StreamName name_;
  bool json_;
  std::string chain_;
  std::weak_ptr<Buffer> buffer_;
  std::atomic<bool> losing_ = false;
};

std::unique_ptr<ports::LogStream> SinkWriter::open(ports::LogStreamRef stream) {
  const bool json = stream.json;
  return std::make_unique<Held>(
      *this,
      StreamName{
          {stream.account, stream.region}, std::move(stream.group), std::move(stream.stream)},
      json);
}

SinkWriter::BufferPtr SinkWriter::buffer(const StreamName& name, bool json) {
  const std::lock_guard lock(mutex_);
  BufferPtr& found = buffers_[name];
  if (!found) {
    found = std::make_shared<Buffer>(name, json, budget_->group(name.scope, name.group));
    found->used = clock_->mono();
  }
  return found;
}

SinkWriter::Filled SinkWriter::fill(Buffer& buffer, std::vector<ports::LogEvent>& events,
                                    std::string_view chain) {
  const std::int64_t now_ms = unix_ms(clock_->wall());
  std::uint64_t asked = 0;
  for (const ports::LogEvent& event : events) asked += event.message.size() + 1;
  std::size_t grown = 0;
  const std::lock_guard lock(buffer.filling);
  if (buffer.dropped) return Filled::kGone;
  if (const std::optional<Loss> why = buffer.budget->take(asked, clock_->mono())) {
    lose(buffer, *why, asked);
    return Filled::kLost;
  }
  buffer.closed_said = false;
  for (ports::LogEvent& event : events) {
    if (event.message.size() < ports::kLogEventBytesMax) event.message += '\n';
    const std::int64_t time_ms = unix_ms(event.time);
    if (!buffer.open.accepts(time_ms, event.message.size(), chain)) {
      auto full = buffer.open.finish();
      buffer.sealed.push_back({full.newest_ms, std::move(full.data)});
    }
    const std::size_t before = buffer.open.bytes();
    buffer.open.add(time_ms, event.message, now_ms, chain);
    grown += buffer.open.bytes() - before;
  }
  backlog_ += grown;  // before the writer can take it away again
  return Filled::kTaken;
}

void SinkWriter::lose(Buffer& buffer, Loss why, std::uint64_t bytes) {
  budget_->note_lost(why, bytes);
  buffer.lost.bytes += bytes;
  buffer.lost.why = why;
}

// While nothing is let in, the stream says so once, so that its saying so does not fill the disk;
// what was lost in all it says afterwards, or to a reader.
bool SinkWriter::still_to_say(const Buffer& buffer) {
  return buffer.lost.bytes > 0 && !(buffer.closed_said && buffer.budget->closed());
}

bool SinkWriter::should_say(const Buffer& buffer, bool reading) const {
  if (!still_to_say(buffer) || !buffer.sealed.empty()) return false;
  return reading || !buffer.loss_said || clock_->mono() - *buffer.loss_said >= kLossSaidEvery;
}

// The record is the Telemetry API's, without how many lines there were: nobody counts them.
std::string SinkWriter::loss_line(const Buffer& buffer, const Lost& lost) const {
  const std::string why = describe(lost.why, budget_->limits());
  if (buffer.json) {
    std::string reason;
    text::append_json_string(reason, why);
    return fmt::format(
        "{{\"time\":\"{}\",\"type\":\"platform.logsDropped\","
        "\"record\":{{\"reason\":{},\"droppedBytes\":{}}}}}\n",
        text::format_iso8601(clock_->wall(), true), reason, lost.bytes);
  }
  return fmt::format("[lapwing] {} bytes of output were dropped{}: {}\n", lost.bytes,
                     buffer.closed_said ? ", and what follows is" : "", why);
}

void SinkWriter::say_loss(Turn& turn) {
  Buffer& buffer = *turn.buffer;
  turn.said = std::exchange(buffer.lost, {});
  buffer.loss_said = clock_->mono();
  buffer.closed_said = buffer.budget->closed().has_value();
  const std::int64_t now_ms = unix_ms(clock_->wall());
  ChunkBuilder chunk;
  chunk.add(now_ms, loss_line(buffer, turn.said), now_ms);
  auto finished = chunk.finish();
  backlog_ += finished.data.size();
  turn.bytes += finished.data.size();
  turn.chunks.push_back({finished.newest_ms, std::move(finished.data)});
}

void SinkWriter::queue(const BufferPtr& buffer) {
  bool wake = false;
  if (!buffer->queued.exchange(true)) {
    buffer->used = clock_->mono();
    const std::lock_guard lock(mutex_);
    queue_.push_back(buffer);
    wake = queue_.size() == 1;
  }
  if (wake || backlog_ >= kWriteAtOnceBytes) wake_.notify_one();
}

void SinkWriter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    // Let more gather: a chunk for every line would be wasteful.
    if (!stopping_ && backlog_ < kWriteAtOnceBytes) {
      const auto enough = [this] { return stopping_ || backlog_ >= kWriteAtOnceBytes; };
      if (!wake_.wait_for(lock, kFlushAfter, enough) && queue_.size() >= kManyStreams) {
        wake_.wait_for(lock, kFlushManyAfter - kFlushAfter, enough);
      }
    }
    const bool last = stopping_;
    lock.unlock();
    const bool written = take_turns(last);
    drop_idle();
    lock.lock();
    if (last && (queue_.empty() || !written)) break;
    if (!written) wake_.wait_for(lock, kRetryAfter, [this] { return stopping_; });
  }
  if (backlog_ > 0)
    log_->error(kModule, "function output could not be written before the end",
                {{"bytes", backlog_.load()}});
}

bool SinkWriter::take_turns(bool last) {
  budget_->refresh(clock_->mono());
  std::vector<BufferPtr> round;
  {
    const std::lock_guard lock(mutex_);
    round.assign(queue_.begin(), queue_.end());
    queue_.clear();
    for (const BufferPtr& one : round) one->queued = false;
  }
  const Status resolved = resolve(round);
  if (!resolved && should_warn(unmade_warned_))
    log_->warn(kModule, "log streams not made yet", {{"error", resolved.error().to_log()}});
  bool all = true;
  for (std::size_t at = 0; at < round.size();) {
    const DeletionGate::Passed passed = deletion_->pass();
    std::vector<Turn> turns;
    std::size_t bytes = 0;
    while (at < round.size() && turns.size() < kCommitStreamsMax &&
           bytes + kTurnBytes + kChunkBytesMax <= kCommitBytesMax) {
      turns.push_back(begin_turn(*round[at++], kTurnBytes));
      bytes += turns.back().bytes;
    }
    all = write_together(turns) && all;
  }
  for (const BufferPtr& one : round) queue_what_is_left(one, last);
  return all;
}

// At the end what was lost and not said is only counted: a full disk would be asked forever.
void SinkWriter::queue_what_is_left(const BufferPtr& buffer, bool last) {
  {
    const std::lock_guard filling(buffer->filling);
    const bool nothing = buffer->open.empty() && buffer->sealed.empty();
    if (nothing && (last || !still_to_say(*buffer))) return;
  }
  if (buffer->queued.exchange(true)) return;
  const std::lock_guard lock(mutex_);
  queue_.push_back(buffer);
}

Status SinkWriter::resolve(const std::vector<BufferPtr>& buffers) {
  const DeletionGate::Passed passed = deletion_->pass();
  std::vector<BufferPtr> unknown;
  for (const BufferPtr& one : buffers) {
    const std::lock_guard lock(one->writing);
    if (!one->target) unknown.push_back(one);
  }
  for (std::size_t at = 0; at < unknown.size(); at += kResolveMax) {
    const std::size_t end = std::min(unknown.size(), at + kResolveMax);
    std::vector<StreamName> names;
    for (std::size_t i = at; i < end; ++i) names.push_back(unknown[i]->name);
    LAPWING_TRY(const std::vector<StreamTarget> targets,
                repository_->ensure_streams(names, unix_ms(clock_->wall())));
    for (std::size_t i = at; i < end; ++i) {
      const std::lock_guard lock(unknown[i]->writing);
      unknown[i]->target = targets[i - at];
    }
  }
  return {};
}

Status SinkWriter::write(Buffer& buffer) {
  budget_->refresh(clock_->mono());
  const DeletionGate::Passed passed = deletion_->pass();
  Turn turn = begin_turn(buffer, kBacklogBytesMax, true);
  return write_turn(turn);
}

SinkWriter::Turn SinkWriter::begin_turn(Buffer& buffer, std::size_t bytes, bool reading) {
  Turn turn;
  turn.buffer = &buffer;
  turn.writing = std::unique_lock(buffer.writing);
  const std::lock_guard lock(buffer.filling);
  if (!buffer.open.empty()) {
    auto finished = buffer.open.finish();
    buffer.sealed.push_back({finished.newest_ms, std::move(finished.data)});
  }
  while (!buffer.sealed.empty() && (turn.chunks.empty() || turn.bytes < bytes)) {
    turn.bytes += buffer.sealed.front().data.size();
    turn.chunks.push_back(std::move(buffer.sealed.front()));
    buffer.sealed.pop_front();
  }
  // What was taken over before the disk was full would take from its reserve.
  if (budget_->closed() == Loss::kDisk && turn.bytes > 0) {
    lose(buffer, Loss::kDisk, turn.bytes);
    backlog_ -= std::exchange(turn.bytes, 0);
    turn.chunks.clear();
  }
  if (should_say(buffer, reading)) say_loss(turn);
  return turn;
}

Status SinkWriter::locate(Buffer& buffer) {
  if (buffer.target) return {};
  LAPWING_TRY(const std::vector<StreamTarget> targets,
              repository_->ensure_streams({buffer.name}, unix_ms(clock_->wall())));
  buffer.target = targets.front();
  return {};
}

Status SinkWriter::write_turn(Turn& turn) {
  if (turn.chunks.empty()) return {};
  Status written = locate(*turn.buffer);
  if (written) written = events_->append(*turn.buffer->target, turn.chunks);
  return end_turn(turn, std::move(written));
}

bool SinkWriter::write_together(std::vector<Turn>& turns) {
  std::vector<EventLog::StreamChunks> parts;
  for (const Turn& turn : turns) {
    if (!turn.chunks.empty() && locate(*turn.buffer))
      parts.push_back({&*turn.buffer->target, turn.chunks});
  }
  const bool together = parts.size() > 1 && events_->append_all(parts);
  bool all = true;
  for (Turn& turn : turns) {
    const bool done = together && turn.buffer->target;
    const Status written = done ? end_turn(turn, {}) : write_turn(turn);
    if (written) continue;
    all = false;
    if (!should_warn(unwritten_warned_)) continue;
    log_->warn(kModule, "function output not written yet",
               {{"group", turn.buffer->name.group}, {"error", written.error().to_log()}});
  }
  return all;
}

void SinkWriter::drop_turn(Turn& turn, Loss why) {
  Buffer& buffer = *turn.buffer;
  const std::lock_guard lock(buffer.filling);
  std::size_t own = 0;  // the chunk that says what was lost before
  if (turn.said.bytes > 0) own = turn.chunks.back().data.size();
  if (turn.bytes > own) lose(buffer, why, turn.bytes - own);
  if (turn.said.bytes > 0) {
    buffer.lost.bytes += turn.said.bytes;
    buffer.lost.why = why;
    buffer.closed_said = false;
  }
  backlog_ -= turn.bytes;
}

Status SinkWriter::end_turn(Turn& turn, Status written) {
  Buffer& buffer = *turn.buffer;
  if (written) {
    budget_->note_written(*buffer.budget, buffer.target->group_uid, turn.bytes);
    follows_->wrote(*buffer.target, buffer.name.stream);
  }
  if (!written && os::is_disk_full(written.error())) {
    drop_turn(turn, Loss::kDisk);
    return {};
  }
  if (!written && may_pass(written.error())) {
    const std::lock_guard lock(buffer.filling);
    buffer.sealed.insert(buffer.sealed.begin(), std::make_move_iterator(turn.chunks.begin()),
                         std::make_move_iterator(turn.chunks.end()));
    return written;
  }
  if (!written) {
    log_->error(kModule, "function output dropped: no such stream can be",
                {{"group", buffer.name.group},
                 {"stream", buffer.name.stream},
                 {"bytes", turn.bytes},
                 {"error", written.error().to_log()}});
  }
  backlog_ -= turn.bytes;
  return {};
}

std::vector<SinkWriter::BufferPtr> SinkWriter::matching(const Scope* scope, std::string_view group,
                                                        std::optional<std::string_view> stream) {
  std::vector<BufferPtr> found;
  const std::lock_guard lock(mutex_);
  if (scope == nullptr) {
    for (const auto& [name, one] : buffers_) found.push_back(one);
    return found;
  }
  const StreamName first{*scope, std::string(group), std::string(stream.value_or(""))};
  for (auto it = buffers_.lower_bound(first); it != buffers_.end(); ++it) {
    const StreamName& name = it->first;
    if (name.scope != *scope || name.group != group || (stream && name.stream != *stream)) break;
    found.push_back(it->second);
  }
  return found;
}

Status SinkWriter::flush(const Scope& scope, std::string_view group,
                         std::optional<std::string_view> stream) {
  for (const BufferPtr& one : matching(&scope, group, stream)) LAPWING_CHECK(write(*one));
  return {};
}

Status SinkWriter::flush_all() {
  for (const BufferPtr& one : matching(nullptr, "", {})) LAPWING_CHECK(write(*one));
  return {};
}

void SinkWriter::forget(std::string_view group_uid) {
  for (const BufferPtr& one : matching(nullptr, "", {})) {
    const std::lock_guard lock(one->writing);
    if (one->target && one->target->group_uid == group_uid) one->target.reset();
  }
}

std::size_t SinkWriter::streams() {
  const std::lock_guard lock(mutex_);
  return buffers_.size();
}

bool SinkWriter::should_warn(std::optional<MonoTime>& warned) const {
  const MonoTime now = clock_->mono();
  if (warned && now - *warned < kFailureSaidEvery) return false;
  warned = now;
  return true;
}

void SinkWriter::drop_idle() {
  const std::lock_guard lock(mutex_);
  const MonoTime now = clock_->mono();
  if (now - looked_through_ < kIdleStreamsLookEvery) return;
  looked_through_ = now;
  std::erase_if(buffers_, [&](const auto& entry) {
    const BufferPtr& one = entry.second;
    // Nobody else holds it, so nobody is about to write it; who adds to it sees that it is gone.
    if (one->queued || one.use_count() != 1 || now - one->used.load() < kStreamIdleAfter) {
      return false;
    }
    const std::lock_guard filling(one->filling);
    if (one->lost.bytes > 0 && now - one->used.load() < kLossKeptFor) {
      if (still_to_say(*one) && !one->queued.exchange(true)) queue_.push_back(one);
      return false;
    }
    one->dropped = one->open.empty() && one->sealed.empty();
    return one->dropped;
  });
}

}  // namespace lapwing::logs
