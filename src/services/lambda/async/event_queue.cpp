#include "services/lambda/async/event_queue.hpp"

#include <functional>
#include <utility>

#include "services/lambda/async/event_lane.hpp"
#include "services/lambda/async/limits.hpp"
#include "store/await.hpp"

namespace lapwing::lambda {
namespace {

store::EnqueueRequest request_for(const Event& event) {
  return {.queue = queue_of(event.account, event.region, event.function),
          .payload = encode(event),
          .dedup_id = event.once};
}

}  // namespace

EventQueue::EventQueue(const EventQueueNeeds& needs) : needs_(needs) {}
EventQueue::~EventQueue() { drain(); }

Status EventQueue::start() {
  std::string after;
  while (true) {
    LAPWING_TRY(const std::vector<std::string> queues,
                needs_.space.queue().names(kEventQueues, after));
    if (queues.empty()) return {};
    for (const std::string& queue : queues) {
      LAPWING_TRY([[maybe_unused]] const std::uint64_t held, needs_.space.queue().give_back(queue));
      lane(queue)->wake();
    }
    after = queues.back();
  }
}

void EventQueue::drain() { draining_ = true; }

std::shared_ptr<EventLane> EventQueue::lane(const std::string& queue) {
  std::shared_ptr<EventLane> made;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<EventLane>& found = lanes_[queue];
    if (found != nullptr) return found;
    net::Loop& loop = needs_.loops.at(std::hash<std::string>()(queue) % needs_.loops.size());
    found = made = std::make_shared<EventLane>(*this, loop, queue);
  }
  made->listen();
  return made;
}

bool EventQueue::has_room() const {
  return at_work_.load(std::memory_order_relaxed) < kEventsAtWork &&
         bytes_at_work_.load(std::memory_order_relaxed) < kEventBytesAtWork;
}

net::Task<Status> EventQueue::accept(net::Loop& loop, Event event) {
  std::vector<Event> one;
  one.push_back(std::move(event));
  return accept_all(loop, std::move(one));
}

net::Task<Status> EventQueue::accept_all(net::Loop& loop, std::vector<Event> events) {
  std::vector<store::EnqueueRequest> requests;
  requests.reserve(events.size());
  for (const Event& event : events) {
    requests.push_back(request_for(event));
    (void)lane(requests.back().queue);  // hears of it
  }
  Result<store::Committed> done = co_await store::transact_on(
      loop, needs_.space.store(), [requests = std::move(requests)](store::Txn& txn) -> Status {
        for (const store::EnqueueRequest& each : requests) {
          LAPWING_TRY([[maybe_unused]] const store::Enqueued sent, txn.enqueue(each));
        }
        return {};
      });
  if (!done) co_return fail(std::move(done).error());
  counts_.received += events.size();
  if (needs_.journal != nullptr) {
    for (const Event& event : events) {
      needs_.journal->note({.trace = event.trace,
                            .event = event.request_id,
                            .account = event.account,
                            .kind = journal::StepKind::kAccepted,
                            .at = event.invoked_arn});
    }
  }
  co_return Status();
}

void EventQueue::forget(const AccountId& account, const Region& region,
                        const FunctionName& function) {
  const std::string queue = queue_of(account, region, function);
  if (const auto purged = needs_.space.queue().purge(queue); !purged) {
    needs_.logger.warn("lambda.events", "events of a deleted function stay",
                       {{"queue", queue}, {"error", purged.error().message()}});
  }
  const std::lock_guard lock(mutex_);
  lanes_.erase(queue);
}

Result<store::QueueStats> EventQueue::waiting(const AccountId& account, const Region& region,
                                              const FunctionName& function) const {
  return needs_.space.queue().stats(queue_of(account, region, function));
}

}  // namespace lapwing::lambda
