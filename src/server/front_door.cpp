#include "server/front_door.hpp"

#include <memory>
#include <utility>

#include <fmt/core.h>

#include "net/interrupt.hpp"
#include "net/loop.hpp"
#include "net/timeout.hpp"
#include "server/answer.hpp"
#include "server/front_door_job.hpp"
#include "server/greeting.hpp"
#include "server/limits.hpp"
#include "server/streamed.hpp"

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

// The operation was ended because its client has gone.
bool was_left(http::RequestContext& context, const Result<aws::Value>& output) {
  return !output && output.error().kind() == ErrorKind::kCancelled && context.gone().raised();
}

// Views into the route, or the models.
Asked asked_of(const std::expected<aws::Route, aws::Unrouted>& route) {
  if (!route) return {route.error().service_name, route.error().operation_name};
  if (route->service == nullptr) return {};
  return {route->service->id, route->service->name(*route->operation)};
}

}  // namespace

net::Task<Status> FrontDoor::answer(http::RequestContext& context, const RequestId& request_id,
                                    aws::Response response, Asked asked) {
  record_access(*parts_.logger, context, request_id, response, asked);
  return context.respond(to_http(std::move(response)));
}

net::Task<void> FrontDoor::handle(http::RequestContext& context, aws::Origin from) {
  stats_.requests.fetch_add(1, std::memory_order_relaxed);
  const http::Request& request = context.request();
  RequestId request_id(make_uuid(*parts_.random));

  const std::string_view host = request.headers.get_or("Host");
  if (hosting::DataPlane* const plane = plane_at(host)) {
    return plane->handle(context, {from, std::move(request_id)});
  }
  if (!parts_.guard->host_allowed(host) ||
      !parts_.guard->origin_allowed(request.headers.get_or("Origin"), host) ||
      !parts_.guard->fetch_allowed(request.headers.get_or("Sec-Fetch-Site"),
                                   request.headers.get_or("Referer"), host)) {
    return refuse_site(context, std::move(request_id));
  }
  for (hosting::DataPlane* const plane : planes_) {
    if (plane->owns_path(request.path())) {
      return plane->handle(context, {from, std::move(request_id)});
    }
  }
  if (parts_.admin->owns(request.path())) return parts_.admin->handle(context, from);
  if (parts_.invoke != nullptr && InvokeDoor::owns(request)) {
    return parts_.invoke->handle(context, from, std::move(request_id));
  }
  if (is_of_a_person(request)) return greet(context, served());
  return handle_general(context, from, std::move(request_id));
}

hosting::DataPlane* FrontDoor::plane_at(std::string_view host) const {
  const std::size_t port = host.rfind(':');
  if (port != std::string_view::npos && host.find(']', port) == std::string_view::npos) {
    host = host.substr(0, port);
  }
  for (hosting::DataPlane* const plane : planes_) {
    if (plane->owns_host(host)) return plane;
  }
  return nullptr;
}

std::string FrontDoor::served() const {
  std::string out;
  for (const auto& [id, service] : services_) out += (out.empty() ? "" : ", ") + id;
  return out;
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
                  aws::error_response(aws::Protocol::kRestJson, refusal, request_id), {});
}

// As far as the head tells: query services name the operation in the body.
std::size_t FrontDoor::body_limit(const std::expected<aws::Route, aws::Unrouted>& route) const {
  const aws::ServiceModel* const model = route ? route->service : route.error().service;
  if (model == nullptr) return aws::kBodyBytesDefault;
  const auto service = services_.find(model->id);
  if (service == services_.end()) return aws::kBodyBytesDefault;
  return route ? service->second->body_limit(*route->operation) : service->second->body_limit();
}

bool FrontDoor::takes_body(const std::expected<aws::Route, aws::Unrouted>& route) const {
  const auto service = route ? services_.find(route->service->id) : services_.end();
  return service != services_.end() && service->second->takes_body(*route->operation);
}

bool FrontDoor::is_for_everybody(const std::expected<aws::Route, aws::Unrouted>& route,
                                 const aws::SignatureHead& signature) const {
  if (signature.form != aws::SignatureForm::kNone) return false;
  const auto service = route ? services_.find(route->service->id) : services_.end();
  return service != services_.end() && service->second->unsigned_too(*route->operation);
}

