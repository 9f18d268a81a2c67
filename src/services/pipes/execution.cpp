#include "services/pipes/execution.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "services/pipes/limits.hpp"
#include "services/pipes/parcels.hpp"
#include "text/json_writer.hpp"

namespace lapwing::pipes {
namespace {

using mappings::Taken;
using ports::Delivered;
using ports::FunctionRun;

bool is_empty(const text::JsonValue& value) {
  return value.is_null() ||
         ((value.is_array() || value.is_object() || value.is_string()) && value.size() == 0);
}

}  // namespace

Execution::Execution(const ExecutionNeeds& needs, const Plan& plan, const mappings::Batch& batch)
    : needs_(needs),
      plan_(plan),
      batch_(batch),
      began_(needs.clock.wall()),
      log_(plan, needs.logs, needs.clock, make_uuid(needs.random)) {
  items_.reserve(batch.size());
  for (const std::string& record : batch.records()) items_.emplace_back(record, true);
}

net::Task<Taken> Execution::run(net::Loop& loop) {
  if (log_.wants(LogLevel::kInfo)) {
    std::string payload;
    if (log_.wants_data(LogLevel::kInfo)) payload = mappings::array_of(batch_.records());
    log_.step(LogLevel::kInfo, "ExecutionStarted", {.payload = payload});
  }
  Taken out;
  std::optional<Taken> ended;
  if (plan_.enrichment) ended = co_await enrich(loop);
  if (ended) {
    out = *std::move(ended);
  } else {
    out = co_await send(loop);
  }
  log_end(out);
  co_return out;
}

void Execution::log_end(const Taken& taken) {
  if (taken.kind == Taken::Kind::kLater) {
    log_.step(LogLevel::kError, "ExecutionThrottled", {.error = taken.reason});
  } else if (taken.kind == Taken::Kind::kFailed) {
    log_.step(LogLevel::kError, "ExecutionFailed", {.error = taken.reason});
  } else if (!taken.failed.empty()) {
    log_.step(LogLevel::kError, "ExecutionPartiallyFailed", {.error = taken.reason});
  } else {
    log_.step(LogLevel::kInfo, "ExecutionSucceeded");
  }
}

std::string Execution::unsent(expressions::Unsent why) {
  return fmt::format("What the template makes of an event {}.", expressions::to_string(why));
}

Taken Execution::failed_stage(std::string_view stage, std::string reason) {
  log_.step(LogLevel::kError, fmt::format("{}StageFailed", stage), {.error = reason});
  return {.kind = Taken::Kind::kFailed, .reason = std::move(reason)};
}

net::Task<std::optional<std::string>> Execution::whole_payload(
    net::Loop& loop, const std::optional<expressions::Template>& body) {
  std::vector<std::string> payloads;
  std::size_t bytes = 0;
  for (Item& item : items_) {
    // Templates may be work, and batches are large.
    if (body && payloads.size() % kRenderedAtOnce == kRenderedAtOnce - 1) co_await loop.yield();
    auto payload = item.payload(body, plan_, began_);
    if (!payload) {
      reason_ = unsent(payload.error());
      co_return std::nullopt;
    }
    payloads.push_back(body ? as_json(*std::move(payload)) : *std::move(payload));
    bytes += payloads.back().size();
    if (bytes > kPayloadBytesMax) break;
  }
  if (bytes <= kPayloadBytesMax) {
    std::string out = mappings::array_of(payloads);
    if (out.size() <= kPayloadBytesMax) co_return out;
  }
  reason_ = "What the function would get is larger than 6 MB.";
  co_return std::nullopt;
}

net::Task<std::optional<Taken>> Execution::enrich(net::Loop& loop) {
  log_.step(LogLevel::kInfo, "EnrichmentStageEntered");
  std::string answer;
  if (auto ended = co_await invoke_enrichment(loop, answer)) co_return ended;
  enriched_ = true;
  co_return take_answer(answer);
}

net::Task<std::optional<Taken>> Execution::invoke_enrichment(net::Loop& loop, std::string& answer) {
  const bool function = *plan_.enrichment == Kind::kFunction;
  const auto& body = plan_.enrichment_template;
  if (body) log_.step(LogLevel::kTrace, "EnrichmentTransformationStarted");
  std::optional<std::string> payload;
  if (function) {
    payload = co_await whole_payload(loop, body);
  } else {
    auto made = items_.front().payload(body, plan_, began_);  // batches of one
    if (made) {
      payload = *std::move(made);
    } else {
      reason_ = unsent(made.error());
    }
  }
  if (!payload) {
    log_.step(LogLevel::kError, "EnrichmentTransformationFailed", {.error = reason_});
    co_return failed_stage("Enrichment", reason_);
  }
  if (body) {
    log_.step(LogLevel::kTrace, "EnrichmentTransformationSucceeded", {.payload = *payload});
  }
  log_.step(LogLevel::kTrace, "EnrichmentInvocationStarted", {.request = *payload});
  bool failed = false;
  if (function) {
    FunctionRun run =
        co_await needs_.functions->run(loop, plan_.enrichment_arn, *payload, on_behalf(plan_));
    if (run.kind == FunctionRun::Kind::kNotNow) {
      co_return Taken{
          .kind = Taken::Kind::kLater, .reason = std::move(run.reason), .trace = run.trace};
    }
    failed = run.kind == FunctionRun::Kind::kFailed;
    reason_ = std::move(run.reason);
    answer = std::move(run.answer);
  } else {
    const auto parcel = enrichment_parcel(plan_, items_.front(), *payload);
    Delivered delivered{.kind = Delivered::Kind::kRefused, .code = "InvalidParameter"};
    if (parcel) {
      std::vector<ports::Parcel> one;
      one.push_back(*parcel);
      delivered = (co_await deliver(loop, std::move(one))).front();
    } else {
      delivered.message = parcel.error().message();
    }
    failed = delivered.kind != Delivered::Kind::kTaken;
    reason_ = reason_of(delivered);
    answer = std::move(delivered.answer);
  }
  if (failed) {
    log_.step(LogLevel::kError, "EnrichmentInvocationFailed",
              {.answer = answer, .error = reason_, .service = service_name(*plan_.enrichment)});
    co_return failed_stage("Enrichment", "The enrichment failed: " + reason_);
  }
  log_.step(LogLevel::kTrace, "EnrichmentInvocationSucceeded",
            {.request = *payload, .answer = answer});
  co_return std::nullopt;
}

std::optional<Taken> Execution::take_answer(std::string_view answer) {
  if (answer.size() > kPayloadBytesMax) {
    return failed_stage("Enrichment", "The enrichment answered more than 6 MB.");
  }
  items_.clear();
  const auto document = text::parse_json(answer);
  if (!document) {
    std::string quoted;
    text::append_json_string(quoted, answer);
    if (!answer.empty()) items_.emplace_back(std::move(quoted), false);
  } else if (document->root().is_array()) {
    for (const text::JsonValue& each : document->root().items()) {
      items_.emplace_back(text::to_json(each), false);
    }
  } else if (!is_empty(document->root())) {
    items_.emplace_back(text::to_json(document->root()), false);
  }
  if (items_.size() > static_cast<std::size_t>(batch_max(plan_.target))) {
    return failed_stage("Enrichment",
                        fmt::format("The enrichment answered {} events; the target takes {}.",
                                    items_.size(), batch_max(plan_.target)));
  }
  log_.step(LogLevel::kInfo, "EnrichmentStageSucceeded", {.payload = answer});
  if (!items_.empty()) return std::nullopt;
  log_.step(LogLevel::kInfo, "TargetStageSkipped");
  return Taken{};
}

std::optional<mappings::Readiness> PipeConsumer::ready() {
  mappings::Readiness out{.room = UINT32_MAX, .role_arn = plan_->role_arn};
  const auto stage = [&](Kind kind, const std::string& arn, bool waits) {
    if (kind == Kind::kFunction && waits) {
      const auto facts = needs_->functions->facts(arn);
      // One that is not there fails what it gets, as on AWS.
      if (!facts) return;
      out.room = std::min(out.room, facts->room);
      out.timeout += facts->timeout;
    } else {
      out.timeout += kind == Kind::kApi ? Duration(kHttpTime) : Duration(kQuickTime);
    }
  };
  if (plan_->enrichment) stage(*plan_->enrichment, plan_->enrichment_arn, true);
  stage(plan_->target, plan_->target_arn, plan_->waits);
  return out;
}

net::Task<Taken> PipeConsumer::take(net::Loop& loop, const mappings::Batch& batch,
                                    mappings::PlacePtr) {
  Execution execution(*needs_, *plan_, batch);
  co_return co_await execution.run(loop);
}

}  // namespace lapwing::pipes
