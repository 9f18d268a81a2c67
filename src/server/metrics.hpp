// What the process's own rooms measure, as metrics.
//
// Functions have samples of their own only as far as metrics.functions goes, the busiest
// first, so that the text stays bounded however many there are.
//
// Thread-safety: pure functions.
#pragma once

#include <vector>

#include "engine/stats.hpp"
#include "hosting/metrics_text.hpp"
#include "http/budget.hpp"
#include "os/disk_space.hpp"
#include "runtime/start/starter.hpp"
#include "sandbox/tmp/tmp_debt.hpp"

namespace lapwing::server {

using hosting::MetricsText;

void add_engine_metrics(MetricsText& text, const engine::EngineTotals& totals);
void add_start_metrics(MetricsText& text, const runtime::StarterStats& starts);
void add_memory_metrics(MetricsText& text, const http::Memory& memory);
void add_disk_metrics(MetricsText& text, const os::DiskSpace::State& disk);
void add_tmp_metrics(MetricsText& text, const sandbox::TmpPauses& pauses);
void add_function_metrics(MetricsText& text, const std::vector<engine::FunctionUsage>& usages);

}  // namespace lapwing::server
