#include "server/front_door.hpp"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "net/loop.hpp"
#include "server/answer.hpp"
#include "server/instance.hpp"
#include "server/limits.hpp"
#include "server/request_view.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/limits.hpp"
#include "services/lambda/trace_header.hpp"

namespace lapwing::server {
namespace {

Error forbidden(std::string message) {
  return Error(ErrorKind::kDenied, "AccessDeniedException", std::move(message)).with_status(403);
}

Error too_large(std::size_t limit, std::string_view operation) {
  return Error(ErrorKind::kTooLarge, "RequestEntityTooLargeException",
               fmt::format("Request must be smaller than {} bytes for the {} operation", limit,
                           operation))
      .with_status(413);
}

// What the dispatcher could not do, in Lambda's words.
Error lambda_error(Error error, Logger& logger, const RequestId& request_id) {
  if (error.kind() == ErrorKind::kThrottled) return error;
  logger.error("invoke", "the platform failed an invocation",
               {{"request_id", request_id.str()}, {"error", error.to_log()}});
  const bool stopping = error.kind() == ErrorKind::kUnavailable;
  return Error(error.kind(), "ServiceException",
               stopping ? "The service is shutting down. Please retry."
                        : fmt::format("Internal Error. The log of Lapwing says why (request {})",
                                      request_id.str()))
      .with_status(stopping ? 503 : 500)
      .with_detail(error.detail());
}

// An after-restore hook's doing, in the words of the API's manual.
Error restore_failed(const runtime::Outcome& outcome) {
  if (outcome.restore == runtime::Outcome::Restore::kTimedOut) {
    return Error(ErrorKind::kTimeout, "SnapStartTimeoutException",
                 "Lambda couldn't restore the snapshot within the timeout limit.")
        .with_status(408);
  }
  return Error(ErrorKind::kInvalid, "SnapStartException",
               "The afterRestore() runtime hook encountered an error. For more information, "
               "check the Amazon CloudWatch logs.")
      .with_status(400);
}

Error too_many(std::string message) {
  return Error(ErrorKind::kThrottled, "TooManyRequestsException", std::move(message))
      .with_status(429)
      .with_field("Reason", "CallerRateLimitExceeded");
}

// A body that could not be read for another reason than its size.
Error body_error(Error error) {
  if (error.kind() != ErrorKind::kThrottled) return error;
  return too_many("Too many request bytes in flight. Please retry.");
}

Error answers_unread() {
  return too_many("Too many answers wait to be read. Please read them, and retry.");
}

Error no_runtime(const Error& error, Logger& logger) {
  logger.warn("invoke", error.message());
  return Error(ErrorKind::kUnavailable, "InvalidRuntimeException", error.message())
      .with_status(502);
}

}  // namespace

// Everything a worker looks at. Shared with it, because a connection that is cut while the
// worker runs takes its coroutine along.
struct FrontDoor::Job final : aws::Exchange {
  explicit Job(const http::Request& head) : kept(head), view(kept) {}

  http::Request kept;
  RequestView view;
  std::string body;
  // What the body holds of the budget. A connection may go while the worker is at it.
  http::Charge charge;
  Turns::Turn turn;
  aws::SignatureHead signature;
  RequestId request_id;
  const aws::Service* service = nullptr;  // once it is identified
};

namespace {

// A browser's, or curl's, at the address that the start prints. To S3's clients the same path lists
// buckets: they sign, or give themselves away by what SDKs send with every request.
bool is_of_a_person(const http::Request& request) {
  if (request.target != "/") return false;
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) return false;
  const std::string_view agent = request.headers.get_or("User-Agent");
  if (agent.starts_with("aws-") || agent.starts_with("Boto")) return false;
  for (const http::Headers::Field field : request.headers) {
    if (aws::equals_ignoring_case(field.name, "authorization")) return false;
    if (aws::equals_ignoring_case(field.name, "smithy-protocol")) return false;
    for (const std::string_view start : {"x-amz-", "amz-sdk-"}) {
      if (aws::equals_ignoring_case(field.name.substr(0, start.size()), start)) return false;
    }
  }
  return true;
}

}  // namespace

