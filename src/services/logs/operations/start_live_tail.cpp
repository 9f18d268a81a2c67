#include <algorithm>

#include "aws/streaming.hpp"
#include "net/loop.hpp"
#include "net/worker_pool.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/filters.hpp"

namespace lapwing::logs {
namespace {

using Events = model::StartLiveTailResponseStream;

Error session_over() {
  return Error(ErrorKind::kTimeout, "SessionTimeoutException",
               "The session has reached its time limit.");
}

Result<TailAsk> read_ask(Core& core, const Scope& scope, const model::StartLiveTailRequest& in) {
  if (in.log_stream_names && in.log_stream_name_prefixes) {
    return fail(invalid_parameter(
        "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters."));
  }
  if ((in.log_stream_names || in.log_stream_name_prefixes) && in.log_group_identifiers.size() > 1) {
    return fail(invalid_parameter(
        "logStreamNames and logStreamNamePrefixes can be specified for one log group only."));
  }
  TailAsk out{.scope = scope,
              .groups = {},
              .streams = in.log_stream_names.value_or(std::vector<std::string>()),
              .prefixes = in.log_stream_name_prefixes.value_or(std::vector<std::string>()),
              .pattern = {}};
  LAPWING_TRY(out.pattern, FilterPattern::parse(in.log_event_filter_pattern.value_or("")));
  for (const std::string& identifier : in.log_group_identifiers) {
    if (!identifier.starts_with("arn:") || identifier.ends_with(":*")) {
      return fail(invalid_parameter("logGroupIdentifiers must be ARNs, without ':*' at the end."));
    }
    LAPWING_TRY(Group group, find_group(core, scope, identifier));
    if (group.log_class != model::LogGroupClass::kStandard) {
      return fail(not_of_this_class("Live tails"));
    }
    const bool repeated = std::ranges::find(out.groups, group.uid, &Group::uid) != out.groups.end();
    if (!repeated) out.groups.push_back(std::move(group));
  }
  return out;
}

Events started(const Call& call, const model::StartLiveTailRequest& in, std::string session) {
  model::LiveTailSessionStart start;
  start.request_id = call.caller.request_id.str();
  start.session_id = std::move(session);
  start.log_group_identifiers = in.log_group_identifiers;
  start.log_stream_names = in.log_stream_names.value_or(std::vector<std::string>());
  start.log_stream_name_prefixes = in.log_stream_name_prefixes.value_or(std::vector<std::string>());
  start.log_event_filter_pattern = in.log_event_filter_pattern.value_or("");
  return {.session_start = std::move(start)};
}

Events updated(const Scope& scope, TailUpdate update) {
  model::LiveTailSessionUpdate out;
  out.session_metadata = model::LiveTailSessionMetadata{update.sampled};
  out.session_results.emplace();
  for (TailEvent& each : update.events) {
    model::LiveTailSessionLogEvent& event = out.session_results->emplace_back();
    event.log_group_identifier = fmt::format("{}:{}", scope.account.view(), each.group);
    event.log_stream_name = std::move(each.stream);
    event.message = std::move(each.message);
    event.timestamp = each.time_ms;
    event.ingestion_time = each.ingestion_ms;
  }
  return {.session_update = std::move(out)};
}

}  // namespace

net::Task<Status> start_live_tail(Core& core, net::Loop& loop, const Call& call,
                                  model::StartLiveTailRequest in, aws::BodySource&,
                                  aws::AnswerSink& answer) {
  const Scope scope = scope_of(call.caller);
  auto opened = co_await core.workers->run(
      loop, [&core, scope, in]() -> Result<std::shared_ptr<TailSession>> {
        LAPWING_TRY(TailAsk ask, read_ask(core, scope, in));
        // What was taken over before is not part of it.
        for (const Group& group : ask.groups) flush_for_reading(core, scope, group.name);
        return TailSession::open(core.tails, core.events.log(), core.repository.random(),
                                 std::move(ask));
      });
  if (!opened) co_return fail(std::move(opened).error());
  const std::shared_ptr<TailSession> session = *std::move(opened);
  const MonoTime end = core.clock->mono() + kTailFor;
  LAPWING_CO_CHECK(co_await answer.begin(model::StartLiveTailResponse()));
  LAPWING_CO_CHECK(co_await answer.send(started(call, in, make_uuid(core.repository.random()))));
  while (true) {
    // By real time, as who looks on waits by it; the session's end is the server's clock's.
    co_await loop.sleep(kTailEvery);
    if (core.tails.closing()) co_return Status();
    if (core.clock->mono() >= end) co_return fail(session_over());
    auto update = co_await core.workers->run(loop, [session] { return session->take(); });
    if (!update) co_return fail(std::move(update).error());
    LAPWING_CO_CHECK(co_await answer.send(updated(scope, *std::move(update))));
  }
}

}  // namespace lapwing::logs
