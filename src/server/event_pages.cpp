#include "server/event_pages.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "aws/page_token.hpp"
#include "hosting/data_plane.hpp"
#include "server/event_json.hpp"
#include "server/limits.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/percent.hpp"
#include "text/query_string.hpp"

namespace lapwing::server {
namespace {

using journal::EventAsk;
using journal::EventList;
using journal::EventPage;
using journal::Step;
using journal::StepKind;

constexpr std::string_view kEvents = "/_lapwing/events";
constexpr std::string_view kTrace = "/_lapwing/events/trace/";
constexpr std::string_view kReplay = "/_lapwing/events/replay";
constexpr std::string_view kOutbox = "/_lapwing/outbox";

Error bad(std::string message) {
  return Error(ErrorKind::kInvalid, "ValidationException", std::move(message)).with_status(400);
}
Error unknown(std::string message) {
  return Error(ErrorKind::kNotFound, "ResourceNotFoundException", std::move(message))
      .with_status(404);
}
Error cannot(std::string message) {
  return Error(ErrorKind::kUnavailable, "CannotReplay", std::move(message)).with_status(409);
}
Error not_allowed() {
  return Error(ErrorKind::kInvalid, "MethodNotAllowed", "Method Not Allowed").with_status(405);
}

// What a query says, each name once at most.
class Asked {
 public:
  static Result<Asked> parse(const std::string& query,
                             std::initializer_list<std::string_view> known) {
    Asked out;
    auto parsed = text::QueryString::parse(query);
    if (!parsed) return fail(bad("The query cannot be read."));
    for (const text::QueryPair& pair : parsed->pairs()) {
      if (std::ranges::find(known, std::string_view(pair.name)) == known.end()) {
        return fail(
            bad(fmt::format("There is no {}: say one of {}.", pair.name, fmt::join(known, ", "))));
      }
    }
    out.query_ = *std::move(parsed);
    return out;
  }
  std::string text(std::string_view name) const {
    return std::string(query_.get(name).value_or(""));
  }
  Result<std::size_t> limit(std::size_t most) const {
    const std::string said = text("limit");
    if (said.empty()) return std::min<std::size_t>(kEventRowsDefault, most);
    std::size_t out = 0;
    const char* const end = said.data() + said.size();
    const auto [rest, error] = std::from_chars(said.data(), end, out);
    if (error == std::errc() && rest == end && out >= 1 && out <= most) return out;
    return fail(bad(fmt::format("limit is a number from 1 to {}.", most)));
  }