// The one access record: refusals and failures at info, the rest at debug.
void FrontDoor::record(const http::RequestContext& context, const RequestId& request_id,
                       const aws::Response& response) const {
  const LogLevel level = response.status >= 400 ? LogLevel::kInfo : LogLevel::kDebug;
  if (parts_.logger->enabled(level)) {
    const http::Request& request = context.request();
    const std::string error(response.header("x-amzn-ErrorType").value_or(""));
    parts_.logger->log(level, "api", error.empty() ? "answered" : error,
                       {{"status", response.status},
                        {"method", http::to_string(request.method)},
                        {"target", std::string_view(request.target).substr(0, kLoggedTargetMax)},
                        {"request_id", request_id.str()}});
  }
}

net::Task<Status> FrontDoor::answer(http::RequestContext& context, const RequestId& request_id,
                                    aws::Response response) {
  record(context, request_id, response);
  return context.respond(to_http(std::move(response)));
}

net::Task<void> FrontDoor::handle(http::RequestContext& context, CameFrom from) {
  stats_.requests.fetch_add(1, std::memory_order_relaxed);
  const http::Request& request = context.request();
  RequestId request_id(make_uuid(*parts_.random));

  const std::string_view host = request.headers.get_or("Host");
  if (!parts_.guard->host_allowed(host) ||
      !parts_.guard->origin_allowed(request.headers.get_or("Origin"), host)) {
    return refuse_site(context, std::move(request_id));
  }
  if (parts_.admin->owns(request.path())) return parts_.admin->handle(context, from);
  if (request.method == http::Method::kPost && lambda::invoke_mode(request.target)) {
    return handle_invoke(context, std::move(request_id));
  }
  if (is_of_a_person(request)) return greet(context);
  return handle_general(context, std::move(request_id));
}

net::Task<void> FrontDoor::greet(http::RequestContext& context) {
  const std::string_view host = context.request().headers.get_or("Host", "127.0.0.1:4566");
  co_await context.respond(
      http::Response(200, "text/plain; charset=utf-8",
                     fmt::format("This is Lapwing {}: AWS Lambda on this machine.\n"
                                 "It is for the AWS CLI and SDKs: AWS_ENDPOINT_URL=http://{}\n"
                                 "How it is:  http://{}/_lapwing/health\n",
                                 kVersion, host, host)));
}

net::Task<void> FrontDoor::handle_closed(http::RequestContext& context) {
  stats_.requests.fetch_add(1, std::memory_order_relaxed);
  stats_.refused.fetch_add(1, std::memory_order_relaxed);
  const RequestId request_id(make_uuid(*parts_.random));
  RequestView view(context.request());
  const Result<aws::SignatureHead> signature = parts_.authenticator->read(view.head());
  context.close_after();
  co_await refuse(context, view.head(), signature ? signature->service : std::string_view(),
                  forbidden("This function may not call this API: its network is none, or its tag "
                            "lapwing:endpoint or the setting sandbox.endpoint is closed. Tag it "
                            "lapwing:endpoint=open to let it."),
                  request_id);
}

net::Task<void> FrontDoor::refuse_site(http::RequestContext& context, RequestId request_id) {
  stats_.refused.fetch_add(1, std::memory_order_relaxed);
  const Error refusal = forbidden(
      "Requests for another host name or from another site's pages are refused. If this "
      "server has this name, add it to server.hosts.");
  co_await answer(context, request_id,
                  aws::error_response(aws::Protocol::kRestJson, refusal, request_id));
}

net::Task<void> FrontDoor::handle_invoke(http::RequestContext& context, RequestId request_id) {
  stats_.invokes.fetch_add(1, std::memory_order_relaxed);
  Result<aws::Response> response = co_await invoke(context, request_id);
  if (context.answered()) {  // in pieces
    if (response) record(context, request_id, *response);
    co_return;
  }
  if (!response) {
    response = aws::error_response(parts_.lambda->api().model(), aws::Protocol::kRestJson,
                                   response.error(), request_id);
  }
  co_await answer(context, request_id, *std::move(response));
}

