// The variables that templates of rules and pipes have without declaring them.
//
//   rules: aws.events.rule-arn, .rule-name, .event.ingestion-time, .event, .event.json
//   pipes: aws.pipes.pipe-arn, .pipe-name, .source-arn, .enrichment-arn, .target-arn,
//          .event.ingestion-time, .event, .event.json
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "expressions/path.hpp"
#include "expressions/template.hpp"
#include "expressions/value.hpp"
#include "text/json.hpp"

namespace lapwing::expressions {

bool is_reserved(std::string_view name, Dialect dialect);

// What a rule's template may ask of one delivery.
struct RuleDelivery {
  std::string_view rule_arn;
  std::string_view rule_name;
  WallTime ingested{};
  const text::JsonValue* event;  // the envelope, whole
};
Value reserved_of_rule(std::string_view name, const RuleDelivery& delivery);

// <aws.events.event>: the event without its detail, in the order and with the names that
// EventBridge gives it there (detailType; time is the ingestion's).
std::string event_without_detail(const text::JsonValue& event, WallTime ingested);

// What a pipe's template may ask of one record.
struct PipeRecord {
  std::string_view pipe_arn = {};
  std::string_view pipe_name = {};
  std::string_view source_arn = {};
  std::string_view enrichment_arn = {};  // empty: none
  std::string_view target_arn = {};
  WallTime ingested{};
  // As it came, and with its encoded fields decoded, which is what paths look into.
  const text::JsonValue* event;
  const text::JsonValue* decoded;
};
// A reserved name or a path.
Value value_of_pipe(std::string_view name, const PipeRecord& record, Visits& visits);

}  // namespace lapwing::expressions
