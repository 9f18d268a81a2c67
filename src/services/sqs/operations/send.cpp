#include "services/sqs/operations/send.hpp"

#include <utility>
#include <vector>

#include "services/sqs/batch.hpp"
#include "services/sqs/prepare.hpp"
#include "store/await.hpp"

namespace lapwing::sqs {
namespace {

// Of SendMessageRequest or SendMessageBatchRequestEntry, which is used up.
template <class In>
Outgoing outgoing(In& in, bool in_batch) {
  return {.body = std::move(in.message_body),
          .delay_s = in.delay_seconds,
          .group = std::move(in.message_group_id),
          .deduplication_id = std::move(in.message_deduplication_id),
          .attributes = std::move(in.message_attributes),
          .system_attributes = std::move(in.message_system_attributes),
          .in_batch = in_batch};
}

// Into SendMessageResult or SendMessageBatchResultEntry.
template <class Out>
void tell(const Queue& queue, const Prepared& prepared, const store::Enqueued& sent, Out& out) {
  // A duplicate answers the first one's id.
  out.message_id = sent.duplicate ? sent.dedup_note : prepared.message_id;
  out.md5_of_message_body = prepared.md5_of_body;
  out.md5_of_message_attributes = prepared.md5_of_attributes;
  out.md5_of_message_system_attributes = prepared.md5_of_system_attributes;
  if (queue.fifo) out.sequence_number = sequence_number(sent.id);
}

// Answers it.
Result<std::size_t> check_batch_size(
    const std::vector<gen::sqs::SendMessageBatchRequestEntry>& entries) {
  std::size_t bytes = 0;
  for (const auto& entry : entries)
    bytes += sent_bytes(entry.message_body, entry.message_attributes);
  if (bytes <= kBatchBytesMax) return bytes;
  return fail(gen::sqs::errors::batch_request_too_long(
      fmt::format("Batch requests cannot be longer than {} bytes. You have sent {} bytes.",
                  kBatchBytesMax, bytes)));
}

}  // namespace

net::Task<Result<gen::sqs::SendMessageResult>> send_message(Core& core, net::Loop& loop,
                                                            const aws::Call& call,
                                                            gen::sqs::SendMessageRequest in) {
  LAPWING_CO_TRY(const QueuePtr queue, core.queue_at(call, in.queue_url));
  LAPWING_CO_CHECK(core.check_room(*queue, sent_bytes(in.message_body, in.message_attributes)));
  LAPWING_CO_TRY(Prepared prepared, prepare(*queue, call, *core.random, outgoing(in, false)));
  // Before it waits: a client that goes away meanwhile does not take the message back.
  core.parts->retention.sent(*queue);
  auto sent = co_await store::compute_on<store::Enqueued>(
      loop, core.store(),
      [request = std::move(prepared.request)](store::Txn& txn) { return txn.enqueue(request); });
  if (!sent) co_return fail(store_failure(std::move(sent).error()));
  if (!sent->duplicate) core.parts->telling.sent(*queue, prepared.message_id, prepared.trace);
  gen::sqs::SendMessageResult out;
  tell(*queue, prepared, *sent, out);
  co_return out;
}

net::Task<Result<gen::sqs::SendMessageBatchResult>> send_message_batch(
    Core& core, net::Loop& loop, const aws::Call& call, gen::sqs::SendMessageBatchRequest in) {
  LAPWING_CO_TRY(const QueuePtr queue, core.queue_at(call, in.queue_url));
  LAPWING_CO_CHECK(check_entries(in.entries, "SendMessageBatchRequestEntry"));
  LAPWING_CO_TRY(const std::size_t bytes, check_batch_size(in.entries));
  LAPWING_CO_CHECK(core.check_room(*queue, bytes + in.entries.size() * kMessageOverheadBytes));
  gen::sqs::SendMessageBatchResult out;
  std::vector<std::pair<std::string, Prepared>> good;
  std::vector<Outgoing> all;
  for (auto& entry : in.entries) {
    all.push_back(outgoing(entry, true));
    LAPWING_CO_CHECK(check_fifo_ids(*queue, all.back()));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto prepared = prepare(*queue, call, *core.random, std::move(all[i]));
    if (prepared) {
      good.emplace_back(in.entries[i].id, *std::move(prepared));
    } else {
      append(out.failed, failed_entry(in.entries[i].id, prepared.error()));
    }
  }
  if (good.empty()) co_return out;
  std::vector<store::EnqueueRequest> requests;
  for (auto& [id, prepared] : good) requests.push_back(std::move(prepared.request));
  core.parts->retention.sent(*queue);
  auto sent = co_await store::compute_on<std::vector<store::Enqueued>>(
      loop, core.store(),
      [requests = std::move(requests)](store::Txn& txn) -> Result<std::vector<store::Enqueued>> {
        std::vector<store::Enqueued> made;
        for (const store::EnqueueRequest& request : requests) {
          LAPWING_TRY(store::Enqueued each, txn.enqueue(request));
          made.push_back(std::move(each));
        }
        return made;
      });
  if (!sent) co_return fail(store_failure(std::move(sent).error()));
  for (std::size_t i = 0; i < good.size(); ++i) {
    gen::sqs::SendMessageBatchResultEntry entry;
    entry.id = good[i].first;
    const Prepared& prepared = good[i].second;
    if (!(*sent)[i].duplicate) {
      core.parts->telling.sent(*queue, prepared.message_id, prepared.trace);
    }
    tell(*queue, good[i].second, (*sent)[i], entry);
    append(out.successful, std::move(entry));
  }
  co_return out;
}

}  // namespace lapwing::sqs
