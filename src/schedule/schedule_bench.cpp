// Targets: next() below 1 us for what people write, in a zone with summer time, too; below 50 us
// for a cron that never occurs; parse() below 2 us.
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "schedule/expression.hpp"
#include "schedule/occurrence.hpp"
#include "schedule/zones.hpp"

namespace lapwing::schedule {
namespace {

constexpr WallTime kNow = WallTime(std::chrono::seconds(1'709'251'200));

void next_of(benchmark::State& state, std::string_view text, std::string_view zone_name) {
  Zones zones;
  const auto zone = zones.find(zone_name);
  const auto expression = parse(text, Dialect::kScheduler);
  const Frame frame = {.zone = zone.get(), .anchor = kNow};
  WallTime after = kNow;
  for (auto _ : state) {
    const auto due = next(*expression, frame, after);
    after = due.value_or(kNow);
    benchmark::DoNotOptimize(after);
  }
}

BENCHMARK_CAPTURE(next_of, rate, "rate(5 minutes)", "UTC");
BENCHMARK_CAPTURE(next_of, every_minute, "cron(* * * * ? *)", "UTC");
BENCHMARK_CAPTURE(next_of, weekdays, "cron(0/5 8-17 ? * MON-FRI *)", "UTC");
BENCHMARK_CAPTURE(next_of, weekdays_berlin, "cron(0/5 8-17 ? * MON-FRI *)", "Europe/Berlin");
BENCHMARK_CAPTURE(next_of, last_weekday_berlin, "cron(0 21 LW * ? *)", "Europe/Berlin");
BENCHMARK_CAPTURE(next_of, leap_day, "cron(0 0 29 2 ? *)", "UTC");
BENCHMARK_CAPTURE(next_of, never, "cron(0 0 30 2 ? *)", "UTC");
BENCHMARK_CAPTURE(next_of, never_31, "cron(0 0 31 2,4,6,9,11 ? *)", "UTC");
BENCHMARK_CAPTURE(next_of, always_skipped, "cron(30 2 ? 3 1L *)", "Europe/Berlin");

void BM_Latest(benchmark::State& state) {
  const auto expression = parse("cron(0/5 8-17 ? * MON-FRI *)", Dialect::kScheduler);
  Zones zones;
  const auto zone = zones.find("Europe/Berlin");
  const Frame frame = {.zone = zone.get()};
  for (auto _ : state) {
    benchmark::DoNotOptimize(latest(*expression, frame, kNow, kNow + std::chrono::days(365)));
  }
}
BENCHMARK(BM_Latest);

void BM_Parse(benchmark::State& state) {
  const std::string text = "cron(0/5,7,9-30/2 8-17 ? JAN-NOV MON-FRI 2020-2100)";
  for (auto _ : state) benchmark::DoNotOptimize(parse(text, Dialect::kScheduler));
}
BENCHMARK(BM_Parse);

}  // namespace
}  // namespace lapwing::schedule
