#include <algorithm>
#include <charconv>

#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/operations.hpp"
#include "services/logs/pages.hpp"

namespace lapwing::logs {
namespace {

Result<model::LogStream> describe(Core& core, const Scope& scope, const Group& group,
                                  const Stream& stream) {
  LAPWING_TRY(const StreamStats stats, core.events.stats({group.uid, stream.uid}));
  model::LogStream out;
  out.log_stream_name = stream.name;
  out.arn = group_arn(scope, group.name) + ":log-stream:" + stream.name;
  out.creation_time = stream.created_ms;
  out.first_event_timestamp = stats.first_ms;
  out.last_event_timestamp = stats.last_ms;
  out.last_ingestion_time = stats.ingestion_ms;
  // A stream that never had events has no token.
  if (stats.ingestion_ms) out.upload_sequence_token = fmt::format("{:056}", *stats.ingestion_ms);
  out.stored_bytes = 0;  // AWS reports zero for streams since 2019
  return out;
}

Result<model::DescribeLogStreamsResponse> by_name(Core& core, const Scope& scope,
                                                  const Group& group,
                                                  const model::DescribeLogStreamsRequest& in) {
  LAPWING_TRY(const PageAsk ask,
              page_ask("logs.DescribeLogStreams by name of " + group.uid, in.next_token, in.limit));
  LAPWING_TRY(Repository::StreamPage found,
              core.repository.streams(group.uid, in.log_stream_name_prefix.value_or(""), ask.after,
                                      ask.limit + 1, in.descending.value_or(false)));
  const auto page = resources::cut_page(std::move(found.streams), ask,
                                        [](const Stream& stream) { return stream.name; });
  model::DescribeLogStreamsResponse out;
  out.log_streams.emplace();
  for (const Stream& stream : page.items) {
    LAPWING_TRY(model::LogStream described, describe(core, scope, group, stream));
    out.log_streams->push_back(std::move(described));
  }
  out.next_token = page.next;
  return out;
}

struct Dated {
  std::int64_t last_ms = 0;  // streams without events come as if theirs were the oldest
  Stream stream;
  friend bool operator<(const Dated& a, const Dated& b) {
    return std::tie(a.last_ms, a.stream.name) < std::tie(b.last_ms, b.stream.name);
  }
};

// What a token holds: "TIME:NAME".
std::string position_of(const Dated& place) {
  return fmt::format("{}:{}", place.last_ms, place.stream.name);
}

Result<Dated> read_position(std::string_view text) {
  Dated place;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), place.last_ms);
  if (error != std::errc() || end == text.data() + text.size() || *end != ':')
    return fail(invalid_next_token());
  place.stream.name = std::string(end + 1, text.data() + text.size());
  return place;
}

Result<model::DescribeLogStreamsResponse> by_time(Core& core, const Scope& scope,
                                                  const Group& group,
                                                  const model::DescribeLogStreamsRequest& in) {
  const bool descending = in.descending.value_or(false);
  LAPWING_TRY(const PageAsk ask,
              page_ask("logs.DescribeLogStreams by time of " + group.uid, in.next_token, in.limit));
  LAPWING_TRY(const EventLog::GroupStats stats, core.events.group_stats(group.uid));
  std::vector<Dated> all;
  std::string after;
  while (true) {
    LAPWING_TRY(Repository::StreamPage page,
                core.repository.streams(group.uid, "", after, store::kMaxScanLimit));
    for (Stream& stream : page.streams) {
      const auto last = stats.last_ms.find(stream.uid);
      all.push_back({last == stats.last_ms.end() ? 0 : last->second, std::move(stream)});
    }
    if (!page.next) break;
    after = *page.next;
  }
  const auto before = [descending](const Dated& a, const Dated& b) {
    return descending ? b < a : a < b;
  };
  std::sort(all.begin(), all.end(), before);
  if (!ask.after.empty()) {
    LAPWING_TRY(const Dated place, read_position(ask.after));
    all.erase(all.begin(), std::upper_bound(all.begin(), all.end(), place, before));
  }
  const auto page = resources::cut_page(std::move(all), ask, position_of);
  model::DescribeLogStreamsResponse out;
  out.log_streams.emplace();
  for (const Dated& each : page.items) {
    LAPWING_TRY(model::LogStream described, describe(core, scope, group, each.stream));
    out.log_streams->push_back(std::move(described));
  }
  out.next_token = page.next;
  return out;
}

}  // namespace

Nothing create_log_stream(Core& core, const Call& call, const model::CreateLogStreamRequest& in) {
  LAPWING_CHECK(check_room(core));
  LAPWING_CHECK(core.repository.create_stream(scope_of(call.caller), in.log_group_name,
                                              in.log_stream_name, core.now_ms()));
  return {};
}

Nothing delete_log_stream(Core& core, const Call& call, const model::DeleteLogStreamRequest& in) {
  {
    const DeletionGate::Closed closed = core.deletion.close();
    LAPWING_TRY(const StreamTarget removed,
                core.repository.remove_stream(scope_of(call.caller), in.log_group_name,
                                              in.log_stream_name));
    core.sink.forget(removed.group_uid);
  }
  if (const Status swept = sweep_dropped(core); !swept)
    core.log->warn("logs", "deleted stream not swept yet", {{"error", swept.error().to_log()}});
  return {};
}

Result<model::DescribeLogStreamsResponse> describe_log_streams(
    Core& core, const Call& call, const model::DescribeLogStreamsRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const std::string name,
              group_name(scope, in.log_group_name, in.log_group_identifier));
  const bool by_last_event = in.order_by && *in.order_by == model::OrderBy::kLastEventTime;
  if (by_last_event && in.log_stream_name_prefix)
    return fail(invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix."));
  flush_for_reading(core, scope, name);
  LAPWING_TRY(const Group group, core.repository.group(scope, name));
  return by_last_event ? by_time(core, scope, group, in) : by_name(core, scope, group, in);
}

}  // namespace lapwing::logs
