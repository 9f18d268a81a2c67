// One HTTP/1.1 server connection: reads heads, runs the handler, writes answers, in order.
// For http/*.cpp only.
//
// One object serves every request of the connection, one at a time, and is the context, the
// body reader and the body writer of the current one: nothing is allocated for a request
// once the buffers have grown. Its life and heads are in connection.cpp, bodies in
// connection_body.cpp, answers in connection_answer.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "http/body_pace.hpp"
#include "http/h1_codec.hpp"
#include "http/open_connections.hpp"
#include "http/read_buffer.hpp"
#include "http/server.hpp"
#include "net/interrupt.hpp"
#include "net/stream.hpp"

namespace lapwing::http {

class Connection final : public RequestContext,
                         public OpenConnection,
                         private BodyReader,
                         private BodyWriter {
 public:
  // `network`: of its address, where that is known (0: it is not).
  Connection(net::Stream stream, ServiceShared& shared, bool tls, std::uint64_t origin,
             std::uint64_t network);
  ~Connection() override;

  // Until the connection has ended.
  net::Task<void> run();
  // Ends the connection now if no request is in flight.
  void close_if_idle() override;
  void request_stop() override;
  std::optional<Waiting> waiting() const override;
  void close_now() override {
    closing_ = true;
    if (unread_since_) stream_.fail_writes();
    stream_.set_read_deadline(loop().now());
  }

  const Request& request() const override { return request_; }
  net::Loop& loop() const override { return stream_.loop(); }
  const std::optional<net::Address>& peer() const override;
  bool is_tls() const override { return tls_; }
  std::optional<std::uint64_t> content_length() const override;
  BodyReader& body() override { return *this; }
  net::Task<Status> respond(Response response) override;
  net::Task<Status> respond_with_next(const Response& response) override;
  net::Task<Result<BodyWriter*>> respond_stream(Response response) override;
  bool answered() const override { return answered_; }
  bool client_gone() const override { return stream_.peer_closed(); }
  std::stop_token stop_token() override;
  net::Interrupt& gone() override { return gone_; }
  void close_after() override { keep_alive_ = false; }
  void claim(std::uint64_t claimed) override {
    claimed_ = claimed;
    key_ = claimed == proven_claim_ ? proven_key_ : claimed;
  }
  void charge_to(std::uint64_t key) override {
    key_ = proven_key_ = key;
    proven_claim_ = claimed_;
  }
  void charge_answer_to(std::uint64_t part) override { part_ = part; }
  CallerId caller() override;
  void rest() override;
  Charge take_body_charge() override { return std::exchange(body_charge_, Charge()); }
  bool answers_stalled() override;

 private:
  class Unread;

  enum class HeadOutcome { kRequest, kClosed, kError };
  enum class Phase { kIdle, kHead, kHandler, kBody, kRoom, kLinger };

  net::Task<HeadOutcome> read_head();
  // Both not within run() (noinline), in which thousands wait.
  [[gnu::noinline]] net::Task<void> answer_for_handler();
  [[gnu::noinline]] void note_throw(std::exception_ptr thrown);
  net::Task<bool> skip_unread_body();
  net::Task<void> answer_error(int status, std::string_view message);
  net::Task<void> linger();
  void note_protocol_error(int status, std::string_view message);

  // BodyReader
  net::Task<Result<std::string_view>> next() override;
  net::Task<Result<std::string>> read_all(std::size_t limit) override;
  std::optional<std::string_view> take_arrived(std::size_t limit) override;
  const Headers& trailers() const override { return decoder_.trailers(); }
  net::Task<Status> say_continue();
  net::Task<Status> fill_body();
  net::Task<Result<std::string>> read_known(std::size_t size);
  net::Task<Status> read_exactly(char* into, std::size_t count);
  net::Task<Result<std::size_t>> receive_body(MutableBytes room, std::uint64_t still);
  // Waits until a body of which `still` bytes are to come may be read on.
  net::Task<Status> body_room(std::uint64_t still);
  net::Task<void> look_later(MonoTime since);
  // Waits until no other large body of the caller is at it.
  net::Task<Status> large_turn();
  void charge_body(std::uint64_t bytes);
  void charge_trailers();
  std::unexpected<Error> no_body_room();
  bool has_body_room(std::uint64_t still);
  // Charges what the buffer grows by when room is made in it; false where there is no room.
  bool may_grow(std::size_t at_least = 0);
  std::unexpected<Error> body_failed(Error error);

  // BodyWriter
  net::Task<Status> write(std::string_view text) override;
  net::Task<Status> finish(Headers trailers) override;

  net::Task<Status> send(std::span<ByteView> parts);
  // What send_at_once() has left.
  net::Task<Status> send_rest(std::span<ByteView> parts);
  // The same without a coroutine, as far as it needs none: false when there is more to send().
  Result<bool> send_at_once(std::span<ByteView> parts);
  Result<std::span<ByteView>> write_whole(const Response& response, std::array<ByteView, 2>& parts);
  bool turn_is_over();
  net::Task<Status> send_held();
  void begin_request();
  void decide_keep_alive();
  void write_head(const Response& response, BodyFraming framing, std::uint64_t length);
  bool bodiless(int status) const;
  void take_read_deadline(Duration timeout);

  net::Stream stream_;
  ServiceShared& shared_;
  ReadBuffer buffer_;
  HeadParser parser_;
  BodyDecoder decoder_;
  Request request_;
  HeadInfo info_;
  std::string out_;  // head of the answer being written, what is held before it
  mutable std::unique_ptr<const std::optional<net::Address>> peer_;  // once it was asked for
  std::stop_source stop_source_{std::nostopstate};                   // made when asked for
  net::Interrupt gone_;
  std::optional<Error> body_error_;
  Charge body_charge_;              // of the current request
  Charge buffer_charge_;            // of what the buffer has grown by, and of trailers
  std::uint64_t origin_;            // 0: the address counts
  std::uint64_t network_;           // of the address; 0: not looked at yet
  std::uint64_t key_ = 0;           // of the current request
  std::uint64_t claimed_ = 0;       // the same, not proven
  std::uint64_t proven_claim_ = 0;  // of the last request that was proven
  std::uint64_t proven_key_ = 0;
  std::uint64_t part_ = 0;                // whose its answer is
  MonoTime waits_since_{};                // for a head
  std::optional<MonoTime> unread_since_;  // nothing of an answer has left
  BodyPace pace_;                         // of the current body
  std::size_t trailers_charged_ = 0;
  std::uint32_t turns_ = 0;        // since others were let through
  std::uint64_t stream_left_ = 0;  // of a streamed answer with a length
  Phase phase_ = Phase::kIdle;
  BodyFraming answer_framing_ = BodyFraming::kNone;
  bool tls_;
  bool keep_alive_ = true;
  bool answered_ = false;
  bool held_ = false;       // out_ is a whole answer that leaves with the next one
  bool streaming_ = false;  // an answer in pieces was begun and not finished
  bool broken_ = false;     // the connection cannot go on: close without ceremony
  bool continue_due_ = false;
  bool closing_ = false;  // for somebody else: without a word
};

}  // namespace lapwing::http
