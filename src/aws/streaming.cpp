#include "aws/streaming.hpp"

#include "aws/engine.hpp"
#include "aws/event_answer.hpp"
#include "aws/event_stream.hpp"

namespace lapwing::aws {
namespace {

Error used_twice() { return make_error(ErrorKind::kConflict, "the answer has begun already"); }

// RPC protocols have their documents in the first event; REST ones have them in the head.
bool is_rpc(Protocol protocol) {
  return protocol != Protocol::kRestJson && protocol != Protocol::kRestXml;
}

// Of the output, if it has one.
const ShapeRow* event_stream(const AnswerSink::Facts& of) {
  const std::uint16_t member = of.model.streaming_member(of.operation.output);
  if (member == kNone) return nullptr;
  const ShapeRow& shape =
      of.model.shape(of.model.members_of(of.model.shape(of.operation.output))[member].shape);
  return shape.has(ShapeFlags::kEventStream) ? &shape : nullptr;
}

// An answer about as large as that would hold up what else is on the loop.
constexpr std::size_t kWriteOnLoopMax = std::size_t{256} * 1024;

}  // namespace

Response write_answer(const ServiceModel& model, const OperationRow& operation, Protocol protocol,
                      const Value& output, const ResponseExtras& extras,
                      std::string_view request_id) {
  Response response = find_engine(protocol)->write_output(model, operation, output, request_id);
  if (extras.status) response.status = *extras.status;
  for (const HeaderField& header : extras.headers) response.set_header(header.name, header.value);
  return response;
}

bool is_large(const Value& output) {
  return text_bytes(output, kWriteOnLoopMax) >= kWriteOnLoopMax;
}

// A worker writes what is large; where there is none to be had, it is written here: what the
// operation did is done.
template <class Write>
net::Task<std::invoke_result_t<Write, const AnswerSink::Facts&, const AnswerSink::Made&>>
AnswerSink::written(MadePtr made, Write write) {
  if (is_large(made->value)) {
    auto out = co_await workers_.run(
        loop_, [facts = facts_, made, write] { return write(*facts, *made); });
    if (out) co_return *std::move(out);
  }
  co_return write(*facts_, *made);
}

// A client that takes nothing more is found out once.
Status AnswerSink::took(Status outcome) {
  if (outcome) return outcome;
  gone_ = true;
  return fail(make_error(ErrorKind::kCancelled, "the client has gone"));
}

net::Task<Status> AnswerSink::respond(Response whole) {
  if (state_ != State::kNothing) co_return fail(used_twice());
  state_ = State::kWhole;
  status_ = whole.status;
  co_return took(co_await wire_.respond(std::move(whole)));
}

net::Task<Status> AnswerSink::answer_with(MadePtr made) {
  if (state_ != State::kNothing) co_return fail(used_twice());
  co_return co_await respond(
      co_await written(std::move(made), [](const Facts& of, const Made& what) {
        return write_answer(of.model, of.operation, of.protocol, what.value, what.extras,
                            of.request_id);
      }));
}

net::Task<Status> AnswerSink::begin_with(MadePtr made, std::optional<std::uint64_t> length) {
  if (state_ != State::kNothing) co_return fail(used_twice());
  Response head = co_await written(std::move(made), [](const Facts& of, const Made& what) {
    return write_answer(of.model, of.operation, of.protocol, what.value, what.extras,
                        of.request_id);
  });
  status_ = head.status;
  std::string first;
  if (event_stream(*facts_) != nullptr) {
    state_ = State::kEvents;
    if (is_rpc(facts_->protocol)) append_initial_response(first, facts_->protocol, head.body);
    head.set_header("Content-Type", kEventStreamContentType);
  } else {
    state_ = State::kBytes;
    if (length) head.set_header("Content-Length", std::to_string(*length));
  }
  head.body.clear();
  Status begun = took(co_await wire_.begin(std::move(head)));
  if (begun && !first.empty()) begun = took(co_await wire_.write(first));
  co_return begun;
}

net::Task<Status> AnswerSink::write(std::string_view bytes) {
  if (state_ != State::kBytes) {
    co_return fail(make_error(ErrorKind::kConflict, "no answer of bytes has begun"));
  }
  co_return took(co_await wire_.write(bytes));
}

net::Task<Status> AnswerSink::send_event(MadePtr made) {
  std::string text = co_await written(std::move(made), [](const Facts& of, const Made& what) {
    std::string out;
    const ShapeRow* stream = event_stream(of);
    if (stream != nullptr) append_model_event(out, of.model, of.protocol, *stream, what.value);
    return out;
  });
  co_return co_await send_text(std::move(text));
}

net::Task<Status> AnswerSink::send_text(std::string text) {
  if (state_ != State::kEvents) {
    co_return fail(make_error(ErrorKind::kConflict, "no event stream has begun"));
  }
  if (text.empty()) co_return Status();
  co_return took(co_await wire_.write(text));
}

net::Task<Status> AnswerSink::finish() {
  if (state_ != State::kBytes && state_ != State::kEvents) co_return Status();
  state_ = State::kFinished;
  co_return took(co_await wire_.finish());
}

net::Task<Status> AnswerSink::finish_with(const Error& error) {
  const ShapeRow* stream = event_stream(*facts_);
  std::string text;
  if (stream != nullptr) {
    append_error_event(text, facts_->model, facts_->protocol, *stream,
                       describe_error(&facts_->model, error));
  }
  LAPWING_CO_CHECK(co_await send_text(std::move(text)));
  co_return co_await finish();
}

}  // namespace lapwing::aws
