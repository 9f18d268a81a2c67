#include <algorithm>

#include "services/logs/errors.hpp"
#include "services/logs/following/chain.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/operations.hpp"

namespace lapwing::logs {
namespace {

Status check_batch(const std::vector<model::InputLogEvent>& events) {
  if (events.size() > kBatchEventsMax)
    return fail(invalid_parameter(
        "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member "
        "must have length less than or equal to 10000"));
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i > 0 && events[i].timestamp < events[i - 1].timestamp)
      return fail(invalid_parameter(
          "Log events in a single PutLogEvents request must be in chronological order."));
    const std::uint64_t bytes = events[i].message.size() + kEventOverheadBytes;
    if (bytes > kEventBytesMax)
      return fail(invalid_parameter(
          fmt::format("Log event too large: {} bytes exceeds limit of {}", bytes, kEventBytesMax)));
    total += bytes;
  }
  if (total > kBatchBytesMax)
    return fail(invalid_parameter(
        fmt::format("Upload too large: {} bytes exceeds limit of {}", total, kBatchBytesMax)));
  if (!events.empty() && events.back().timestamp - events.front().timestamp > kBatchSpanMsMax)
    return fail(
        invalid_parameter("The batch of log events in a single PutLogEvents request "
                          "cannot span more than 24 hours."));
  return {};
}

// The events to keep are [first, last); the rest is reported, not an error.
struct Accepted {
  std::size_t first = 0;
  std::size_t last = 0;
  std::optional<model::RejectedLogEventsInfo> rejected;
};

// The same budget as function output has, but here who writes is told.
Status check_budget(Core& core, GroupBudget& group, const std::vector<model::InputLogEvent>& in) {
  std::uint64_t bytes = 0;
  for (const model::InputLogEvent& event : in) bytes += event.message.size();
  const MonoTime now = core.clock->mono();
  core.budget.refresh(now);
  const std::optional<Loss> why = group.take(bytes, now);
  if (!why) return {};
  const std::string text = describe(*why, core.budget.limits());
  return fail(*why == Loss::kRate ? rate_exceeded(text) : no_room(text));
}

// Between the times of two clocks, the service's and the real one, which are mostly the same.
Accepted classify(const std::vector<model::InputLogEvent>& events, const Group& group,
                  std::int64_t now_ms, std::int64_t real_now_ms) {
  const std::int64_t latest_ms = std::max(now_ms, real_now_ms) + kEventAheadMsMax;
  const std::int64_t earlier_ms = std::min(now_ms, real_now_ms);
  const std::int64_t expired_before = retention_start_ms(group, earlier_ms);
  Accepted accepted{0, events.size(), std::nullopt};
  model::RejectedLogEventsInfo info;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::int64_t time = events[i].timestamp;
    const auto index = static_cast<std::int32_t>(i);
    if (time > latest_ms) {
      info.too_new_log_event_start_index = index;
      accepted.last = i;
      break;
    }
    const bool too_old = time < earlier_ms - kEventAgeMsMax;
    const bool expired = time < expired_before;
    if (too_old) info.too_old_log_event_end_index = index + 1;  // exclusive
    if (expired && !too_old) info.expired_log_event_end_index = index + 1;
    if (too_old || expired) accepted.first = i + 1;
  }
  if (info != model::RejectedLogEventsInfo{}) accepted.rejected = info;
  return accepted;
}

}  // namespace

Result<model::PutLogEventsResponse> put_log_events(Core& core, const Call& call,
                                                   const model::PutLogEventsRequest& in) {
  const Scope scope = scope_of(call.caller);
  const std::int64_t now_ms = core.now_ms();
  const DeletionGate::Passed passed = core.deletion.pass();
  LAPWING_TRY(const Group group, core.repository.group(scope, in.log_group_name));
  LAPWING_TRY(const Stream stream, core.repository.stream(group.uid, in.log_stream_name));
  LAPWING_CHECK(check_batch(in.log_events));
  const GroupBudgetPtr budget = core.budget.group(scope, in.log_group_name);
  LAPWING_CHECK(check_budget(core, *budget, in.log_events));
  const Accepted accepted = classify(in.log_events, group, now_ms, core.real_now_ms());

  // A function that writes here by its SDK says in which chain it runs.
  std::string_view chain = chain_of(call.trace_id);
  if (!chain.empty() && !core.follows.follows(scope, group.name)) chain = {};
  std::vector<store::LogInput> chunks;
  ChunkBuilder open;
  const auto finish = [&] {
    auto finished = open.finish();
    chunks.push_back({finished.newest_ms, std::move(finished.data)});
  };
  for (std::size_t i = accepted.first; i < accepted.last; ++i) {
    const model::InputLogEvent& event = in.log_events[i];
    if (!open.accepts(event.timestamp, event.message.size(), chain)) finish();
    open.add(event.timestamp, event.message, now_ms, chain);
  }
  if (!open.empty()) finish();
  if (auto written = core.events.append({group.uid, stream.uid}, chunks); !written)
    return fail(service_unavailable(written.error().to_log()));
  std::uint64_t written_bytes = 0;
  for (const store::LogInput& chunk : chunks) written_bytes += chunk.data.size();
  core.budget.note_written(*budget, group.uid, written_bytes);
  core.follows.wrote({group.uid, stream.uid}, in.log_stream_name);

  model::PutLogEventsResponse out;
  out.next_sequence_token = fmt::format("{:056}", now_ms);
  out.rejected_log_events_info = accepted.rejected;
  // Entities are not built: said in the answer's own words, the events are kept.
  if (in.entity)
    out.rejected_entity_info = model::RejectedEntityInfo{
        std::string(model::EntityRejectionErrorType::kUnsupportedLogGroupType)};
  return out;
}

}  // namespace lapwing::logs
