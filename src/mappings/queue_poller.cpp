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

// Where all that was asked for came, there may be so many times as much.
constexpr std::size_t kHopesMore = 4;

// An extension for less is not worth a write.
constexpr auto kSlack = std::chrono::seconds(1);

}  // namespace

QueuePoller::QueuePoller(std::shared_ptr<PollerShared> shared, net::Loop& loop, const std::string&,
                         QueueMapping mapping, std::shared_ptr<Consumer> consumer)
    : shared_(std::move(shared)),
      needs_(shared_->needs),
      queues_(*needs_.queues),
      loop_(loop),
      mapping_(std::move(mapping)),
      consumer_(std::move(consumer)),
      crowd_(kBatchesBegin, most_of(mapping_)),
      meter_(shared_->counts) {
  meter_.measure(mapping_.measured);
}

void QueuePoller::listen() {
  watch_ = queues_.watch(mapping_.queue_arn, *this);
  wake();
}

void QueuePoller::end() { watch_.reset(); }

void QueuePoller::on_signal() noexcept {
  told_ = true;
  wake();
}

void QueuePoller::wake() {
  if (signalled_.exchange(true)) return;
  loop_.post(
      [poller = weak_from_this(), shared = shared_,
       hold = std::make_shared<background::Hold>(shared_->needs.background.hold())]() mutable {
        const std::shared_ptr<QueuePoller> self = poller.lock();
        if (self == nullptr) return shared->pass_on();
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
    self->meter_.measure(self->mapping_.measured);
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
  shared_->pass_on();
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
  if (free == 0 || !shared_->has_bytes()) return std::nullopt;
  const std::size_t held = shared_->bytes.load(std::memory_order_relaxed);
  ports::QueueAsk out;
  if (mapping_.window == Duration::zero()) {
    out.batch_size = std::min(mapping_.batch_size, store::kMaxClaim);
    out.batches = std::min(free, store::kMaxClaim / out.batch_size);
  } else {
    out.batch_size = std::min(mapping_.batch_size * free - open_.size(), store::kMaxClaim);
  }
  out.needed = mapping_.window + ready.timeout;
  out.margin = kVisibilityMargin;
  out.bytes_max = std::min(kTakeBytes, kBytesAtWork - std::min(held, kBytesAtWork));
  out.batch_bytes_max = kOrderedTakeBytes;
  out.filterable = mapping_.filter != nullptr;
  return out;
}

net::Task<void> QueuePoller::look() {
  const MonoTime now = needs_.clock.mono();
  if (stopping_ || now >= window_ends_) close_open();
  if (!open_.empty()) set_alarm(window_ends_);
  const std::optional<Readiness> ready = consumer_->ready();
  begin_closed(ready, {});
  if (stopping_ || !closed_.empty()) co_return;
  if (now < refused_until_) co_return set_alarm(refused_until_);
  if (!ready || ready->room == 0) {
    set_alarm(now + kNotReadyAgain);
    co_return;
  }
  std::size_t free = room(ready->room);
  // Where batches wait for their window, a place would be held for too long.
  const bool holds = mapping_.window == Duration::zero() && ask(*ready, free);
  std::vector<PlacePtr> places;
  if (holds) {
    places = co_await consumer_->hold(loop_, static_cast<std::uint32_t>(std::min(free, hopes_)));
    if (stopping_) co_return;
    free = places.size();
    if (free == 0) throttled();
  }
  const std::optional<ports::QueueAsk> asked = ask(*ready, free);
  if (!asked) {
    wait_for_room();
    co_return;
  }
  Result<ports::QueueTaken> taken =
      co_await queues_.receive(loop_, {mapping_.queue_arn, ready->role_arn}, *asked);
  if (!taken) co_return refused(taken.error());
  if (refused_again_ != Duration::zero()) {
    refused_again_ = {};
    set_trouble(std::nullopt);
  }
  look_again_ = look_again_ || taken->all;
  hopes_ = taken->all ? std::min<std::size_t>(kHopesMore * hopes_, kBatchesMost) : 1;
  std::vector<store::Receipt> unwanted;
  take_in(*std::move(taken), unwanted);
  if (stopping_) close_open();
  begin_closed(ready, std::move(places));
  if (!unwanted.empty()) co_await remove(std::move(unwanted), ready->role_arn);
}

// A batch of its own that ends looks again.
void QueuePoller::wait_for_room() {
  if (at_work_ > 0 || sleeping_) return;
  if (loop_.now() >= paused_until_) {
    const bool batches = shared_->has_batches();
    (batches ? shared_->bytes_line : shared_->batch_line).wait(weak_from_this());
    if (batches ? shared_->has_bytes() : shared_->has_batches()) wake();  // it came meanwhile
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
  tell("the queue cannot be received from: " + error.message());
  set_trouble(error);
  refused_again_ = std::clamp<Duration>(2 * refused_again_, kRefusedAgain, kRefusedAgainMost);
  refused_until_ = needs_.clock.mono() + refused_again_;
  set_alarm(refused_until_);
}

std::optional<Error> QueuePoller::trouble() const {
  const std::scoped_lock lock(result_mutex_);
  return trouble_;
}

void QueuePoller::set_trouble(std::optional<Error> error) {
  const std::scoped_lock lock(result_mutex_);
  trouble_ = std::move(error);
}

void QueuePoller::take_in(ports::QueueTaken taken, std::vector<store::Receipt>& unwanted) {
  const MonoTime now = needs_.clock.mono();
  const MonoTime until = now + taken.visibility;
  const bool waits = mapping_.window > Duration::zero();
  for (std::vector<ports::QueueRecord>& list : taken.lists) {
    meter_.add(Counted::kPolled, list.size());
    for (ports::QueueRecord& record : list) {
      if (mapping_.filter != nullptr && !mapping_.filter->passes(record.filterable, match_)) {
        note_filtered(record);
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
  meter_.add(Counted::kFilteredOut, unwanted.size());
  put_metrics();
}

void QueuePoller::close_open() {
  if (!open_.empty()) closed_.push_back(std::exchange(open_, {}));
}

void QueuePoller::begin_closed(const std::optional<Readiness>& ready,
                               std::vector<PlacePtr> places) {
  while (!closed_.empty()) {
    const bool hopeless = !ready || (stopping_ && ready->room == 0);
    if (hopeless || needs_.clock.mono() >= closed_.front().until()) {
      // They come back by themselves.
      shared_->leave_bytes(closed_.front().bytes());
      closed_.pop_front();
      continue;
    }
    if (ready->room == 0) return set_alarm(needs_.clock.mono() + kNotReadyAgain);
    if (room(ready->room) == 0) return wait_for_room();
    ++at_work_;
    ++shared_->at_work;
    PlacePtr place;
    if (!places.empty()) {
      place = std::move(places.back());
      places.pop_back();
    }
    loop_.spawn(run(shared_from_this(), std::move(closed_.front()), std::move(place)));
    closed_.pop_front();
  }
}

// Whether its messages stay invisible for as long as the function may take.
net::Task<bool> QueuePoller::keep(Batch& batch, const Readiness& ready) {
  const MonoTime now = needs_.clock.mono();
  if (now >= batch.until()) co_return false;
  if (batch.until() - now + kSlack >= ready.timeout) co_return true;
  const Duration visibility = ready.timeout + kVisibilityMargin;
  const Status done = co_await queues_.extend(loop_, {mapping_.queue_arn, ready.role_arn},
                                              batch.receipts(), visibility);
  if (done) batch.extended(now + visibility);
  co_return done.has_value();
}

// There is no room: nothing is taken for a while, and then less.
void QueuePoller::throttled() {
  ++shared_->counts.throttles;
  if (loop_.now() >= paused_until_) crowd_.halve();
  paused_until_ = std::max(paused_until_, loop_.now() + kPauseAfterThrottle);
}

net::Task<void> QueuePoller::run([[maybe_unused]] std::shared_ptr<QueuePoller> self, Batch batch,
                                 PlacePtr held) {
  // Whatever way it ends, also cut where it waits.
  struct AtWork {
    QueuePoller& poller;
    std::size_t bytes;
    ~AtWork() {
      --poller.at_work_;
      poller.shared_->leave_batch();
      poller.shared_->leave_bytes(bytes);
    }
  };
  {
    const AtWork at_work{*this, batch.bytes()};
    Duration pause = kPauseAfterThrottle;
    while (!shared_->draining) {
      // It may be another one at the next attempt.
      const std::shared_ptr<Consumer> consumer = consumer_;
      const std::optional<Readiness> ready = consumer->ready();
      if (!ready || ready->room == 0 || !co_await keep(batch, *ready)) break;
      const MonoTime began = loop_.now();
      const Taken taken = co_await consumer->take(loop_, batch, std::move(held));
      if (taken.kind != Taken::Kind::kLater) {
        crowd_.ran(loop_.now() - began, at_work_);
        co_await finish(batch, taken, ready->role_arn);
        break;
      }
      note(batch, taken, nullptr);
      throttled();
      if (stopping_) break;
      co_await loop_.sleep(pause);
      pause = std::min<Duration>(2 * pause, kPauseMost);
    }
  }
  begin_work();
}

net::Task<void> QueuePoller::finish(const Batch& batch, const Taken& taken,
                                    const std::string& role_arn) {
  ++shared_->counts.batches;
  meter_.add(Counted::kInvoked, batch.size());
  std::vector<store::Receipt> done;
  std::optional<std::vector<std::size_t>> failed;
  if (taken.kind == Taken::Kind::kDone) {
    failed = taken.failed;
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
  // An answer that says nothing of use: none of them is done.
  const bool unreadable = taken.kind == Taken::Kind::kDone && mapping_.partial_failures && !failed;
  if (unreadable) {
    failed.emplace();
    for (std::size_t i = 0; i < batch.size(); ++i) failed->push_back(i);
  }
  note(batch, taken, failed ? &*failed : nullptr);
  meter_.add(Counted::kFailedInvoke, batch.size() - done.size());
  if (taken.kind == Taken::Kind::kFailed && !mapping_.partial_failures) crowd_.lower();
  if (!done.empty()) co_await remove(std::move(done), role_arn);
  put_metrics();
}

net::Task<void> QueuePoller::remove(std::vector<store::Receipt> receipts,
                                    const std::string& role_arn) {
  for (int i = 0; i < kRemovalsMax; ++i) {
    const Status done = co_await queues_.remove(loop_, {mapping_.queue_arn, role_arn}, receipts);
    if (done) {
      meter_.add(Counted::kDeleted, receipts.size());
      co_return;
    }
    if (done.error().kind() == ErrorKind::kNotFound) co_return;
    needs_.logger.warn("mappings", "messages that are done cannot be removed",
                       {{"mapping", mapping_.arn}, {"error", done.error().to_log()}});
    if (done.error().kind() == ErrorKind::kDenied) co_return;
    co_await loop_.sleep(kRemovalAgain);
  }
}

void QueuePoller::tell(std::string result) {
  const std::int64_t now_ms = unix_ms(needs_.clock.wall());
  const std::scoped_lock lock(result_mutex_);
  last_result_ = std::move(result);
  last_result_ms_ = now_ms;
}

PollerFacts QueuePoller::facts() const {
  const std::scoped_lock lock(result_mutex_);
  return {at_work_, last_result_, last_result_ms_};
}

void QueuePoller::note_filtered(const ports::QueueRecord& record) {
  if (needs_.journal == nullptr) return;
  needs_.journal->note({.trace = record.trace,
                        .event = record.id,
                        .account = mapping_.account,
                        .kind = journal::StepKind::kFiltered,
                        .at = mapping_.arn});
}

// Of each message under its own trace, and of the run under that of its own, which the messages
// became.
void QueuePoller::note(const Batch& batch, const Taken& taken,
                       const std::vector<std::size_t>* failed) {
  using journal::StepKind;
  const bool ran = taken.kind != Taken::Kind::kLater;
  StepKind kind = StepKind::kDelivered;
  if (taken.kind == Taken::Kind::kFailed) kind = StepKind::kAttempted;
  if (!ran) kind = StepKind::kThrottled;
  if (!ran) {
    tell("throttled: " + taken.reason);
  } else if (taken.kind == Taken::Kind::kFailed) {
    tell("failed: " + taken.reason);
  } else {
    tell(failed != nullptr && !failed->empty() ? "some items failed" : "done");
  }
  if (needs_.journal == nullptr) return;
  if (ran && !taken.request_id.empty()) {
    journal::Step run{.trace = taken.trace,
                      .event = taken.request_id,
                      .account = mapping_.account,
                      .kind = StepKind::kAccepted,
                      .at = taken.by};
    needs_.journal->note(run);
    run.kind = kind;
    run.reason = taken.reason;
    needs_.journal->note(std::move(run));
  }
  std::size_t next_failed = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    journal::Step step{.trace = batch.traces()[i],
                       .event = batch.ids()[i],
                       .account = mapping_.account,
                       .kind = kind,
                       .at = mapping_.arn,
                       .to = taken.by,
                       .reason = taken.reason,
                       .became = ran ? taken.trace : std::string()};
    if (failed != nullptr && next_failed < failed->size() && (*failed)[next_failed] == i) {
      ++next_failed;
      step.kind = StepKind::kAttempted;
      step.reason = "The function reported it as failed.";
    }
    needs_.journal->note(std::move(step));
  }
}

}  // namespace lapwing::mappings
