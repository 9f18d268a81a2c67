#include "server/admin.hpp"

#include <fstream>
#include <unistd.h>

#include <fmt/core.h>

#include "aws/coverage.hpp"
#include "hosting/data_plane.hpp"
#include "hosting/house_metrics.hpp"
#include "server/admission.hpp"
#include "server/front_door.hpp"
#include "server/limits.hpp"
#include "server/metrics.hpp"
#include "server/request_view.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::server {
namespace {

constexpr std::string_view kCoveragePath = "/_lapwing/coverage/";

// Resident set in bytes, from /proc; 0 where that cannot be read.
std::uint64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  in >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// Of a clock that was not moved.
int status_of(const Error& error) {
  if (error.kind() == ErrorKind::kInvalid) return 400;
  return error.kind() == ErrorKind::kConflict ? 409 : 503;
}

// What a POST to the clock asks for.
std::optional<Duration> advance_asked(std::string_view body) {
  const auto document = text::parse_json(body);
  const text::JsonValue* seconds = document ? document->root().find("advance_seconds") : nullptr;
  if (seconds == nullptr || !seconds->is_number()) return std::nullopt;
  const double wanted = seconds->as_double();
  if (!(wanted >= 0) || wanted > std::chrono::duration<double>(kClockAdvanceMax).count()) {
    return std::nullopt;
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(wanted));
}

http::Response not_found() {
  return http::Response(404, "application/json", R"({"message":"Not Found"})");
}

}  // namespace

Admin::Admin(AdminParts parts) : parts_(std::move(parts)), started_(parts_.clock->mono()) {
  if (parts_.services == nullptr) return;
  event_pages_.emplace(parts_.services->services(), parts_.services->journal(), *parts_.workers,
                       parts_.memory);
}

void Admin::observe(const FrontDoorStats& front_door, const InvokeDoorStats* invoke,
                    const http::ServerStats& http) {
  front_door_ = &front_door;
  invoke_ = invoke;
  http_ = &http;
}

Status Admin::may_see(http::RequestContext& context, aws::Origin from) const {
  if (from == aws::Origin::kFunction && !parts_.functions_may) {
    return fail(
        Error(ErrorKind::kDenied, "AccessDeniedException", "Not for functions.").with_status(403));
  }
  return parts_.clients_sign ? is_operators(context, {}) : Status();
}

Status Admin::is_operators(http::RequestContext& context, std::string_view body) const {
  RequestView view(context.request());
  const aws::Request& request = view.with_body(body);
  LAPWING_TRY(const aws::SignatureHead head, parts_.authenticator->read(request));
  LAPWING_TRY(const aws::Caller caller, parts_.authenticator->authenticate(request, head));
  if (parts_.credentials->added(caller)) return admit(context, caller);
  return fail(Error(ErrorKind::kDenied, "AccessDeniedException",
                    fmt::format("{} is not the operator of this server: sign with a key of its "
                                "configuration ([[credentials]])",
                                caller.principal_arn))
                  .with_status(403));
}

net::Task<void> Admin::handle(http::RequestContext& context, aws::Origin from) {
  const http::Request& request = context.request();
  const std::string_view path = request.path();
  // Health is small: it is told in any case.
  const bool health_asked = path == "/_lapwing/health";
  if (const Status room = health_asked ? Status() : check_answers(context); !room) {
    co_await context.respond(hosting::plain_error(room.error()));
    co_return;
  }
  if (event_pages_ && EventPages::owns(path)) co_return co_await events(context, from);
  if (path == "/_lapwing/clock") co_return co_await clock(context, from);
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
    http::Response response(405, "application/json", R"({"message":"Method Not Allowed"})");
    response.headers.add("Allow", "GET, HEAD");
    co_await context.respond(std::move(response));
  } else if (health_asked) {
    // What is in it is the machine's and the operator's, and no function's business.
    const bool whole = from != aws::Origin::kFunction && may_see(context, from).has_value();
    co_await context.respond(http::Response(200, "application/json", health(whole)));
  } else if (path == "/_lapwing/metrics") {
    if (const Status allowed = may_see(context, from); !allowed) {
      co_await context.respond(hosting::plain_error(allowed.error()));
      co_return;
    }
    std::string text = co_await metrics(context.loop());
    co_await context.respond(
        http::Response(200, "text/plain; version=0.0.4; charset=utf-8", std::move(text)));
  } else if (path.starts_with(kCoveragePath)) {
    co_await context.respond(coverage(path.substr(kCoveragePath.size())));
  } else if (path.starts_with("/_lapwing/console")) {
    co_await context.respond(
        http::Response(501, "application/json",
                       R"({"message":"The console is not built yet","code":"NotImplemented"})"));
  } else {
    co_await context.respond(not_found());
  }
}

