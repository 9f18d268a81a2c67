#include "services/logs/following/metric_count.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "services/logs/errors.hpp"
#include "services/logs/filter/condition.hpp"

namespace lapwing::logs {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;

}  // namespace

Result<ValueSource> ValueSource::parse(std::string_view text) {
  ValueSource out;
  if (const auto number = parse_number(text)) {
    out.from_ = *number;
    return out;
  }
  if (text.starts_with("$.") || text.starts_with("$[")) {
    LAPWING_TRY(JsonSelector selector, JsonSelector::parse(text));
    out.from_ = std::move(selector);
    return out;
  }
  if (text.size() < 2 || text.front() != '$') return fail(invalid_filter_pattern());
  out.from_ = std::string(text);
  return out;
}

std::optional<std::string> ValueSource::read(const text::JsonValue* root,
                                             const Extracted& fields) const {
  if (const auto* selector = std::get_if<JsonSelector>(&from_)) {
    return root == nullptr ? std::nullopt : selector->text_at(*root);
  }
  const auto* name = std::get_if<std::string>(&from_);
  if (name == nullptr) return std::nullopt;
  const auto found = fields.find(*name);
  return found == fields.end() ? std::nullopt : std::optional(found->second);
}

std::optional<double> ValueSource::number(const text::JsonValue* root,
                                          const Extracted& fields) const {
  if (const auto* constant = std::get_if<double>(&from_)) return *constant;
  const auto found = read(root, fields);
  return found ? parse_number(*found) : std::nullopt;
}

Result<MetricRule> MetricRule::make(const MetricFilter& filter) {
  MetricRule out;
  out.filter_ = filter;
  const MetricTransformation& how = filter.transformation;
  LAPWING_TRY(out.pattern_, FilterPattern::parse(filter.pattern));
  LAPWING_TRY(out.source_, ValueSource::parse(how.value));
  out.reads_json_ = how.value.starts_with("$.") || how.value.starts_with("$[");
  for (const auto& [name, selector] : how.dimensions) {
    LAPWING_TRY(ValueSource source, ValueSource::parse(selector));
    out.reads_json_ = out.reads_json_ || selector.starts_with("$.") || selector.starts_with("$[");
    out.dimensions_.emplace_back(name, std::move(source));
  }
  return out;
}

ports::MetricValue MetricRule::value(std::int64_t time_ms, double number) const {
  const MetricTransformation& how = filter_.transformation;
  return {.account = filter_.scope.account,
          .region = filter_.scope.region,
          .metric_namespace = how.metric_namespace,
          .name = how.name,
          .unit = how.unit.value_or("None"),
          .dimensions = {},
          .time = wall_from_unix_ms(time_ms),
          .value = number};
}

std::optional<ports::MetricValue> MetricRule::value_of(std::int64_t time_ms,
                                                       std::string_view message) const {
  if (!pattern_.matches(message)) return std::nullopt;
  Extracted fields;
  if (pattern_.is_delimited()) fields = pattern_.extract(message);
  std::optional<text::JsonDocument> document;
  if (reads_json_) {
    auto parsed = text::parse_json(message);
    if (!parsed) return std::nullopt;
    document.emplace(*std::move(parsed));
  }
  const text::JsonValue* const root = document ? &document->root() : nullptr;
  const auto number = source_.number(root, fields);
  if (!number) return std::nullopt;
  ports::MetricValue out = value(time_ms, *number);
  for (const auto& [name, source] : dimensions_) {
    auto found = source.read(root, fields);
    if (!found) return std::nullopt;
    out.dimensions.emplace_back(name, *std::move(found));
  }
  return out;
}

void MetricCount::add(std::int64_t time_ms, std::string_view message) {
  bool& matched = minutes_[time_ms - time_ms % kMinuteMs];
  auto value = rule_->value_of(time_ms, message);
  if (!value) return;
  matched = true;
  values_.push_back(*std::move(value));
}

void MetricCount::finish(std::vector<ports::MetricValue>& out) {
  std::move(values_.begin(), values_.end(), std::back_inserter(out));
  values_.clear();
  if (const auto otherwise = rule_->filter().transformation.default_value) {
    for (const auto& [minute_ms, matched] : minutes_) {
      if (!matched) out.push_back(rule_->value(minute_ms, *otherwise));
    }
  }
  minutes_.clear();
}

}  // namespace lapwing::logs
