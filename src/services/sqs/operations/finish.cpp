#include "services/sqs/operations/finish.hpp"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "services/sqs/batch.hpp"
#include "services/sqs/receipt_handle.hpp"
#include "services/sqs/words.hpp"
#include "store/await.hpp"

namespace lapwing::sqs {
namespace {

// One thing to do with one message.
struct Change {
  std::string text;  // the handle as it came
  Handle handle;
  std::optional<std::int32_t> visibility_s;  // else it is deleted
};

using Outcomes = std::vector<std::optional<Error>>;  // nothing: it went well

store::Lateness lateness_of(const Queue& queue) {
  return queue.fifo ? store::Lateness::kStrict : store::Lateness::kAllowed;
}

Error expired(const Change& change) {
  return invalid_value(change.text, "ReceiptHandle", "The receipt handle has expired.");
}

// What a refused receipt means: of a standard queue's message somebody else has it by now, which
// a deletion need not tell.
Result<std::optional<Error>> refused(store::Txn& txn, bool fifo, const Change& change) {
  if (change.visibility_s) {
    return invalid_value(change.text, "ReceiptHandle",
                         "Message does not exist or is not available for visibility timeout "
                         "change.");
  }
  if (!fifo) return std::optional<Error>();
  LAPWING_TRY(const store::Peeked found, txn.peek(change.handle.receipt));
  if (found.state == store::ReceiptState::kGone) return std::optional<Error>();
  return expired(change);
}

Result<std::optional<Error>> apply(store::Txn& txn, bool fifo, store::Lateness lateness,
                                   const Change& change) {
  const Status done =
      change.visibility_s
          ? txn.extend(change.handle.receipt, std::chrono::seconds(*change.visibility_s), lateness)
          : txn.complete(change.handle.receipt, lateness);
  if (done) return std::optional<Error>();
  if (done.error().kind() != ErrorKind::kConflict) return fail(done.error());
  return refused(txn, fifo, change);
}

net::Task<Result<Outcomes>> apply_all(Core& core, net::Loop& loop, QueuePtr queue,
                                      std::vector<Change> changes) {
  auto done = co_await store::compute_on<Outcomes>(
      loop, core.store(),
      [fifo = queue->fifo, lateness = lateness_of(*queue),
       changes = std::move(changes)](store::Txn& txn) -> Result<Outcomes> {
        Outcomes out;
        for (const Change& change : changes) {
          LAPWING_TRY(auto outcome, apply(txn, fifo, lateness, change));
          out.push_back(std::move(outcome));
        }
        return out;
      });
  if (!done) co_return fail(store_failure(std::move(done).error()));
  co_return *std::move(done);
}

Result<Change> deletion(const Queue& queue, const std::string& text) {
  LAPWING_TRY(const Handle handle, read_handle(queue, text));
  return Change{text, handle, std::nullopt};
}

Result<Change> extension(const Core& core, const Queue& queue, const std::string& text,
                         std::int32_t visibility_s) {
  if (visibility_s < 0 || visibility_s > kVisibilitySecondsMax) {
    return fail(
        invalid_value(std::to_string(visibility_s), "VisibilityTimeout",
                      fmt::format("Must be >= 0 and <= {}, if provided.", kVisibilitySecondsMax)));
  }
  LAPWING_TRY(const Handle handle, read_handle(queue, text));
  const std::int64_t held_s = (core.now_ms() - handle.received_ms) / 1000;
  if (held_s + visibility_s > kVisibilitySecondsMax) {
    return fail(invalid_value(
        std::to_string(visibility_s), "VisibilityTimeout",
        fmt::format("Total VisibilityTimeout for the message is beyond the limit [{} seconds]",
                    kVisibilitySecondsMax)));
  }
  return Change{text, handle, visibility_s};
}

net::Task<Result<aws::Empty>> apply_one(Core& core, net::Loop& loop, QueuePtr queue,
                                        Change change) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  LAPWING_CO_TRY(const Outcomes outcomes,
                 co_await apply_all(core, loop, std::move(queue), std::move(changes)));
  if (outcomes.front()) co_return fail(*outcomes.front());
  co_return aws::Empty();
}

// Entries with what is to be done with each, or why it is not.
template <class Out, class OutEntry>
net::Task<Result<Out>> apply_batch(Core& core, net::Loop& loop, QueuePtr queue,
                                   std::vector<std::string> ids,
                                   std::vector<Result<Change>> asked) {
  Out out;
  std::vector<Change> changes;
  for (const Result<Change>& each : asked) {
    if (each) changes.push_back(*each);
  }
  Outcomes outcomes;
  if (!changes.empty()) {
    LAPWING_CO_TRY(outcomes, co_await apply_all(core, loop, queue, std::move(changes)));
  }
  std::size_t at = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::optional<Error> error = asked[i] ? outcomes[at++] : asked[i].error();
    if (error) {
      append(out.failed, failed_entry(ids[i], *error));
    } else {
      append(out.successful, OutEntry{.id = ids[i]});
    }
  }
  co_return out;
}

}  // namespace

