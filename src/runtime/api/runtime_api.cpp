#include "runtime/api/runtime_api.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "net/loop.hpp"
#include "net/timer.hpp"
#include "runtime/limits.hpp"
#include "text/base64.hpp"

namespace lapwing::runtime {
namespace {

constexpr std::string_view kPrefix = "/2018-06-01/runtime/";
constexpr std::string_view kInvocation = "invocation/";
constexpr std::string_view kErrorTypeHeader = "Lambda-Runtime-Function-Error-Type";
constexpr std::string_view kErrorBodyHeader = "Lambda-Runtime-Function-Error-Body";
constexpr std::string_view kResponseModeHeader = "Lambda-Runtime-Function-Response-Mode";

http::Response json_response(int status, std::string body) {
  return http::Response(status, "application/json", std::move(body));
}

// Both texts are fixed strings of ours; nothing in them needs escaping.
http::Response error_response(int status, std::string_view type, std::string_view message) {
  return json_response(status,
                       fmt::format(R"({{"errorMessage":"{}","errorType":"{}"}})", message, type));
}

http::Response error_response(const Error& error) {
  return error_response(error.kind() == ErrorKind::kInvalid ? 400 : 403, error.code(),
                        error.message());
}

const http::Response& accepted() {
  static const http::Response answer = json_response(202, "{\"status\":\"OK\"}\n");
  return answer;
}

std::string too_large_message(std::uint64_t limit) {
  return fmt::format("Exceeded maximum allowed payload size ({} bytes).", limit);
}

// `message` is ours: nothing in it needs escaping.
Reply error_reply(std::string_view type, std::string_view message) {
  Reply reply;
  reply.is_error = true;
  reply.body = fmt::format(R"({{"errorMessage":"{}","errorType":"{}"}})", message, type);
  reply.content_type = "application/json";
  reply.error_type = type;
  return reply;
}

Reply too_large_reply(std::uint64_t limit) {
  return error_reply(
      "Function.ResponseSizeTooLarge",
      fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).",
                  limit));
}

// Reads what is left and throws it away: a runtime that is still sending would take an early
// answer for a broken connection.
net::Task<void> discard(http::RequestContext& context) {
  std::uint64_t discarded = 0;
  while (discarded <= kDiscardBytesMax) {
    const Result<std::string_view> piece = co_await context.body().next();
    if (!piece || piece->empty()) co_return;
    discarded += piece->size();
  }
  context.close_after();
}

bool is_response_mode(std::string_view mode) {
  return mode.empty() || http::equal_ignoring_case(mode, "streaming") ||
         http::equal_ignoring_case(mode, "buffered");
}

// A streamed response that failed midway says so in its trailers.
void take_trailers(const http::Headers& trailers, Reply& reply) {
  const auto type = trailers.get(kErrorTypeHeader);
  if (!type) return;
  reply.is_error = true;
  reply.error_type = *type;
  if (auto decoded = text::base64_decode(trailers.get_or(kErrorBodyHeader))) {
    reply.body = *std::move(decoded);
    reply.content_type = "application/json";
  }
}

// Room for a large reply, of its caller's share. It waits for a while, not forever: those that
// hold the room may be in no hurry, and each has an environment, of which there are not so many.
// For the same reason what it takes stops counting after a while.
class ReplyRoom {
 public:
  ReplyRoom(net::Loop& loop, http::Memory* memory)
      : loop_(loop), memory_(memory), expire_(loop, [this] { charge_.release(); }) {}
  net::Task<void> take(std::uint64_t bytes, http::CallerId caller) {
    if (memory_ == nullptr) co_return;
    charge_ = memory_->answers.charge(caller);
    const MonoTime since = loop_.now();
    while (!fits(bytes) && loop_.now() - since < kReplyRoomWait) {
      co_await loop_.sleep(kReplyRoomLook);
    }
    charge_.add(bytes);
    expire_.arm_after(kReplyRoomFor);
  }

 private:
  // What others are over by is not this function's, which has its least in any case.
  bool fits(std::uint64_t bytes) const {
    return charge_.room() >= bytes || charge_.share_held() + bytes <= http::kAnswersOfFunctionMin;
  }

  net::Loop& loop_;
  http::Memory* memory_;
  http::Charge charge_;
  net::Timer expire_;
};

