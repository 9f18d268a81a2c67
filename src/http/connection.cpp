#include "http/connection.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>
#include <utility>

#include "net/loop.hpp"

namespace lapwing::http {
namespace {

// Body pieces are pulled through a buffer of this size, once somebody reads a body.
constexpr std::size_t kBodyBufferBytes = 64 * kKiB;

Error gone() { return make_error(ErrorKind::kCancelled, "the client has gone"); }

int status_for(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kTooLarge:
      return 413;
    case ErrorKind::kTimeout:
      return 408;
    case ErrorKind::kInvalid:
      return 400;
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kThrottled:
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

Connection::Connection(net::Stream stream, ServiceShared& shared, bool tls)
    : stream_(std::move(stream)),
      shared_(shared),
      parser_(shared.options.limits),
      decoder_(shared.options.limits.trailer_bytes),
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
    co_await handle_request();
    if (broken_) co_return;
    const bool skipped = decoder_.done() || co_await skip_unread_body();
    if (broken_) co_return;
    if (!keep_alive_ || !skipped) {
      if (!skipped) co_await linger();
      co_return;
    }
    phase_ = Phase::kIdle;
    buffer_.shrink(kReadBufferBytes);
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
  if (stop_source_) stop_source_->request_stop();
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
        take_read_deadline(timing_head ? timeouts.head : timeouts.keep_alive);
      }
      count = co_await stream_.read_some(room);
    }
    if (!*count) {
      if (phase_ == Phase::kHead && count->error().kind() == ErrorKind::kTimeout) {
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
  keep_alive_ = info_.keep_alive;
  continue_due_ = info_.expects_continue && !decoder_.done();
  answered_ = false;
  streaming_ = false;
  body_error_.reset();
}

// --- the handler and what is left to do after it ---

net::Task<void> Connection::handle_request() {
  try {
    co_await shared_.handler(*this);
  } catch (const std::exception& error) {
    loop().logger().error("http", "handler threw", {{"what", error.what()}});
  } catch (...) {
    loop().logger().error("http", "handler threw", {});
  }
  if (!answered_ && !broken_) co_await answer_for_handler();
  // Begun and never finished: only a cut connection tells the client.
  if (streaming_) broken_ = true;
}

net::Task<void> Connection::answer_for_handler() {
  if (body_error_ && body_error_->kind() == ErrorKind::kCancelled) {
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
  take_read_deadline(kLingerTimeout);
  std::uint64_t total = 0;
  while (total < kLingerBytesMax) {
    buffer_.consume(buffer_.data().size());
    auto count = co_await stream_.read_some(buffer_.make_room(kReadBufferBytes));
    if (!count || *count == 0) co_return;
    total += *count;
  }
}

// --- reading the body ---

std::unexpected<Error> Connection::body_failed(Error error) {
  body_error_ = error;
  keep_alive_ = false;
  return lapwing::fail(std::move(error));
}

// What a client asked for before it sends its body.
net::Task<Status> Connection::say_continue() {
  continue_due_ = false;
  // One that sent body bytes already is not waiting to be asked.
  if (!answered_ && buffer_.empty()) {
    LAPWING_CO_CHECK(co_await send_held());
    Status sent = co_await stream_.write_all("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent) co_return body_failed(std::move(sent).error());
  }
  co_return Status();
}

// More bytes into the buffer.
net::Task<Status> Connection::fill_body() {
  const MutableBytes room = buffer_.make_room(kReadBufferBytes);
  std::optional<Result<std::size_t>> count = stream_.try_read(room);
  if (!count) {
    take_read_deadline(shared_.options.timeouts.body_idle);
    count = co_await stream_.read_some(room);
  }
  if (!*count) co_return body_failed(std::move(*count).error());
  if (**count == 0) co_return body_failed(gone());
  buffer_.filled(**count);
  if (turn_is_over()) co_await loop().yield();
  co_return Status();
}

net::Task<Result<std::string_view>> Connection::next() {
  if (body_error_) co_return lapwing::fail(*body_error_);
  if (continue_due_) LAPWING_CO_CHECK(co_await say_continue());
  while (!decoder_.done()) {
    const BodyDecoder::Step step = decoder_.decode(buffer_.data());
    buffer_.consume(step.consumed);
    if (step.state == ParseState::kError) {
      co_return body_failed(make_error(ErrorKind::kInvalid, std::string(decoder_.error().message)));
    }
    if (!step.data.empty()) co_return step.data;
    if (step.consumed > 0 || decoder_.done()) continue;
    if (buffer_.empty()) buffer_.reserve(kBodyBufferBytes);
    LAPWING_CO_CHECK(co_await fill_body());
  }
  co_return std::string_view();
}

net::Task<Status> Connection::read_exactly(char* into, std::size_t count) {
  while (count > 0) {
    const MutableBytes room = std::as_writable_bytes(std::span(into, count));
    std::optional<Result<std::size_t>> got = stream_.try_read(room);
    if (!got) {
      take_read_deadline(shared_.options.timeouts.body_idle);
      got = co_await stream_.read_some(room);
    }
    if (!*got) co_return body_failed(std::move(*got).error());
    if (**got == 0) co_return body_failed(gone());
    into += **got;
    count -= **got;
    decoder_.skip(**got);
  }
  co_return Status();
}

std::optional<std::string_view> Connection::take_arrived(std::size_t limit) {
  const std::optional<std::uint64_t> left = decoder_.remaining();
  if (!left || *left > limit || *left > buffer_.data().size() || body_error_ || continue_due_) {
    return std::nullopt;
  }
  const BodyDecoder::Step step = decoder_.decode(buffer_.data());
  buffer_.consume(step.consumed);
  return step.data;
}

net::Task<Result<std::string>> Connection::read_all(std::size_t limit) {
  if (body_error_) co_return lapwing::fail(*body_error_);
  const auto too_large = [this] {
    return body_failed(make_error(ErrorKind::kTooLarge, "the request body is too large"));
  };
  const std::optional<std::uint64_t> left = decoder_.remaining();
  if (left && *left > limit) co_return too_large();
  std::string all;
  if (left) {
    if (continue_due_) LAPWING_CO_CHECK(co_await say_continue());
    // Straight into the string: what is buffered first, the rest from the socket.
    const auto size = static_cast<std::size_t>(*left);
    all.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
    const BodyDecoder::Step step = decoder_.decode(buffer_.data());
    if (!step.data.empty()) std::copy(step.data.begin(), step.data.end(), all.data());
    buffer_.consume(step.consumed);
    if (step.data.size() < size) {
      LAPWING_CO_CHECK(
          co_await read_exactly(all.data() + step.data.size(), size - step.data.size()));
    }
    co_return all;
  }
  while (true) {
    auto piece = co_await next();
    if (!piece) co_return lapwing::fail(std::move(piece).error());
    if (piece->empty()) co_return all;
    if (all.size() + piece->size() > limit) co_return too_large();
    all.append(*piece);
  }
}

std::optional<std::uint64_t> Connection::content_length() const {
  if (info_.framing == BodyFraming::kChunked) return std::nullopt;
  return info_.framing == BodyFraming::kLength ? info_.content_length : 0;
}

// --- writing the answer ---

bool Connection::bodiless(int status) const {
  return status < 200 || status == 204 || status == 304;
}

// Whether the connection can be used again is known when the head of the answer is written.
void Connection::decide_keep_alive() {
  const auto left = decoder_.remaining();
  const bool unread_too_much = left && *left > kUnreadBodyBytesMax;
  if (shared_.draining.load(std::memory_order_relaxed) || unread_too_much || continue_due_) {
    keep_alive_ = false;
  }
}

std::string_view Connection::date() {
  const std::int64_t second = unix_ms(loop().clock().wall()) / 1000;
  if (second != date_second_) {
    date_second_ = second;
    const auto time = static_cast<std::time_t>(second);
    std::tm utc{};
    ::gmtime_r(&time, &utc);
    constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    date_ = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                        kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                        kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
                        utc.tm_hour, utc.tm_min, utc.tm_sec);
  }
  return date_;
}

void Connection::write_head(const Response& response, BodyFraming framing, std::uint64_t length) {
  answered_ = true;
  answer_framing_ = framing;
  decide_keep_alive();
  if (!std::exchange(held_, false)) out_.clear();
  ResponseFraming how;
  how.framing = framing;
  how.content_length = length;
  how.close = !keep_alive_;
  how.keep_alive_said = keep_alive_ && request_.http_1_0;
  how.date = date();
  write_response_head(out_, response, how);
}

// Broken until it is done: a write that is given up half way leaves half an answer.
net::Task<Status> Connection::send(std::span<const ByteView> parts) {
  if (broken_) co_return lapwing::fail(gone());
  broken_ = true;
  Status sent = co_await stream_.write_all(parts);
  if (sent) broken_ = false;
  co_return sent;
}

Result<bool> Connection::send_at_once(std::span<ByteView> parts) {
  if (broken_) return lapwing::fail(gone());
  Result<std::size_t> sent = stream_.try_write(parts);
  if (!sent) {
    broken_ = true;
    return lapwing::fail(std::move(sent).error());
  }
  std::size_t left = 0;
  for (ByteView& part : parts) {
    const std::size_t gone_out = std::min(*sent, part.size());
    part = part.subspan(gone_out);
    *sent -= gone_out;
    left += part.size();
  }
  return left == 0;
}

net::Task<Status> Connection::send_held() {
  if (!std::exchange(held_, false)) co_return Status();
  const ByteView held = as_bytes(out_);
  co_return co_await send(std::span(&held, 1));
}

net::Task<Status> Connection::respond_with_next(const Response& response) {
  const bool holds = !answered_ && !buffer_.empty() && decoder_.done() && !continue_due_ &&
                     request_.method != Method::kHead && !bodiless(response.status);
  if (holds) {
    write_head(response, BodyFraming::kLength, response.body.size());
    out_ += response.body;
    held_ = true;
    if (keep_alive_) co_return Status();
    co_return co_await send_held();
  }
  std::array<ByteView, 2> parts;
  LAPWING_CO_TRY(const std::span<ByteView> whole, write_whole(response, parts));
  LAPWING_CO_TRY(const bool sent, send_at_once(whole));
  if (sent) co_return Status();
  co_return co_await send(whole);
}

// All of it in one go, as nearly always, takes no other coroutine.
net::Task<Status> Connection::respond(Response response) {
  std::array<ByteView, 2> parts;
  LAPWING_CO_TRY(const std::span<ByteView> whole, write_whole(response, parts));
  LAPWING_CO_TRY(const bool sent, send_at_once(whole));
  if (sent) co_return Status();
  co_return co_await send(whole);
}

// What is to be sent, in `parts`.
Result<std::span<ByteView>> Connection::write_whole(const Response& response,
                                                    std::array<ByteView, 2>& parts) {
  if (answered_) return lapwing::fail(make_error(ErrorKind::kConflict, "answered already"));
  std::uint64_t length = response.body.size();
  const bool no_body = request_.method == Method::kHead || bodiless(response.status);
  if (no_body && length == 0) {
    // HEAD may say how long the body would have been.
    if (auto said = response.headers.get("Content-Length")) {
      length = std::strtoull(std::string(*said).c_str(), nullptr, 10);
    }
  }
  write_head(response, bodiless(response.status) ? BodyFraming::kNone : BodyFraming::kLength,
             length);
  parts = {as_bytes(out_), as_bytes(response.body)};
  return std::span(parts).first(no_body || response.body.empty() ? 1 : 2);
}

net::Task<Result<BodyWriter*>> Connection::respond_stream(Response response) {
  if (answered_) {
    co_return lapwing::fail(make_error(ErrorKind::kConflict, "answered already"));
  }
  BodyFraming framing = BodyFraming::kChunked;
  stream_left_ = 0;
  if (auto said = response.headers.get("Content-Length")) {
    framing = BodyFraming::kLength;
    stream_left_ = std::strtoull(std::string(*said).c_str(), nullptr, 10);
  } else if (request_.http_1_0) {
    framing = BodyFraming::kUntilClose;
    keep_alive_ = false;
  }
  if (bodiless(response.status)) framing = BodyFraming::kNone;
  write_head(response, framing, stream_left_);
  if (request_.method == Method::kHead) answer_framing_ = BodyFraming::kNone;
  streaming_ = true;
  const ByteView head = as_bytes(out_);
  Status sent = co_await send(std::span(&head, 1));
  if (!sent) co_return lapwing::fail(std::move(sent).error());
  co_return static_cast<BodyWriter*>(this);
}

net::Task<Status> Connection::write(std::string_view text) {
  if (!streaming_) {
    co_return lapwing::fail(make_error(ErrorKind::kConflict, "the answer is finished"));
  }
  if (text.empty() || answer_framing_ == BodyFraming::kNone) co_return Status();
  std::array<ByteView, 3> parts = {ByteView(), as_bytes(text), ByteView()};
  if (answer_framing_ == BodyFraming::kChunked) {
    out_.clear();
    write_chunk_head(out_, text.size());
    parts[0] = as_bytes(out_);
    parts[2] = as_bytes("\r\n");
  } else if (answer_framing_ == BodyFraming::kLength) {
    if (text.size() > stream_left_) {
      co_return lapwing::fail(make_error(ErrorKind::kInvalid, "more than Content-Length"));
    }
    stream_left_ -= text.size();
  }
  co_return co_await send(parts);
}

net::Task<Status> Connection::finish(Headers trailers) {
  if (!streaming_) {
    co_return lapwing::fail(make_error(ErrorKind::kConflict, "the answer is finished"));
  }
  if (answer_framing_ == BodyFraming::kLength && stream_left_ > 0) {
    co_return lapwing::fail(make_error(ErrorKind::kInvalid, "less than Content-Length"));
  }
  streaming_ = false;
  if (answer_framing_ != BodyFraming::kChunked) co_return Status();
  out_.clear();
  write_last_chunk(out_, trailers);
  const ByteView last = as_bytes(out_);
  co_return co_await send(std::span(&last, 1));
}

// --- the rest of the context ---

const std::optional<net::Address>& Connection::peer() const {
  if (!std::exchange(peer_known_, true)) peer_ = stream_.peer_address();
  return peer_;
}

std::stop_token Connection::stop_token() {
  if (!stop_source_) {
    stop_source_ = std::make_unique<std::stop_source>();
    if (client_gone()) stop_source_->request_stop();
  }
  return stop_source_->get_token();
}

}  // namespace lapwing::http
