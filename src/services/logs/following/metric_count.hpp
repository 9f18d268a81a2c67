// What a metric filter makes of events: one value an event that matches, at the event's time; its
// default value for minutes in which events came and none matched.
//
// Source: CloudWatch Logs user guide, "Creating metrics from log events using filters".
//
// Thread-safety: MetricRule is immutable; a MetricCount is one thread's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "ports/metric_sink.hpp"
#include "services/logs/filter/pattern.hpp"
#include "services/logs/filter/selector.hpp"
#include "services/logs/following/records.hpp"

namespace lapwing::logs {

// Where a value or a dimension comes from: a number, a JSON selector, a field of a delimited
// pattern.
class ValueSource {
 public:
  static Result<ValueSource> parse(std::string_view text);
  bool is_number() const { return std::holds_alternative<double>(from_); }
  // `root`: the message as JSON, or null.
  std::optional<std::string> read(const text::JsonValue* root, const Extracted& fields) const;
  std::optional<double> number(const text::JsonValue* root, const Extracted& fields) const;

 private:
  std::variant<double, JsonSelector, std::string> from_;
};

class MetricRule {
 public:
  static Result<MetricRule> make(const MetricFilter& filter);

  const MetricFilter& filter() const { return filter_; }
  // Nothing where it does not match, or where a value or dimension is not in the message.
  std::optional<ports::MetricValue> value_of(std::int64_t time_ms, std::string_view message) const;
  ports::MetricValue value(std::int64_t time_ms, double number) const;

 private:
  MetricFilter filter_;
  FilterPattern pattern_;
  ValueSource source_;
  std::vector<std::pair<std::string, ValueSource>> dimensions_;
  bool reads_json_ = false;
};

// Of the events of one round.
class MetricCount {
 public:
  explicit MetricCount(const MetricRule& rule) : rule_(&rule) {}
  void add(std::int64_t time_ms, std::string_view message);
  void finish(std::vector<ports::MetricValue>& out);

 private:
  const MetricRule* rule_;
  std::vector<ports::MetricValue> values_;
  std::map<std::int64_t, bool> minutes_;  // whether any matched
};

}  // namespace lapwing::logs
