#include "services/sqs/claiming.hpp"

#include <utility>

#include "services/sqs/message.hpp"

namespace lapwing::sqs {
namespace {

Status bury(store::Txn& txn, const Ask& ask, const store::Claimed& claimed) {
  LAPWING_TRY(Message message, decode(claimed.payload));
  message.source_arn = ask.queue->arn();
  const store::Grouping grouping =
      ask.queue->fifo ? store::Grouping::kOrdered : store::Grouping::kFair;
  std::string payload = encode(message);
  // One that has no room for where it came from goes without.
  if (payload.size() > store::kMaxMessageBytes) payload = claimed.payload;
  LAPWING_CHECK(
      txn.move(claimed.receipt, ask.dead_letters->place,
               {.payload = std::move(payload), .grouping = grouping, .uncount_claim = true}));
  return {};
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

}  // namespace

Result<Received> claim(store::Txn& txn, const Ask& ask) {
  Received out;
  if (!ask.again.empty()) {
    LAPWING_TRY(out.messages, claim_again(txn, ask));
    out.again = !out.messages.empty();
    if (out.again) return out;
  }
  for (int round = 0; round < kRedriveRoundsMax && out.messages.size() < ask.max; ++round) {
    LAPWING_TRY(store::ClaimResult found,
                txn.claim({.queues = {ask.queue->place},
                           .max = ask.max - out.messages.size(),
                           .visibility = ask.visibility,
                           .in_flight_max = kInFlightMax,
                           .age_max = std::chrono::seconds(ask.queue->retention_s)}));
    out.full = found.messages.empty() && found.in_flight_left == 0;
    bool buried = false;
    for (store::Claimed& each : found.messages) {
      const bool too_often =
          ask.dead_letters != nullptr &&
          each.attempt > static_cast<std::uint32_t>(ask.queue->redrive->receives_max);
      if (too_often) {
        LAPWING_CHECK(bury(txn, ask, each));
        buried = true;
      } else {
        out.messages.push_back(std::move(each));
      }
    }
    out.buried = out.buried || buried;
    if (!buried) break;
  }
  return out;
}

}  // namespace lapwing::sqs
