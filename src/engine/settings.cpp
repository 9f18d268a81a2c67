#include "engine/settings.hpp"

#include <algorithm>

namespace lapwing::engine {
namespace {

std::optional<std::uint64_t> memory_by_default(const MachineSizes& machine) {
  return machine.memory_mb * 3 / 4;
}

std::optional<std::uint64_t> reserve_by_default(const MachineSizes& machine) {
  return machine.memory_mb / 20;
}

}  // namespace

void Settings::visit(SettingVisitor& to) {
  to.number("engine.environments_max", environments_max,
            {.help = "execution environments alive at once", .low = 1, .high = 100'000});
  to.number("engine.memory_mb_max", memory_mb_max,
            {.help = "sum of MemorySize of busy environments; 0: 3/4 of the machine",
             .unit = "MiB",
             .high = 1 << 30,
             .stands_for = memory_by_default});
  to.number(
      "engine.idle_seconds", idle_seconds,
      {.help = "an idle environment goes away after this", .unit = "s", .low = 1, .high = 86'400});
  to.number(
      "engine.concurrency", concurrency,
      {.help = "concurrent executions of an account and region", .low = 1, .high = 1'000'000});
  to.number(
      "engine.scaling_rate", scaling_rate,
      {.help = "environments a function may add in ten seconds; 0: any number", .high = 1'000'000});
  to.number("engine.requests_per_concurrency", requests_per_concurrency,
            {.help = "requests a second for each reserved concurrent execution; 0: any number",
             .high = 1'000'000});
  to.number("engine.recycle_seconds", recycle_seconds,
            {.help = "an environment older than this is replaced",
             .unit = "s",
             .low = 1,
             .high = 31'536'000});
  to.number("engine.running_enough", running_enough,
            {.help = "with as many of a quick function at work on each core, more of it waits for "
                     "one of them, where they make each other slower; 0: never",
             .high = 1'000});
  to.number("engine.start_patience_ms", start_patience_ms,
            {.help = "where all environments of a quick function are seldom at work, an invocation "
                     "that finds them so waits this long at most before another is started; 0: "
                     "never",
             .unit = "ms",
             .high = 1'000});
  to.number("engine.memory_reserve_mb", memory_reserve_mb,
            {.help = "idle environments end while less is available; 0: 1/20 of the machine",
             .unit = "MiB",
             .high = 1 << 30,
             .stands_for = reserve_by_default});
}

EngineOptions Settings::options(const MachineSizes& machine) const {
  EngineOptions out;
  out.account_concurrency = static_cast<std::uint32_t>(concurrency);
  out.environments_max = static_cast<std::uint32_t>(environments_max);
  out.tenant_environments_max =
      static_cast<std::uint32_t>(concurrency * kTenantEnvironmentsPerThousand / 1'000);
  out.idle_timeout = std::chrono::seconds(idle_seconds);
  out.recycle_after = std::chrono::seconds(recycle_seconds);
  out.running_enough =
      static_cast<std::uint32_t>(running_enough) * std::max(1u, machine.processors);
  out.start_patience = std::chrono::milliseconds(start_patience_ms);
  out.scaling_rate = static_cast<std::uint32_t>(scaling_rate);
  out.requests_per_concurrency = static_cast<std::uint32_t>(requests_per_concurrency);
  out.memory_mb_max =
      memory_mb_max != 0 ? static_cast<std::uint64_t>(memory_mb_max) : *memory_by_default(machine);
  out.memory_reserve_mb = memory_reserve_mb != 0 ? static_cast<std::uint64_t>(memory_reserve_mb)
                                                 : *reserve_by_default(machine);
  return out;
}

}  // namespace lapwing::engine
