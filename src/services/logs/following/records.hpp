// What is kept of those who follow groups: subscription filters, metric filters, destinations.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "aws/scope.hpp"
#include "services/logs/repository.hpp"

namespace lapwing::logs {

enum class Distribution : std::uint8_t { kByLogStream, kRandom };

struct SubscriptionFilter {
  Scope scope;
  std::string group;
  std::string group_uid;
  std::string name;
  std::string uid;  // its name in the outbox; stays the same when it is changed
  std::string pattern;
  std::string destination_arn;  // a function, a stream, or a Logs destination
  std::string role_arn;
  Distribution distribution = Distribution::kByLogStream;
  bool on_transformed = false;
  std::int64_t created_ms = 0;
};

struct MetricTransformation {
  std::string name;
  std::string metric_namespace;
  std::string value;  // "1", "$.latency", "$size"
  std::optional<double> default_value;
  std::map<std::string, std::string> dimensions;  // name -> selector
  std::optional<std::string> unit;

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    f("name", each.name);
    f("namespace", each.metric_namespace);
    f("value", each.value);
    f("default", each.default_value);
    f("dimensions", each.dimensions);
    f("unit", each.unit);
  }
};

struct MetricFilter {
  Scope scope;
  std::string group;
  std::string group_uid;
  std::string name;
  std::string pattern;
  MetricTransformation transformation;
  bool on_transformed = false;
  std::int64_t created_ms = 0;
};

// Where another account's subscriptions may go to.
struct LogDestination {
  Scope scope;
  std::string name;
  std::string target_arn;
  std::string role_arn;
  std::string policy;  // empty: nobody but its own account
  Tags tags;
  std::int64_t created_ms = 0;

  std::string arn() const;
};

}  // namespace lapwing::logs