net::Task<Status> FrontDoor::read_general(http::RequestContext& context, Job& job) {
  const aws::Request& head = job.head->view.head();
  aws::SignatureHead& signature = job.head->signature;
  LAPWING_CO_TRY(signature, parts_.authenticator->read(head));
  const auto route = parts_.router->route(head, signature.service);
  const aws::ServiceModel* model = route ? route->service : route.error().service;
  if (!is_for_everybody(route, signature)) {
    LAPWING_CO_CHECK(parts_.authenticator->check_head(
        signature, model != nullptr ? model->signing_name : std::string_view()));
  }
  LAPWING_CO_CHECK(admit(context, *parts_.authenticator, head, signature,
                         model != nullptr ? model->signing_name : std::string_view()));
  job.caller = context.caller();
  const std::size_t limit = body_limit(route);
  if (takes_body(route)) {
    job.body_follows = true;
    co_return Status();
  }
  Result<std::string> body = co_await context.body().read_all(limit);
  if (!body && body.error().kind() == ErrorKind::kTooLarge) {
    co_return fail(too_large(limit, route ? route->service->name(*route->operation) : "requested"));
  }
  if (!body) co_return fail(body_error(std::move(body).error()));
  job.head->body = *std::move(body);
  job.head->charge = context.take_body_charge();
  co_return Status();
}

std::shared_ptr<FrontDoor::Job> FrontDoor::make_job(http::RequestContext& context, aws::Origin from,
                                                    RequestId request_id) const {
  auto job = std::make_shared<Job>(context.request(), parts_);
  job->call.caller.request_id = std::move(request_id);
  job->call.origin = from;
  job->call.allowance = job.get();
  return job;
}

net::Task<bool> FrontDoor::prepare(http::RequestContext& context, const std::shared_ptr<Job>& job) {
  const aws::Request& head = job->head->view.head();
  const std::string& scope = job->head->signature.service;
  if (const Status read = co_await read_general(context, *job); !read) {
    stats_.refused.fetch_add(1, std::memory_order_relaxed);
    co_await refuse(context, head, scope, read.error(), job->request_id());
    co_return false;
  }
  job->call.deadline = context.loop().now() + kCallTimeMax;
  Result<std::optional<aws::Response>> refused = std::optional<aws::Response>();
  if (job->head->body.size() > kOffloadBytes) {  // a signature is over the whole body
    refused = co_await parts_.hashers->run(context.loop(), [this, job] { return identify(*job); });
  } else {
    refused = identify(*job);
  }
  if (!refused) {
    co_await refuse(context, head, scope, too_many("Rate exceeded"), job->request_id());
    co_return false;
  }
  if (*refused) {
    co_await finish(context, *job, **std::move(refused));
    co_return false;
  }
  if (const Status admitted = job->admit(context); !admitted) {
    co_await refuse(context, head, scope, admitted.error(), job->request_id());
    co_return false;
  }
  // What a large body is taken apart into is as large again, and not counted: one at a time.
  if (job->head->body.size() > kLargeBodyBytes) {
    job->turn =
        co_await large_jobs_.take(context.loop(), context.caller().hash, context.stop_token());
    if (!job->turn) {  // nobody waits for it any more
      co_await refuse(context, head, scope, too_many("Rate exceeded"), job->request_id());
      co_return false;
    }
  }
  const bool streams = job->service->streams(*job->operation);
  if (!streams && job->service->waits(*job->operation)) context.rest();
  co_return true;
}

net::Task<void> FrontDoor::finish(http::RequestContext& context, Job& job,
                                  Result<aws::Response> response) {
  if (!response) {  // no worker was free, and so none has read the input
    if (job.head == nullptr) co_return;
    co_return co_await refuse(context, job.head->view.head(), job.head->signature.service,
                              too_many("Rate exceeded"), job.request_id());
  }
  // Nobody else is to wait for this one's reading. What is not read at once of the answer is
  // counted by the connection.
  job.turn = {};
  job.head.reset();
  job.held.release();
  job.place = {};
  co_await answer(context, job.request_id(), *std::move(response), job.asked);
}

net::Task<void> FrontDoor::handle_general(http::RequestContext& context, aws::Origin from,
                                          RequestId request_id) {
  return serve(context, make_job(context, from, std::move(request_id)));
}

