#include "hosting/house_metrics.hpp"

#include <chrono>

#include <fmt/core.h>

namespace lapwing::hosting {
namespace {

void add_operation(MetricsText& text, const aws::Service& api, const aws::OperationRow& operation) {
  const aws::OperationCounts& counts = *api.table().entry(operation.index).counts;
  const std::uint64_t refused = counts.refused;
  const std::uint64_t failed = counts.failed;
  const std::uint64_t left = counts.left;
  const std::uint64_t calls = counts.calls;
  const auto sample = [&](std::string_view outcome, std::uint64_t value) {
    if (value == 0) return;
    text.sample("operations_total",
                fmt::format(R"(service="{}",operation="{}",outcome="{}")", api.id(),
                            api.model().name(operation), outcome),
                value);
  };
  // Counted one after another: a call under way must not make it less than none.
  const std::uint64_t others = refused + failed + left;
  sample("ok", calls > others ? calls - others : 0);
  sample("refused", refused);
  sample("failed", failed);
  sample("left", left);
}

std::string task_label(const background::TaskFacts& task) {
  return fmt::format(R"(task="{}")", task.name);
}

}  // namespace

void add_operation_metrics(MetricsText& text, std::span<const std::unique_ptr<Service>> services) {
  text.family("operations_total", "counter", "Calls of operations, by how they ended.");
  for (const auto& service : services) {
    const aws::Service& api = service->api();
    for (const aws::OperationRow& operation : api.model().operations) {
      add_operation(text, api, operation);
    }
  }
}

void add_background_metrics(MetricsText& text, std::span<const background::TaskFacts> tasks) {
  text.family("background_runs_total", "counter", "Runs of work in the background.");
  for (const auto& task : tasks) {
    text.sample("background_runs_total", task_label(task), task.runs);
  }
  text.family("background_failures_total", "counter", "Those of them that failed.");
  for (const auto& task : tasks) {
    text.sample("background_failures_total", task_label(task), task.failures);
  }
  text.family("background_longest_milliseconds", "gauge", "The longest of them.");
  for (const auto& task : tasks) {
    const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(task.longest);
    text.sample("background_longest_milliseconds", task_label(task),
                static_cast<std::uint64_t>(longest.count()));
  }
}

}  // namespace lapwing::hosting
