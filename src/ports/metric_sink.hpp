// Where values of metrics go. Nobody implements it yet: CloudWatch is not built, so
// hosting::Ports::metrics is null, and who has values to give counts nothing.
//
// Thread-safety: any thread; returns at once.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace lapwing::ports {

struct MetricValue {
  AccountId account;
  Region region;
  std::string metric_namespace;
  std::string name;
  std::string unit;  // "None", "Milliseconds", ...
  std::vector<std::pair<std::string, std::string>> dimensions;
  WallTime time;
  double value = 0;
};

class MetricSink {
 public:
  virtual ~MetricSink() = default;
  virtual void put(std::span<const MetricValue> values) = 0;
};

}  // namespace lapwing::ports
