#include "services/sqs/deliveries.hpp"

#include <utility>

#include <fmt/core.h>

#include "ports/acting.hpp"
#include "services/sqs/core.hpp"
#include "services/sqs/prepare.hpp"
#include "services/sqs/words.hpp"
#include "store/await.hpp"

namespace lapwing::sqs {
namespace {

using ports::Delivered;
using ports::Parcel;

Delivered not_taken(const Error& error) {
  const bool passes = error.kind() == ErrorKind::kUnavailable ||
                      error.kind() == ErrorKind::kThrottled ||
                      error.kind() == ErrorKind::kTimeout || error.kind() == ErrorKind::kUnknown;
  return {.kind = passes ? Delivered::Kind::kLater : Delivered::Kind::kRefused,
          .code = std::string(error.code()),
          .message = error.message()};
}

Error not_allowed(const Queue& queue, std::string_view who) {
  return Error(ErrorKind::kDenied, "AccessDenied",
               fmt::format("{} is not authorized to perform: sqs:SendMessage on resource: {} "
                           "because no resource-based policy allows the sqs:SendMessage action",
                           who, queue.arn()))
      .with_status(403);
}

Status check_policy_of(const Queue& queue, const ports::OnBehalf& as) {
  const std::string arn = queue.arn();
  if (ports::may(as, {"sqs:SendMessage", arn, queue.scope.account}, queue.document.get())) {
    return {};
  }
  return fail(not_allowed(queue, ports::sender(as)));
}

Outgoing outgoing(const Queue& queue, const Parcel& parcel) {
  Outgoing out;
  out.body = parcel.body;
  out.in_batch = true;
  if (!parcel.group.empty()) out.group = parcel.group;
  if (queue.fifo && !parcel.deduplication_id.empty()) {
    out.deduplication_id = parcel.deduplication_id;
  } else if (queue.fifo && !queue.content_deduplication) {
    out.deduplication_id = parcel.id;
  }
  if (!parcel.attributes.empty()) {
    out.attributes = ports::attribute_values<AttributeValues>(parcel.attributes);
  }
  return out;
}

// Who the message is from, as its receivers see it.
aws::Call call_of(const Parcel& parcel) {
  aws::Call out;
  out.trace_id = parcel.trace;
  out.caller.user_id = ports::sender(parcel.as);
  return out;
}

struct Ready : Prepared {
  QueuePtr queue;
};

Result<Ready> prepare_one(Core& core, const Parcel& parcel) {
  LAPWING_TRY(const Address address, parse_arn(parcel.target));
  LAPWING_TRY(const QueuePtr queue, core.catalog().get(address));
  LAPWING_CHECK(check_policy_of(*queue, parcel.as));
  LAPWING_CHECK(core.check_room(*queue, parcel.body.size()));
  LAPWING_TRY(Prepared prepared,
              prepare(*queue, call_of(parcel), *core.random, outgoing(*queue, parcel)));
  Ready out{std::move(prepared), queue};
  if (!queue->fifo) {
    out.request.dedup_id = fmt::format("p{}", parcel.id);
    out.request.dedup_note = out.message_id;
  }
  core.parts->retention.sent(*queue);
  return out;
}

}  // namespace

net::Task<std::vector<Delivered>> Deliveries::deliver(net::Loop& loop,
                                                      const std::vector<Parcel>& parcels) {
  std::vector<Delivered> out(parcels.size());
  std::vector<store::EnqueueRequest> requests;
  std::vector<std::size_t> of;                         // where their outcomes stand
  std::vector<std::pair<QueuePtr, std::string>> told;  // of each of these: the queue, the trace
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    auto prepared = prepare_one(core_, parcels[i]);
    if (!prepared) {
      out[i] = not_taken(prepared.error());
      continue;
    }
    out[i].answer = std::move(prepared->message_id);
    told.emplace_back(std::move(prepared->queue), std::move(prepared->trace));
    requests.push_back(std::move(prepared->request));
    of.push_back(i);
  }
  if (requests.empty()) co_return out;
  const auto done = co_await store::transact_on(
      loop, core_.store(), [requests = std::move(requests)](store::Txn& txn) -> Status {
        for (const store::EnqueueRequest& each : requests) {
          LAPWING_TRY([[maybe_unused]] const store::Enqueued sent, txn.enqueue(each));
        }
        return {};
      });
  if (done) {
    for (std::size_t i = 0; i < of.size(); ++i) {
      core_.parts->telling.sent(*told[i].first, out[of[i]].answer, told[i].second);
    }
    co_return out;
  }
  for (const std::size_t i : of) out[i] = not_taken(done.error());
  co_return out;
}

}  // namespace lapwing::sqs
