// The pipeline: decode -> validate -> refuse what is not built -> authorise -> run -> record ->
// encode, for every operation of every service and
// every caller.
//
//   aws::Service service(std::move(table), pipeline);
//   Response response = co_await service.serve(loop, exchange);            // over HTTP
//   co_await service.stream(loop, exchange, body, wire);                   // the same, as it comes
//   Result<std::string> json = co_await service.perform(loop, "SendMessage", input, call);
//
// perform() is its middle without HTTP: input and output are JSON documents in the model's member
// names. Errors that are ours to fix are logged with their detail; the caller sees the public
// message only.
//
// Thread-safety: const members from any thread; tasks on the loop that they are given.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "aws/call.hpp"
#include "aws/message.hpp"
#include "aws/model.hpp"
#include "aws/operation_table.hpp"
#include "aws/value.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/worker_pool.hpp"

namespace lapwing::text {
class PatternCache;
}

namespace lapwing::aws {

class AnswerWire;
class ProtocolEngine;

// What all services share. All outlive them.
struct Pipeline {
  text::PatternCache& patterns;
  Logger& log;
  const Clock& clock;
  const Authoriser& authoriser;
  net::WorkerPool& workers;
};

// A request on its way. Its views are kept alive by its maker (by deriving from it), for as
// long as a worker may look at it: a connection that is cut takes its coroutine along.
struct Exchange {
  Exchange() = default;
  Exchange(const OperationRow* what, Protocol how, const Request& asked, Call by)
      : operation(what), protocol(how), request(asked), call(std::move(by)) {}
  virtual ~Exchange() = default;
  // The input was read out of the body, which nobody looks at any more: large ones are given back.
  virtual void body_read() const {}
  // Of an operation that waits: nothing of the request is looked at any more, but for `operation`,
  // `protocol` and `call`.
  virtual void input_taken() const {}

  const OperationRow* operation = nullptr;
  Protocol protocol = Protocol::kRestJson;
  Request request = {};
  Call call = {};
};

class Service {
 public:
  Service(OperationTable table, const Pipeline& pipeline)
      : table_(std::move(table)), pipeline_(pipeline) {}

  std::string_view id() const { return table_.model().id; }
  const ServiceModel& model() const { return table_.model(); }
  const OperationTable& table() const { return table_; }
  // Beyond it the request is refused before the rest of its body is read.
  std::size_t body_limit(const OperationRow& operation) const {
    return table_.entry(operation.index).body_bytes_max;
  }
  // The largest of them, for requests that name their operation in the body (query).
  std::size_t body_limit() const;
  // Whether who does not sign may ask for it.
  bool unsigned_too(const OperationRow& operation) const {
    return table_.entry(operation.index).unsigned_too;
  }
  // Whether it may take long without holding a worker.
  bool waits(const OperationRow& operation) const {
    const auto& handler = table_.entry(operation.index).handler;
    return handler != nullptr && handler->waits();
  }
  // Whether it is served by stream(), not by serve().
  bool streams(const OperationRow& operation) const {
    const auto& handler = table_.entry(operation.index).handler;
    return handler != nullptr && handler->streams();
  }
  // Whether its body is not to be read before: stream() is given it as it comes.
  bool takes_body(const OperationRow& operation) const {
    return streams(operation) && model().streaming_member(operation.input) != kNone;
  }

  // kUnavailable when too much waits for a worker; every other error is a response.
  net::Task<Result<Response>> serve(net::Loop& loop,
                                    std::shared_ptr<const Exchange> exchange) const;
  // The same on the calling thread, for operations that do not wait.
  Response handle(const Exchange& exchange) const;
  // The same of an operation that waits, in its three parts, for who must not hold a frame more for
  // each of thousands. What `run` throws is an internal error to `end`.
  struct Waiting;
  std::shared_ptr<Waiting> begin(std::shared_ptr<const Exchange> exchange) const;
  [[gnu::noinline]] net::Task<Result<Value>> run(net::Loop& loop,
                                                 const std::shared_ptr<Waiting>& on) const;
  [[gnu::noinline]] net::Task<Result<Response>> end(net::Loop& loop, std::shared_ptr<Waiting> on,
                                                    Result<Value> output) const;

  // An operation that streams. Everything is answered through `wire`, errors too; the outcome is
  // the client's: an error when it has gone. `body` and `wire` stay until done; destroying the task
  // ends the operation where it waits.
  net::Task<Status> stream(net::Loop& loop, std::shared_ptr<const Exchange> exchange,
                           BodySource& body, AnswerWire& wire) const;

  net::Task<Result<std::string>> perform(net::Loop& loop, std::string_view operation,
                                         std::string input, Call call) const;

  // For operations on a way of their own.
  Status authorise(const OperationRow& operation, const Call& call,
                   std::string_view resource) const;
  void record(const OperationRow& operation, int status) const;
  // The client has gone before its answer was whole.
  void record_left(const OperationRow& operation) const;

 private:
  [[gnu::noinline]] Response answer(const Exchange& exchange, Result<Response> outcome) const;
  net::Task<Result<Response>> serve_on_worker(net::Loop& loop,
                                              std::shared_ptr<const Exchange> exchange) const;
  class Ending;
  net::Task<Result<Response>> serve_waiting(net::Loop& loop, std::shared_ptr<Waiting> on) const;
  [[gnu::noinline]] net::Task<Result<Value>> read_and_wait(net::Loop& loop,
                                                           std::shared_ptr<Waiting> on) const;
  [[gnu::noinline]] Response finish(Waiting& on, Result<Value> output) const;
  net::Task<Status> run_stream(net::Loop& loop, std::shared_ptr<const Exchange> exchange,
                               BodySource& body, AnswerSink& answer) const;
  net::Task<Status> read_waiting(net::Loop& loop, std::shared_ptr<const Exchange> exchange,
                                 std::shared_ptr<Decoded> input) const;
  net::Task<Status> end_stream(const Exchange& exchange, AnswerSink& sink, Status outcome,
                               Ending& ending) const;
  Result<Response> run(const Exchange& exchange) const;
  Status read(const Exchange& exchange, const ProtocolEngine& engine, Decoded& input) const;
  Status check(const OperationRow& operation, const Call& call, const Value& input) const;

  OperationTable table_;
  Pipeline pipeline_;
};

// An error as the protocol writes it, with all headers; status from the error, else from the
// model's error shape, else from the error's kind.
Response error_response(const ServiceModel& model, Protocol protocol, const Error& error,
                        const RequestId& request_id);

// The same for requests that never reached a service (bad signature, unknown service): the
// protocol is a guess, the shape of the answer is that protocol's.
Response error_response(Protocol protocol, const Error& error, const RequestId& request_id);

}  // namespace lapwing::aws
