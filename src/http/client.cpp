#include "http/client.hpp"

#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "http/h1_codec.hpp"
#include "http/read_buffer.hpp"
#include "net/timeout.hpp"
#include "net/timer.hpp"

namespace lapwing::http {
namespace {

constexpr std::size_t kBodyBufferBytes = 64 * kKiB;

bool is_idempotent(Method method) { return method != Method::kPost && method != Method::kPatch; }

struct Channel {
  net::Stream stream;
  ReadBuffer buffer;
  MonoTime idle_since{};
  bool reused = false;
};
using ChannelPtr = std::unique_ptr<Channel>;

std::string pool_key(const Endpoint& endpoint) {
  return fmt::format("{}|{}|{}", endpoint.address.to_string(), endpoint.host,
                     static_cast<const void*>(endpoint.tls));
}

// Without the port: "a:1", "[::1]:1", "a".
std::string host_name(const std::string& host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.rfind(':'));
}

Error broken(Error cause) {
  if (cause.kind() != ErrorKind::kCancelled) return cause;
  return make_error(ErrorKind::kUnknown, "the connection broke after the request was sent")
      .with_detail(cause.to_log());
}

}  // namespace

// The idle connections, and making new ones.
struct Client::Impl {
  Impl(net::Loop& on, ClientOptions with, Connector through)
      : loop(on), options(with), connector(std::move(through)), sweeper(on, [this] { sweep(); }) {}

  // Nothing when none is fit for use: closed meanwhile, or with bytes nobody asked for.
  ChannelPtr take_idle(const std::string& key);
  void give_back(const std::string& key, ChannelPtr channel);
  void sweep();
  net::Task<Result<ChannelPtr>> connect(const Endpoint& endpoint, MonoTime deadline);
  net::Task<Result<Response>> send_once(const Endpoint& endpoint, const Request& request,
                                        const std::string& body, MonoTime deadline, bool fresh,
                                        bool& retry);

  net::Loop& loop;
  ClientOptions options;
  Connector connector;
  std::map<std::string, std::vector<ChannelPtr>, std::less<>> idle;
  net::Timer sweeper;
};

ChannelPtr Client::Impl::take_idle(const std::string& key) {
  const auto found = idle.find(key);
  if (found == idle.end()) return nullptr;
  std::vector<ChannelPtr>& channels = found->second;
  while (!channels.empty()) {
    ChannelPtr channel = std::move(channels.back());
    channels.pop_back();
    if (channel->stream.peer_closed() || !channel->buffer.empty()) continue;
    char byte = 0;
    if (channel->stream.try_read(std::as_writable_bytes(std::span(&byte, 1)))) continue;
    channel->reused = true;
    return channel;
  }
  return nullptr;
}

void Client::Impl::give_back(const std::string& key, ChannelPtr channel) {
  std::vector<ChannelPtr>& channels = idle[key];
  if (channels.size() >= options.idle_per_endpoint_max) return;
  channel->idle_since = loop.now();
  channel->stream.set_read_deadline(net::kNoDeadline);
  channels.push_back(std::move(channel));
  if (!sweeper.armed()) sweeper.arm_after(options.idle_timeout);
}

void Client::Impl::sweep() {
  const MonoTime oldest = loop.now() - options.idle_timeout;
  for (auto entry = idle.begin(); entry != idle.end();) {
    std::erase_if(entry->second, [&](const ChannelPtr& channel) {
      return channel->idle_since <= oldest || channel->stream.peer_closed();
    });
    entry = entry->second.empty() ? idle.erase(entry) : std::next(entry);
  }
  if (!idle.empty()) sweeper.arm_after(options.idle_timeout);
}

net::Task<Result<ChannelPtr>> Client::Impl::connect(const Endpoint& endpoint, MonoTime deadline) {
  auto channel = std::make_unique<Channel>();
  net::Task<Result<net::Stream>> reach =
      connector ? connector(endpoint, deadline)
                : net::Stream::connect(loop, endpoint.address, deadline);
  auto stream = co_await std::move(reach);
  if (stream && endpoint.tls != nullptr) {
    const std::string name = host_name(endpoint.host);
    stream = co_await net::tls_connect(*std::move(stream), *endpoint.tls, name, deadline);
  }
  if (!stream) co_return fail(std::move(stream).error());
  channel->stream = *std::move(stream);
  co_return channel;
}

namespace {

// One request and its answer on one connection.
class Exchange final : public ClientExchange, private BodyWriter, private BodyReader {
 public:
  using GiveBack = UniqueFunction<void(ChannelPtr)>;
  Exchange(ChannelPtr channel, const ClientOptions& options, Method method, GiveBack give_back)
      : channel_(std::move(channel)),
        parser_(options.limits),
        method_(method),
        give_back_(std::move(give_back)) {}
  ~Exchange() override {
    // Only a connection on which everything was said and heard can be used again.
    if (head_done_ && sent_ && !failed_ && info_.keep_alive && decoder_.done()) {
      give_back_(std::move(channel_));
    }
  }