// The whole body, or kTooLarge once it has arrived and was found to exceed the limit: a
// runtime that is still sending would take an early answer for a broken connection.
net::Task<Result<std::string>> read_reply(http::RequestContext& context, http::Memory* memory,
                                          http::CallerId caller) {
  ReplyRoom room(context.loop(), memory);
  const std::uint64_t announced = context.content_length().value_or(kResponseBytesMax);
  if (announced > kSmallReplyBytes) {
    co_await room.take(std::min<std::uint64_t>(announced, kResponseBytesMax), caller);
  }
  std::string body;
  std::size_t discarded = 0;
  while (true) {
    Result<std::string_view> piece = co_await context.body().next();
    if (!piece) co_return fail(std::move(piece).error());
    if (piece->empty()) break;
    if (discarded == 0 && body.size() + piece->size() <= kResponseBytesMax) {
      if (body.empty())
        body.reserve(std::min<std::uint64_t>(context.content_length().value_or(piece->size()),
                                             kResponseBytesMax));
      body += *piece;
      continue;
    }
    discarded += piece->size();
    if (discarded > kDiscardBytesMax) {
      context.close_after();
      break;
    }
  }
  if (discarded > 0) co_return fail(make_error(ErrorKind::kTooLarge, "response too large"));
  co_return body;
}

void add_if(http::Headers& headers, std::string_view name, const std::string& value) {
  if (!value.empty()) headers.add(name, value);
}

}  // namespace

net::Task<void> RuntimeApi::handle(http::RequestContext& context) {
  // Not a coroutine: it is passed through twice an invocation.
  const http::Request& request = context.request();
  std::string_view path = request.path();
  if (path.starts_with(kPrefix)) {
    path.remove_prefix(kPrefix.size());
    const bool is_post = request.method == http::Method::kPost;
    if (request.method == http::Method::kGet && path == "invocation/next") {
      return next(context);
    }
    if (is_post && path == "init/error") return early_error(context, false);
    if (is_post && path == "restore/error") return early_error(context, true);
    if (request.method == http::Method::kGet && path == "restore/next") {
      return restore_next(context);
    }
    if (is_post && path.starts_with(kInvocation)) {
      path.remove_prefix(kInvocation.size());
      const auto slash = path.find('/');
      if (slash != std::string_view::npos) {
        const std::string_view verb = path.substr(slash + 1);
        if (verb == "response" || verb == "error") {
          return reply(context, path.substr(0, slash), verb == "error");
        }
      }
    }
  }
  return other(context, path == "/ping");
}

net::Task<void> RuntimeApi::other(http::RequestContext& context, bool ping) {
  co_await context.respond(
      ping ? http::Response(200, "text/plain", "pong")
           : error_response(404, "NotFound", "No such call of the Runtime API"));
}

net::Task<void> RuntimeApi::next(http::RequestContext& context) {
  const Result<const Invocation*> offered = co_await session_->next();
  if (!offered) {
    co_await context.respond(error_response(offered.error()));
    co_return;
  }
  if (context.client_gone()) {
    session_->undeliver();
    co_return;
  }
  const Invocation& invocation = **offered;
  http::Response response(200);
  http::Headers& headers = response.headers;
  headers.add("Content-Type", content_type_);
  headers.add("Lambda-Runtime-Aws-Request-Id", invocation.request_id);
  headers.add("Lambda-Runtime-Deadline-Ms", std::to_string(session_->deadline_unix_ms()));
  headers.add("Lambda-Runtime-Invoked-Function-Arn", invocation.invoked_arn);
  add_if(headers, "Lambda-Runtime-Trace-Id", invocation.trace_id);
  add_if(headers, "Lambda-Runtime-Client-Context", invocation.client_context);
  add_if(headers, "Lambda-Runtime-Cognito-Identity", invocation.cognito_identity);
  add_if(headers, "Lambda-Runtime-Aws-Tenant-Id", invocation.tenant_id);
  response.body = invocation.payload;
  const Status sent = co_await context.respond(std::move(response));
  if (!sent) session_->undeliver();
}

