// What the house counts for every service: calls of its operations, and work in the background.
//
// Thread-safety: pure functions.
#pragma once

#include <memory>
#include <span>

#include "background/runner.hpp"
#include "hosting/metrics_text.hpp"
#include "hosting/service.hpp"

namespace lapwing::hosting {

// operations_total{service, operation, outcome}: "ok", "refused" (4xx) or "failed" (5xx). Of what
// was never called there is no sample.
void add_operation_metrics(MetricsText& text, std::span<const std::unique_ptr<Service>> services);
void add_background_metrics(MetricsText& text, std::span<const background::TaskFacts> tasks);

}  // namespace lapwing::hosting