  BodyWriter& request_body() override { return *this; }
  BodyReader& body() override { return *this; }
  void set_deadline(MonoTime deadline) override {
    channel_->stream.set_read_deadline(deadline);
    if (deadline == net::kNoDeadline) return;
    const Duration left = deadline - channel_->stream.loop().now();
    channel_->stream.set_write_timeout(std::max(left, Duration::zero()));
  }

  // The head, with the whole body behind it if there is one.
  net::Task<Status> start(const Request& request, std::string_view host, BodyFraming framing,
                          std::string_view whole, std::uint64_t length) {
    framing_ = framing;
    left_ = length - whole.size();
    write_request_head(out_, request, host, framing, length);
    const std::array<ByteView, 2> parts = {as_bytes(out_), as_bytes(whole)};
    Status status =
        co_await channel_->stream.write_all(std::span(parts).first(whole.empty() ? 1 : 2));
    if (!status) failed_ = true;
    sent_ = framing == BodyFraming::kNone || (framing == BodyFraming::kLength && left_ == 0);
    co_return status;
  }

  net::Task<Result<const Response*>> head() override {
    while (!head_done_) {
      if (!channel_->buffer.empty()) {
        answer_begun_ = true;
        const ParseState state = parser_.parse_response(channel_->buffer.data(), response_, info_,
                                                        method_ == Method::kHead);
        if (state == ParseState::kError) {
          co_return read_failed(make_error(ErrorKind::kInvalid, "the answer is not HTTP")
                                    .with_detail(std::string(parser_.error().message)));
        }
        if (state == ParseState::kDone) {
          channel_->buffer.consume(parser_.consumed());
          parser_.reset();
          if (response_.status == 101) {
            co_return read_failed(make_error(ErrorKind::kInvalid, "unexpected upgrade"));
          }
          if (response_.status < 200) continue;
          decoder_.start(info_);
          head_done_ = true;
          break;
        }
      }
      auto count = co_await fill();
      if (!count) co_return fail(std::move(count).error());
      if (*count == 0) co_return read_failed(broken(gone()));
    }
    co_return &response_;
  }
  bool answer_begun() const { return answer_begun_; }
  Response& response() { return response_; }

 private:
  static Error gone() { return make_error(ErrorKind::kCancelled, "the server has gone"); }
  std::unexpected<Error> read_failed(Error error) {
    failed_ = true;
    error_ = error;
    return fail(std::move(error));
  }

  net::Task<Result<std::size_t>> fill() {
    const MutableBytes room = channel_->buffer.make_room(kReadBufferBytes);
    auto count = co_await channel_->stream.read_some(room);
    if (!count) co_return read_failed(broken(std::move(count).error()));
    channel_->buffer.filled(*count);
    co_return *count;
  }

  // BodyReader
  net::Task<Result<std::string_view>> next() override {
    if (!head_done_) {
      auto first = co_await head();
      if (!first) co_return fail(std::move(first).error());
    }
    if (error_) co_return fail(*error_);
    while (!decoder_.done()) {
      const BodyDecoder::Step step = decoder_.decode(channel_->buffer.data());
      channel_->buffer.consume(step.consumed);
      if (step.state == ParseState::kError) {
        co_return read_failed(
            make_error(ErrorKind::kInvalid, std::string(decoder_.error().message)));
      }
      if (!step.data.empty()) co_return step.data;
      if (step.consumed > 0 || decoder_.done()) continue;
      if (channel_->buffer.empty()) channel_->buffer.reserve(kBodyBufferBytes);
      auto count = co_await fill();
      if (!count) co_return fail(std::move(count).error());
      if (*count == 0 && decoder_.end_of_input() == ParseState::kError) {
        co_return read_failed(broken(gone()));
      }
    }
    co_return std::string_view();
  }
  net::Task<Result<std::string>> read_all(std::size_t limit) override {
    std::string all;
    const auto too_large = [this] {
      return read_failed(make_error(ErrorKind::kTooLarge, "the answer is too large"));
    };
    if (const auto left = decoder_.remaining(); head_done_ && left) {
      if (*left > limit) co_return too_large();
      all.reserve(static_cast<std::size_t>(*left));
    }
    while (true) {
      auto piece = co_await next();
      if (!piece) co_return fail(std::move(piece).error());
      if (piece->empty()) co_return all;
      if (all.size() + piece->size() > limit) co_return too_large();
      all.append(*piece);
    }
  }
  const Headers& trailers() const override { return decoder_.trailers(); }

