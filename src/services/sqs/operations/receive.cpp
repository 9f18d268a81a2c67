#include "services/sqs/operations/receive.hpp"

#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/let_go.hpp"
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

Ask ask_of(Core& core, const aws::Call& call, QueuePtr queue,
           const gen::sqs::ReceiveMessageRequest& in) {
  Ask ask;
  if (call.allowance != nullptr) ask.allowance = call.allowance->shared_from_this();
  ask.max = static_cast<std::size_t>(in.max_number_of_messages.value_or(1));
  ask.visibility = std::chrono::seconds(in.visibility_timeout.value_or(queue->visibility_s));
  if (queue->redrive) {
    const auto target = parse_arn(queue->redrive->target_arn);
    if (target) ask.dead_letters = core.catalog().find(*target);
    ask.dead = &core.parts->telling.dead();
    ask.now_ms = core.now_ms();
  }
  if (in.receive_request_attempt_id) {
    ask.again = core.parts->attempts.find(queue->place, *in.receive_request_attempt_id);
  }
  ask.queue = std::move(queue);
  return ask;
}

// In a turn of the writer's, never on the loop: nothing is committed where nothing is due.
net::Task<Result<Received>> look(Core& core, net::Loop& loop, const Ask& ask) {
  auto found = co_await store::compute_on<Received>(
      loop, core.store(), [ask](store::Txn& txn) { return claim(txn, ask); });
  if (!found) co_return fail(store_failure(std::move(found).error()));
  if (!found->buried.empty()) core.parts->retention.moved(*ask.dead_letters);
  core.parts->telling.buried(ask, found->buried);
  co_return *std::move(found);
}

Result<gen::sqs::ReceiveMessageResult> answer(Core& core, const Ask& ask, Received received,
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
    let_go(received.messages[i].payload);  // ten of 1 MiB are not held twice
  }
  if (in.receive_request_attempt_id) {
    core.parts->attempts.keep(ask.queue->scope.account.str(), ask.queue->place,
                              *in.receive_request_attempt_id, std::move(handles));
  }
  return out;
}

using Output = gen::sqs::ReceiveMessageResult;
using Task = net::Task<Result<Output>>;

// What there is now. Its frame is its own (noinline): those who wait, by the thousand, do not hold
// it meanwhile. The queue may have been changed, or deleted, since it was looked at last.
[[gnu::noinline]] Task receive_now(Core& core, net::Loop& loop, const aws::Call& call,
                                   const gen::sqs::ReceiveMessageRequest& in, bool may_wait) {
  LAPWING_CO_TRY(QueuePtr queue, core.queue_at(call, in.queue_url));
  const Ask ask = ask_of(core, call, std::move(queue), in);
  LAPWING_CO_TRY(Received found, co_await look(core, loop, ask));
  if (found.unread) {
    co_return fail(gen::sqs::errors::request_throttled(
        "Too many received messages wait to be read. Please read them, and retry."));
  }
  if (found.full && !may_wait && !ask.queue->fifo) {
    co_return fail(gen::sqs::errors::over_limit(
        fmt::format("The maximum number of in flight messages is reached: {}.", kInFlightMax)));
  }
  co_return answer(core, ask, std::move(found), in);
}

Task refused(Error error) { co_return fail(std::move(error)); }

Task receive_at_once(Core& core, net::Loop& loop, const aws::Call& call,
                     gen::sqs::ReceiveMessageRequest in) {
  co_return co_await receive_now(core, loop, call, in, false);
}

[[gnu::noinline]] Error too_many_wait() {
  return gen::sqs::errors::over_limit(
      "The maximum number of receives that wait for messages is reached. Please let some of them "
      "end, or receive with WaitTimeSeconds=0.");
}

Task receive_or_wait(Core& core, net::Loop& loop, const aws::Call& call,
                     gen::sqs::ReceiveMessageRequest in, QueuePtr queue, Duration wait) {
  Result<Output> out = co_await receive_now(core, loop, call, in, true);
  if (!out || out->messages) co_return out;
  if (call.allowance != nullptr && !call.allowance->wait_long()) co_return fail(too_many_wait());
  Poll poll(core.parts->polls, loop, queue->place, wait);
  queue.reset();
  while (true) {
    poll.listen();
    out = co_await receive_now(core, loop, call, in, true);
    if (!out) {
      poll.found(true);  // who waits behind may fare better
      co_return out;
    }
    if (out->messages) break;
    if (co_await poll.wait() != Polls::Woken::kLook) co_return out;
  }
  const auto most = static_cast<std::size_t>(in.max_number_of_messages.value_or(1));
  poll.found(out->messages->size() == most);  // then there may be more
  co_return out;
}

}  // namespace

net::Task<Result<Output>> receive_message(Core& core, net::Loop& loop, const aws::Call& call,
                                          gen::sqs::ReceiveMessageRequest in) {
  Result<QueuePtr> queue = core.queue_at(call, in.queue_url);
  if (!queue) return refused(std::move(queue).error());
  if (Status fine = check(**queue, in); !fine) return refused(std::move(fine).error());
  const std::chrono::seconds wait(in.wait_time_seconds.value_or((*queue)->wait_s));
  if (wait <= Duration::zero()) return receive_at_once(core, loop, call, std::move(in));
  return receive_or_wait(core, loop, call, std::move(in), *std::move(queue), wait);
}

}  // namespace lapwing::sqs