net::Task<Result<aws::Response>> FrontDoor::invoke(http::RequestContext& context,
                                                   const RequestId& request_id) {
  const http::Request& request = context.request();
  RequestView view(request);
  LAPWING_CO_TRY(const aws::SignatureHead signature, parts_.authenticator->read(view.head()));
  charge(context, signature);
  if (context.answers_stalled()) co_return fail(answers_unread());
  Result<std::string> body;
  if (const auto arrived = context.body().take_arrived(kOffloadBytes)) {
    body = std::string(*arrived);
  } else {
    body = co_await read_payload(context, signature);
  }
  if (!body) co_return fail(std::move(body).error());
  // Counts on its own once it is whole, for as long as its function runs.
  LAPWING_CO_TRY(http::Charge payload, payload_room(context, body->size()));
  context.take_body_charge();

  aws::Caller caller;
  if (body->size() > kOffloadBytes) {
    auto job = std::make_shared<Job>(request);
    job->signature = signature;
    job->body = *std::move(body);
    LAPWING_CO_CHECK(co_await parts_.workers->run(context.loop(), [this, job] {
      return check_invoke(job->view.with_body(job->body), job->signature, job->call.caller);
    }));
    caller = std::move(job->call.caller);
    body = std::move(job->body);
  } else {
    LAPWING_CO_CHECK(check_invoke(view.with_body(*body), signature, caller));
  }
  const auto lookup = [&](std::string_view name) { return request.headers.get(name); };
  const lambda::InvokeScope scope{caller.account, caller.region, caller.principal_arn};
  LAPWING_CO_TRY(lambda::InvokeRequest invoke,
                 lambda::parse_invoke_head(request.target, lookup, scope));
  LAPWING_CO_TRY(runtime::FunctionVersionPtr function,
                 parts_.lambda->catalog().resolve(invoke.account, invoke.region,
                                                  invoke.function.view(), invoke.qualifier));
  if (invoke.type == lambda::InvocationType::kDryRun) {
    co_return lambda::render_dry_run_answer(request_id);
  }

  runtime::Invocation invocation;
  invocation.request_id = request_id.str();
  invocation.invoked_arn = invoke.qualifier.empty()
                               ? function->arn
                               : fmt::format("{}:{}", function->arn, invoke.qualifier);
  invocation.trace_id = lambda::complete_trace_header(
      request.headers.get_or("X-Amzn-Trace-Id"), {function->arn, function->trace_active},
      context.loop().clock().wall(), *parts_.random);
  invocation.client_context = invoke.client_context;
  invocation.payload = lambda::event_of(*std::move(body));
  invocation.caller = context.caller();
  invocation.caller.part = std::hash<std::string_view>()(function->arn);
  invocation.want_tail = invoke.log_type == lambda::LogType::kTail;
  lambda::InvokeOutcome answer;
  answer.request_id = request_id;
  answer.executed_version = function->version;
  answer.trace_id = invocation.trace_id;
  context.charge_answer_to(invocation.caller.part);
  if (invoke.mode == lambda::InvokeMode::kStream) {
    co_return co_await stream_invoke(context, invoke, answer, std::move(function),
                                     std::move(invocation), std::move(payload));
  }
  const std::string runtime_id = function->runtime;
  Result<runtime::Outcome> outcome = co_await parts_.dispatcher->invoke(
      context.loop(), std::move(function), std::move(invocation));
  if (std::optional<Error> failure = run_failure(outcome, runtime_id, request_id)) {
    co_return fail(*std::move(failure));
  }
  answer.payload = std::move(outcome->body);
  if (outcome->kind == runtime::Outcome::Kind::kFunctionError) answer.function_error = "Unhandled";
  answer.log_tail = std::move(outcome->log_tail);
  co_return lambda::render_invoke_answer(invoke, std::move(answer));
}

