#include "services/sqs/operations/receive.hpp"

#include <span>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "gen/sqs/errors.hpp"
#include "services/sqs/claiming.hpp"
#include "services/sqs/words.hpp"
#include "services/sqs/written_message.hpp"
#include "store/await.hpp"

namespace lapwing::sqs {
namespace {

Status check_range(std::int32_t value, std::string_view parameter, std::int32_t max) {
  if (value >= 0 && value <= max) return {};
  return fail(invalid_value(std::to_string(value), parameter,
                            fmt::format("Must be >= 0 and <= {}, if provided.", max)));
}

Status check(const Queue& queue, const gen::sqs::ReceiveMessageRequest& in) {
  const std::int32_t max = in.max_number_of_messages.value_or(1);
  if (max < 1 || max > kReceiveMax) {
    return fail(invalid_value(std::to_string(max), "MaxNumberOfMessages",
                              fmt::format("Must be between 1 and {}, if provided.", kReceiveMax)));
  }
  LAPWING_CHECK(check_range(in.wait_time_seconds.value_or(0), "WaitTimeSeconds", kWaitSecondsMax));
  LAPWING_CHECK(
      check_range(in.visibility_timeout.value_or(0), "VisibilityTimeout", kVisibilitySecondsMax));
  if (!in.receive_request_attempt_id) return {};
  const std::string& attempt = *in.receive_request_attempt_id;
  if (!queue.fifo) {
    return fail(invalid_value(attempt, "ReceiveRequestAttemptId",
                              "The request includes a parameter that is not valid for this queue "
                              "type."));
  }
  if (!attempt.empty() && attempt.size() <= kAttemptIdCharactersMax) return {};
  return fail(invalid_value(attempt, "ReceiveRequestAttemptId",
                            "ReceiveRequestAttemptId can only include alphanumeric and "
                            "punctuation characters. 1 to 128 in length."));
}

Ask ask_of(Core& core, QueuePtr queue, const gen::sqs::ReceiveMessageRequest& in) {
  Ask ask;
  ask.max = static_cast<std::size_t>(in.max_number_of_messages.value_or(1));
  ask.visibility = std::chrono::seconds(in.visibility_timeout.value_or(queue->visibility_s));
  if (queue->redrive) {
    const auto target = parse_arn(queue->redrive->target_arn);
    if (target) ask.dead_letters = core.catalog().find(*target);
  }
  if (in.receive_request_attempt_id) {
    ask.again = core.parts->attempts.find(queue->place, *in.receive_request_attempt_id);
  }
  ask.queue = std::move(queue);
  return ask;
}

// Nothing is written, and no turn of the writer taken, where nothing is due.
net::Task<Result<Received>> look(Core& core, net::Loop& loop, const Ask& ask) {
  LAPWING_CO_TRY(const auto due, core.messages().next_due(std::span(&ask.queue->place, 1)));
  const bool any = due && *due == Duration::zero();
  if (!any && ask.again.empty()) co_return Received{};
  auto found = co_await store::compute_on<Received>(
      loop, core.store(), [ask](store::Txn& txn) { return claim(txn, ask); });
  if (!found) co_return fail(store_failure(std::move(found).error()));
  if (found->buried) core.parts->retention.moved(*ask.dead_letters);
  co_return *std::move(found);
}

Result<gen::sqs::ReceiveMessageResult> answer(Core& core, const Ask& ask, const Received& received,
                                              const gen::sqs::ReceiveMessageRequest& in) {
  gen::sqs::ReceiveMessageResult out;
  if (received.messages.empty()) return out;
  std::vector<Handle> handles = ask.again;
  if (!received.again) {
    handles.clear();
    for (const store::Claimed& each : received.messages) {
      handles.push_back({each.receipt, core.now_ms()});
    }
  }
  const Wanted wanted(in);
  out.messages.emplace();
  for (std::size_t i = 0; i < handles.size(); ++i) {
    LAPWING_TRY(gen::sqs::Message message,
                written_message(*ask.queue, received.messages[i], handles[i], wanted));
    out.messages->push_back(std::move(message));
  }
  if (in.receive_request_attempt_id) {
    core.parts->attempts.keep(ask.queue->place, *in.receive_request_attempt_id, std::move(handles));
  }
  return out;
}

using Output = gen::sqs::ReceiveMessageResult;

// What there is now. Its frame is its own (noinline): those who wait, by the thousand, do not hold
// it meanwhile.
[[gnu::noinline]] net::Task<Result<Output>> receive_now(Core& core, net::Loop& loop, QueuePtr queue,
                                                        const gen::sqs::ReceiveMessageRequest& in,
                                                        bool may_wait) {
  const Ask ask = ask_of(core, std::move(queue), in);
  LAPWING_CO_TRY(const Received found, co_await look(core, loop, ask));
  if (found.full && !may_wait && !ask.queue->fifo) {
    co_return fail(gen::sqs::errors::over_limit(
        fmt::format("The maximum number of in flight messages is reached: {}.", kInFlightMax)));
  }
  co_return answer(core, ask, found, in);
}

bool more_is_there(Core& core, const Queue& queue) {
  const auto next = core.messages().next_due(std::span(&queue.place, 1));
  return next && *next && **next == Duration::zero();
}

}  // namespace

net::Task<Result<Output>> receive_message(Core& core, net::Loop& loop, const aws::Call& call,
                                          gen::sqs::ReceiveMessageRequest in) {
  LAPWING_CO_TRY(QueuePtr queue, core.queue_at(call, in.queue_url));
  LAPWING_CO_CHECK(check(*queue, in));
  const std::chrono::seconds wait(in.wait_time_seconds.value_or(queue->wait_s));
  const bool may_wait = wait > Duration::zero();
  LAPWING_CO_TRY(Output out, co_await receive_now(core, loop, queue, in, may_wait));
  if (out.messages || !may_wait) co_return out;
  Poll poll(core.parts->polls, loop, queue->place, core.clock->mono() + wait);
  while (true) {
    poll.listen();
    LAPWING_CO_TRY(out, co_await receive_now(core, loop, queue, in, may_wait));
    if (out.messages) break;
    if (co_await poll.wait() != Polls::Woken::kLook) co_return out;
    // It may have been changed, or deleted, meanwhile.
    LAPWING_CO_TRY(queue, core.queue_at(call, in.queue_url));
  }
  poll.found(more_is_there(core, *queue));
  co_return out;
}

}  // namespace lapwing::sqs
