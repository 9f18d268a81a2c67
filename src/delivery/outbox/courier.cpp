#include "delivery/outbox/courier.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "aws/arn.hpp"
#include "crypto/sha256.hpp"
#include "delivery/hand_over.hpp"
#include "net/task_group.hpp"

namespace lapwing::delivery {
namespace {

using journal::StepKind;
using ports::Delivered;

// Of what an addressee is in an id: enough that no two of a posting meet.
constexpr std::size_t kAddresseeDigits = 32;

const RetryPolicy& dead_letter_retry() {
  static const RetryPolicy policy = RetryPolicy::exponential({.first = kDeadLetterFirst,
                                                              .most = kDeadLetterMost,
                                                              .attempts = UINT32_MAX,
                                                              .age = kDeadLetterAge});
  return policy;
}

std::string said(const Delivered& answer) {
  return answer.code.empty() ? answer.message : answer.code + ": " + answer.message;
}

std::string reason_of(const Failure& failure) {
  std::string out = said(failure.last);
  if (failure.why == Why::kTooOld) out += out.empty() ? "Too old." : " (too old)";
  if (failure.why == Why::kRetriesExhausted) out += " (no more attempts)";
  return out;
}

bool is_throttle(const Delivered& answer) {
  return answer.code.contains("Throttl") || answer.code.contains("TooManyRequests") ||
         answer.code == "429";
}

// What the target calls it: of those that say (queues, topics, buses, functions); others answer
// bodies.
std::string answered_id(const Attempt& attempt, const Delivered& answer) {
  const bool id = attempt.destination != nullptr && attempt.destination->quick() &&
                  answer.answer.size() <= kIdBytesMax &&
                  answer.answer.find_first_of(" {\"") == std::string::npos;
  return id ? answer.answer : std::string();
}

}  // namespace

std::string parcel_id(std::string_view posting, std::string_view addressee, bool dead) {
  std::string text(dead ? "dead/" : "lane/");
  text += addressee;
  std::string out(posting);
  out += '-';
  out += std::string_view(crypto::sha256_hex(text)).substr(0, kAddresseeDigits);
  return out;
}

// An exception out of a sender is a bug of it: the attempt stays undecided.
template <class F>
auto Courier::guarded(const Attempt& attempt, F body) const -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& bug) {
    core_.needs.logger.error(
        "delivery", "a sender failed",
        {{"outbox", core_.name}, {"event", attempt.posting->id}, {"error", bug.what()}});
    return decltype(body())();
  }
}

bool Courier::prepare(Attempt& attempt) const {
  return guarded(attempt, [&] { return ask_sender(attempt); });
}

bool Courier::ask_sender(Attempt& attempt) const {
  const Posting& posting = *attempt.posting;
  if (attempt.dead != nullptr) {
    auto parcel = core_.sender.dead_letter(posting, attempt.addressee, *attempt.dead->failure);
    if (!parcel) {
      name(attempt);
      drop(attempt, attempt.dead->failure->last);
      return false;
    }
    attempt.shipment.parcel = *std::move(parcel);
    name(attempt);
  } else {
    auto shipment = core_.sender.shipment_at(posting, attempt.addressee, attempt.before + 1);
    if (!shipment) {
      attempt.verdict = Verdict::kDone;
      return false;
    }
    attempt.shipment = *std::move(shipment);
    name(attempt);
    if (attempt.shipment.retry.too_old(core_.since(posting.accepted_ms))) {
      give_up(attempt, Why::kTooOld, {.kind = Delivered::Kind::kLater}, attempt.before);
      return false;
    }
    if (const std::optional<Delivered> refusal = std::move(attempt.shipment.refusal)) {
      judge(attempt, *refusal);
      return false;
    }
  }
  ports::Parcel& parcel = attempt.shipment.parcel;
  parcel.id = parcel_id(posting.id, attempt.addressee, attempt.dead != nullptr);
  if (parcel.trace.empty()) parcel.trace = posting.trace;
  attempt.destination = core_.needs.destinations.find(parcel.target);
  if (attempt.destination != nullptr) return true;
  const Delivered nowhere{.kind = Delivered::Kind::kRefused,
                          .code = "UnsupportedTarget",
                          .message = "Nothing here takes what is sent to " + parcel.target + "."};
  attempt.dead != nullptr ? judge_dead(attempt, nowhere) : judge(attempt, nowhere);
  return false;
}

net::Task<void> Courier::deliver(std::vector<Attempt*> attempts, Duration timeout) {
  std::vector<std::pair<ports::Destination*, std::vector<Attempt*>>> calls;
  for (Attempt* const attempt : attempts) {
    const auto found =
        std::ranges::find(calls, attempt->destination, [](const auto& one) { return one.first; });
    if (found != calls.end()) {
      found->second.push_back(attempt);
    } else {
      calls.push_back({attempt->destination, {attempt}});
    }
  }
  if (calls.size() == 1) {
    co_await call(*calls[0].first, std::move(calls[0].second), timeout);
    co_return;
  }
  net::TaskGroup group(core_.loop);
  for (auto& [to, of_it] : calls) group.spawn(call(*to, std::move(of_it), timeout));
  co_await group.join();
}

net::Task<void> Courier::call(ports::Destination& to, std::vector<Attempt*> attempts,
                              Duration timeout) {
  std::vector<ports::Parcel> parcels;
  parcels.reserve(attempts.size());
  for (Attempt* const attempt : attempts) {
    parcels.push_back(std::move(attempt->shipment.parcel));
  }
  HandedOver got = co_await hand_over(core_.loop, core_.needs.logger, core_.name, to,
                                      std::move(parcels), timeout);
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    Attempt& attempt = *attempts[i];
    const Delivered& answer = got.delivered[i];
    attempt.hung = got.hung;
    guarded(attempt, [&] {
      attempt.dead != nullptr ? judge_dead(attempt, answer) : judge(attempt, answer);
    });
  }
}

