#include "services/sqs/claiming.hpp"

#include <utility>

#include "services/sqs/message.hpp"
#include "services/sqs/telling.hpp"

namespace lapwing::sqs {
namespace {

Result<Buried> bury(store::Txn& txn, const Ask& ask, const store::Claimed& claimed) {
  LAPWING_TRY(Message message, decode(claimed.payload));
  message.source_arn = ask.queue->arn();
  // The claim that found it was not for handing it out.
  Buried out{message.id, message.trace_header, claimed.attempt - 1};
  const store::Grouping grouping =
      ask.queue->fifo ? store::Grouping::kOrdered : store::Grouping::kFair;
  std::string payload = encode(message);
  // One that has no room for where it came from goes without.
  if (payload.size() > store::kMaxMessageBytes) payload = claimed.payload;
  LAPWING_TRY(
      out.number,
      txn.move(claimed.receipt, ask.dead_letters->place,
               {.payload = std::move(payload), .grouping = grouping, .uncount_claim = true}));
  if (ask.dead != nullptr) {
    LAPWING_CHECK(ask.dead->add(txn, {dead_event(ask, out, ask.now_ms)}));
  }
  return out;
}

// The same messages as before with their visibility begun again; none where one of them is no
// longer held.
Result<std::vector<store::Claimed>> claim_again(store::Txn& txn, const Ask& ask) {
  std::vector<store::Claimed> out;
  for (const Handle& handle : ask.again) {
    LAPWING_TRY(store::Peeked found, txn.peek(handle.receipt));
    if (found.state != store::ReceiptState::kHeld) return std::vector<store::Claimed>();
    out.push_back(std::move(found.message));
  }
  for (const store::Claimed& each : out) LAPWING_CHECK(txn.extend(each.receipt, ask.visibility));
  return out;
}

std::uint64_t bytes_of(const std::vector<store::Claimed>& messages) {
  std::uint64_t out = 0;
  for (const store::Claimed& each : messages) out += each.payload.size();
  return out;
}

Result<Received> claim_within(store::Txn& txn, const Ask& ask, std::uint64_t bytes_max) {
  Received out;
  if (!ask.again.empty()) {
    LAPWING_TRY(out.messages, claim_again(txn, ask));
    out.again = !out.messages.empty();
    if (out.again) return out;
  }
  for (int round = 0; round < kRedriveRoundsMax && out.messages.size() < ask.max; ++round) {
    const std::uint64_t bytes = bytes_of(out.messages);
    if (round > 0 && bytes >= bytes_max) break;
    LAPWING_TRY(store::ClaimResult found,
                txn.claim({.queues = {ask.queue->place},
                           .max = ask.max - out.messages.size(),
                           .visibility = ask.visibility,
                           .in_flight_max = kInFlightMax,
                           .age_max = std::chrono::seconds(ask.queue->retention_s),
                           .bytes_max = bytes_max - bytes}));
    out.full = found.messages.empty() && found.in_flight_left == 0;
    bool buried = false;
    for (store::Claimed& each : found.messages) {
      const bool too_often =
          ask.dead_letters != nullptr &&
          each.attempt > static_cast<std::uint32_t>(ask.queue->redrive->receives_max);
      if (too_often) {
        LAPWING_TRY(Buried gone, bury(txn, ask, each));
        out.buried.push_back(std::move(gone));
        buried = true;
      } else {
        out.messages.push_back(std::move(each));
      }
    }
    if (!buried) break;
  }
  return out;
}

}  // namespace

// It is held before anybody else claims: all of them are on one thread, one after another.
Result<Received> claim(store::Txn& txn, const Ask& ask) {
  if (ask.allowance == nullptr) return claim_within(txn, ask, ask.bytes_max);
  ask.allowance->hold_answer(0);
  const std::uint64_t room = ask.allowance->answer_room();
  if (room == 0) {
    Received none;
    none.unread = true;
    return none;
  }
  LAPWING_TRY(Received out, claim_within(txn, ask, room / kAnswerCopies));
  ask.allowance->hold_answer(kAnswerCopies * bytes_of(out.messages));
  return out;
}

}  // namespace lapwing::sqs
