// Where services put what they measured for their users: CloudWatch's metrics.
//
// Thread-safety: any thread; put() returns at once.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace lapwing::ports {

struct Metric {
  AccountId account;
  Region region;
  std::string namespace_;  // "AWS/Lambda"
  std::string name;
  std::vector<std::pair<std::string, std::string>> dimensions;
  double value = 0;
  std::string unit;  // "Count"
  WallTime time{};
};

class MetricSink {
 public:
  virtual ~MetricSink() = default;
  virtual void put(std::span<const Metric> metrics) = 0;
};

}  // namespace lapwing::ports
