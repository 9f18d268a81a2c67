#include <algorithm>
#include <charconv>

#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/operations.hpp"

namespace lapwing::logs {
namespace {

// A token is a direction and a place: "f/" goes on behind the place, "b/" before it. 56
// digits: 16 of the time, 20 of the order, 20 unused. It is answered again unchanged when
// there is nothing beyond it, which is how clients see the end.
constexpr std::size_t kTimeDigits = 16;
constexpr std::size_t kOrderDigits = 20;
constexpr std::size_t kTokenDigits = 56;

struct Token {
  bool backward = false;
  Place place;
};

std::string write_token(bool backward, Place place) {
  return fmt::format("{}/{:016}{:020}{:020}", backward ? 'b' : 'f', place.time_ms, place.order, 0);
}

template <class T>
bool read_digits(std::string_view digits, T& out) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  return error == std::errc() && end == digits.data() + digits.size();
}

Result<Token> read_token(std::string_view text) {
  Token token;
  if (text.size() != kTokenDigits + 2 || (!text.starts_with("f/") && !text.starts_with("b/")))
    return fail(invalid_next_token());
  token.backward = text[0] == 'b';
  text.remove_prefix(2);
  if (text[0] == '-' || !read_digits(text.substr(0, kTimeDigits), token.place.time_ms) ||
      !read_digits(text.substr(kTimeDigits, kOrderDigits), token.place.order))
    return fail(invalid_next_token());
  return token;
}

struct Page {
  std::vector<model::OutputLogEvent> events;  // oldest first
  std::optional<Place> first, last;
};

Result<Page> read_page(EventCursor cursor, bool backward, std::size_t limit) {
  Page page;
  std::uint64_t bytes = 0;
  while (page.events.size() < limit) {
    LAPWING_TRY(const StoredEvent* event, cursor.peek());
    if (event == nullptr) break;
    bytes += event->message.size() + kEventOverheadBytes;
    if (bytes > kPageBytesMax && !page.events.empty()) break;
    if (!page.first) page.first = event->place;
    page.last = event->place;
    model::OutputLogEvent& out = page.events.emplace_back();
    out.timestamp = event->place.time_ms;
    out.message = event->message;
    out.ingestion_time = event->ingestion_ms;
    cursor.pop();
  }
  if (backward) {
    std::reverse(page.events.begin(), page.events.end());
    std::swap(page.first, page.last);
  }
  return page;
}

}  // namespace

Result<model::GetLogEventsResponse> get_log_events(Core& core, const Call& call,
                                                   const model::GetLogEventsRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const std::string name,
              group_name(scope, in.log_group_name, in.log_group_identifier));
  Token at{!in.start_from_head.value_or(false), {}};
  if (in.next_token) {
    LAPWING_TRY(at, read_token(*in.next_token));
  }
  flush_for_reading(core, scope, name, in.log_stream_name);
  LAPWING_TRY(const Group group, core.repository.group(scope, name));
  LAPWING_TRY(const Stream stream, core.repository.stream(group.uid, in.log_stream_name));

  EventRange range;
  range.start_ms = in.start_time.value_or(0);
  keep_retention(core, group, range);
  range.end_ms = in.end_time.value_or(INT64_MAX);
  range.backward = at.backward;
  if (in.next_token) range.beyond = at.place;
  LAPWING_TRY(Page page, read_page(core.events.cursor({group.uid, stream.uid}, range), at.backward,
                                   static_cast<std::size_t>(in.limit.value_or(kPageEventsMax))));

  // Without events both directions meet at one point: where the token stands, or the start.
  Place behind{range.start_ms, 0};
  Place before = behind;
  if (in.next_token) {
    behind = before = at.place;
    if (at.backward && behind.order > 0) --behind.order;
    if (!at.backward) ++before.order;
  }
  model::GetLogEventsResponse out;
  out.next_forward_token = write_token(false, page.last.value_or(behind));
  out.next_backward_token = write_token(true, page.first.value_or(before));
  out.events = std::move(page.events);
  return out;
}

}  // namespace lapwing::logs