net::Task<void> RuntimeApi::reply(http::RequestContext& context, std::string_view request_id,
                                  bool is_error) {
  const Status allowed = session_->begin_reply(request_id);
  if (!allowed) {
    co_await context.respond(error_response(allowed.error()));
    co_return;
  }
  const http::Headers& headers = context.request().headers;
  const std::string_view mode = headers.get_or(kResponseModeHeader);
  if (!is_response_mode(mode)) {
    session_->abandon_reply();
    co_await context.respond(
        error_response(400, "InvalidFunctionResponseMode", "Invalid function response mode"));
    co_return;
  }
  if (!is_error) {
    if (const std::shared_ptr<ResponseSink> sink = session_->sink()) {
      co_return co_await stream_reply(context, *sink);
    }
  }
  Result<std::string> body;
  if (const auto arrived = context.body().take_arrived(kResponseBytesMax)) {
    body = std::string(*arrived);
  } else {
    body = co_await read_reply(context, memory_, session_->caller());
  }
  if (!body && body.error().kind() == ErrorKind::kTooLarge) {
    session_->finish_reply(too_large_reply(kResponseBytesMax));
    co_await context.respond(
        error_response(413, "RequestEntityTooLarge", too_large_message(kResponseBytesMax)));
    co_return;
  }
  if (!body) {
    session_->abandon_reply();
    co_await context.respond(
        error_response(400, "TruncatedHTTPRequest", "HTTP request detected as truncated"));
    co_return;
  }
  Reply reply;
  reply.is_error = is_error;
  reply.body = *std::move(body);
  reply.bytes = reply.body.size();
  reply.content_type =
      headers.get_or("Content-Type", is_error ? "application/json" : "application/octet-stream");
  reply.error_type = headers.get_or(kErrorTypeHeader);
  take_trailers(context.body().trailers(), reply);
  session_->finish_reply(std::move(reply));
  co_await context.respond_with_next(accepted());
}

// The reader of the pieces may go away, and the sink be closed when the time is up: what the
// runtime writes is then read and dropped.
net::Task<void> RuntimeApi::stream_reply(http::RequestContext& context, ResponseSink& sink) {
  const http::Headers& headers = context.request().headers;
  sink.begin(std::string(headers.get_or("Content-Type", "application/octet-stream")));
  net::Loop& loop = context.loop();
  Bandwidth bandwidth(stream_limits_, loop.now());
  std::uint64_t bytes = 0;
  while (true) {
    const Result<std::string_view> piece = co_await context.body().next();
    if (!piece) {
      Reply reply = error_reply("Runtime.TruncatedResponse", "The response stream broke off");
      reply.broke_off = piece.error().kind() != ErrorKind::kInvalid;
      session_->finish_reply(std::move(reply));
      co_await context.respond(
          error_response(400, "TruncatedHTTPRequest", "HTTP request detected as truncated"));
      co_return;
    }
    if (piece->empty()) break;
    bytes += piece->size();
    if (bytes > stream_limits_.bytes_max) {
      session_->finish_reply(too_large_reply(stream_limits_.bytes_max));
      co_await discard(context);
      co_await context.respond(error_response(413, "RequestEntityTooLarge",
                                              too_large_message(stream_limits_.bytes_max)));
      co_return;
    }
    if (sink.reader_gone()) continue;
    const Duration wait = bandwidth.take(piece->size(), loop.now());
    if (wait > Duration::zero()) co_await loop.sleep(wait);
    co_await sink.write(loop, *piece);
  }
  Reply reply;
  reply.bytes = bytes;
  reply.content_type = headers.get_or("Content-Type", "application/octet-stream");
  take_trailers(context.body().trailers(), reply);
  session_->finish_reply(std::move(reply));
  co_await context.respond_with_next(accepted());
}

// The snapshot was taken before: one who asks has been restored.
net::Task<void> RuntimeApi::restore_next(http::RequestContext& context) {
  const Status allowed = session_->restore_next();
  co_await context.respond(allowed ? http::Response(200) : error_response(allowed.error()));
}

net::Task<void> RuntimeApi::early_error(http::RequestContext& context, bool of_restore) {
  Result<std::string> body = co_await context.body().read_all(kErrorBodyBytesMax);
  if (!body) co_return;  // the server answers 400, 408 or 413
  Reply reply;
  reply.is_error = true;
  reply.body = *std::move(body);
  reply.content_type = "application/json";
  reply.error_type = context.request().headers.get_or(kErrorTypeHeader);
  const Status taken = of_restore ? session_->restore_error(std::move(reply))
                                  : session_->init_error(std::move(reply));
  if (!taken) {
    co_await context.respond(error_response(taken.error()));
    co_return;
  }
  co_await context.respond(accepted());
}

}  // namespace lapwing::runtime
