#include <algorithm>
#include <charconv>

#include "aws/operation_table.hpp"
#include "aws/page_token.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/filter/pattern.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/operations.hpp"
#include "services/logs/stream_merge.hpp"

namespace lapwing::logs {
namespace {

// Events of all streams in one order: time, then stream (by uid), then arrival.
struct Spot {
  std::int64_t time_ms = 0;
  std::string stream_uid;
  std::uint64_t order = 0;
};

constexpr std::size_t kTimeDigits = 16;
constexpr std::size_t kOrderDigits = 20;

std::string list_of(const Group& group) { return "logs.FilterLogEvents of " + group.uid; }

std::string write_token(const Group& group, const Spot& spot) {
  return aws::write_page_token(
      list_of(group), fmt::format("{:016}{:020}{}", spot.time_ms, spot.order, spot.stream_uid));
}

Result<Spot> read_token(const Group& group, std::string_view text) {
  const Result<std::string> position = aws::read_page_token(list_of(group), text);
  if (!position) return fail(invalid_next_token());
  std::string_view token = *position;
  Spot spot;
  const auto read = [&token](std::size_t digits, auto& out) {
    if (token.size() < digits) return false;
    const auto [end, error] = std::from_chars(token.data(), token.data() + digits, out);
    const bool whole = error == std::errc() && end == token.data() + digits;
    token.remove_prefix(digits);
    return whole;
  };
  if (!read(kTimeDigits, spot.time_ms) || spot.time_ms < 0 || !read(kOrderDigits, spot.order))
    return fail(invalid_next_token());
  spot.stream_uid = token;
  return spot;
}

Result<std::vector<Stream>> select_streams(Core& core, const Group& group,
                                           const model::FilterLogEventsRequest& in) {
  std::vector<Stream> selected;
  if (in.log_stream_names) {
    for (const std::string& name : *in.log_stream_names) {
      LAPWING_TRY(Stream stream, core.repository.stream(group.uid, name));
      const bool repeated = std::ranges::any_of(
          selected, [&](const Stream& other) { return other.uid == stream.uid; });
      if (!repeated) selected.push_back(std::move(stream));
    }
    return selected;
  }
  std::string after;
  while (true) {
    LAPWING_TRY(Repository::StreamPage page,
                core.repository.streams(group.uid, in.log_stream_name_prefix.value_or(""), after,
                                        store::kMaxScanLimit));
    std::ranges::move(page.streams, std::back_inserter(selected));
    if (!page.next) return selected;
    after = *page.next;
  }
}

Status open_streams(Core& core, const Group& group, const std::vector<Stream>& streams,
                    const EventRange& whole, const std::optional<Spot>& after, StreamMerge& merge) {
  LAPWING_TRY(const EventLog::GroupStats stats, core.events.group_stats(group.uid));
  for (const Stream& stream : streams) {
    const auto last = stats.last_ms.find(stream.uid);
    if (last == stats.last_ms.end() || last->second < whole.start_ms) continue;
    EventRange range = whole;
    if (after) {
      range.start_ms = std::max(range.start_ms, after->time_ms);
      if (stream.uid == after->stream_uid) range.beyond = Place{after->time_ms, after->order};
      // Its events of that moment come before the spot.
      if (stream.uid < after->stream_uid) range.beyond = Place{after->time_ms, UINT64_MAX};
    }
    const auto first = stats.first_ms.find(stream.uid);
    const std::int64_t first_ms = first != stats.first_ms.end() ? first->second : 0;
    merge.add(stream, range, std::max(first_ms, range.start_ms));
  }
  return merge.begin();
}

Result<model::FilterLogEventsResponse> collect(StreamMerge& merge, const Group& group,
                                               const FilterPattern& pattern, std::size_t limit) {
  model::FilterLogEventsResponse out;
  out.events.emplace();
  // AWS answers this list empty since 2020.
  out.searched_log_streams.emplace();
  std::uint64_t bytes = 0;
  std::uint64_t scanned = 0;
  // Opening those that begin where the page does is no going on yet.
  const std::uint64_t opened = merge.bytes_read();
  std::optional<Spot> last;
  while (!merge.done()) {
    const StoredEvent& event = merge.event();
    const bool wanted = pattern.matches(event.message);
    const std::uint64_t size = event.message.size() + kEventOverheadBytes;
    const bool full = out.events->size() == limit ||
                      (wanted && bytes + size > kPageBytesMax && !out.events->empty());
    const bool enough = std::max(scanned, merge.bytes_read() - opened) > kFilterScanBytesMax;
    if (full || enough) {
      if (last) out.next_token = write_token(group, *last);
      return out;
    }
    last = Spot{event.place.time_ms, merge.stream().uid, event.place.order};
    scanned += size;
    if (wanted) {
      bytes += size;
      model::FilteredLogEvent& found = out.events->emplace_back();
      found.log_stream_name = merge.stream().name;
      found.timestamp = event.place.time_ms;
      found.message = event.message;
      found.ingestion_time = event.ingestion_ms;
      found.event_id = event_id(event.place, merge.stream().uid);
    }
    LAPWING_CHECK(merge.pop());
  }
  return out;
}

}  // namespace

Result<model::FilterLogEventsResponse> filter_log_events(Core& core, const Call& call,
                                                         const model::FilterLogEventsRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const std::string name,
              group_name(scope, in.log_group_name, in.log_group_identifier));
  if (in.log_stream_names && in.log_stream_name_prefix)
    return fail(invalid_parameter(
        "logStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
  if (!in.start_from_head.value_or(true))
    return fail(aws::unsupported("logs", "FilterLogEvents", "startFromHead"));
  LAPWING_TRY(const FilterPattern pattern, FilterPattern::parse(in.filter_pattern.value_or("")));
  flush_for_reading(core, scope, name);
  LAPWING_TRY(const Group group, core.repository.group(scope, name));
  std::optional<Spot> after;
  if (in.next_token) {
    LAPWING_TRY(after, read_token(group, *in.next_token));
  }
  LAPWING_TRY(const std::vector<Stream> streams, select_streams(core, group, in));

  EventRange range;
  range.start_ms = in.start_time.value_or(0);
  keep_retention(core, group, range);
  // Here, unlike in GetLogEvents, the end belongs to the range.
  if (in.end_time && *in.end_time < INT64_MAX) range.end_ms = *in.end_time + 1;
  StreamMerge merge(core.events, group.uid);
  LAPWING_CHECK(open_streams(core, group, streams, range, after, merge));
  return collect(merge, group, pattern,
                 static_cast<std::size_t>(in.limit.value_or(kPageEventsMax)));
}

}  // namespace lapwing::logs
