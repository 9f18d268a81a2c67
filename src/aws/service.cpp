#include "aws/service.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/core.h>

#include "aws/arena.hpp"
#include "aws/engine.hpp"
#include "aws/json_codec.hpp"
#include "aws/streaming.hpp"
#include "aws/validator.hpp"
#include "text/json_writer.hpp"

namespace lapwing::aws {
namespace {

// A larger body would hold up what else is on the loop.
constexpr std::size_t kReadOnLoopMax = 64 * 1024;

void count_left(OperationCounts& counts) {
  counts.calls.fetch_add(1, std::memory_order_relaxed);
  counts.left.fetch_add(1, std::memory_order_relaxed);
}

// Errors that are ours go to the log with what the caller must not see.
void log_failure(Logger& log, const ServiceModel& model, const OperationRow& operation,
                 const Caller& caller, const Error& error) {
  log.error("aws", "operation failed",
            {{"service", model.id},
             {"operation", model.name(operation)},
             {"request_id", caller.request_id.view()},
             {"error", error.to_log()}});
}

class OperationGate final : public Gate {
 public:
  // `exchange`: who is told when the input was taken, if anybody.
  OperationGate(const Authoriser& authoriser, const Call& call, const OperationTable::Entry& entry,
                const Exchange* exchange = nullptr)
      : authoriser_(authoriser), call_(call), entry_(entry), exchange_(exchange) {}

  Status pass(std::string_view resource) const override {
    asked_ = true;
    if (entry_.unsigned_too && call_.caller.is_nobody()) return {};
    return authoriser_.authorise(call_, {entry_.action, resource, entry_.access});
  }
  void input_taken() const override {
    if (exchange_ != nullptr) exchange_->input_taken();
  }
  // An operation that nobody was asked about must not have been run: a bug, and told as one.
  template <class T>
  Result<T> outcome(Result<T> of) const {
    if (of && !asked_) return fail(internal_error("an operation ran without being authorised"));
    return of;
  }

 private:
  mutable bool asked_ = false;
  const Authoriser& authoriser_;
  const Call& call_;
  const OperationTable::Entry& entry_;
  const Exchange* exchange_;
};

Response write(const ServiceModel& model, const Exchange& exchange, const Value& output,
               const ResponseExtras& extras) {
  return write_answer(model, *exchange.operation, exchange.protocol, output, extras,
                      exchange.call.caller.request_id.view());
}

}  // namespace

// Counts a call whose task goes before anything was recorded of it.
class Service::Ending {
 public:
  explicit Ending(std::shared_ptr<OperationCounts> counts) : counts_(std::move(counts)) {}
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() {
    if (counts_ != nullptr) count_left(*counts_);
  }
  void recorded() { counts_.reset(); }

