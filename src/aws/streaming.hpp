// Operations whose body or answer is passed on as it comes (the third shape of
// operation_table.hpp):
//
//   net::Task<Status> put_object(Core&, net::Loop&, const Call&, Input in, BodySource& body,
//                                AnswerSink& answer) {
//     for (;;) {
//       LAPWING_CO_TRY(const std::string_view piece, co_await body.next());
//       if (piece.empty()) break;
//       ...
//     }
//     co_return co_await answer.answer(Output{.e_tag = ...});
//   }
//
//   LAPWING_CO_CHECK(co_await answer.begin(Output{.content_type = ...}, length));
//   LAPWING_CO_CHECK(co_await answer.write(piece));                     // bytes
//   LAPWING_CO_CHECK(co_await answer.send(Events{.update = ...}));      // or events of the model
//
// Each write waits until the client has taken what went before, so an operation holds one piece and
// no more. A client that leaves destroys the operation's coroutine where it waits. What an
// operation returns ends the answer: success finishes it; an error before begin() is an answer of
// its own, afterwards it is an event of an event stream, and of bytes the connection breaks, so
// that nobody takes a part for the whole.
//
// The input has the members that the head carries; where the body is no stream (an RPC protocol's
// document), it was read whole before and the source is empty.
//
// Thread-safety: the loop of the request.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "aws/arena.hpp"
#include "aws/empty.hpp"
#include "aws/message.hpp"
#include "aws/model.hpp"
#include "aws/value.hpp"
#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/worker_pool.hpp"

namespace lapwing::aws {

// The request's body. How slowly it may come, and how much of it is held, is http/'s to say.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Nothing where the client has not said it.
  virtual std::optional<std::uint64_t> length() const = 0;
  // The next piece, valid until the next call; empty at the end. An error is the answer's:
  // kTooLarge beyond the row's limit, a checksum that does not hold, a client that has gone.
  // Afterwards the answer stays the same.
  virtual net::Task<Result<std::string_view>> next() = 0;
};

class NoBody final : public BodySource {
 public:
  std::optional<std::uint64_t> length() const override { return 0; }
  net::Task<Result<std::string_view>> next() override { co_return std::string_view(); }
};

// Where an answer goes: what the server (or a test) gives to an AnswerSink. An error of any of them
// is the client's end.
class AnswerWire {
 public:
  virtual ~AnswerWire() = default;
  virtual net::Task<Status> respond(Response whole) = 0;
  // The body follows: as long as Content-Length says, of unknown length without it.
  virtual net::Task<Status> begin(Response head) = 0;
  // Resumes when `bytes`, which must stay until then, have been taken.
  virtual net::Task<Status> write(std::string_view bytes) = 0;
  virtual net::Task<Status> finish() = 0;
};

// What is large is written out on a worker, as the answers of other operations are.
class AnswerSink {
 public:
  // What writing an answer takes beside it.
  struct Facts {
    const ServiceModel& model;
    const OperationRow& operation;
    Protocol protocol;
    std::string request_id;
  };
  AnswerSink(Facts facts, net::Loop& loop, net::WorkerPool& workers, AnswerWire& wire)
      : facts_(std::make_shared<const Facts>(std::move(facts))),
        loop_(loop),
        workers_(workers),
        wire_(wire) {}
  AnswerSink(const AnswerSink&) = delete;
  AnswerSink& operator=(const AnswerSink&) = delete;

  // One of answer() and begin(), once; a second one is kConflict.
  // All of it, as an operation of another shape answers.
  template <class Output>
  net::Task<Status> answer(const Output& output, ResponseExtras extras = {}) {
    return answer_with(made_of(output, std::move(extras)));
  }
  // The head, with the members that are bound to it. `length`: of the bytes that follow; without it
  // (and without an output member that says it) they are chunked. Event streams have none.
  template <class Output>
  net::Task<Status> begin(const Output& head, std::optional<std::uint64_t> length = {},
                          ResponseExtras extras = {}) {
    return begin_with(made_of(head, std::move(extras)), length);
  }
  // Bytes of the body, which must stay until done.
  net::Task<Status> write(std::string_view bytes);
  // One event: the structure of the model's event stream with the one member set that is sent.
  template <class Events>
  net::Task<Status> send(const Events& event) {
    return send_event(made_of(event, {}));
  }

  // For the pipeline.
  enum class State : std::uint8_t { kNothing, kWhole, kBytes, kEvents, kFinished };
  State state() const { return state_; }
  int status() const { return status_; }  // of the head
  bool client_gone() const { return gone_; }
  net::Task<Status> respond(Response whole);
  net::Task<Status> finish();
  // The last event tells what went wrong.
  net::Task<Status> finish_with(const Error& error);

 private:
  // What is to be written. A worker may look at it while the operation's task has gone.
  struct Made {
    Arena arena{};
    Value value{};
    ResponseExtras extras{};
  };
  using MadePtr = std::shared_ptr<const Made>;
  template <class T>
  static MadePtr made_of(const T& in, ResponseExtras extras) {
    auto out = std::make_shared<Made>();
    if constexpr (!std::is_same_v<T, Empty>) out->value = to(in, out->arena);
    out->extras = std::move(extras);
    return out;
  }
  template <class Write>
  net::Task<std::invoke_result_t<Write, const Facts&, const Made&>> written(MadePtr made,
                                                                            Write write);
  net::Task<Status> answer_with(MadePtr made);
  net::Task<Status> begin_with(MadePtr made, std::optional<std::uint64_t> length);
  net::Task<Status> send_event(MadePtr made);
  net::Task<Status> send_text(std::string text);
  Status took(Status outcome);

  const std::shared_ptr<const Facts> facts_;
  net::Loop& loop_;
  net::WorkerPool& workers_;
  AnswerWire& wire_;
  State state_ = State::kNothing;
  int status_ = 0;
  bool gone_ = false;
};

// Whether writing it would hold up what else is on the loop.
bool is_large(const Value& output);

// The answer to a request that was decoded, with what its operation adds to it.
Response write_answer(const ServiceModel& model, const OperationRow& operation, Protocol protocol,
                      const Value& output, const ResponseExtras& extras,
                      std::string_view request_id);

}  // namespace lapwing::aws
