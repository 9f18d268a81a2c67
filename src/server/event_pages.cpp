#include "server/event_pages.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "aws/page_token.hpp"
#include "hosting/cannot_replay.hpp"
#include "hosting/data_plane.hpp"
#include "server/admission.hpp"
#include "server/event_json.hpp"
#include "server/limits.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"
#include "text/percent.hpp"
#include "text/query_string.hpp"
#include "text/time_format.hpp"

namespace lapwing::server {
namespace {

using journal::EventAsk;
using journal::EventList;
using journal::EventPage;
using journal::Step;
using journal::StepKind;

// Of what is read to make an answer: the records, what they say, the text.
constexpr std::uint64_t kAnswerCopies = 3;

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
Error not_allowed() {
  return Error(ErrorKind::kInvalid, "MethodNotAllowed", "Method Not Allowed").with_status(405);
}

// What a query says, each name once at most.
class PageAsked {
 public:
  static Result<PageAsked> parse(const std::string& query,
                                 std::initializer_list<std::string_view> known) {
    PageAsked out;
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

std::string list_name(EventList list, const std::string& service, const EventAsk& ask) {
  return fmt::format("lapwing.events {} {} {} {}", to_string(list), service, ask.function,
                     ask.holds);
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

// Whether there is one, if it is said.
Status is_service(Services& services, const std::string& said) {
  if (said.empty()) return {};
  std::vector<std::string_view> known;
  for (const auto& service : services.all()) known.push_back(service->api().id());
  if (std::ranges::find(known, said) != known.end()) return {};
  return fail(bad(
      fmt::format("There is no service {} here: say one of {}.", said, fmt::join(known, ", "))));
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

// What a POST asks for.
struct ReplayAsk {
  std::string id;
  bool again = false;
};
std::optional<ReplayAsk> ask_in(std::string_view body) {
  const auto document = text::parse_json(body);
  const text::JsonValue* const id = document ? document->root().find("id") : nullptr;
  if (id == nullptr || !id->is_string() || id->as_string().empty()) return std::nullopt;
  const text::JsonValue* const again = document->root().find("again");
  return ReplayAsk{std::string(id->as_string()),
                   again != nullptr && again->is_bool() && again->as_bool()};
}

}  // namespace

bool EventPages::owns(std::string_view path) {
  return path == kEvents || path == kReplay || path == kOutbox || path.starts_with(kTrace);
}

net::Task<void> EventPages::handle(http::RequestContext& context, std::string body) {
  const http::Request& request = context.request();
  // The worker's too: it goes on where the connection is cut.
  const auto held = std::make_shared<AnswerHold>(memory_);
  if (held->room(context.caller()) < hosting::kOutboxPageBytes) {
    co_await context.respond(hosting::plain_error(
        too_many("Too many answers wait to be read. Please read them, and retry.")));
    co_return;
  }
  held->hold(kAnswerCopies * hosting::kOutboxPageBytes);
  auto work = [this, held, method = request.method, path = std::string(request.path()),
               query = std::string(request.query()),
               said = std::move(body)] { return answer(method, path, query, said); };
  Result<std::string> text = co_await workers_.run(context.loop(), std::move(work));
  held->release();  // what is not read at once is counted by the connection
  if (!text) {
    co_await context.respond(hosting::plain_error(text.error()));
    co_return;
  }
  co_await context.respond(http::Response(200, "application/json", *std::move(text)));
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
  LAPWING_TRY(const PageAsked asked,
              PageAsked::parse(query, {"list", "service", "function", "holds", "limit", "after"}));
  EventAsk ask;
  LAPWING_TRY(ask.max, asked.limit(kEventRowsMax));
  ask.holds = asked.text("holds");
  ask.function = asked.text("function");
  const std::string service = asked.text("service");
  const std::string list = asked.text("list");
  const auto one = journal::event_list(list);
  if (!list.empty() && !one) {
    std::vector<std::string_view> known;
    for (const EventList each : journal::kEventLists) known.push_back(to_string(each));
    return fail(
        bad(fmt::format("There is no list {}: say one of {}.", list, fmt::join(known, ", "))));
  }
  LAPWING_CHECK(is_service(services_, service));
  const std::string after = asked.text("after");
  if (!after.empty()) {
    if (!one) return fail(bad("after goes on with a list: say which."));
    auto place = aws::read_page_token(list_name(*one, service, ask), after);
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
      page.next = aws::write_page_token(list_name(each, service, ask), page.next);
    }
    for (journal::EventRow& row : page.rows) {
      if (each != EventList::kDeadLetters) break;
      LAPWING_TRY(row.replayed_ms, replayed_at(row.id));
      if (row.replayed_ms < row.at_ms) row.replayed_ms.reset();
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

Result<std::optional<std::int64_t>> EventPages::replayed_at(std::string_view id) {
  std::optional<std::int64_t> out;
  if (id.empty()) return out;
  LAPWING_TRY(const std::vector<Step> steps, journal_.about(id));
  for (const Step& step : steps) {
    if (step.event != id) continue;
    if (step.kind == StepKind::kDeadLettered || step.kind == StepKind::kDropped) out.reset();
    if (step.kind == StepKind::kReplayed) out = step.time_ms;
  }
  return out;
}

Result<std::string> EventPages::replay(std::string_view body) {
  const auto ask = ask_in(body);
  if (!ask) return fail(bad(R"(Say {"id": "..."}.)"));
  const std::string& id = ask->id;
  std::vector<std::string> replayed;
  std::optional<Error> why_not;
  std::size_t count = 0;
  const auto send = [&](const std::string& event) -> Status {
    if (!ask->again) {
      LAPWING_TRY(const auto before, replayed_at(event));
      if (before) {
        why_not = hosting::cannot_replay(fmt::format(
            R"({} was sent again already, at {}: say --again ("again": true) to do it once more.)",
            event, text::format_iso8601(wall_from_unix_ms(*before), true)));
        return {};
      }
    }
    for (const auto& service : services_.all()) {
      const Result<std::size_t> sent = service->replay(event);
      if (!sent && hosting::is_cannot_replay(sent.error())) {
        why_not = sent.error();
        continue;
      }
      if (!sent) return fail(sent.error());
      if (*sent > 0) replayed.push_back(event);
      count += *sent;
    }
    return {};
  };
  LAPWING_CHECK(send(id));
  if (count == 0 && !why_not) {  // perhaps one that it became, or what it is known by
    LAPWING_TRY(const std::vector<Step> steps, journal_.about(id));
    const std::vector<std::string> dead = dead_in(steps);
    for (const std::string& each : dead) {
      if (each != id) LAPWING_CHECK(send(each));
    }
    if (count == 0 && !why_not && steps.empty()) {
      return fail(unknown(fmt::format("Nothing is known of {} (any more).", id)));
    }
    if (count == 0 && !why_not) {
      why_not = hosting::cannot_replay(
          dead.empty() ? "Nothing of it has died: there is nothing to send again."
                       : "It has died, and what it takes to send it again is kept "
                         "nowhere (any more).");
    }
  }
  if (count == 0) return fail(*std::move(why_not));
  return replay_json(count, replayed);
}

Result<std::string> EventPages::outbox(const std::string& query) {
  LAPWING_TRY(const PageAsked asked,
              PageAsked::parse(query, {"protocol", "to", "account", "limit", "after"}));
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
  std::size_t bytes = 0;
  for (; at < services.size(); ++at, ask.before = 0) {
    ask.max = most - out.messages.size();
    ask.bytes = hosting::kOutboxPageBytes - bytes;
    LAPWING_TRY(hosting::OutboxPage page, services[at]->outbox(ask));
    for (hosting::OutboxMessage& each : page.messages) {
      bytes += hosting::bytes_of(each);
      each.service = services[at]->api().id();
      out.messages.push_back(std::move(each));
    }
    if (page.next != 0) {
      next = fmt::format("{}:{}", at, page.next);
      break;
    }
    if (out.messages.size() < most && bytes < hosting::kOutboxPageBytes) continue;
    if (at + 1 < services.size()) next = fmt::format("{}:0", at + 1);
    break;
  }
  return outbox_json(out, next.empty() ? next : aws::write_page_token(name, next));
}

}  // namespace lapwing::server