 private:
  std::shared_ptr<OperationCounts> counts_;
};

std::size_t Service::body_limit() const {
  std::size_t out = kBodyBytesDefault;
  for (const OperationRow& operation : model().operations) {
    out = std::max(out, body_limit(operation));
  }
  return out;
}

// Between decoding and running.
Status Service::check(const OperationRow& operation, const Call& call, const Value& input) const {
  LAPWING_CHECK(validate(model(), operation, input, pipeline_.patterns));
  LAPWING_CHECK(table_.check_accepted(operation, input));
  if (call.deadline == MonoTime::max() || pipeline_.clock.mono() < call.deadline) return {};
  return fail(Error(ErrorKind::kTimeout, "RequestTimeout", "The time for this call is over.")
                  .with_status(408));
}

Status Service::read(const Exchange& exchange, const ProtocolEngine& engine, Decoded& input) const {
  const OperationRow& operation = *exchange.operation;
  LAPWING_TRY(input.value, engine.read_input(model(), operation, exchange.request, input.arena));
  // What JSON says was copied; a body that is the input itself was not.
  const bool json = exchange.protocol == Protocol::kRestJson ||
                    exchange.protocol == Protocol::kJson10 ||
                    exchange.protocol == Protocol::kJson11;
  if (json && operation.input_payload == kNone) exchange.body_read();
  return check(operation, exchange.call, input.value);
}

Result<Response> Service::run(const Exchange& exchange) const {
  const OperationRow& operation = *exchange.operation;
  const OperationTable::Entry& entry = table_.entry(operation.index);
  const ProtocolEngine* engine = find_engine(exchange.protocol);
  if (entry.handler == nullptr || engine == nullptr) {
    return fail(not_implemented(model().id, model().name(operation)));
  }
  Arena arena;
  Decoded input;
  LAPWING_CHECK(read(exchange, *engine, input));
  ResponseExtras extras;
  const OperationGate gate(pipeline_.authoriser, exchange.call, entry);
  LAPWING_TRY(const Value output,
              gate.outcome(entry.handler->run(exchange.call, input, arena, extras, gate)));
  return write(model(), exchange, output, extras);
}

// A large body is read on a worker.
net::Task<Status> Service::read_waiting(net::Loop& loop, std::shared_ptr<const Exchange> exchange,
                                        std::shared_ptr<Decoded> input) const {
  const ProtocolEngine* engine = find_engine(exchange->protocol);
  if (engine == nullptr) {
    co_return fail(not_implemented(model().id, model().name(*exchange->operation)));
  }
  if (exchange->request.body.size() <= kReadOnLoopMax) co_return read(*exchange, *engine, *input);
  co_return co_await pipeline_.workers.run(loop, [this, exchange, engine, input]() -> Status {
    return read(*exchange, *engine, *input);
  });
}

// What an operation that waits stands on. A worker may look at it while its task has gone.
struct Service::Waiting {
  Waiting(const Service& service, std::shared_ptr<const Exchange> asked)
      : exchange(std::move(asked)),
        entry(service.table_.entry(exchange->operation->index)),
        engine(find_engine(exchange->protocol)),
        gate(service.pipeline_.authoriser, exchange->call, entry, exchange.get()),
        ending(entry.counts) {}

