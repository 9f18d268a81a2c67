#include <algorithm>

#include "aws/operation_table.hpp"
#include "services/logs/errors.hpp"
#include "services/logs/following/following.hpp"
#include "services/logs/following/tables.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/operations/filters.hpp"
#include "services/logs/pages.hpp"

namespace lapwing::logs {
namespace {

// What is wrong with how values are made; in words of ours where AWS's are not known.
Status check(const model::MetricTransformation& how, std::string_view pattern) {
  if (how.default_value && how.dimensions && !how.dimensions->empty()) {
    return fail(invalid_parameter(
        "Invalid metric transformation: dimensions and default value are mutually exclusive."));
  }
  if (how.dimensions && how.dimensions->size() > kMetricDimensionsMax) {
    return fail(invalid_parameter(fmt::format(
        "Invalid metric transformation: at most {} dimensions.", kMetricDimensionsMax)));
  }
  const bool reads_fields = pattern.find_first_of("{[") != std::string_view::npos;
  const auto value = ValueSource::parse(how.metric_value);
  if (!value || (!value->is_number() && !reads_fields)) {
    return fail(invalid_parameter(
        fmt::format("Invalid metric transformation: metricValue '{}'.", how.metric_value)));
  }
  if (!how.dimensions) return {};
  for (const auto& [name, from] : *how.dimensions) {
    const auto source = ValueSource::parse(from);
    if (!source || source->is_number() || !reads_fields) {
      return fail(invalid_parameter(
          fmt::format("Invalid metric transformation: dimension '{}' is '{}'.", name, from)));
    }
  }
  return {};
}

Status write_filter(store::Txn& txn, MetricFilter& filter) {
  LAPWING_CHECK(Repository::check_there(txn, filter.scope, filter.group, filter.group_uid));
  LAPWING_TRY(const auto there, MetricFilters::find(txn, MetricFilterTable::key(filter)));
  if (there) {
    filter.created_ms = there->record.created_ms;
  } else {
    LAPWING_TRY(const auto all,
                MetricFilters::list(
                    txn, {.prefix = filter_key(filter.group_uid, ""), .limit = kMetricFiltersMax}));
    if (all.records.size() >= kMetricFiltersMax) return fail(limit_exceeded());
  }
  LAPWING_CHECK(MetricFilters::put(txn, filter));
  return {};
}

model::MetricFilter describe(const MetricFilter& filter) {
  model::MetricTransformation how;
  how.metric_name = filter.transformation.name;
  how.metric_namespace = filter.transformation.metric_namespace;
  how.metric_value = filter.transformation.value;
  how.default_value = filter.transformation.default_value;
  if (!filter.transformation.dimensions.empty()) {
    how.dimensions = filter.transformation.dimensions;
  }
  how.unit = filter.transformation.unit;
  model::MetricFilter out;
  out.filter_name = filter.name;
  out.filter_pattern = filter.pattern;
  out.log_group_name = filter.group;
  out.metric_transformations = {std::move(how)};
  out.creation_time = filter.created_ms;
  out.apply_on_transformed_logs = false;
  return out;
}

// All of them; pages are cut of the whole list.
Result<std::vector<MetricFilter>> collect(store::Reader& reader, resources::ListOptions options) {
  options.limit = store::kMaxScanLimit;
  std::vector<MetricFilter> out;
  while (true) {
    LAPWING_TRY(auto page, MetricFilters::list(reader, options));
    std::ranges::move(page.records, std::back_inserter(out));
    if (!page.next) return out;
    options.after = *std::move(page.next);
  }
}

Result<resources::ListOptions> list_options(Core& core, const Scope& scope,
                                            const model::DescribeMetricFiltersRequest& in) {
  if (in.metric_name.has_value() != in.metric_namespace.has_value()) {
    return fail(invalid_parameter("metricName and metricNamespace must be specified together."));
  }
  if (in.log_group_name) {
    LAPWING_TRY(const Group group, core.repository.group(scope, *in.log_group_name));
    return resources::ListOptions{.prefix = filter_key(group.uid, "")};
  }
  resources::ListOptions out{.prefix = resources::scoped_key(scope, ""),
                             .index = std::string(MetricFilterTable::kScope),
                             .match = store::Match::kExact};
  if (in.metric_name) {
    out.prefix = MetricFilterTable::metric_term(scope, *in.metric_namespace, *in.metric_name);
    out.index = MetricFilterTable::kMetric;
  }
  return out;
}

}  // namespace

Nothing put_metric_filter(Core& core, const Call& call, const model::PutMetricFilterRequest& in) {
  const Scope scope = scope_of(call.caller);
  if (in.apply_on_transformed_logs.value_or(false)) {
    return fail(aws::unsupported("logs", "PutMetricFilter", "applyOnTransformedLogs"));
  }
  const model::MetricTransformation& how = in.metric_transformations.at(0);
  LAPWING_CHECK(FilterPattern::parse(in.filter_pattern));
  LAPWING_CHECK(check(how, in.filter_pattern));
  LAPWING_TRY(const Group group, core.repository.group(scope, in.log_group_name));
  if (group.log_class != model::LogGroupClass::kStandard) {
    return fail(not_of_this_class("Metric filters"));
  }
  MetricFilter filter;
  filter.scope = scope;
  filter.group = group.name;
  filter.group_uid = group.uid;
  filter.name = in.filter_name;
  filter.pattern = in.filter_pattern;
  filter.transformation.name = how.metric_name;
  filter.transformation.metric_namespace = how.metric_namespace;
  filter.transformation.value = how.metric_value;
  filter.transformation.default_value = how.default_value;
  filter.transformation.dimensions = how.dimensions.value_or(Tags());
  filter.transformation.unit = how.unit;
  filter.created_ms = core.now_ms();
  flush_for_reading(core, scope, group.name);
  LAPWING_CHECK(core.following->forwarder().change_metrics(
      {scope, group.name, group.uid},
      [&](store::Txn& txn) -> Status { return write_filter(txn, filter); }));
  return {};
}

Result<model::DescribeMetricFiltersResponse> describe_metric_filters(
    Core& core, const Call& call, const model::DescribeMetricFiltersRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const resources::ListOptions options, list_options(core, scope, in));
  LAPWING_TRY(const PageAsk ask,
              page_ask("logs.DescribeMetricFilters of " + options.prefix, in.next_token, in.limit));
  std::vector<MetricFilter> all;
  LAPWING_CHECK(core.repository.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(all, collect(reader, options));
    return {};
  }));
  std::erase_if(all, [&](const MetricFilter& each) {
    const MetricTransformation& how = each.transformation;
    return !each.name.starts_with(in.filter_name_prefix.value_or("")) ||
           (in.metric_name && *in.metric_name != how.name) ||
           (in.metric_namespace && *in.metric_namespace != how.metric_namespace);
  });
  const auto page = resources::page_items(
      std::move(all), ask, [](const MetricFilter& each) { return each.name + "\n" + each.group; });
  model::DescribeMetricFiltersResponse out;
  out.metric_filters.emplace();
  for (const MetricFilter& each : page.items) out.metric_filters->push_back(describe(each));
  out.next_token = page.next;
  return out;
}

