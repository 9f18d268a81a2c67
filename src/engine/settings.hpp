// What may be set of the engine.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>

#include "base/settings.hpp"
#include "engine/limits.hpp"

namespace lapwing::engine {

struct Settings {
  std::int64_t environments_max = 3'000;
  std::int64_t memory_mb_max = 0;
  std::int64_t idle_seconds = 600;
  std::int64_t concurrency = 1'000;
  std::int64_t scaling_rate = 1'000;
  std::int64_t requests_per_concurrency = 10;
  std::int64_t recycle_seconds = 14'400;
  std::int64_t running_enough = 2;
  std::int64_t start_patience_ms = 20;
  std::int64_t memory_reserve_mb = 0;

  void visit(SettingVisitor& to);
  // On this machine.
  EngineOptions options(const MachineSizes& machine) const;
};

}  // namespace lapwing::engine
