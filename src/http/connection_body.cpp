#include <algorithm>
#include <utility>

#include "http/connection.hpp"
#include "net/loop.hpp"

namespace lapwing::http {
namespace {

// Body pieces are pulled through a buffer of this size, once somebody reads a body.
constexpr std::size_t kBodyBufferBytes = 64 * kKiB;

Error gone_error() { return make_error(ErrorKind::kCancelled, "the client has gone"); }

}  // namespace

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

// --- what it holds of the budget ---

void Connection::charge_body(std::uint64_t bytes) {
  if (shared_.options.memory == nullptr) return;
  if (!body_charge_.counts()) body_charge_ = shared_.options.memory->bodies.charge(caller());
  body_charge_.add(bytes);
}

// Bounded for each connection, but not for the many that one may open.
void Connection::charge_trailers() {
  const std::size_t now = decoder_.trailers().bytes();
  if (now <= trailers_charged_) return;
  charge_body(now - trailers_charged_);
  trailers_charged_ = now;
}

bool Connection::has_body_room(std::uint64_t still) {
  if (shared_.options.memory == nullptr) return true;
  if (!body_charge_.counts()) charge_body(0);
  const bool small = body_charge_.bytes() + still <= kSmallBodyBytes;
  return body_charge_.has_room(small ? kSmallBodiesReserve : 0);
}

std::unexpected<Error> Connection::no_body_room() {
  shared_.options.memory->bodies_refused.fetch_add(1, std::memory_order_relaxed);
  return body_failed(
      make_error(ErrorKind::kThrottled, "too many request bodies in flight, please retry"));
}

// At the limit of connections it may be closed meanwhile.
net::Task<void> Connection::look_later(MonoTime since) {
  phase_ = Phase::kRoom;
  waits_since_ = since;
  co_await loop().sleep(kBodyRoomLook);
  phase_ = Phase::kHandler;
}

// Others end meanwhile. One that gives up makes room for the rest, so that bodies that wait for
// each other do not all fail.
net::Task<Status> Connection::body_room(std::uint64_t still) {
  const MonoTime since = loop().now();
  while (loop().now() - since < kBodyRoomWait) {
    co_await look_later(since);
    if (stream_.peer_closed() || closing_) co_return body_failed(gone_error());
    if (!has_body_room(still)) continue;
    pace_.held_back(loop().now() - since);
    co_return Status();
  }
  co_return no_body_room();
}

net::Task<Status> Connection::large_turn() {
  if (shared_.options.memory == nullptr) co_return Status();
  charge_body(0);
  const MonoTime since = loop().now();
  while (!body_charge_.take_turn()) {
    if (loop().now() - since >= kLargeBodyWait) co_return no_body_room();
    co_await look_later(since);
    if (stream_.peer_closed() || closing_) co_return body_failed(gone_error());
  }
  co_return Status();
}

// --- from the socket ---

// Between 1 and room.size() bytes.
net::Task<Result<std::size_t>> Connection::receive_body(MutableBytes room, std::uint64_t still) {
  if (!has_body_room(still)) LAPWING_CO_CHECK(co_await body_room(still));
  std::optional<Result<std::size_t>> count = stream_.try_read(room);
  if (!count) {
    stream_.set_read_deadline(pace_.deadline(shared_.options.timeouts, loop().now()));
    // `still`: it is kept.
    const std::size_t first = still > 0 ? std::min(room.size(), kBodyFirstReadBytes) : room.size();
    // Of no use to anybody else meanwhile: at the limit of connections it may have to go.
    phase_ = Phase::kBody;
    waits_since_ = pace_.started();
    count = co_await stream_.read_some(room.first(first));
    phase_ = Phase::kHandler;
  }
  if (!*count) co_return body_failed(std::move(*count).error());
  if (**count == 0) co_return body_failed(gone_error());
  pace_.came(**count);
  co_return **count;
}

// More bytes into the buffer, which a reader in pieces does not keep.
net::Task<Status> Connection::fill_body() {
  if (!may_grow()) co_return no_body_room();
  LAPWING_CO_TRY(const std::size_t count,
                 co_await receive_body(buffer_.make_room(kReadBufferBytes), 0));
  buffer_.filled(count);
  if (turn_is_over()) co_await loop().yield();
  co_return Status();
}

net::Task<Result<std::string_view>> Connection::next() {
  if (body_error_) co_return lapwing::fail(*body_error_);
  if (continue_due_) LAPWING_CO_CHECK(co_await say_continue());
  while (!decoder_.done()) {
    const BodyDecoder::Step step = decoder_.decode(buffer_.data());
    buffer_.consume(step.consumed);
    charge_trailers();
    if (step.state == ParseState::kError) {
      co_return body_failed(make_error(ErrorKind::kInvalid, std::string(decoder_.error().message)));
    }
    if (!step.data.empty()) co_return step.data;
    if (step.consumed > 0 || decoder_.done()) continue;
    if (buffer_.empty()) {
      if (!may_grow(kBodyBufferBytes)) co_return no_body_room();
      buffer_.reserve(kBodyBufferBytes);
    }
    LAPWING_CO_CHECK(co_await fill_body());
  }
  co_return std::string_view();
}

net::Task<Status> Connection::read_exactly(char* into, std::size_t count) {
  while (count > 0) {
    const MutableBytes room =
        std::as_writable_bytes(std::span(into, std::min(count, kBodyReadBytes)));
    const std::uint64_t still = decoder_.remaining().value_or(0);
    LAPWING_CO_TRY(const std::size_t got, co_await receive_body(room, still));
    charge_body(got);
    into += got;
    count -= got;
    decoder_.skip(got);
    // A turn may be a megabyte here: others come after each large one.
    const bool large = count > 0 && got > kReadBufferBytes;
    if (large || turn_is_over()) co_await loop().yield();
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
  if (continue_due_) LAPWING_CO_CHECK(co_await say_continue());
  if (left) co_return co_await read_known(static_cast<std::size_t>(*left));
  std::string all;
  while (true) {
    auto piece = co_await next();
    if (!piece) co_return lapwing::fail(std::move(piece).error());
    if (piece->empty()) co_return all;
    if (all.size() + piece->size() > limit) co_return too_large();
    // The piece is a view of the buffer, which waits with it.
    if (all.size() <= kLargeBodyBytes && all.size() + piece->size() > kLargeBodyBytes) {
      LAPWING_CO_CHECK(co_await large_turn());
      // Grown in place, as what was not written to takes nothing.
      all.reserve(limit);
    }
    if (!has_body_room(piece->size())) LAPWING_CO_CHECK(co_await body_room(piece->size()));
    charge_body(piece->size());
    all.append(*piece);
  }
}

// Straight into the string: what is buffered first, the rest from the socket. The string grows with
// what arrives, not with what was announced.
net::Task<Result<std::string>> Connection::read_known(std::size_t size) {
  if (size > kLargeBodyBytes) LAPWING_CO_CHECK(co_await large_turn());
  std::string all;
  const auto grow_to = [&all](std::size_t to) {
    all.resize_and_overwrite(to, [to](char*, std::size_t) { return to; });
  };
  const BodyDecoder::Step step = decoder_.decode(buffer_.data());
  std::size_t have = step.data.size();
  grow_to(std::min(size, std::max(have, kBodyReadBytes)));
  std::copy(step.data.begin(), step.data.end(), all.data());
  buffer_.consume(step.consumed);
  if (have < size) charge_body(have);
  while (have < size) {
    if (have == all.size()) grow_to(have > size / (2 * kBodyGrowth) ? size : have * kBodyGrowth);
    LAPWING_CO_CHECK(co_await read_exactly(all.data() + have, all.size() - have));
    have = all.size();
  }
  co_return all;
}

std::optional<std::uint64_t> Connection::content_length() const {
  if (info_.framing == BodyFraming::kChunked) return std::nullopt;
  return info_.framing == BodyFraming::kLength ? info_.content_length : 0;
}

}  // namespace lapwing::http
