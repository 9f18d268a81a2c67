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

}  // namespace

Response write_answer(const ServiceModel& model, const OperationRow& operation, Protocol protocol,
                      const Value& output, const ResponseExtras& extras,
                      std::string_view request_id) {
  Response response = find_engine(protocol)->write_output(model, operation, output, request_id);
  if (extras.status) response.status = *extras.status;
  for (const HeaderField& header : extras.headers) response.set_header(header.name, header.value);
  return response;
}

const ShapeRow* AnswerSink::event_stream() const {
  const std::uint16_t member = model_.streaming_member(operation_.output);
  if (member == kNone) return nullptr;
  const ShapeRow& shape =
      model_.shape(model_.members_of(model_.shape(operation_.output))[member].shape);
  return shape.has(ShapeFlags::kEventStream) ? &shape : nullptr;
}

Response AnswerSink::encode(const Value& output, const ResponseExtras& extras) const {
  return write_answer(model_, operation_, protocol_, output, extras, request_id_);
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

net::Task<Status> AnswerSink::begin_with(Response head, std::optional<std::uint64_t> length) {
  if (state_ != State::kNothing) co_return fail(used_twice());
  status_ = head.status;
  std::string first;
  if (event_stream() != nullptr) {
    state_ = State::kEvents;
    if (is_rpc(protocol_)) append_initial_response(first, protocol_, head.body);
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

std::string AnswerSink::encode_event(const Value& event) const {
  std::string text;
  const ShapeRow* stream = event_stream();
  if (stream != nullptr) append_model_event(text, model_, protocol_, *stream, event);
  return text;
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
  const ShapeRow* stream = event_stream();
  std::string text;
  if (stream != nullptr) {
    append_error_event(text, model_, protocol_, *stream, describe_error(&model_, error));
  }
  LAPWING_CO_CHECK(co_await send_text(std::move(text)));
  co_return co_await finish();
}

}  // namespace lapwing::aws