  const std::shared_ptr<const Exchange> exchange;
  const OperationTable::Entry& entry;
  const ProtocolEngine* const engine;
  const OperationGate gate;
  Ending ending;
  Decoded input;
  ResponseExtras extras;
};

namespace {

net::Task<Result<Value>> failed(Error error) { co_return fail(std::move(error)); }

}  // namespace

// Its arena is empty once the input is a structure, and then takes the output.
net::Task<Result<Value>> Service::run(net::Loop& loop, const std::shared_ptr<Waiting>& on) const {
  const Exchange& exchange = *on->exchange;
  if (on->engine == nullptr) {
    return failed(not_implemented(model().id, model().name(*exchange.operation)));
  }
  if (exchange.request.body.size() > kReadOnLoopMax) return read_and_wait(loop, on);
  Status done = read(exchange, *on->engine, on->input);
  if (!done) return failed(std::move(done).error());
  return on->entry.handler->wait(loop, exchange.call, on->input, on->input.arena, on->extras,
                                 on->gate);
}

net::Task<Result<Value>> Service::read_and_wait(net::Loop& loop,
                                                std::shared_ptr<Waiting> on) const {
  LAPWING_CO_CHECK(co_await read_waiting(loop, on->exchange, {on, &on->input}));
  co_return co_await on->entry.handler->wait(loop, on->exchange->call, on->input, on->input.arena,
                                             on->extras, on->gate);
}

net::Task<Status> Service::run_stream(net::Loop& loop, std::shared_ptr<const Exchange> exchange,
                                      BodySource& body, AnswerSink& answer) const {
  const OperationTable::Entry& entry = table_.entry(exchange->operation->index);
  const auto input = std::make_shared<Decoded>();
  LAPWING_CO_CHECK(co_await read_waiting(loop, exchange, input));
  const OperationGate gate(pipeline_.authoriser, exchange->call, entry);
  LAPWING_CO_CHECK(gate.outcome(
      co_await entry.handler->stream(loop, exchange->call, *input, gate, body, answer)));
  if (answer.state() != AnswerSink::State::kNothing) co_return Status();
  co_return fail(internal_error("an operation ended without an answer"));
}

net::Task<Status> Service::stream(net::Loop& loop, std::shared_ptr<const Exchange> exchange,
                                  BodySource& body, AnswerWire& wire) const {
  AnswerSink sink(
      {model(), *exchange->operation, exchange->protocol, exchange->call.caller.request_id.str()},
      loop, pipeline_.workers, wire);
  Ending ending(table_.entry(exchange->operation->index).counts);
  Status outcome;
  try {
    outcome = co_await run_stream(loop, exchange, body, sink);
  } catch (const std::exception& bug) {
    outcome = fail(internal_error(bug.what()));
  }
  co_return co_await end_stream(*exchange, sink, std::move(outcome), ending);
}

// What the operation returned becomes the end of its answer.
net::Task<Status> Service::end_stream(const Exchange& exchange, AnswerSink& sink, Status outcome,
                                      Ending& ending) const {
  const OperationRow& operation = *exchange.operation;
  if (sink.client_gone()) co_return fail(make_error(ErrorKind::kCancelled, "the client has gone"));
  if (sink.state() == AnswerSink::State::kNothing) {
    ending.recorded();
    co_return co_await sink.respond(answer(exchange, fail(std::move(outcome).error())));
  }
  if (outcome) {
    LAPWING_CO_CHECK(co_await sink.finish());
    ending.recorded();
    record(operation, sink.status());
    co_return Status();
  }
  const Error error = std::move(outcome).error();
  const int status = describe_error(&model(), error).status;
  if (status >= 500 && error.kind() != ErrorKind::kUnsupported) {
    log_failure(pipeline_.log, model(), operation, exchange.call.caller, error);
  }
  ending.recorded();
  record(operation, status);
  if (sink.state() == AnswerSink::State::kEvents) co_return co_await sink.finish_with(error);
  co_return fail(error);  // nobody takes a part for the whole: the body is never finished
}

Response Service::answer(const Exchange& exchange, Result<Response> outcome) const {
  const OperationRow& operation = *exchange.operation;
  if (outcome) {
    record(operation, outcome->status);
    return *std::move(outcome);
  }
  Response response =
      error_response(model(), exchange.protocol, outcome.error(), exchange.call.caller.request_id);
  if (response.status >= 500 && outcome.error().kind() != ErrorKind::kUnsupported) {
    log_failure(pipeline_.log, model(), operation, exchange.call.caller, outcome.error());
  }
  record(operation, response.status);
  return response;
}

Response Service::handle(const Exchange& exchange) const {
  // The request boundary: a bug in one operation costs one request.
  try {
    return answer(exchange, run(exchange));
  } catch (const std::exception& bug) {
    return answer(exchange, fail(internal_error(bug.what())));
  }
}

net::Task<Result<Response>> Service::serve(net::Loop& loop,
                                           std::shared_ptr<const Exchange> exchange) const {
  if (!waits(*exchange->operation)) return serve_on_worker(loop, std::move(exchange));
  return serve_waiting(loop, begin(std::move(exchange)));
}

std::shared_ptr<Service::Waiting> Service::begin(std::shared_ptr<const Exchange> exchange) const {
  return std::make_shared<Waiting>(*this, std::move(exchange));
}

net::Task<Result<Response>> Service::serve_on_worker(
    net::Loop& loop, std::shared_ptr<const Exchange> exchange) const {
  co_return co_await pipeline_.workers.run(loop, [this, exchange] { return handle(*exchange); });
}

net::Task<Result<Response>> Service::serve_waiting(net::Loop& loop,
                                                   std::shared_ptr<Waiting> on) const {
  Result<Value> output = Value();
  try {
    output = co_await run(loop, on);
  } catch (const std::exception& bug) {
    output = fail(internal_error(bug.what()));
  }
  co_return co_await end(loop, on, std::move(output));
}

net::Task<Result<Response>> Service::end(net::Loop& loop, std::shared_ptr<Waiting> on,
                                         Result<Value> output) const {
  if (!output || !is_large(*output)) co_return finish(*on, std::move(output));
  Result<Response> response =
      co_await pipeline_.workers.run(loop, [this, on, output] { return finish(*on, *output); });
  // Where no worker is to be had, here: what the operation did is done.
  co_return response ? *std::move(response) : finish(*on, std::move(output));
}

Response Service::finish(Waiting& on, Result<Value> output) const {
  on.ending.recorded();
  output = on.gate.outcome(std::move(output));
  if (!output) return answer(*on.exchange, fail(std::move(output).error()));
  try {
    return answer(*on.exchange, write(model(), *on.exchange, *output, on.extras));
  } catch (const std::exception& bug) {
    return answer(*on.exchange, fail(internal_error(bug.what())));
  }
}

namespace {

// What a worker looks at while perform() may be gone already.
struct Performance {
  std::string input;
  Call call;
  std::shared_ptr<Allowance> allowance;  // the call's
  Decoded decoded;
  Arena arena;
};

}  // namespace

net::Task<Result<std::string>> Service::perform(net::Loop& loop, std::string_view name,
                                                std::string input, Call call) const {
  const OperationRow* operation = model().find_operation(name);
  if (operation == nullptr) co_return fail(not_implemented(model().id, name));
  const OperationTable::Entry& entry = table_.entry(operation->index);
  const Handler* const handler = entry.elsewhere ? entry.performer.get() : entry.handler.get();
  if (handler == nullptr || handler->streams()) co_return fail(not_implemented(model().id, name));
  if (input.size() > entry.body_bytes_max) {
    co_return fail(make_error(
        ErrorKind::kTooLarge,
        fmt::format("The input of {} is larger than {} bytes", name, entry.body_bytes_max)));
  }
  const auto made = std::make_shared<Performance>();
  made->input = std::move(input);
  made->call = std::move(call);
  if (made->call.allowance != nullptr)
    made->allowance = made->call.allowance->weak_from_this().lock();
  const auto prepare = [this, operation](Performance& on) -> Status {
    if (operation->input != kNone) {
      LAPWING_TRY(on.decoded.value, read_json_text(model(), model().shape(operation->input),
                                                   on.input, on.decoded.arena, JsonNames::kModel));
    }
    return check(*operation, on.call, on.decoded.value);
  };
  const auto encode = [this, operation](const Value& output) -> std::string {
    std::string text;
    text::JsonWriter json(text);
    if (operation->output == kNone) {
      json.begin_object();
      json.end_object();
    } else {
      write_json(model(), model().shape(operation->output), output, json, JsonNames::kModel);
    }
    return text;
  };
  Result<std::string> output = fail(internal_error("not run"));
  try {
    if (handler->waits()) {
      const OperationGate gate(pipeline_.authoriser, made->call, entry);
      Status ready;
      if (made->input.size() <= kReadOnLoopMax) {
        ready = prepare(*made);
      } else {
        ready = co_await pipeline_.workers.run(
            loop, [made, prepare]() -> Status { return prepare(*made); });
      }
      if (!ready) {
        output = fail(std::move(ready).error());
      } else {
        ResponseExtras extras;
        const Result<Value> value = gate.outcome(
            co_await handler->wait(loop, made->call, made->decoded, made->arena, extras, gate));
        if (!value) {
          output = fail(value.error());
        } else {
          if (is_large(*value)) {
            output = co_await pipeline_.workers.run(
                loop, [made, encode, value = *value] { return encode(value); });
          }
          if (!output) output = encode(*value);
        }
      }
    } else {
      output = co_await pipeline_.workers.run(
          loop, [this, made, prepare, encode, &entry, handler]() -> Result<std::string> {
            LAPWING_CHECK(prepare(*made));
            const OperationGate gate(pipeline_.authoriser, made->call, entry);
            ResponseExtras extras;
            LAPWING_TRY(const Value value, gate.outcome(handler->run(made->call, made->decoded,
                                                                     made->arena, extras, gate)));
            return encode(value);
          });
    }
  } catch (const std::exception& bug) {
    output = fail(internal_error(bug.what()));
  }
  if (!output) {
    const int status = describe_error(&model(), output.error()).status;
    if (status >= 500 && output.error().kind() != ErrorKind::kUnsupported) {
      log_failure(pipeline_.log, model(), *operation, made->call.caller, output.error());
    }
    record(*operation, status);
    co_return fail(std::move(output).error());
  }
  record(*operation, operation->status);
  co_return *std::move(output);
}

Status Service::authorise(const OperationRow& operation, const Call& call,
                          std::string_view resource) const {
  const OperationTable::Entry& entry = table_.entry(operation.index);
  return pipeline_.authoriser.authorise(call, {entry.action, resource, entry.access});
}

void Service::record(const OperationRow& operation, int status) const {
  OperationCounts& counts = *table_.entry(operation.index).counts;
  counts.calls.fetch_add(1, std::memory_order_relaxed);
  if (status >= 500) {
    counts.failed.fetch_add(1, std::memory_order_relaxed);
  } else if (status >= 400) {
    counts.refused.fetch_add(1, std::memory_order_relaxed);
  }
}

void Service::record_left(const OperationRow& operation) const {
  count_left(*table_.entry(operation.index).counts);
}

}  // namespace lapwing::aws
