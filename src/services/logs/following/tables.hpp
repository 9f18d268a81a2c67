// Their records. Filters go with their group: their keys begin with its uid.
#pragma once

#include <string>
#include <string_view>

#include "resources/table.hpp"
#include "services/logs/following/records.hpp"

namespace lapwing::logs {

inline std::string filter_key(std::string_view group_uid, std::string_view name) {
  return std::string(group_uid).append("/").append(name);
}

struct SubscriptionTable {
  using Record = SubscriptionFilter;
  static constexpr std::string_view kKind = kSubscriptionKind;
  static constexpr int kFormat = 1;

  static std::string key(const Record& each) { return filter_key(each.group_uid, each.name); }
  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("account", each.scope.account);
    f("region", each.scope.region);
    f("group", each.group);
    f("group_uid", each.group_uid);
    f("name", each.name);
    f("uid", each.uid);
    f("pattern", each.pattern);
    f("destination", each.destination_arn);
    f("role", each.role_arn);
    f("distribution", each.distribution);
    f("transformed", each.on_transformed);
    f("created", each.created_ms);
  }
};
using Subscriptions = resources::Table<SubscriptionTable>;

struct MetricFilterTable {
  using Record = MetricFilter;
  static constexpr std::string_view kKind = kMetricFilterKind;
  static constexpr int kFormat = 1;
  static constexpr std::string_view kMetric = "metric";  // which it writes
  static constexpr std::string_view kScope = "scope";    // all of an account and region

  static std::string key(const Record& each) { return filter_key(each.group_uid, each.name); }
  static std::string metric_term(const Scope& scope, std::string_view metric_namespace,
                                 std::string_view name) {
    return resources::scoped_key(scope, std::string(metric_namespace).append("\n").append(name));
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("account", each.scope.account);
    f("region", each.scope.region);
    f("group", each.group);
    f("group_uid", each.group_uid);
    f("name", each.name);
    f("pattern", each.pattern);
    f("transformation", each.transformation);
    f("transformed", each.on_transformed);
    f("created", each.created_ms);
  }
  static void terms(const Record& each, resources::Terms& terms) {
    terms.push_back(
        {std::string(kMetric),
         metric_term(each.scope, each.transformation.metric_namespace, each.transformation.name)});
    terms.push_back({std::string(kScope), resources::scoped_key(each.scope, "")});
  }
};
using MetricFilters = resources::Table<MetricFilterTable>;

struct DestinationTable {
  using Record = LogDestination;
  static constexpr std::string_view kKind = "logs.destination";
  static constexpr int kFormat = 1;

  static std::string key(const Record& each) {
    return resources::scoped_key(each.scope, each.name);
  }
  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("account", each.scope.account);
    f("region", each.scope.region);
    f("name", each.name);
    f("target", each.target_arn);
    f("role", each.role_arn);
    f("policy", each.policy);
    f("tags", each.tags);
    f("created", each.created_ms);
  }
};
using LogDestinations = resources::Table<DestinationTable>;

}  // namespace lapwing::logs