net::Task<void> Admin::events(http::RequestContext& context, aws::Origin from) {
  if (from == aws::Origin::kFunction) {
    co_await context.respond(hosting::plain_error(
        Error(ErrorKind::kDenied, "AccessDeniedException", "Not for functions.").with_status(403)));
    co_return;
  }
  Result<std::string> body = co_await operators_body(context, kReplayBodyBytesMax);
  if (!body) {
    co_await context.respond(hosting::plain_error(body.error()));
    co_return;
  }
  co_await event_pages_->handle(context, *std::move(body));
}

net::Task<Result<std::string>> Admin::operators_body(http::RequestContext& context,
                                                     std::size_t most) const {
  std::string body;
  if (context.request().method == http::Method::kPost) {
    LAPWING_CO_TRY(body, co_await context.body().read_all(most));
  }
  if (parts_.events_signed) LAPWING_CO_CHECK(is_operators(context, body));
  co_return body;
}

net::Task<void> Admin::clock(http::RequestContext& context, aws::Origin from) {
  const auto answer = [&](int status, std::string body) {
    return context.respond(http::Response(status, "application/json", std::move(body)));
  };
  // Who may look may not move it yet: that is everybody's time.
  const http::Method method = context.request().method;
  Result<std::string> body = std::string();
  if (from == aws::Origin::kFunction) {
    body = fail(Error(ErrorKind::kDenied, "AccessDeniedException", "Not for functions."));
  } else if (method == http::Method::kPost) {
    body = co_await operators_body(context, kClockBodyBytesMax);
  } else if (const Status allowed = may_see(context, from); !allowed) {
    body = fail(allowed.error());
  }
  if (!body) {
    co_await context.respond(hosting::plain_error(body.error()));
    co_return;
  }
  hosting::ManualTime* const time = parts_.services->time();
  if (method != http::Method::kGet && method != http::Method::kHead &&
      method != http::Method::kPost) {
    co_await answer(405, R"({"message":"Method Not Allowed"})");
    co_return;
  }
  if (method == http::Method::kPost && time == nullptr) {
    co_await answer(409, R"({"message":"The clock is the system's, and is not moved: )"
                         R"(start the server with --set clock=manual"})");
    co_return;
  }
  if (method == http::Method::kPost) {
    const auto seconds = advance_asked(*body);
    if (!seconds) {
      co_await answer(400, R"({"message":"Say {\"advance_seconds\": N}, N from 0 to 10 years"})");
      co_return;
    }
    const Status moved = co_await parts_.workers->run(
        context.loop(),
        [time, by = *seconds, stop = context.stop_token()] { return time->advance(by, stop); });
    if (!moved) {
      co_await context.respond(
          hosting::plain_error(Error(moved.error()).with_status(status_of(moved.error()))));
      co_return;
    }
  }
  const WallTime now = time != nullptr ? time->now() : parts_.clock->wall();
  co_await answer(
      200, fmt::format(R"({{"clock":"{}","now":"{}"}})", time != nullptr ? "manual" : "system",
                       text::format_iso8601(now, true)));
}

