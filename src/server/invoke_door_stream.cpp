// InvokeWithResponseStream's answer: what the function writes goes to the caller as it comes,
// and no faster than the caller takes it.
#include <utility>

#include "net/loop.hpp"
#include "net/sync.hpp"
#include "runtime/api/response_stream.hpp"
#include "server/answer.hpp"
#include "server/invoke_door.hpp"

namespace lapwing::server {
namespace {

using RunResult = Result<runtime::Outcome>;

// Detached: a caller that goes away leaves the function running, as on AWS, and its payload held.
net::Task<void> run(engine::Dispatcher& dispatcher, net::Loop& loop,
                    runtime::FunctionVersionPtr function, runtime::Invocation invocation,
                    [[maybe_unused]] http::Charge payload, net::OneShotSender<RunResult> done) {
  RunResult outcome = co_await dispatcher.invoke(loop, std::move(function), std::move(invocation));
  done.send(std::move(outcome));
}

// How an invocation ended that had begun to answer.
lambda::InvokeComplete complete_event(const std::optional<Error>& failure, RunResult& outcome) {
  lambda::InvokeComplete complete;
  if (failure) {
    complete.error_code = failure->code();
    complete.error_details = failure->message();
    return complete;
  }
  if (outcome->kind == runtime::Outcome::Kind::kFunctionError) {
    complete.error_code = "Unhandled";
    complete.error_details = std::move(outcome->body);
  }
  complete.log_tail = std::move(outcome->log_tail);
  return complete;
}

}  // namespace

net::Task<Result<aws::Response>> InvokeDoor::stream(http::RequestContext& context,
                                                    const lambda::InvokeRequest& request,
                                                    const lambda::InvokeOutcome& answer,
                                                    runtime::FunctionVersionPtr function,
                                                    runtime::Invocation invocation,
                                                    http::Charge payload) {
  stats_.streams.fetch_add(1, std::memory_order_relaxed);
  net::Loop& loop = context.loop();
  const aws::Response head =
      lambda::render_stream_head(answer.request_id, answer.executed_version, answer.trace_id);
  const runtime::FunctionVersionPtr version = function;
  runtime::ResponseStream stream = runtime::response_stream(loop);
  invocation.sink = std::move(stream.sink);
  auto [sender, receiver] = net::one_shot<RunResult>(loop);
  loop.spawn(run(*parts_.dispatcher, loop, std::move(function), std::move(invocation),
                 std::move(payload), std::move(sender)));

  // The head waits for the first bytes: until then a failure has a status of its own.
  http::BodyWriter* body = nullptr;
  std::string events;
  while (true) {
    const std::vector<std::string> pieces = co_await stream.pieces.read();
    if (pieces.empty()) break;
    if (body == nullptr) {
      LAPWING_CO_TRY(body, co_await context.respond_stream(to_http(head)));
    }
    events.clear();
    std::size_t bytes = 0;
    for (const std::string& piece : pieces) {
      lambda::append_payload_chunks(events, piece);
      bytes += piece.size();
    }
    // A caller that has gone: nothing is left to be told to anybody.
    LAPWING_CO_CHECK(co_await body->write(events));
    stats_.stream_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  Result<RunResult> finished = co_await receiver;
  RunResult outcome = finished ? *std::move(finished) : RunResult(fail(finished.error()));
  const std::optional<Error> failure = failure_of(outcome, *version, answer.request_id);
  if (body == nullptr) {
    if (failure) co_return fail(*failure);
    LAPWING_CO_TRY(body, co_await context.respond_stream(to_http(head)));
  }
  events.clear();
  lambda::append_invoke_complete(events, request, complete_event(failure, outcome));
  LAPWING_CO_CHECK(co_await body->write(events));
  LAPWING_CO_CHECK(co_await body->finish());
  co_return head;
}

}  // namespace lapwing::server