void Courier::judge(Attempt& attempt, const Delivered& answer) const {
  const Duration age = core_.since(attempt.posting->accepted_ms);
  if (answer.kind == Delivered::Kind::kTaken) {
    attempt.verdict = Verdict::kDone;
    attempt.taken = true;
    core_.counts.delivered.fetch_add(1, std::memory_order_relaxed);
    note(attempt, attempt.shipment.is_dead_letter ? StepKind::kDeadLettered : StepKind::kDelivered,
         {}, answered_id(attempt, answer));
    core_.sender.ended(*attempt.posting, attempt.addressee, nullptr, age);
    return;
  }
  core_.counts.failed_attempts.fetch_add(1, std::memory_order_relaxed);
  attempt.said = said(answer);
  const std::uint32_t failures = attempt.before + 1;
  if (answer.kind == Delivered::Kind::kRefused) {
    return give_up(attempt, Why::kRefused, answer, failures);
  }
  const RetryPolicy& retry = attempt.shipment.retry;
  if (const auto delay = retry.next(failures, age, core_.needs.random)) {
    attempt.verdict = Verdict::kAgain;
    const Duration asked = std::min<Duration>(answer.not_before, kNotBeforeMost);
    attempt.delay =
        std::clamp<Duration>(std::max(*delay, asked), Duration::zero(), store::kMaxDelay);
    note(attempt, is_throttle(answer) ? StepKind::kThrottled : StepKind::kAttempted, attempt.said);
    return;
  }
  give_up(attempt, failures <= retry.attempts() ? Why::kTooOld : Why::kRetriesExhausted, answer,
          failures);
}

void Courier::judge_dead(Attempt& attempt, const Delivered& answer) const {
  if (answer.kind == Delivered::Kind::kTaken) {
    attempt.verdict = Verdict::kDone;
    attempt.taken = true;
    core_.counts.dead_letters.fetch_add(1, std::memory_order_relaxed);
    note(attempt, StepKind::kDeadLettered, said(attempt.dead->failure->last),
         answered_id(attempt, answer));
    return;
  }
  attempt.said = said(answer);
  if (answer.kind == Delivered::Kind::kLater) {
    const auto delay = dead_letter_retry().next(
        attempt.before + 1, core_.since(attempt.dead->died_ms), core_.needs.random);
    if (delay) {
      attempt.verdict = Verdict::kAgain;
      attempt.delay = *delay;
      return;
    }
  }
  drop(attempt, answer);
}

void Courier::give_up(Attempt& attempt, Why why, const Delivered& last,
                      std::uint32_t attempts) const {
  const Failure& failure =
      attempt.failure.emplace(Failure{.why = why, .last = last, .attempts = attempts});
  const Posting& posting = *attempt.posting;
  core_.sender.ended(posting, attempt.addressee, &failure, core_.since(posting.accepted_ms));
  if (auto letter = core_.sender.dead_letter(posting, attempt.addressee, failure)) {
    attempt.dead_letters = std::move(letter->target);
    attempt.verdict = Verdict::kDead;
    note(attempt, StepKind::kAttempted, reason_of(failure));
    return;
  }
  drop(attempt, last);
}

// Who it is from and to, before the parcel goes.
void Courier::name(Attempt& attempt) const {
  const ports::Parcel& parcel = attempt.shipment.parcel;
  attempt.event = core_.sender.event_of(*attempt.posting);
  attempt.account = parcel.as.source_account;
  attempt.at = parcel.as.source_arn;
  attempt.to = parcel.target;
  if (!attempt.account.empty()) return;
  for (const std::string* const arn : {&attempt.at, &attempt.to}) {
    if (const auto parsed = aws::Arn::parse(*arn)) {
      attempt.account = parsed->account;
      return;
    }
  }
}

void Courier::note(const Attempt& attempt, StepKind kind, std::string reason,
                   std::string became) const {
  if (core_.needs.journal == nullptr) return;
  core_.needs.journal->note({.trace = attempt.posting->trace,
                             .event = attempt.event,
                             .account = attempt.account,
                             .kind = kind,
                             .at = attempt.at,
                             .to = attempt.to,
                             .reason = std::move(reason),
                             .attempt = attempt.before + 1,
                             .became = std::move(became)});
}

std::optional<DeadEvent> Courier::buried(const Attempt& attempt, std::size_t bytes) const {
  if (!attempt.failure) return std::nullopt;
  DeadEvent out{.died_ms = core_.now_ms(),
                .id = attempt.event,
                .trace = attempt.posting->trace,
                .account = attempt.account,
                .at = attempt.at,
                .to = attempt.to,
                .dead_letters = attempt.dead_letters,
                .reason = reason_of(*attempt.failure),
                .attempts = attempt.failure->attempts};
  if (bytes + attempt.posting->event.size() <= kDeadBytesOfCommit) {
    out.work = pack_waiting(*attempt.posting, attempt.addressee, 0);
  }
  return out;
}

void Courier::drop(Attempt& attempt, const Delivered& last) const {
  attempt.verdict = Verdict::kDone;
  core_.counts.dropped.fetch_add(1, std::memory_order_relaxed);
  note(attempt, StepKind::kDropped, attempt.failure ? reason_of(*attempt.failure) : said(last));
  core_.needs.logger.warn("delivery", "an event was dropped",
                          {{"outbox", core_.name},
                           {"event", attempt.posting->id},
                           {"addressee", core_.sender.shown(attempt.addressee)},
                           {"code", last.code},
                           {"message", last.message}});
}

}  // namespace lapwing::delivery