  // BodyWriter
  net::Task<Status> write(std::string_view text) override {
    if (text.empty()) co_return Status();
    std::array<ByteView, 3> parts = {ByteView(), as_bytes(text), ByteView()};
    if (framing_ == BodyFraming::kChunked) {
      out_.clear();
      write_chunk_head(out_, text.size());
      parts[0] = as_bytes(out_);
      parts[2] = as_bytes("\r\n");
    } else {
      if (text.size() > left_) {
        co_return fail(make_error(ErrorKind::kInvalid, "more than Content-Length"));
      }
      left_ -= text.size();
      sent_ = left_ == 0;
    }
    Status status = co_await channel_->stream.write_all(parts);
    if (!status) failed_ = true;
    co_return status;
  }
  net::Task<Status> finish(Headers trailers) override {
    if (framing_ != BodyFraming::kChunked) {
      if (left_ > 0) co_return fail(make_error(ErrorKind::kInvalid, "less than Content-Length"));
      co_return Status();
    }
    out_.clear();
    write_last_chunk(out_, trailers);
    Status status = co_await channel_->stream.write_all(out_);
    sent_ = status.has_value();
    if (!status) failed_ = true;
    co_return status;
  }

  ChannelPtr channel_;
  HeadParser parser_;
  BodyDecoder decoder_;
  Response response_;
  HeadInfo info_;
  std::string out_;
  std::optional<Error> error_;
  Method method_;
  GiveBack give_back_;
  BodyFraming framing_ = BodyFraming::kNone;
  std::uint64_t left_ = 0;  // request body still to be written, of a known length
  bool head_done_ = false;
  bool answer_begun_ = false;
  bool sent_ = false;
  bool failed_ = false;
};

}  // namespace

net::Task<Result<Response>> Client::Impl::send_once(const Endpoint& endpoint,
                                                    const Request& request, const std::string& body,
                                                    MonoTime deadline, bool fresh, bool& retry) {
  const std::string key = pool_key(endpoint);
  ChannelPtr channel = fresh ? nullptr : take_idle(key);
  if (!channel) {
    auto made = co_await connect(endpoint, deadline);
    if (!made) co_return fail(std::move(made).error());
    channel = *std::move(made);
  }
  const bool reused = channel->reused;
  auto give = [this, key](ChannelPtr back) { give_back(key, std::move(back)); };
  Exchange exchange(std::move(channel), options, request.method, std::move(give));
  exchange.set_deadline(deadline);
  const bool says_length = !body.empty() || request.method == Method::kPost ||
                           request.method == Method::kPut || request.method == Method::kPatch;
  const BodyFraming framing = says_length ? BodyFraming::kLength : BodyFraming::kNone;
  // When writing fails the server may still have answered: a refusal, and then it closed.
  const Status sent = co_await exchange.start(request, endpoint.host, framing, body, body.size());
  auto head = co_await exchange.head();
  if (!head) {
    retry = reused && !exchange.answer_begun() && is_idempotent(request.method) &&
            head.error().kind() == ErrorKind::kUnknown;
    co_return fail(std::move(head).error());
  }
  ClientExchange& answer = exchange;
  auto text = co_await answer.body().read_all(options.body_bytes_max);
  if (!text) co_return fail(std::move(text).error());
  Response response = std::move(exchange.response());
  response.body = *std::move(text);
  co_return response;
}

Client::Client(net::Loop& loop, ClientOptions options, Connector connector)
    : impl_(std::make_unique<Impl>(loop, options, std::move(connector))) {}
Client::~Client() = default;

net::Task<Result<Response>> Client::send(const Endpoint& endpoint, Request request,
                                         std::string body, MonoTime deadline) {
  bool retry = false;
  auto first = co_await impl_->send_once(endpoint, request, body, deadline, false, retry);
  if (first || !retry) co_return first;
  co_return co_await impl_->send_once(endpoint, request, body, deadline, true, retry);
}

net::Task<Result<std::unique_ptr<ClientExchange>>> Client::open(const Endpoint& endpoint,
                                                                Request request,
                                                                MonoTime deadline) {
  const std::string key = pool_key(endpoint);
  ChannelPtr channel = impl_->take_idle(key);
  if (!channel) {
    auto made = co_await impl_->connect(endpoint, deadline);
    if (!made) co_return fail(std::move(made).error());
    channel = *std::move(made);
  }
  BodyFraming framing = BodyFraming::kChunked;
  std::uint64_t length = 0;
  if (auto said = request.headers.get("Content-Length")) {
    framing = BodyFraming::kLength;
    length = std::strtoull(std::string(*said).c_str(), nullptr, 10);
  } else if (request.method == Method::kGet || request.method == Method::kHead) {
    framing = BodyFraming::kNone;
  }
  auto give = [impl = impl_.get(), key](ChannelPtr back) { impl->give_back(key, std::move(back)); };
  auto exchange = std::make_unique<Exchange>(std::move(channel), impl_->options, request.method,
                                             std::move(give));
  exchange->set_deadline(deadline);
  Status sent = co_await exchange->start(request, endpoint.host, framing, {}, length);
  if (!sent) co_return fail(broken(std::move(sent).error()));
  co_return std::unique_ptr<ClientExchange>(std::move(exchange));
}

std::size_t Client::idle_connections() const {
  std::size_t count = 0;
  for (const auto& [key, channels] : impl_->idle) count += channels.size();
  return count;
}

}  // namespace lapwing::http