// Any thread.
Status FrontDoor::check_invoke(const aws::Request& request, const aws::SignatureHead& signature,
                               aws::Caller& caller) const {
  LAPWING_TRY(caller, parts_.authenticator->authenticate(request, signature, "lambda"));
  return lambda::check_invoke_payload(request.body);
}

std::optional<Error> FrontDoor::run_failure(const Result<runtime::Outcome>& outcome,
                                            const std::string& runtime_id,
                                            const RequestId& request_id) const {
  if (!outcome) return lambda_error(outcome.error(), *parts_.logger, request_id);
  if (outcome->kind != runtime::Outcome::Kind::kPlatformError) return std::nullopt;
  if (outcome->restore != runtime::Outcome::Restore::kNone) return restore_failed(*outcome);
  // The one cause that the caller can see to: an interpreter that is not installed. Images have
  // their own.
  if (runtime_id.empty()) {
    return lambda_error(internal_error(outcome->detail), *parts_.logger, request_id);
  }
  if (const auto runtime = parts_.catalogue->choose(runtime_id); !runtime) {
    return no_runtime(runtime.error(), *parts_.logger);
  }
  return lambda_error(internal_error(outcome->detail), *parts_.logger, request_id);
}

// Nobody unknown makes the server read megabytes: what the head decides comes first.
net::Task<Result<std::string>> FrontDoor::read_payload(http::RequestContext& context,
                                                       const aws::SignatureHead& signature) {
  LAPWING_CO_CHECK(parts_.authenticator->check_head(signature, "lambda"));
  Result<std::string> body = co_await context.body().read_all(lambda::kMaxRequestPayloadBytes);
  if (body) co_return body;
  if (body.error().kind() == ErrorKind::kTooLarge) {
    co_return fail(lambda::errors::payload_too_large(lambda::kMaxRequestPayloadBytes));
  }
  co_return fail(body_error(std::move(body).error()));
}

// Of the caller's share; where it is small, without asking whose that is.
Result<http::Charge> FrontDoor::payload_room(http::RequestContext& context,
                                             std::size_t bytes) const {
  const bool small = bytes <= kSmallPayloadBytes;
  http::Budget& payloads = parts_.memory->payloads;
  http::Charge charge = small ? payloads.charge() : payloads.charge(context.caller());
  if (charge.room(small ? kSmallPayloadsReserve : 0) < bytes) {
    return fail(too_many("Too many payloads in flight. Please retry."));
  }
  charge.add(bytes);
  return charge;
}

// As far as the head tells: query services name the operation in the body.
std::size_t FrontDoor::body_limit(const std::expected<aws::Route, aws::Unrouted>& route) const {
  if (!route) return aws::kBodyBytesDefault;
  const auto service = services_.find(route->service->id);
  return service == services_.end() ? aws::kBodyBytesDefault
                                    : service->second->body_limit(*route->operation);
}

// To its key where keys are checked; where any will do, a caller could be as many as it likes.
void FrontDoor::charge(http::RequestContext& context, const aws::SignatureHead& signature) const {
  if (parts_.authenticator->mode() == aws::AuthMode::kOff) return;
  context.charge_to(std::hash<std::string_view>()(signature.access_key_id));
}

net::Task<Status> FrontDoor::read_general(http::RequestContext& context, Job& job) {
  const aws::Request& head = job.view.head();
  LAPWING_CO_TRY(job.signature, parts_.authenticator->read(head));
  const auto route = parts_.router->route(head, job.signature.service);
  const aws::ServiceModel* model = route ? route->service : route.error().service;
  LAPWING_CO_CHECK(parts_.authenticator->check_head(
      job.signature, model != nullptr ? model->signing_name : std::string_view()));
  charge(context, job.signature);
  if (context.answers_stalled()) co_return fail(answers_unread());
  const std::size_t limit = body_limit(route);
  Result<std::string> body = co_await context.body().read_all(limit);
  if (!body && body.error().kind() == ErrorKind::kTooLarge) {
    co_return fail(too_large(limit, route ? route->service->name(*route->operation) : "requested"));
  }
  if (!body) co_return fail(body_error(std::move(body).error()));
  job.body = *std::move(body);
  job.charge = context.take_body_charge();
  co_return Status();
}

