#include "expressions/reserved.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "text/json_writer.hpp"
#include "text/time_format.hpp"

namespace lapwing::expressions {
namespace {

constexpr std::string_view kRulePrefix = "aws.events.";
constexpr std::array<std::string_view, 5> kRuleNames = {
    "rule-arn", "rule-name", "event.ingestion-time", "event", "event.json"};
constexpr std::string_view kPipePrefix = "aws.pipes.";
constexpr std::array<std::string_view, 8> kPipeNames = {
    "pipe-arn", "pipe-name", "source-arn", "enrichment-arn", "target-arn", "event.ingestion-time",
    "event",    "event.json"};

// A member's name in the event and in <aws.events.event>, in the latter's order.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kWithoutDetail = {
    {{"id", "id"},
     {"account", "account"},
     {"detail-type", "detailType"},
     {"time", "time"},
     {"source", "source"},
     {"region", "region"},
     {"resources", "resources"},
     {"version", "version"}}};

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::ranges::find(names, name) != names.end();
}

Value text_of(std::string_view text) { return Value::string(std::string(text)); }

}  // namespace

bool is_reserved(std::string_view name, Dialect dialect) {
  if (dialect == Dialect::kRule) {
    return name.starts_with(kRulePrefix) && is_one_of(name.substr(kRulePrefix.size()), kRuleNames);
  }
  return name.starts_with(kPipePrefix) && is_one_of(name.substr(kPipePrefix.size()), kPipeNames);
}

std::string event_without_detail(const text::JsonValue& event, WallTime ingested) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  for (const auto& [from, to] : kWithoutDetail) {
    const text::JsonValue* member = event.find(from);
    if (to == "time") {
      json.member(to, text::format_iso8601(ingested));
    } else if (member != nullptr) {
      json.key(to);
      json.raw(text::to_json(*member));
    }
  }
  json.end_object();
  return out;
}

Value reserved_of_rule(std::string_view name, const RuleDelivery& delivery) {
  if (!is_reserved(name, Dialect::kRule)) return {};
  name.remove_prefix(kRulePrefix.size());
  if (name == "rule-arn") return text_of(delivery.rule_arn);
  if (name == "rule-name") return text_of(delivery.rule_name);
  if (name == "event.ingestion-time") {
    return Value::string(text::format_iso8601(delivery.ingested));
  }
  if (name == "event") {
    return Value::json(event_without_detail(*delivery.event, delivery.ingested));
  }
  return Value::json(text::to_json(*delivery.event));
}

Value value_of_pipe(std::string_view name, const PipeRecord& record, Visits& visits) {
  if (name.starts_with('$')) {
    const auto path = Path::read(name);
    return path ? path->in(*record.decoded, visits) : Value{};
  }
  if (!is_reserved(name, Dialect::kPipe)) return {};
  name.remove_prefix(kPipePrefix.size());
  if (name == "pipe-arn") return text_of(record.pipe_arn);
  if (name == "pipe-name") return text_of(record.pipe_name);
  if (name == "source-arn") return text_of(record.source_arn);
  if (name == "enrichment-arn") return text_of(record.enrichment_arn);
  if (name == "target-arn") return text_of(record.target_arn);
  if (name == "event.ingestion-time") return Value::string(text::format_iso8601(record.ingested));
  return Value::of(name == "event" ? *record.event : *record.decoded);
}

}  // namespace lapwing::expressions
