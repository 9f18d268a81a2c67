#include "mappings/queue_poller.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "mappings/answer.hpp"
#include "mappings/limits.hpp"
#include "store/limits.hpp"

namespace lapwing::mappings {
namespace {

std::uint32_t most_of(const QueueMapping& mapping) {
  return mapping.concurrency_max == 0 ? kBatchesMost
                                      : std::min(mapping.concurrency_max, kBatchesMost);
}

// An extension for less is not worth a write.
constexpr auto kSlack = std::chrono::seconds(1);

}  // namespace

QueuePoller::QueuePoller(std::shared_ptr<PollerShared> shared, net::Loop& loop,
                         QueueMapping mapping, std::shared_ptr<Consumer> consumer)
    : shared_(std::move(shared)),
      needs_(shared_->needs),
      loop_(loop),
      mapping_(std::move(mapping)),
      consumer_(std::move(consumer)),
      crowd_(kBatchesBegin, most_of(mapping_)) {}

void QueuePoller::listen() {
  watch_ = needs_.queues.watch(mapping_.queue_arn, *this);
  wake();
}

void QueuePoller::end() { watch_.reset(); }

void QueuePoller::on_signal() noexcept {
  told_ = true;
  wake();
}

void QueuePoller::wake() {
  if (signalled_.exchange(true)) return;
  loop_.post([poller = weak_from_this(),
              hold = std::make_shared<background::Hold>(needs_.background.hold())]() mutable {
    const std::shared_ptr<QueuePoller> self = poller.lock();
    if (self == nullptr) return;
    self->signalled_ = false;
    if (self->told_.exchange(false)) self->refused_until_ = {};
    self->hold_ = std::move(*hold);
    self->begin_work();
  });
}

void QueuePoller::change(QueueMapping mapping, std::shared_ptr<Consumer> consumer) {
  loop_.post([self = shared_from_this(), changed = std::move(mapping),
              taker = std::move(consumer)]() mutable {
    self->mapping_ = std::move(changed);
    self->consumer_ = std::move(taker);
    self->crowd_.set_most(most_of(self->mapping_));
  });
  wake();
}

void QueuePoller::stop(UniqueFunction<void()> done) {
  loop_.post([self = shared_from_this(), callback = std::move(done),
              hold = std::make_shared<background::Hold>(needs_.background.hold())]() mutable {
    self->hold_ = std::move(*hold);
    self->stopping_ = true;
    self->stopped_.push_back(std::move(callback));
    self->begin_work();
  });
}

void QueuePoller::begin_work() {
  look_again_ = true;
  if (working_) return;
  working_ = true;
  loop_.spawn(work(shared_from_this()));
}

net::Task<void> QueuePoller::work([[maybe_unused]] std::shared_ptr<QueuePoller> self) {
  while (look_again_ && !shared_->draining) {
    look_again_ = false;
    co_await look();
  }
  working_ = false;
  rest();
}

// Nothing to do before the next signal.
void QueuePoller::rest() {
  if (working_ || at_work_ > 0) return;
  const background::Hold ends = std::exchange(hold_, {});  // not before those who wait were told
  if (!stopping_ || !closed_.empty() || !open_.empty()) return;
  for (UniqueFunction<void()>& done : std::exchange(stopped_, {})) done();
}

std::size_t QueuePoller::room(std::uint32_t of_consumer) const {
  if (loop_.now() < paused_until_) return 0;
  const std::uint32_t limit = std::min(crowd_.limit(), of_consumer);
  const std::uint32_t all = shared_->at_work.load(std::memory_order_relaxed);
  if (at_work_ >= limit || all >= kBatchesAtWork) return 0;
  return std::min(limit - at_work_, kBatchesAtWork - all);
}

std::optional<ports::QueueAsk> QueuePoller::ask(const Readiness& ready, std::size_t free) const {
  const std::size_t held = shared_->bytes.load(std::memory_order_relaxed);
  if (free == 0 || held >= kBytesAtWork) return std::nullopt;
  ports::QueueAsk out;
  if (mapping_.window == Duration::zero()) {
    out.batch_size = std::min(mapping_.batch_size, store::kMaxClaim);
    out.batches = std::min(free, store::kMaxClaim / out.batch_size);
  } else {
    out.batch_size = std::min(mapping_.batch_size * free - open_.size(), store::kMaxClaim);
  }
  out.needed = mapping_.window + ready.timeout;
  out.margin = kVisibilityMargin;
  out.bytes_max = std::min(kTakeBytes, kBytesAtWork - held);
  out.batch_bytes_max = kOrderedTakeBytes;
  out.filterable = mapping_.filter != nullptr;
  return out;
}

net::Task<void> QueuePoller::look() {
  const MonoTime now = needs_.clock.mono();
  if (stopping_ || now >= window_ends_) close_open();
  if (!open_.empty()) set_alarm(window_ends_);
  const std::optional<Readiness> ready = consumer_->ready();
  begin_closed(ready);
  if (stopping_ || !closed_.empty()) co_return;
  if (now < refused_until_) co_return set_alarm(refused_until_);
  if (!ready || ready->room == 0) {
    set_alarm(now + kNotReadyAgain);
    co_return;
  }
  const std::size_t free = room(ready->room);
  const std::optional<ports::QueueAsk> asked = ask(*ready, free);
  if (!asked) {
    wait_for_room();
    co_return;
  }
  Result<ports::QueueTaken> taken =
      co_await needs_.queues.receive(loop_, {mapping_.queue_arn, ready->role_arn}, *asked);
  if (!taken) co_return refused(taken.error());
  if (refused_again_ != Duration::zero()) {
    refused_again_ = {};
    set_trouble(std::nullopt);
  }
  look_again_ = look_again_ || taken->all;
  std::vector<store::Receipt> unwanted;
  take_in(*std::move(taken), unwanted);
  if (stopping_) close_open();
  begin_closed(ready);
  if (!unwanted.empty()) co_await remove(std::move(unwanted), ready->role_arn);
}

// A batch of its own that ends looks again.
void QueuePoller::wait_for_room() {
  if (at_work_ > 0 || sleeping_) return;
  if (loop_.now() >= paused_until_) {
    shared_->wait_for_room(weak_from_this());
    if (shared_->has_room()) wake();  // it came meanwhile
    return;
  }
  sleeping_ = true;
  loop_.spawn([](std::shared_ptr<QueuePoller> self) -> net::Task<void> {
    co_await self->loop_.sleep_until(self->paused_until_);
    self->sleeping_ = false;
    self->wake();
  }(shared_from_this()));
}

void QueuePoller::set_alarm(MonoTime when) {
  if (alarm_at_ > needs_.clock.mono() && alarm_at_ <= when) return;
  alarm_at_ = when;
  shared_->alarms.set(when, weak_from_this());
}

void QueuePoller::refused(const Error& error) {
  if (refused_again_ == Duration::zero()) {
    needs_.logger.warn(
        "mappings", "a queue cannot be received from",
        {{"mapping", mapping_.arn}, {"queue", mapping_.queue_arn}, {"error", error.to_log()}});
  }
  set_trouble(error);
  refused_again_ = std::clamp<Duration>(2 * refused_again_, kRefusedAgain, kRefusedAgainMost);
  refused_until_ = needs_.clock.mono() + refused_again_;
  set_alarm(refused_until_);
}

std::optional<Error> QueuePoller::trouble() const {
  const std::scoped_lock lock(trouble_mutex_);
  return trouble_;
}

void QueuePoller::set_trouble(std::optional<Error> error) {
  const std::scoped_lock lock(trouble_mutex_);
  trouble_ = std::move(error);
}

void QueuePoller::take_in(ports::QueueTaken taken, std::vector<store::Receipt>& unwanted) {
  const MonoTime now = needs_.clock.mono();
  const MonoTime until = now + taken.visibility;
  const bool waits = mapping_.window > Duration::zero();
  for (std::vector<ports::QueueRecord>& list : taken.lists) {
    shared_->counts.polled += list.size();
    for (ports::QueueRecord& record : list) {
      if (mapping_.filter != nullptr && !mapping_.filter->passes(record.filterable, match_)) {
        unwanted.push_back(record.receipt);
        continue;
      }
      if (!open_.fits(record, mapping_.batch_size)) close_open();
      if (open_.empty()) {
        window_ends_ = now + mapping_.window;
        if (waits) set_alarm(window_ends_);
      }
      const std::size_t before = open_.bytes();
      open_.add(std::move(record), until);
      shared_->bytes += open_.bytes() - before;
      if (open_.size() >= mapping_.batch_size) close_open();
    }
    if (!waits) close_open();
  }
  shared_->counts.filtered_out += unwanted.size();
}

void QueuePoller::close_open() {
  if (!open_.empty()) closed_.push_back(std::exchange(open_, {}));
}

void QueuePoller::begin_closed(const std::optional<Readiness>& ready) {
  while (!closed_.empty()) {
    const bool hopeless = !ready || (stopping_ && ready->room == 0);
    if (hopeless || needs_.clock.mono() >= closed_.front().until()) {
      // They come back by themselves.
      shared_->leave_room(closed_.front().bytes());
      closed_.pop_front();
      continue;
    }
    if (ready->room == 0) return set_alarm(needs_.clock.mono() + kNotReadyAgain);
    if (room(ready->room) == 0) return wait_for_room();
    ++at_work_;
    ++shared_->at_work;
    loop_.spawn(run(shared_from_this(), std::move(closed_.front())));
    closed_.pop_front();
  }
}

// Whether its messages stay invisible for as long as the function may take.
net::Task<bool> QueuePoller::keep(Batch& batch, const Readiness& ready) {
  const MonoTime now = needs_.clock.mono();
  if (now >= batch.until()) co_return false;
  if (batch.until() - now + kSlack >= ready.timeout) co_return true;
  const Duration visibility = ready.timeout + kVisibilityMargin;
  const Status done = co_await needs_.queues.extend(loop_, {mapping_.queue_arn, ready.role_arn},
                                                    batch.receipts(), visibility);
  if (done) batch.extended(now + visibility);
  co_return done.has_value();
}

net::Task<void> QueuePoller::run([[maybe_unused]] std::shared_ptr<QueuePoller> self, Batch batch) {
  // Whatever way it ends, also cut where it waits.
  struct Place {
    QueuePoller& poller;
    std::size_t bytes;
    ~Place() {
      --poller.at_work_;
      --poller.shared_->at_work;
      poller.shared_->leave_room(bytes);
    }
  };
  {
    const Place place{*this, batch.bytes()};
    Duration pause = kPauseAfterThrottle;
    while (!shared_->draining) {
      // It may be another one at the next attempt.
      const std::shared_ptr<Consumer> consumer = consumer_;
      const std::optional<Readiness> ready = consumer->ready();
      if (!ready || ready->room == 0 || !co_await keep(batch, *ready)) break;
      const MonoTime began = loop_.now();
      const Taken taken = co_await consumer->take(loop_, batch);
      if (taken.kind != Taken::Kind::kLater) {
        crowd_.ran(loop_.now() - began, at_work_);
        co_await finish(batch, taken, ready->role_arn);
        break;
      }
      ++shared_->counts.throttles;
      note(batch, taken);
      if (loop_.now() >= paused_until_) crowd_.halve();
      paused_until_ = std::max(paused_until_, loop_.now() + kPauseAfterThrottle);
      if (stopping_) break;
      co_await loop_.sleep(pause);
      pause = std::min<Duration>(2 * pause, kPauseMost);
    }
  }
  begin_work();
}

net::Task<void> QueuePoller::finish(const Batch& batch, const Taken& taken,
                                    const std::string& role_arn) {
  PollerCounts& counts = shared_->counts;
  ++counts.batches;
  counts.invoked += batch.size();
  note(batch, taken);
  std::vector<store::Receipt> done;
  if (taken.kind == Taken::Kind::kDone) {
    std::optional<std::vector<std::size_t>> failed = taken.failed;
    if (mapping_.partial_failures) {
      const std::vector<std::string_view> ids(batch.ids().begin(), batch.ids().end());
      failed = failed_items(taken.answer, ids);
    }
    if (failed) {
      done = batch.receipts();
      for (auto at = failed->rbegin(); at != failed->rend(); ++at) {
        done.erase(done.begin() + static_cast<std::ptrdiff_t>(*at));
      }
    }
  }
  counts.failed += batch.size() - done.size();
  if (taken.kind == Taken::Kind::kFailed && !mapping_.partial_failures) crowd_.lower();
  if (!done.empty()) co_await remove(std::move(done), role_arn);
}

net::Task<void> QueuePoller::remove(std::vector<store::Receipt> receipts,
                                    const std::string& role_arn) {
  for (int i = 0; i < kRemovalsMax; ++i) {
    const Status done =
        co_await needs_.queues.remove(loop_, {mapping_.queue_arn, role_arn}, receipts);
    if (done) {
      shared_->counts.deleted += receipts.size();
      co_return;
    }
    if (done.error().kind() == ErrorKind::kNotFound) co_return;
    needs_.logger.warn("mappings", "messages that are done cannot be removed",
                       {{"mapping", mapping_.arn}, {"error", done.error().to_log()}});
    if (done.error().kind() == ErrorKind::kDenied) co_return;
    co_await loop_.sleep(kRemovalAgain);
  }
}

void QueuePoller::note(const Batch& batch, const Taken& taken) {
  if (needs_.journal == nullptr) return;
  using journal::StepKind;
  StepKind kind = StepKind::kDelivered;
  if (taken.kind == Taken::Kind::kFailed) kind = StepKind::kAttempted;
  if (taken.kind == Taken::Kind::kLater) kind = StepKind::kThrottled;
  for (const std::string& id : batch.ids()) {
    needs_.journal->note({.trace = taken.trace,
                          .event = id,
                          .account = mapping_.account,
                          .kind = kind,
                          .at = mapping_.arn,
                          .reason = taken.reason});
  }
}

}  // namespace lapwing::mappings
