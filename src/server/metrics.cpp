#include "server/metrics.hpp"

#include <array>

#include <fmt/core.h>

namespace lapwing::server {
namespace {

using engine::FunctionUsage;

// In the order of engine::Throttle and engine::Eviction.
constexpr std::array<std::string_view, engine::kThrottles> kThrottleNames = {
    "account", "reserved", "reserved_rate", "scaling_rate", "machine"};
constexpr std::array<std::string_view, engine::kEvictions> kEvictionNames = {
    "idle", "room", "pressure", "fairness", "age"};

struct FunctionFamily {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::uint64_t FunctionUsage::* value;
};
constexpr FunctionFamily kFunctionFamilies[] = {
    {"function_concurrent_executions", "gauge", "Concurrent executions of a busy function.",
     &FunctionUsage::in_flight},
    {"function_environments", "gauge", "Execution environments of a busy function.",
     &FunctionUsage::environments},
    {"function_provisioned_ready", "gauge", "Provisioned environments of a busy function.",
     &FunctionUsage::provisioned_ready},
    {"function_invocations_total", "counter",
     "Invocations of a busy function, since it was last without any environment.",
     &FunctionUsage::invocations},
    {"function_throttles_total", "counter", "Throttles of a busy function, likewise.",
     &FunctionUsage::throttles},
};

// account="...",region="...",function="..." of arn:aws:lambda:REGION:ACCOUNT:function:NAME,
// none of whose parts holds a character that would need escaping.
std::string function_labels(std::string_view arn) {
  std::array<std::string_view, 7> parts;
  for (std::string_view& part : parts) {
    const std::size_t colon = arn.find(':');
    part = arn.substr(0, colon);
    arn = colon == std::string_view::npos ? std::string_view() : arn.substr(colon + 1);
  }
  return fmt::format(R"(account="{}",region="{}",function="{}")", parts[4], parts[3], parts[6]);
}

}  // namespace

void add_memory_metrics(MetricsText& text, const http::Memory& memory) {
  text.add("request_body_bytes", "gauge", "Request bodies that arrive or wait to be worked on.",
           memory.bodies.held());
  text.add("request_bodies_refused_total", "counter", "Bodies for which there was no room.",
           memory.bodies_refused.load());
  text.add("payload_bytes", "gauge", "Payloads of invocations at work.", memory.payloads.held());
  text.add("answer_bytes", "gauge", "Answers that are on their way to their readers.",
           memory.answers.held());
  text.add("answer_stalled_bytes", "gauge", "Answers among them that nobody reads.",
           memory.stalled.held());
  text.add("answers_cut_total", "counter", "Answers given up as nobody read them.",
           memory.answers_cut.load());
}

void add_start_metrics(MetricsText& text, const runtime::StarterStats& starts) {
  text.add("starts_standby_total", "counter", "Starts that found an environment ready.",
           starts.from_standby.load());
  text.add("starts_template_total", "counter", "Starts forked from a template when needed.",
           starts.from_template.load());
  text.add("starts_booted_total", "counter", "Starts of an interpreter or executable of their own.",
           starts.booted.load());
  text.add("environments_ready", "gauge", "Environments standing by, of no function yet.",
           starts.ready.load());
}

void add_disk_metrics(MetricsText& text, const os::DiskSpace::State& disk) {
  text.add("disk_free_bytes", "gauge", "Free space of the data directory's file system.",
           disk.free);
  text.add("disk_reserve_bytes", "gauge", "What of it stays free.", disk.reserve);
  text.add("disk_promised_bytes", "gauge", "Written to /tmp by functions, not on the disk yet.",
           disk.promised);
}

void add_tmp_metrics(MetricsText& text, const sandbox::TmpPauses& pauses) {
  text.add("tmp_pauses_total", "counter", "Pauses of environments that used /tmp too fast.",
           pauses.count.load());
  text.add("tmp_paused_milliseconds_total", "counter", "How long those were, together.",
           pauses.total_ms.load());
}

void add_engine_metrics(MetricsText& text, const engine::EngineTotals& totals) {
  text.add("invocations_total", "counter", "Invocations dispatched.", totals.invocations);
  text.add("function_errors_total", "counter", "Invocations that ended in a function error.",
           totals.function_errors);
  text.add("platform_errors_total", "counter", "Invocations the platform itself failed.",
           totals.platform_errors);
  text.family("throttles_total", "counter", "Invocations refused, by what was at its limit.");
  for (std::size_t i = 0; i < engine::kThrottles; ++i) {
    text.sample("throttles_total", fmt::format(R"(reason="{}")", kThrottleNames[i]),
                totals.throttles[i]);
  }
  text.family("cold_starts_total", "counter", "Execution environments started.");
  text.sample("cold_starts_total", R"(kind="on_demand")", totals.cold_starts);
  text.sample("cold_starts_total", R"(kind="provisioned")", totals.provisioned_starts);
  text.family("evictions_total", "counter", "Execution environments ended, by why.");
  for (std::size_t i = 0; i < engine::kEvictions; ++i) {
    text.sample("evictions_total", fmt::format(R"(reason="{}")", kEvictionNames[i]),
                totals.evictions[i]);
  }
  text.add("concurrent_executions", "gauge", "Invocations in flight, those waiting included.",
           totals.in_flight);
  text.add("invocations_waiting", "gauge", "Invocations that wait for an environment.",
           totals.waiting);
  text.add("environments", "gauge", "Execution environments alive.", totals.environments);
  text.add("environments_busy", "gauge", "Execution environments running an invocation.",
           totals.busy);
  text.add("provisioned_environments", "gauge", "Provisioned environments initialised.",
           totals.provisioned_ready);
  text.add("provisioned_environments_busy", "gauge", "Provisioned environments at work.",
           totals.provisioned_in_use);
  text.add("provisioned_invocations_total", "counter", "Invocations on provisioned environments.",
           totals.provisioned_runs);
  text.add("provisioned_spillover_invocations_total", "counter",
           "Invocations on demand of versions with provisioned concurrency.", totals.spillovers);
}

void add_function_metrics(MetricsText& text, const std::vector<FunctionUsage>& usages) {
  if (usages.empty()) return;
  std::vector<std::string> labels;
  labels.reserve(usages.size());
  for (const FunctionUsage& usage : usages) labels.push_back(function_labels(usage.arn));
  for (const FunctionFamily& family : kFunctionFamilies) {
    text.family(family.name, family.type, family.help);
    for (std::size_t i = 0; i < usages.size(); ++i) {
      text.sample(family.name, labels[i], usages[i].*family.value);
    }
  }
}

}  // namespace lapwing::server
