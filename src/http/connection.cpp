#include "http/connection.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <utility>

#include "base/let_go.hpp"
#include "net/loop.hpp"

namespace lapwing::http {
namespace {

int status_for(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kTooLarge:
      return 413;
    case ErrorKind::kTimeout:
      return 408;
    case ErrorKind::kThrottled:
      return 429;
    case ErrorKind::kInvalid:
      return 400;
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kDenied:
    case ErrorKind::kUnsupported:
    case ErrorKind::kUnavailable:
    case ErrorKind::kUnknown:
    case ErrorKind::kCancelled:
    case ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

Response default_error_page(int status, std::string_view message) {
  // Our own messages: no character of them needs escaping.
  return Response(status, "application/json", fmt::format("{{\"message\":\"{}\"}}", message));
}

}  // namespace

Connection::Connection(net::Stream stream, ServiceShared& shared, bool tls, std::uint64_t origin,
                       std::uint64_t network)
    : stream_(std::move(stream)),
      shared_(shared),
      parser_(shared.options.limits),
      decoder_(shared.options.limits.trailer_bytes),
      origin_(origin),
      network_(network),
      waits_since_(stream_.loop().now()),
      tls_(tls) {
  stream_.set_write_timeout(shared_.options.timeouts.write_stall);
  ++shared_.stats.connections;
}

Connection::~Connection() { --shared_.stats.connections; }

net::Task<void> Connection::run() {
  stream_.on_peer_closed([this] { request_stop(); });
  while (true) {
    const HeadOutcome outcome = co_await read_head();
    if (outcome == HeadOutcome::kClosed) co_return;
    if (outcome == HeadOutcome::kError) {
      co_await answer_error(parser_.error().status, parser_.error().message);
      co_return;
    }
    ++shared_.stats.requests;
    begin_request();
    try {
      co_await shared_.handler(*this);
    } catch (...) {
      note_throw(std::current_exception());
    }
    if (!answered_ && !broken_) co_await answer_for_handler();
    // Begun and never finished: only a cut connection tells the client.
    if (streaming_) broken_ = true;
    if (!asked()) has_asked();
    body_charge_ = Charge();
    if (broken_) co_return;
    const bool skipped = decoder_.done() || co_await skip_unread_body();
    if (broken_) co_return;
    if (!keep_alive_ || !skipped) {
      if (!skipped && !closing_) co_await linger();
      co_return;
    }
    phase_ = Phase::kIdle;
    buffer_.shrink(kReadBufferBytes);
    if (buffer_.capacity() <= kReadBufferBytes) buffer_charge_.release();
    if (turn_is_over()) co_await loop().yield();
  }
}

// A client that sends without pause must not keep the loop for itself.
bool Connection::turn_is_over() {
  if (++turns_ < kTurnsMax) return false;
  turns_ = 0;
  return true;
}

void Connection::close_if_idle() {
  if (phase_ == Phase::kIdle) stream_.set_read_deadline(loop().now());
}

void Connection::request_stop() {
  gone_.raise(loop());
  stop_source_.request_stop();
}

void Connection::take_read_deadline(Duration timeout) {
  stream_.set_read_deadline(loop().now() + timeout);
}

// --- the head ---

net::Task<Connection::HeadOutcome> Connection::read_head() {
  parser_.reset();
  const Timeouts& timeouts = shared_.options.timeouts;
  bool timing_head = false;
  while (true) {
    if (!buffer_.empty()) {
      phase_ = Phase::kHead;
      switch (parser_.parse_request(buffer_.data(), request_, info_)) {
        case ParseState::kDone:
          buffer_.consume(parser_.consumed());
          co_return HeadOutcome::kRequest;
        case ParseState::kError:
          co_return HeadOutcome::kError;
        case ParseState::kNeedMore:
          break;
      }
    }
    if (!may_grow()) {
      co_await answer_error(503, "too many requests are arriving");
      co_return HeadOutcome::kClosed;
    }
    const MutableBytes room = buffer_.make_room(kReadBufferBytes);
    std::optional<Result<std::size_t>> count = stream_.try_read(room);
    if (!count) {
      if (held_ && !co_await send_held()) co_return HeadOutcome::kClosed;
      // The deadline is only looked at when there is something to wait for. A head has one
      // deadline, however many pieces it comes in.
      if (phase_ == Phase::kIdle && shared_.draining.load(std::memory_order_relaxed)) {
        co_return HeadOutcome::kClosed;
      }
      if (!timing_head) {
        timing_head = phase_ == Phase::kHead;
        waits_since_ = loop().now();
        stream_.set_read_deadline(waits_since_ +
                                  (timing_head ? timeouts.head : timeouts.keep_alive));
      }
      count = co_await stream_.read_some(room);
    }
    if (!*count) {
      if (phase_ == Phase::kHead && count->error().kind() == ErrorKind::kTimeout && !closing_) {
        co_await answer_error(408, "the request took too long");
      }
      co_return HeadOutcome::kClosed;
    }
    if (**count == 0) co_return HeadOutcome::kClosed;
    buffer_.filled(**count);
  }
}

void Connection::begin_request() {
  phase_ = Phase::kHandler;
  decoder_.start(info_);
  if (!asked() && decoder_.remaining().value_or(UINT64_MAX) <= buffer_.data().size()) has_asked();
  keep_alive_ = info_.keep_alive;
  continue_due_ = info_.expects_continue && !decoder_.done();
  answered_ = false;
  streaming_ = false;
  body_error_.reset();
  closing_ = false;  // it came just in time
  key_ = part_ = claimed_ = 0;
  trailers_charged_ = 0;
  pace_.begin();
}

std::optional<Waiting> Connection::waiting() const {
  if (closing_) return std::nullopt;
  const MonoTime now = loop().now();
  const bool slow = now - waits_since_ >= kSlowHead;
  switch (phase_) {
    case Phase::kLinger:
      return Waiting{Idleness::kLingers, waits_since_};
    case Phase::kIdle:
      if (asked() && now - waits_since_ < kKeptRecently) {
        return Waiting{Idleness::kKept, waits_since_};
      }
      return Waiting{slow ? Idleness::kLong : Idleness::kYoung, waits_since_};
    case Phase::kHead:
      if (slow) return Waiting{Idleness::kLong, waits_since_};
      if (!asked()) return Waiting{Idleness::kYoung, waits_since_};
      return std::nullopt;
    case Phase::kBody: {
      const bool drips = pace_.is_slow(shared_.options.timeouts, now);
      if (slow) return Waiting{drips ? Idleness::kDrips : Idleness::kAtWork, waits_since_};
      if (drips && !asked()) return Waiting{Idleness::kYoung, waits_since_};
      return std::nullopt;
    }
    case Phase::kRoom:
      if (slow) return Waiting{Idleness::kAtWork, waits_since_};
      return std::nullopt;
    case Phase::kHandler:
      if (unread_since_ && now - *unread_since_ >= kSlowHead) {
        return Waiting{Idleness::kAtWork, *unread_since_};
      }
      return std::nullopt;
  }
  return std::nullopt;
}

// It doubles when it is full. Its first size is not charged: every connection has it.
bool Connection::may_grow(std::size_t at_least) {
  Memory* memory = shared_.options.memory;
  if (memory == nullptr) return true;
  const std::size_t now = buffer_.capacity();
  const std::size_t then = std::max(at_least, buffer_.full() ? 2 * now : now);
  if (then <= std::max(now, kReadBufferBytes)) return true;
  if (!buffer_charge_.counts()) buffer_charge_ = memory->bodies.charge();
  if (!buffer_charge_.has_room(kSmallBodiesReserve)) return false;
  buffer_charge_.add(then - now);
  return true;
}

// An address has its own share, and so has each who is somebody there, and each who only says so. A
// function has one, whatever keys it names.
CallerId Connection::caller() {
  if (origin_ != 0) return {origin_, part_, true};
  if (network_ == 0) network_ = peer() ? network_of(*peer()) : 1;
  return {network_ * 31 + key_, part_, false};
}

// --- the handler and what is left to do after it ---

void Connection::note_throw(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const std::exception& error) {
    loop().logger().error("http", "handler threw", {{"what", error.what()}});
  } catch (...) {
    loop().logger().error("http", "handler threw", {});
  }
}

net::Task<void> Connection::answer_for_handler() {
  if (closing_ || (body_error_ && body_error_->kind() == ErrorKind::kCancelled)) {
    broken_ = true;
    co_return;
  }
  const int status = body_error_ ? status_for(*body_error_) : 500;
  const std::string message = body_error_ ? body_error_->message() : "internal error";
  if (status != 500) note_protocol_error(status, message);
  auto page = shared_.options.error_page ? shared_.options.error_page(status, message)
                                         : default_error_page(status, message);
  // A failed write has marked the connection broken.
  [[maybe_unused]] Status sent = co_await respond(std::move(page));
}

// False when the connection cannot be used again because of what is unread.
net::Task<bool> Connection::skip_unread_body() {
  if (body_error_ || continue_due_ || !keep_alive_) co_return false;
  std::uint64_t skipped = 0;
  while (skipped <= kUnreadBodyBytesMax) {
    auto piece = co_await next();
    if (!piece) co_return false;
    if (piece->empty()) co_return true;
    skipped += piece->size();
  }
  co_return false;
}

void Connection::note_protocol_error(int status, std::string_view message) {
  ++shared_.stats.protocol_errors;
  loop().logger().info("http", "refused",
                       {{"status", status},
                        {"why", message},
                        {"peer", peer() ? peer()->to_string() : std::string("local")}});
}

// Before a request exists, or instead of one: always ends the connection.
net::Task<void> Connection::answer_error(int status, std::string_view message) {
  note_protocol_error(status, message);
  keep_alive_ = false;
  answered_ = false;
  request_.http_1_0 = false;
  request_.method = Method::kGet;
  decoder_.start({});
  auto page = shared_.options.error_page ? shared_.options.error_page(status, message)
                                         : default_error_page(status, message);
  Status sent = co_await respond(std::move(page));
  if (sent) co_await linger();
}

// Closing with bytes unread would reset the connection and could destroy our answer on its
// way, so read on for a while until the client has closed.
net::Task<void> Connection::linger() {
  if (!co_await stream_.shutdown_write()) co_return;
  phase_ = Phase::kLinger;
  waits_since_ = loop().now();
  take_read_deadline(kLingerTimeout);
  std::uint64_t total = 0;
  while (total < kLingerBytesMax) {
    buffer_.consume(buffer_.data().size());
    auto count = co_await stream_.read_some(buffer_.make_room(kReadBufferBytes));
    if (!count || *count == 0) co_return;
    total += *count;
    if (turn_is_over()) co_await loop().yield();
  }
}

// --- the rest of the context ---

const std::optional<net::Address>& Connection::peer() const {
  if (!peer_) peer_ = std::make_unique<std::optional<net::Address>>(stream_.peer_address());
  return *peer_;
}

std::stop_token Connection::stop_token() {
  if (!stop_source_.stop_possible()) {
    stop_source_ = std::stop_source();
    if (client_gone()) stop_source_.request_stop();
  }
  return stop_source_.get_token();
}

// The target stays, for the log.
void Connection::rest() {
  buffer_.shrink(0);
  let_go(request_.headers);
  if (!held_) let_go(out_);
}

}  // namespace lapwing::http
