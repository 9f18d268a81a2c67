#include "server/metrics.hpp"

#include <gtest/gtest.h>

namespace lapwing::server {
namespace {

bool has(const std::string& text, std::string_view line) {
  return text.find(line) != std::string::npos;
}

TEST(Metrics, EveryReasonIsASample) {
  engine::EngineTotals totals;
  totals.throttles[engine::index(engine::Throttle::kReservedRate)] = 3;
  totals.evictions[engine::index(engine::Eviction::kAge)] = 4;
  totals.spillovers = 5;
  MetricsText text;
  add_engine_metrics(text, totals);
  const std::string out = text.take();
  EXPECT_TRUE(has(out, "# TYPE lapwing_throttles_total counter\n"));
  EXPECT_TRUE(has(out, "lapwing_throttles_total{reason=\"account\"} 0\n"));
  EXPECT_TRUE(has(out, "lapwing_throttles_total{reason=\"reserved_rate\"} 3\n"));
  EXPECT_TRUE(has(out, "lapwing_evictions_total{reason=\"age\"} 4\n"));
  EXPECT_TRUE(has(out, "lapwing_provisioned_spillover_invocations_total 5\n"));
}

TEST(Metrics, TheDisk) {
  MetricsText text;
  add_disk_metrics(text, {.total = 10, .free = 5, .promised = 2, .reserve = 1});
  const std::string out = text.take();
  EXPECT_TRUE(has(out, "lapwing_disk_free_bytes 5\n"));
  EXPECT_TRUE(has(out, "lapwing_disk_reserve_bytes 1\n"));
  EXPECT_TRUE(has(out, "lapwing_disk_promised_bytes 2\n"));
}

TEST(Metrics, FunctionsAreLabelled) {
  MetricsText none;
  add_function_metrics(none, {});
  EXPECT_EQ(none.take(), "");
  engine::FunctionUsage usage;
  usage.arn = "arn:aws:lambda:eu-west-1:123456789012:function:my-fn";
  usage.in_flight = 7;
  MetricsText text;
  add_function_metrics(text, {usage});
  EXPECT_TRUE(has(text.take(),
                  "lapwing_function_concurrent_executions{account=\"123456789012\","
                  "region=\"eu-west-1\",function=\"my-fn\"} 7\n"));
}

}  // namespace
}  // namespace lapwing::server
