#include "mappings/meter.hpp"

#include <string_view>
#include <vector>

namespace lapwing::mappings {
namespace {

constexpr std::string_view kNames[] = {
    "PolledEventCount",
    "FilteredOutEventCount",
    "InvokedEventCount",
    "FailedInvokeEventCount",
    "DeletedEventCount",
    "DroppedEventCount",
    "OnFailureDestinationDeliveredEventCount",
};

}  // namespace

void Meter::add(Counted what, std::uint64_t count) {
  if (count == 0) return;
  std::atomic<std::uint64_t>* const of_all[] = {&all_.polled, &all_.filtered_out, &all_.invoked,
                                                &all_.failed, &all_.deleted,      &all_.dropped,
                                                &all_.told};
  const auto at = static_cast<std::size_t>(what);
  *of_all[at] += count;
  if (whose_) counts_[at] += count;
}

void Meter::put(ports::MetricSink* sink, WallTime now) {
  if (sink == nullptr || !whose_) return;
  std::vector<ports::MetricValue> out;
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (counts_[i] == 0) continue;
    out.push_back({.account = whose_->account,
                   .region = whose_->region,
                   .metric_namespace = "AWS/Lambda",
                   .name = std::string(kNames[i]),
                   .unit = "Count",
                   .dimensions = {{"EventSourceMappingUUID", whose_->uuid}},
                   .time = now,
                   .value = static_cast<double>(counts_[i])});
    counts_[i] = 0;
  }
  if (!out.empty()) sink->put(out);
}

}  // namespace lapwing::mappings