net::Task<void> FrontDoor::serve(http::RequestContext& context, std::shared_ptr<Job> job) {
  if (!co_await prepare(context, job)) co_return;
  if (job->service->streams(*job->operation) || !job->service->waits(*job->operation)) {
    co_return co_await serve_otherwise(context, job);
  }
  LeavingNote leaving(*parts_.logger, context, job->request_id(), job->asked);
  const std::shared_ptr<aws::Service::Waiting> on = job->service->begin(job);
  Result<aws::Value> output = aws::Value();
  try {
    // Nobody takes anything for a client that has gone.
    output = co_await net::interruptible(context.loop(), context.gone(),
                                         job->service->run(context.loop(), on));
  } catch (const std::exception& bug) {
    output = fail(internal_error(bug.what()));
  }
  if (was_left(context, output)) co_return;
  leaving.stayed();
  co_await end_waiting(context, *job, on, output);
}

net::Task<void> FrontDoor::end_waiting(http::RequestContext& context, Job& job,
                                       std::shared_ptr<aws::Service::Waiting> on,
                                       Result<aws::Value>& output) {
  co_await finish(context, job,
                  co_await job.service->end(context.loop(), std::move(on), std::move(output)));
}

net::Task<void> FrontDoor::serve_otherwise(http::RequestContext& context,
                                           const std::shared_ptr<Job>& job) {
  return job->service->streams(*job->operation) ? stream(context, job) : work(context, job);
}

net::Task<void> FrontDoor::work(http::RequestContext& context, const std::shared_ptr<Job>& job) {
  co_await finish(context, *job, co_await job->service->serve(context.loop(), job));
}

// Nobody goes on for a client that has gone.
net::Task<void> FrontDoor::stream(http::RequestContext& context, const std::shared_ptr<Job>& job) {
  const std::size_t limit = job->service->body_limit(*job->operation);
  StreamedBody body(context, limit, too_large(limit, job->service->model().name(*job->operation)),
                    announced_sha256(job->head->view.head()));
  aws::NoBody nothing;
  StreamedAnswer answer(context, *parts_.logger, job->request_id(), job->asked);
  if (!job->body_follows) context.rest();
  aws::BodySource& source = job->body_follows ? static_cast<aws::BodySource&>(body) : nothing;
  LeavingNote leaving(*parts_.logger, context, job->request_id(), job->asked);
  const Status outcome =
      co_await net::with_stop(context.loop(), context.stop_token(),
                              job->service->stream(context.loop(), job, source, answer));
  if (outcome || outcome.error().kind() != ErrorKind::kCancelled) leaving.stayed();
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
  co_await answer(context, request_id, std::move(response), asked_of(route));
}

// Which operation of which service, and who asks for it; or the refusal. Any thread.
std::optional<aws::Response> FrontDoor::identify(Job& job) const {
  Job::Head& head = *job.head;
  job.request = head.view.with_body(head.body);
  job.request.body_follows = job.body_follows;
  // Query services name the operation in the body, so routing waited for it.
  const auto route = parts_.router->route(job.request, head.signature.service);
  job.protocol = route ? route->protocol : route.error().protocol;
  const aws::ServiceModel* model = route ? route->service : route.error().service;
  if (!route) job.unrouted = std::make_unique<aws::Unrouted>(route.error());
  job.asked =
      route ? asked_of(route) : Asked{job.unrouted->service_name, job.unrouted->operation_name};
  const auto refusal = [&](const Error& what) {
    return model != nullptr ? aws::error_response(*model, job.protocol, what, job.request_id())
                            : aws::error_response(job.protocol, what, job.request_id());
  };
  Result<aws::Caller> caller =
      is_for_everybody(route, head.signature)
          ? aws::Authenticator::nobody(job.request)
          : parts_.authenticator->authenticate(
                job.request, head.signature,
                model != nullptr ? model->signing_name : std::string_view());
  if (!caller) return refusal(aws::render_auth_error(std::move(caller).error(), job.protocol));
  if (!route) return refusal(job.unrouted->error);
  if (model == nullptr) return refusal(internal_error("a route without a service"));
  const auto service = services_.find(model->id);
  if (service == services_.end()) {
    return refusal(aws::not_implemented(model->id, model->name(*route->operation)));
  }
  job.service = service->second;
  job.operation = route->operation;
  caller->request_id = std::move(job.call.caller.request_id);
  job.call.caller = *std::move(caller);
  job.call.trace_id = head.kept.headers.get_or("X-Amzn-Trace-Id");
  return std::nullopt;
}

}  // namespace lapwing::server
