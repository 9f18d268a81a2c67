#include "engine/stats.hpp"

#include <algorithm>

namespace lapwing::engine {

void add_to(EngineTotals& totals, const ShardStats& stats) {
  totals.invocations += stats.invocations.get();
  totals.function_errors += stats.function_errors.get();
  totals.platform_errors += stats.platform_errors.get();
  for (std::size_t i = 0; i < kThrottles; ++i) totals.throttles[i] += stats.throttles[i].get();
  totals.cold_starts += stats.cold_starts.get();
  totals.provisioned_starts += stats.provisioned_starts.get();
  for (std::size_t i = 0; i < kEvictions; ++i) totals.evictions[i] += stats.evictions[i].get();
  totals.spillovers += stats.spillovers.get();
  totals.provisioned_runs += stats.provisioned_runs.get();
  totals.environments += stats.environments.get();
  totals.busy += stats.busy.get();
  totals.waiting += stats.waiting.get();
  totals.in_flight += stats.in_flight.get();
  totals.provisioned_ready += stats.provisioned_ready.get();
  totals.provisioned_in_use += stats.provisioned_in_use.get();
}

void keep_busiest(std::vector<FunctionUsage>& usages, std::size_t count) {
  const auto busier = [](const FunctionUsage& a, const FunctionUsage& b) {
    if (a.in_flight != b.in_flight) return a.in_flight > b.in_flight;
    if (a.invocations != b.invocations) return a.invocations > b.invocations;
    return a.arn < b.arn;
  };
  count = std::min(count, usages.size());
  std::partial_sort(usages.begin(), usages.begin() + static_cast<std::ptrdiff_t>(count),
                    usages.end(), busier);
  usages.resize(count);
}

}  // namespace lapwing::engine