net::Task<void> FrontDoor::handle_general(http::RequestContext& context, RequestId request_id) {
  auto job = std::make_shared<Job>(context.request());
  job->request_id = std::move(request_id);
  const aws::Request& head = job->view.head();
  if (const Status read = co_await read_general(context, *job); !read) {
    stats_.refused.fetch_add(1, std::memory_order_relaxed);
    co_return co_await refuse(context, head, job->signature.service, read.error(), job->request_id);
  }
  // What a large body is taken apart into is as large again, and not counted: one at a time.
  if (job->body.size() > kLargeBodyBytes) {
    job->turn =
        co_await large_jobs_.take(context.loop(), context.caller().hash, context.stop_token());
    if (!job->turn) {  // nobody waits for it any more
      co_return co_await refuse(context, head, job->signature.service, too_many("Rate exceeded"),
                                job->request_id);
    }
  }
  Result<std::optional<aws::Response>> refused = std::optional<aws::Response>();
  if (job->body.size() > kOffloadBytes) {  // a signature is over the whole body
    refused = co_await parts_.workers->run(context.loop(), [this, job] { return identify(*job); });
  } else {
    refused = identify(*job);
  }
  Result<aws::Response> response = fail(too_many("Rate exceeded"));
  if (refused && *refused) {
    response = **std::move(refused);
  } else if (refused) {
    response = co_await job->service->serve(context.loop(), job);
  }
  if (!response) {
    co_return co_await refuse(context, head, job->signature.service, too_many("Rate exceeded"),
                              job->request_id);
  }
  // Nobody else is to wait for this one's reading.
  job->turn = {};
  job->charge = {};
  job->body = {};
  co_await answer(context, job->request_id, *std::move(response));
}

// An error before any service was reached, in the protocol the request seems to speak.
net::Task<void> FrontDoor::refuse(http::RequestContext& context, const aws::Request& head,
                                  std::string_view scope_service, const Error& error,
                                  const RequestId& request_id) {
  const auto route = parts_.router->route(head, scope_service);
  const aws::Protocol protocol = route ? route->protocol : route.error().protocol;
  const aws::ServiceModel* model = route ? route->service : route.error().service;
  const Error shown = aws::render_auth_error(error, protocol);
  aws::Response response = model != nullptr
                               ? aws::error_response(*model, protocol, shown, request_id)
                               : aws::error_response(protocol, shown, request_id);
  co_await answer(context, request_id, std::move(response));
}

// Which operation of which service, and who asks for it; or the refusal. Any thread.
std::optional<aws::Response> FrontDoor::identify(Job& job) const {
  job.request = job.view.with_body(job.body);
  // Query services name the operation in the body, so routing waited for it.
  const auto route = parts_.router->route(job.request, job.signature.service);
  job.protocol = route ? route->protocol : route.error().protocol;
  const aws::ServiceModel* model = route ? route->service : route.error().service;
  const auto refusal = [&](const Error& what) {
    return model != nullptr ? aws::error_response(*model, job.protocol, what, job.request_id)
                            : aws::error_response(job.protocol, what, job.request_id);
  };
  Result<aws::Caller> caller = parts_.authenticator->authenticate(
      job.request, job.signature, model != nullptr ? model->signing_name : std::string_view());
  if (!caller) return refusal(aws::render_auth_error(std::move(caller).error(), job.protocol));
  if (!route) return refusal(route.error().error);
  if (model == nullptr) return refusal(internal_error("a route without a service"));
  const auto service = services_.find(model->id);
  if (service == services_.end()) {
    return refusal(aws::not_implemented(model->id, model->name(*route->operation)));
  }
  job.service = service->second;
  job.operation = route->operation;
  job.call.caller = *std::move(caller);
  job.call.caller.request_id = job.request_id;
  job.call.trace_id = job.kept.headers.get_or("X-Amzn-Trace-Id");
  return std::nullopt;
}

}  // namespace lapwing::server