http::Response Admin::coverage(std::string_view service) const {
  for (const auto& each : parts_.services->services().all()) {
    const aws::Service& api = each->api();
    if (api.id() == service) {
      return http::Response(200, "text/markdown; charset=utf-8", aws::coverage_page(api.table()));
    }
  }
  return not_found();
}

std::string Admin::health(bool whole) const {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.member("status", "ok");
  if (!whole) {
    json.end_object();
    return out;
  }
  json.member("version", parts_.version);
  const hosting::ManualTime* const time = parts_.services->time();
  json.member("clock", time != nullptr ? "manual" : "system");
  if (time != nullptr) json.member("now", text::format_iso8601(time->now(), true));
  json.key("services");
  json.begin_object();
  std::string limited;  // what does less than it should, and why
  for (const auto& service : parts_.services->services().all()) {
    const hosting::Health health = service->health();
    json.member(service->api().id(), health.state);
    if (!health.text.empty()) limited += (limited.empty() ? "" : " ") + health.text;
  }
  json.end_object();
  if (!limited.empty()) json.member("limited", limited);
  if (parts_.disk != nullptr) {
    const os::DiskSpace::State disk = parts_.disk->look();
    json.key("disk");
    json.begin_object();
    json.member("free_mib", static_cast<std::int64_t>(disk.free / kMiB));
    json.member("reserve_mib", static_cast<std::int64_t>(disk.reserve / kMiB));
    json.member("full", disk.spare() == 0);
    json.end_object();
  }
  parts_.machine->health(json);
  json.end_object();
  return out;
}

net::Task<std::string> Admin::metrics(net::Loop& loop) const {
  MetricsText text;
  add_engine_metrics(text, parts_.dispatcher->totals());
  parts_.machine->metrics(text);
  add_function_metrics(text, co_await parts_.dispatcher->busiest(loop, parts_.metrics_functions));
  const auto& services = parts_.services->services().all();
  for (const auto& service : services) service->metrics(text);
  hosting::add_operation_metrics(text, services);
  const std::vector<background::TaskFacts> tasks = parts_.services->tasks();
  hosting::add_background_metrics(text, tasks);
  if (parts_.disk != nullptr) add_disk_metrics(text, parts_.disk->look());
  if (front_door_ != nullptr) {
    text.add("requests_total", "counter", "Requests received.", front_door_->requests.load());
    text.add("requests_refused_total", "counter", "Requests refused before any service.",
             front_door_->refused.load());
  }
  if (invoke_ != nullptr) {
    text.add("streams_total", "counter", "Invocations with a response stream.",
             invoke_->streams.load());
    text.add("stream_bytes_total", "counter", "Payload sent in response streams.",
             invoke_->stream_bytes.load());
  }
  if (parts_.memory != nullptr) add_memory_metrics(text, *parts_.memory);
  if (parts_.connections != nullptr) {
    text.add("connections", "gauge", "Open connections of clients and functions.",
             parts_.connections->open_count());
    text.add("connections_inside", "gauge", "Open connections of functions.",
             parts_.connections->inside_count());
  }
  if (parts_.waits != nullptr) {
    text.add("long_waits", "gauge", "Calls that wait for long (long polls).", parts_.waits->held());
  }
  if (http_ != nullptr) {
    text.add("protocol_errors_total", "counter", "Malformed HTTP requests.",
             http_->protocol_errors.load());
  }
  text.add("worker_queue", "gauge", "Control-plane operations waiting for a thread.",
           parts_.workers->queued());
  text.add("resident_memory_bytes", "gauge", "Resident memory of the server.", resident_bytes());
  text.add("uptime_seconds", "gauge", "Time since the start.",
           static_cast<std::uint64_t>(
               std::chrono::duration_cast<std::chrono::seconds>(parts_.clock->mono() - started_)
                   .count()));
  co_return text.take();
}

}  // namespace lapwing::server
