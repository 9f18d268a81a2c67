#include "runtime/settings.hpp"

namespace lapwing::runtime {
namespace {

void visit_starts(Settings& settings, SettingVisitor& to) {
  to.flag("starts.standby", settings.standby,
          {.help = "keep environments of the runtimes in use ready for any function"});
  to.text("starts.templates", settings.templates,
          {.help = "fork interpreters that can be forked (Python's, Ruby's) instead of starting "
                   "them: from a template for each account; from one shared by all, whose children "
                   "know one another's seed of hashes and addresses; or not",
           .choices = "account|shared|off"});
  to.number("starts.ready", settings.standby_ready,
            {.help = "environments kept ready of each runtime in use; fewer where one takes much "
                     "memory",
             .high = 1024});
  to.number("starts.ready_max", settings.standby_max,
            {.help = "the same at most, after bursts of cold starts", .high = 4096});
  to.number(
      "starts.expected_max", settings.standby_expected_max,
      {.help = "the same at most, for functions just created and not called yet", .high = 4096});
  to.number("starts.memory_mb", settings.standby_memory_mb,
            {.help = "memory that environments kept ready may take, as estimated",
             .unit = "MiB",
             .high = 1 << 30});
}

void visit_streams(Settings& settings, SettingVisitor& to) {
  to.number("streaming.mib_max", settings.stream_mib_max,
            {.help = "size of one streamed response", .unit = "MiB", .low = 1, .high = 1 << 20});
  to.number("streaming.kib_per_second", settings.stream_kib_per_second,
            {.help = "bandwidth of one streamed response after its burst, as AWS; 0: no limit",
             .unit = "KiB/s",
             .high = 1 << 30});
  to.number("streaming.burst_kib", settings.stream_burst_kib,
            {.help = "what a streamed response may send before its bandwidth counts",
             .unit = "KiB",
             .low = 64,
             .high = 1 << 30});
}

}  // namespace

void Settings::visit(SettingVisitor& to) {
  to.flag("runtimes.strict", strict, {.help = "refuse a runtime whose exact version is missing"});
  to.list("runtimes.prefixes", prefixes,
          {.help = "further directories that hold bin/python3.x, bin/node or bin/ruby",
           .example = "[\"/opt/python\"]"});
  to.number(
      "engine.init_timeout_ms", init_timeout_ms,
      {.help = "limit of the initialisation phase", .unit = "ms", .low = 100, .high = 900'000});
  visit_starts(*this, to);
  to.number("snapshots.disk_mb", snapshots_mb,
            {.help = "disk space of all snapshots (SnapStart) together; those not used for longest "
                     "go first",
             .unit = "MiB",
             .high = 1 << 30});
  visit_streams(*this, to);
}

}  // namespace lapwing::runtime