net::Task<Result<aws::Empty>> delete_message(Core& core, net::Loop& loop, const aws::Call& call,
                                             gen::sqs::DeleteMessageRequest in) {
  LAPWING_CO_TRY(QueuePtr queue, core.queue_at(call, in.queue_url));
  LAPWING_CO_TRY(Change change, deletion(*queue, in.receipt_handle));
  co_return co_await apply_one(core, loop, std::move(queue), std::move(change));
}

net::Task<Result<gen::sqs::DeleteMessageBatchResult>> delete_message_batch(
    Core& core, net::Loop& loop, const aws::Call& call, gen::sqs::DeleteMessageBatchRequest in) {
  LAPWING_CO_TRY(QueuePtr queue, core.queue_at(call, in.queue_url));
  LAPWING_CO_CHECK(check_entries(in.entries, "DeleteMessageBatchRequestEntry"));
  std::vector<std::string> ids;
  std::vector<Result<Change>> asked;
  for (const auto& entry : in.entries) {
    ids.push_back(entry.id);
    asked.push_back(deletion(*queue, entry.receipt_handle));
  }
  co_return co_await apply_batch<gen::sqs::DeleteMessageBatchResult,
                                 gen::sqs::DeleteMessageBatchResultEntry>(
      core, loop, std::move(queue), std::move(ids), std::move(asked));
}

net::Task<Result<aws::Empty>> change_message_visibility(
    Core& core, net::Loop& loop, const aws::Call& call,
    gen::sqs::ChangeMessageVisibilityRequest in) {
  LAPWING_CO_TRY(QueuePtr queue, core.queue_at(call, in.queue_url));
  LAPWING_CO_TRY(Change change, extension(core, *queue, in.receipt_handle, in.visibility_timeout));
  co_return co_await apply_one(core, loop, std::move(queue), std::move(change));
}

net::Task<Result<gen::sqs::ChangeMessageVisibilityBatchResult>> change_message_visibility_batch(
    Core& core, net::Loop& loop, const aws::Call& call,
    gen::sqs::ChangeMessageVisibilityBatchRequest in) {
  LAPWING_CO_TRY(QueuePtr queue, core.queue_at(call, in.queue_url));
  LAPWING_CO_CHECK(check_entries(in.entries, "ChangeMessageVisibilityBatchRequestEntry"));
  std::vector<std::string> ids;
  std::vector<Result<Change>> asked;
  for (const auto& entry : in.entries) {
    ids.push_back(entry.id);
    if (entry.visibility_timeout) {
      asked.push_back(extension(core, *queue, entry.receipt_handle, *entry.visibility_timeout));
    } else {
      asked.push_back(fail(gen::sqs::errors::missing_required_parameter(
          "The request must contain the parameter VisibilityTimeout.")));
    }
  }
  co_return co_await apply_batch<gen::sqs::ChangeMessageVisibilityBatchResult,
                                 gen::sqs::ChangeMessageVisibilityBatchResultEntry>(
      core, loop, std::move(queue), std::move(ids), std::move(asked));
}

}  // namespace lapwing::sqs