Nothing delete_metric_filter(Core& core, const Call& call,
                             const model::DeleteMetricFilterRequest& in) {
  const Scope scope = scope_of(call.caller);
  LAPWING_TRY(const Group group, core.repository.group(scope, in.log_group_name));
  const std::string key = filter_key(group.uid, in.filter_name);
  LAPWING_CHECK(core.following->forwarder().change_metrics(
      {scope, group.name, group.uid}, [&](store::Txn& txn) -> Status {
        LAPWING_TRY(const auto there, MetricFilters::find(txn, key));
        if (!there) return fail(filter_not_found("metric"));
        return MetricFilters::erase(txn, key);
      }));
  return {};
}

Result<model::TestMetricFilterResponse> test_metric_filter(
    Core&, const Call&, const model::TestMetricFilterRequest& in) {
  LAPWING_TRY(const FilterPattern pattern, FilterPattern::parse(in.filter_pattern));
  model::TestMetricFilterResponse out;
  out.matches.emplace();
  std::int64_t number = 0;
  for (const std::string& message : in.log_event_messages) {
    ++number;
    if (!pattern.matches(message)) continue;
    model::MetricFilterMatchRecord& found = out.matches->emplace_back();
    found.event_number = number;
    found.event_message = message;
    found.extracted_values = pattern.extract(message);
  }
  return out;
}

Result<std::int32_t> count_metric_filters(Core& core, const std::string& group_uid) {
  std::int32_t count = 0;
  LAPWING_CHECK(core.repository.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto found, reader.scan({.kind = std::string(kMetricFilterKind),
                                               .prefix = filter_key(group_uid, ""),
                                               .limit = kMetricFiltersMax}));
    count = static_cast<std::int32_t>(found.records.size());
    return {};
  }));
  return count;
}

}  // namespace lapwing::logs
