// Prometheus text (version 0.0.4): families of samples under the prefix lapwing_.
//
// Functions have samples of their own only as far as metrics.functions goes, the busiest
// first, so that the text stays bounded however many there are.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/stats.hpp"
#include "http/budget.hpp"
#include "os/disk_space.hpp"
#include "runtime/start/starter.hpp"
#include "sandbox/tmp/tmp_debt.hpp"
#include "services/logs/budget.hpp"

namespace lapwing::server {

class MetricsText {
 public:
  void add(std::string_view name, std::string_view type, std::string_view help,
           std::uint64_t value) {
    family(name, type, help);
    sample(name, {}, value);
  }
  // Followed by its samples.
  void family(std::string_view name, std::string_view type, std::string_view help);
  // `labels` as they stand between the braces; nothing without.
  void sample(std::string_view name, std::string_view labels, std::uint64_t value);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_engine_metrics(MetricsText& text, const engine::EngineTotals& totals);
void add_start_metrics(MetricsText& text, const runtime::StarterStats& starts);
void add_memory_metrics(MetricsText& text, const http::Memory& memory);
void add_disk_metrics(MetricsText& text, const os::DiskSpace::State& disk,
                      const logs::LogBudget& logs);
void add_tmp_metrics(MetricsText& text, const sandbox::TmpPauses& pauses);
void add_function_metrics(MetricsText& text, const std::vector<engine::FunctionUsage>& usages);

}  // namespace lapwing::server
