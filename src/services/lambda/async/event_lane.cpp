#include "services/lambda/async/event_lane.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/core.h>

#include "services/lambda/async/limits.hpp"
#include "services/lambda/async/notices.hpp"
#include "services/lambda/function_identifier.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/trace_header.hpp"
#include "store/await.hpp"

namespace lapwing::lambda {
namespace {

// Until the disk has room again, the end of an event is tried this often; its slot stays taken.
constexpr auto kCommitAgain = std::chrono::seconds(1);

LastAnswer answer_of(const runtime::FunctionVersion& function, runtime::Outcome outcome) {
  LastAnswer out;
  out.executed_version = function.version;
  if (outcome.kind != runtime::Outcome::Kind::kSuccess) out.function_error = "Unhandled";
  out.payload = std::move(outcome.body);
  return out;
}

std::string unqualified(const Event& event) {
  return function_arn({event.account, event.region, event.function});
}

// What an attempt leaves to write. The transaction has it with the task, which it may outlive.
struct End {
  std::string queue;
  store::Receipt receipt;
  NextStep next;
  std::vector<delivery::Posting> postings = {};
  std::optional<delivery::DeadEvent> dead = std::nullopt;
  std::string payload = {};  // of the next attempt
  // Places of postings that no outbox ever takes; of the last run of the transaction.
  std::vector<std::pair<std::size_t, Error>> refused = {};
};

Status write_end(store::Txn& txn, End& end, delivery::Outbox& outbox,
                 const delivery::DeadEvents& dead) {
  end.refused.clear();
  for (std::size_t i = 0; i < end.postings.size(); ++i) {
    const Status accepted = outbox.accept(txn, end.postings[i]);
    if (accepted) continue;
    const ErrorKind kind = accepted.error().kind();
    const bool never = kind == ErrorKind::kTooLarge || kind == ErrorKind::kInvalid;
    if (!never) return accepted;
    end.refused.emplace_back(i, accepted.error());
  }
  if (end.dead) LAPWING_CHECK(dead.add(txn, {*end.dead}));
  if (end.next.kind == NextStep::Kind::kEnd) return txn.complete(end.receipt);
  if (end.next.kind == NextStep::Kind::kTryLater) return txn.release(end.receipt, end.next.delay);
  LAPWING_TRY([[maybe_unused]] const store::MessageId moved,
              txn.move(end.receipt, end.queue, {.payload = end.payload, .delay = end.next.delay}));
  return {};
}

}  // namespace

EventLane::EventLane(EventQueue& events, net::Loop& loop, std::string queue)
    : events_(events),
      needs_(events.needs_),
      loop_(loop),
      queue_(std::move(queue)),
      crowd_(kLaneBegin, kLaneMost) {}

void EventLane::listen() { subscription_ = needs_.space.queue().subscribe(queue_, *this); }

void EventLane::on_signal() noexcept { wake(); }

void EventLane::wake() {
  if (signalled_.exchange(true)) return;
  loop_.post([lane = weak_from_this(), events = &events_,
              hold = std::make_shared<background::Hold>(needs_.background.hold())]() mutable {
    const std::shared_ptr<EventLane> self = lane.lock();
    if (self == nullptr) {  // the room that it was woken for is the next one's
      if (events->has_room()) events->line_.wake_first();
      return;
    }
    self->signalled_ = false;
    self->look_again_ = true;
    if (self->working_) return;
    self->working_ = true;
    self->hold_ = std::move(*hold);
    self->loop_.spawn(self->work(self));
  });
}

std::size_t EventLane::room() const {
  if (loop_.now() < paused_until_) return 0;
  if (at_work_ >= crowd_.limit() || !events_.has_room()) return 0;
  const std::uint32_t all = std::min(events_.at_work_.load(), kEventsAtWork);
  return std::min<std::size_t>({crowd_.limit() - at_work_, kEventsAtWork - all, kEventClaim});
}

net::Task<void> EventLane::work([[maybe_unused]] std::shared_ptr<EventLane> self) {
  while (look_again_ && !events_.draining_) {
    look_again_ = false;
    const std::size_t free = room();
    if (free == 0) {
      // Looked at again when one of its own ends, or its pause.
      if (at_work_ >= crowd_.limit() || loop_.now() < paused_until_) break;
      events_.line_.wait(weak_from_this());
      if (room() == 0) break;
      events_.line_.wake_first();  // it came before this one stood in the line
      break;
    }
    const std::size_t bytes =
        kEventBytesAtWork - std::min(kEventBytesAtWork, events_.bytes_at_work_.load());
    auto claimed = co_await store::compute_on<store::ClaimResult>(
        loop_, needs_.space.store(), [queue = queue_, free, bytes](store::Txn& txn) {
          return txn.claim(
              {.queues = {queue}, .max = free, .visibility = kEventClaimFor, .bytes_max = bytes});
        });
    if (!claimed) {
      needs_.logger.warn("lambda.events", "events cannot be taken up",
                         {{"queue", queue_}, {"error", claimed.error().message()}});
      co_await loop_.sleep(kCommitAgain);
      look_again_ = true;
      continue;
    }
    for (store::Claimed& each : claimed->messages) {
      ++at_work_;
      ++events_.at_work_;
      events_.bytes_at_work_ += each.payload.size();
      loop_.spawn(attempt(shared_from_this(), std::move(each)));
    }
    if (claimed->messages.size() == free) look_again_ = true;
  }
  working_ = false;
  // What is not taken here is the next one's.
  if (events_.has_room()) events_.line_.wake_first();
  if (at_work_ == 0) hold_.reset();
}

net::Task<void> EventLane::attempt([[maybe_unused]] std::shared_ptr<EventLane> self,
                                   store::Claimed claimed) {
  // Whatever way it ends, also cut where it waits.
  struct Place {
    EventLane& lane;
    std::size_t bytes;
    ~Place() {
      --lane.at_work_;
      --lane.events_.at_work_;
      lane.events_.bytes_at_work_ -= bytes;
    }
  };
  {
    const Place place{*this, claimed.payload.size()};
    Result<Event> read = decode_event(queue_, claimed.payload);
    if (read) {
      co_await run(claimed, *std::move(read));
    } else {
      needs_.logger.error("lambda.events", "an event cannot be read, and is dropped",
                          {{"queue", queue_}, {"error", read.error().message()}});
      ++events_.counts_.dropped;
      (void)co_await store::transact_on(
          loop_, needs_.space.store(),
          [receipt = claimed.receipt](store::Txn& txn) { return txn.complete(receipt); });
    }
  }
  events_.line_.wake_first();
  look_again_ = true;
  if (!working_ && !events_.draining_) {
    working_ = true;
    loop_.spawn(work(shared_from_this()));
  }
}

net::Task<void> EventLane::run(const store::Claimed& claimed, Event event) {
  const Duration age(
      std::max<std::int64_t>(0, (unix_ms(needs_.clock.wall()) - event.accepted_ms) * 1'000'000));
  const EventSettings settings =
      needs_.settings.event_settings(event.account, event.region, event.function, event.qualifier);
  Ending ending;
  const auto refused = [&]() -> std::optional<Condition> {
    if (settings.none_may_run) return Condition::kZeroReservedConcurrency;
    if (age >= settings.limits.age) return Condition::kEventAgeExceeded;
    if (!settings.loop_allowed && runs_in_chain(event.trace, unqualified(event)) > kLoopsMax) {
      return Condition::kRecursiveInvocation;
    }
    return std::nullopt;
  }();
  if (refused) {
    if (*refused == Condition::kRecursiveInvocation) ++events_.counts_.loops_ended;
    ending.next.condition = *refused;
    co_return co_await settle(claimed, std::move(event), settings, std::move(ending));
  }
  auto function =
      needs_.functions.resolve(event.account, event.region, event.function.view(), event.qualifier);
  if (!function) {
    ending.reason = function.error().message();
    ending.answer = LastAnswer{function.error().http_status(), {}, {}, {}};
    ending.next = after_refusal(claimed.attempt, age, settings.limits, needs_.random);
    co_return co_await settle(claimed, std::move(event), settings, std::move(ending));
  }
  runtime::Invocation invocation;
  invocation.request_id = event.request_id;
  invocation.invoked_arn = event.invoked_arn;
  invocation.trace_id = event.trace;
  invocation.tenant_id = event.tenant_id;
  invocation.payload = event.payload;
  invocation.caller = {.hash = std::hash<std::string_view>()(event.account.view()),
                       .part = std::hash<std::string_view>()((*function)->arn)};
  const MonoTime began = loop_.now();
  ++events_.counts_.runs;
  Result<runtime::Outcome> outcome =
      co_await needs_.invoker.invoke(loop_, *function, std::move(invocation));
  const bool could_not_run = !outcome || outcome->kind == runtime::Outcome::Kind::kPlatformError;
  // The server ends: the event is run again by the next.
  if (could_not_run && events_.draining_) co_return;
  if (could_not_run) {
    --events_.counts_.runs;
    ++events_.counts_.refusals;
    const bool throttled = !outcome && outcome.error().kind() == ErrorKind::kThrottled;
    if (throttled) was_throttled();
    ending.reason = !outcome ? outcome.error().message() : outcome->detail;
    ending.answer = LastAnswer{throttled ? 429 : 500, (*function)->version, {}, {}};
    ending.next = after_refusal(claimed.attempt, age, settings.limits, needs_.random);
    co_return co_await settle(claimed, std::move(event), settings, std::move(ending));
  }
  crowd_.ran(loop_.now() - began, at_work_);
  const bool failed = outcome->kind == runtime::Outcome::Kind::kFunctionError;
  if (failed) {
    ++event.failures;
    ++events_.counts_.failed_runs;
    ending.reason = outcome->error_type;
  }
  ending.runs = event.failures + (failed ? 0 : 1);
  ending.answer = answer_of(**function, *std::move(outcome));
  ending.next = after_run(failed, event.failures, age, settings.limits);
  co_await settle(claimed, std::move(event), settings, std::move(ending));
}

net::Task<void> EventLane::settle(const store::Claimed& claimed, Event event,
                                  const EventSettings& settings, Ending ending) {
  const auto end = std::make_shared<End>(End{.queue = queue_,
                                             .receipt = claimed.receipt,
                                             .next = ending.next,
                                             .dead = dead_event(event, settings, ending)});
  if (ending.next.kind == NextStep::Kind::kEnd) {
    const std::string qualifier = event.qualifier.empty() ? std::string(kLatest) : event.qualifier;
    std::string arn = event.invoked_arn;
    if (event.qualifier.empty()) arn += ":" + qualifier;
    end->postings = Notices::postings({event, std::move(arn), ending.next.condition,
                                       std::max(ending.runs, event.failures), ending.answer},
                                      settings, needs_.clock.wall());
  }
  if (ending.next.kind == NextStep::Kind::kTryAgain) end->payload = encode(event);
  while (true) {
    const Result<store::Committed> done = co_await store::transact_on(
        loop_, needs_.space.store(),
        [end, outbox = &needs_.outbox, dead = &needs_.dead](store::Txn& txn) {
          return write_end(txn, *end, *outbox, *dead);
        });
    // A receipt that no longer counts: the function was deleted meanwhile, and its events with it.
    if (done || done.error().kind() == ErrorKind::kConflict) break;
    needs_.logger.warn("lambda.events", "the end of an event cannot be written; trying again",
                       {{"request", event.request_id}, {"error", done.error().message()}});
    co_await loop_.sleep(kCommitAgain);
  }
  for (const auto& [place, error] : end->refused) {
    needs_.notices.refused(end->postings[place], error);
  }
  if (end->dead) {
    ++events_.counts_.dropped;
    needs_.dead.added();
  }
  note(event, ending, end->postings.size() > end->refused.size());
}

std::optional<delivery::DeadEvent> EventLane::dead_event(const Event& event,
                                                         const EventSettings& settings,
                                                         const Ending& ending) const {
  if (ending.next.kind != NextStep::Kind::kEnd || ending.next.condition == Condition::kSuccess) {
    return std::nullopt;
  }
  return delivery::DeadEvent{
      .died_ms = unix_ms(needs_.clock.wall()),
      .id = event.request_id,
      .trace = event.trace,
      .account = event.account,
      .at = event.invoked_arn,
      .to = event.invoked_arn,
      .dead_letters = settings.dead_letters.empty() ? settings.on_failure : settings.dead_letters,
      .reason = fmt::format("{} {}", to_string(ending.next.condition), ending.reason),
      .attempts = std::max(ending.runs, event.failures),
      .work = queue_ + '\0' + encode(event)};
}

void EventLane::note(const Event& event, const Ending& ending, bool told) {
  if (ending.next.kind != NextStep::Kind::kEnd) {
    const std::lock_guard lock(reason_mutex_);
    last_reason_ = ending.reason;
  }
  if (needs_.journal == nullptr) return;
  journal::Step step{.trace = event.trace,
                     .event = event.request_id,
                     .account = event.account,
                     .kind = journal::StepKind::kAttempted,
                     .at = event.invoked_arn,
                     .reason = ending.reason,
                     .attempt = ending.runs};
  if (ending.next.kind == NextStep::Kind::kTryLater) step.kind = journal::StepKind::kThrottled;
  if (ending.next.kind == NextStep::Kind::kEnd) {
    const bool success = ending.next.condition == Condition::kSuccess;
    // What somebody is told of has not been dropped: a further step says whether it came there.
    step.kind = success ? journal::StepKind::kDelivered
                : told  ? journal::StepKind::kAttempted
                        : journal::StepKind::kDropped;
    if (!success) step.reason = fmt::format("{} {}", to_string(ending.next.condition), step.reason);
  }
  needs_.journal->note(std::move(step));
}

void EventLane::was_throttled() {
  if (loop_.now() < paused_until_) return;
  crowd_.halve();
  paused_until_ = loop_.now() + kPauseAfterThrottle;
  loop_.spawn([](std::shared_ptr<EventLane> lane) -> net::Task<void> {
    co_await lane->loop_.sleep(kPauseAfterThrottle);
    lane->wake();
  }(shared_from_this()));
}

}  // namespace lapwing::lambda