 private:
  text::QueryString query_;
};

std::string list_name(EventList list, const std::string& service, const std::string& holds) {
  return fmt::format("lapwing.events {} {} {}", to_string(list), service, holds);
}

Result<EventPage> page_of(Services& services, const std::string& only, const EventAsk& ask) {
  std::vector<hosting::Service*> asked;
  for (const auto& service : services.all()) {
    if (only.empty() || only == service->api().id()) asked.push_back(service.get());
  }
  return journal::events_of_all(ask, asked.size(),
                                [&](std::size_t part, const EventAsk& of) -> Result<EventPage> {
                                  LAPWING_TRY(EventPage page, asked[part]->events(of));
                                  for (journal::EventRow& row : page.rows)
                                    row.service = asked[part]->api().id();
                                  return page;
                                });
}

// Ids under which what has died of a story may be kept.
std::vector<std::string> dead_in(const std::vector<Step>& steps) {
  std::vector<std::string> out;
  for (const Step& step : steps) {
    const bool dead = step.kind == StepKind::kDeadLettered || step.kind == StepKind::kDropped;
    if (dead && std::ranges::find(out, step.event) == out.end()) out.push_back(step.event);
  }
  return out;
}

// The id that a POST names.
std::optional<std::string> id_in(std::string_view body) {
  const auto document = text::parse_json(body);
  const text::JsonValue* const id = document ? document->root().find("id") : nullptr;
  if (id == nullptr || !id->is_string() || id->as_string().empty()) return std::nullopt;
  return std::string(id->as_string());
}

}  // namespace

bool EventPages::owns(std::string_view path) {
  return path == kEvents || path == kReplay || path == kOutbox || path.starts_with(kTrace);
}

net::Task<void> EventPages::handle(http::RequestContext& context, std::string body) {
  const http::Request& request = context.request();
  auto work = [this, method = request.method, path = std::string(request.path()),
               query = std::string(request.query()),
               said = std::move(body)] { return answer(method, path, query, said); };
  const Result<std::string> text = co_await workers_.run(context.loop(), std::move(work));
  if (!text) {
    co_await context.respond(hosting::plain_error(text.error()));
    co_return;
  }
  co_await context.respond(http::Response(200, "application/json", *text));
}

Result<std::string> EventPages::answer(http::Method method, const std::string& path,
                                       const std::string& query, const std::string& body) {
  if (path == kReplay) {
    if (method != http::Method::kPost) return fail(not_allowed());
    return replay(body);
  }
  if (method != http::Method::kGet && method != http::Method::kHead) return fail(not_allowed());
  if (path == kEvents) return lists(query);
  if (path == kOutbox) return outbox(query);
  return story(text::percent_decode_lenient(path.substr(kTrace.size())));
}

Result<std::string> EventPages::lists(const std::string& query) {
  LAPWING_TRY(const Asked asked,
              Asked::parse(query, {"list", "service", "function", "holds", "limit", "after"}));
  EventAsk ask;
  LAPWING_TRY(ask.max, asked.limit(kEventRowsMax));
  ask.holds = asked.text("holds");
  if (const std::string function = asked.text("function"); !function.empty()) {
    ask.holds = ":function:" + function;
  }
  const std::string service = asked.text("service");
  const std::string list = asked.text("list");
  const auto one = journal::event_list(list);
  if (!list.empty() && !one) return fail(bad(fmt::format("There is no list {}.", list)));
  const std::string after = asked.text("after");
  if (!after.empty()) {
    if (!one) return fail(bad("after goes on with a list: say which."));
    auto place = aws::read_page_token(list_name(*one, service, ask.holds), after);
    if (!place) return fail(bad("after is of another list."));
    ask.after = *std::move(place);
  }
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  for (const EventList each : journal::kEventLists) {
    if (one && *one != each) continue;
    ask.list = each;
    LAPWING_TRY(EventPage page, page_of(services_, service, ask));
    if (!page.next.empty()) {
      page.next = aws::write_page_token(list_name(each, service, ask.holds), page.next);
    }
    json.key(to_string(each));
    write_page(json, page);
  }
  json.end_object();
  return out;
}

Result<std::string> EventPages::story(std::string_view id) {
  LAPWING_TRY(const std::vector<Step> steps, journal_.about(id));
  if (steps.empty()) return fail(unknown(fmt::format("Nothing is known of {} (any more).", id)));
  return story_json(id, steps);
}

Result<std::string> EventPages::replay(std::string_view body) {
  const auto id = id_in(body);
  if (!id) return fail(bad(R"(Say {"id": "..."}.)"));
  std::vector<std::string> replayed;
  std::optional<Error> why_not;
  std::size_t count = 0;
  const auto send = [&](const std::string& event) -> Status {
    for (const auto& service : services_.all()) {
      const Result<std::size_t> sent = service->replay(event);
      if (!sent && sent.error().kind() == ErrorKind::kUnavailable) {
        why_not = sent.error();
        continue;
      }
      if (!sent) return fail(sent.error());
      if (*sent > 0) replayed.push_back(event);
      count += *sent;
    }
    return {};
  };
  LAPWING_CHECK(send(*id));
  if (count == 0 && !why_not) {  // perhaps one that it became, or what it is known by
    LAPWING_TRY(const std::vector<Step> steps, journal_.about(*id));
    const std::vector<std::string> dead = dead_in(steps);
    for (const std::string& each : dead) {
      if (each != *id) LAPWING_CHECK(send(each));
    }
    if (count == 0 && !why_not && steps.empty()) {
      return fail(unknown(fmt::format("Nothing is known of {} (any more).", *id)));
    }
    if (count == 0 && !why_not) {
      why_not = cannot(dead.empty() ? "Nothing of it has died: there is nothing to send again."
                                    : "It has died, and what it takes to send it again is kept "
                                      "nowhere (any more).");
    }
  }
  if (count == 0) return fail(*std::move(why_not));
  return replay_json(count, replayed);
}

Result<std::string> EventPages::outbox(const std::string& query) {
  LAPWING_TRY(const Asked asked,
              Asked::parse(query, {"protocol", "to", "account", "limit", "after"}));
  hosting::OutboxAsk ask;
  LAPWING_TRY(ask.max, asked.limit(hosting::kOutboxRowsMax));
  ask.protocol = asked.text("protocol");
  ask.to = asked.text("to");
  ask.account = asked.text("account");
  const std::string name =
      fmt::format("lapwing.outbox {} {} {}", ask.protocol, ask.to, ask.account);
  // A place: the service's, and a number in it.
  std::size_t at = 0;
  if (const std::string after = asked.text("after"); !after.empty()) {
    const auto place = aws::read_page_token(name, after);
    const std::size_t colon = place ? place->find(':') : std::string::npos;
    if (colon == std::string::npos) return fail(bad("after is of another list."));
    std::from_chars(place->data(), place->data() + colon, at);
    std::from_chars(place->data() + colon + 1, place->data() + place->size(), ask.before);
  }
  hosting::OutboxPage out;
  std::string next;
  const auto& services = services_.all();
  const std::size_t most = ask.max;
  for (; at < services.size(); ++at, ask.before = 0) {
    ask.max = most - out.messages.size();
    LAPWING_TRY(hosting::OutboxPage page, services[at]->outbox(ask));
    for (hosting::OutboxMessage& each : page.messages) {
      each.service = services[at]->api().id();
      out.messages.push_back(std::move(each));
    }
    if (page.next != 0) {
      next = fmt::format("{}:{}", at, page.next);
      break;
    }
    if (out.messages.size() < most) continue;
    if (at + 1 < services.size()) next = fmt::format("{}:0", at + 1);
    break;
  }
  return outbox_json(out, next.empty() ? next : aws::write_page_token(name, next));
}

}  // namespace lapwing::server
