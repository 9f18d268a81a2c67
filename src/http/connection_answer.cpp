#include <algorithm>
#include <array>
#include <utility>

#include "http/connection.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"

namespace lapwing::http {
namespace {

Error gone_error() { return make_error(ErrorKind::kCancelled, "the client has gone"); }

}  // namespace

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

namespace {

// "Sun, 06 Nov 1994 08:49:37 GMT". By hand, as every answer has one: nothing need be kept of it.
using DateText = std::array<char, 29>;

DateText date_of(WallTime time) {
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  DateText out;
  std::ranges::copy(std::string_view("Sun, 00 Jan 0000 00:00:00 GMT"), out.begin());
  const auto word = [&out](std::size_t at, std::string_view words, std::size_t index) {
    std::ranges::copy(words.substr(3 * index, 3), out.data() + at);
  };
  const auto two = [&out](std::size_t at, unsigned value) {
    out[at] = static_cast<char>('0' + value / 10 % 10);
    out[at + 1] = static_cast<char>('0' + value % 10);
  };
  word(0, kDays, std::chrono::weekday(day).c_encoding());
  two(5, static_cast<unsigned>(date.day()));
  word(8, kMonths, static_cast<unsigned>(date.month()) - 1);
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  two(12, year / 100);
  two(14, year % 100);
  two(17, static_cast<unsigned>(clock.hours().count()));
  two(20, static_cast<unsigned>(clock.minutes().count()));
  two(23, static_cast<unsigned>(clock.seconds().count()));
  return out;
}

}  // namespace

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
  const DateText date = date_of(loop().clock().wall());
  how.date = std::string_view(date.data(), date.size());
  write_response_head(out_, response, how);
}

// An answer that its reader does not take at once. It is counted until it has left; and where
// nothing of it leaves for a while, as stalled, of which there may only be so many bytes.
class Connection::Unread {
 public:
  Unread(Connection& of, std::uint64_t bytes)
      : of_(of),
        memory_(of.shared_.options.memory),
        timer_(of.loop(), [this] { look(); }),
        progress_(of.loop().now()) {
    of_.unread_since_ = progress_;
    if (memory_ == nullptr) return;
    held_ = memory_->answers.charge(of_.caller());
    held_.add(bytes);
    timer_.arm_after(kStalledAfter);
  }
  ~Unread() { of_.unread_since_.reset(); }
  Unread(const Unread&) = delete;
  Unread& operator=(const Unread&) = delete;

  void progress() {
    progress_ = of_.loop().now();
    of_.unread_since_ = progress_;
    stalled_.release();
  }

 private:
  void look() {
    const MonoTime stalled_at = progress_ + kStalledAfter;
    if (of_.loop().now() < stalled_at) return timer_.arm_at(stalled_at);
    if (!stalled_.counts()) stalled_ = memory_->stalled.charge(of_.caller());
    if (stalled_.bytes() == 0) stalled_.add(held_.bytes());
    // Each looks for itself, and what is cut counts no more: no more are cut than have to be.
    if (stalled_.has_room(1)) return timer_.arm_after(kStalledAfter);
    memory_->answers_cut.fetch_add(1, std::memory_order_relaxed);
    of_.loop().logger().info(
        "http", "an unread answer is cut",
        {{"bytes", held_.bytes()},
         {"peer", of_.peer() ? of_.peer()->to_string() : std::string("local")}});
    stalled_.release();
    held_.release();
    of_.stream_.fail_writes();
  }

  Connection& of_;
  Memory* memory_;
  Charge held_;
  Charge stalled_;
  net::Timer timer_;
  MonoTime progress_;
};

bool Connection::answers_stalled() {
  Memory* memory = shared_.options.memory;
  // A share is looked up only where something is stalled at all.
  if (memory == nullptr || memory->stalled.held() == 0) return false;
  return !memory->stalled.charge(caller()).has_room();
}

net::Task<Status> Connection::send(std::span<ByteView> parts) {
  LAPWING_CO_TRY(const bool sent, send_at_once(parts));
  if (sent) co_return Status();
  co_return co_await send_rest(parts);
}

// Broken until it is done: a write that is given up half way leaves half an answer.
net::Task<Status> Connection::send_rest(std::span<ByteView> parts) {
  broken_ = true;
  std::uint64_t left = 0;
  for (const ByteView part : parts) left += part.size();
  Unread unread(*this, left);
  for (ByteView part : parts) {
    while (!part.empty()) {
      const ByteView slice = part.first(std::min(part.size(), kAnswerSliceBytes));
      LAPWING_CO_CHECK(co_await stream_.write_all(std::span(&slice, 1)));
      unread.progress();
      part = part.subspan(slice.size());
    }
  }
  broken_ = false;
  co_return Status();
}

Result<bool> Connection::send_at_once(std::span<ByteView> parts) {
  if (broken_) return lapwing::fail(gone_error());
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
  ByteView held = as_bytes(out_);
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
  co_return co_await send_rest(whole);
}

// All of it in one go, as nearly always, takes no other coroutine.
net::Task<Status> Connection::respond(Response response) {
  std::array<ByteView, 2> parts;
  LAPWING_CO_TRY(const std::span<ByteView> whole, write_whole(response, parts));
  LAPWING_CO_TRY(const bool sent, send_at_once(whole));
  if (sent) co_return Status();
  co_return co_await send_rest(whole);
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
  ByteView head = as_bytes(out_);
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
  ByteView last = as_bytes(out_);
  co_return co_await send(std::span(&last, 1));
}

}  // namespace lapwing::http
