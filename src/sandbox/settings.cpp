#include "sandbox/settings.hpp"

#include <stdlib.h>

#include "base/bytes.hpp"
#include "os/cgroup_layout.hpp"
#include "os/file.hpp"
#include "sandbox/cgroup/process_budget.hpp"
#include "sandbox/limits.hpp"

namespace lapwing::sandbox {
namespace {

std::optional<std::uint64_t> processes_by_default(const MachineSizes&) {
  const auto layout = os::detect_cgroup_layout();
  if (!layout) return std::nullopt;
  return default_processes_budget(*layout);
}

std::optional<std::uint64_t> connections_by_default(const MachineSizes&) {
  const auto most = os::read_file("/proc/sys/net/netfilter/nf_conntrack_max");
  if (!most) return std::nullopt;
  return strtoull(most->c_str(), nullptr, 10) / kConnectionsPart;
}

std::optional<std::uint64_t> tmp_rate_by_default(const MachineSizes& machine) {
  return kTmpRateProcessorBytes / kMiB * machine.processors;
}

void visit_network(Settings& settings, SettingVisitor& to) {
  to.text("sandbox.network", settings.network,
          {.help = "what functions reach besides Lapwing itself: none; nat, everything but this "
                   "machine and one another; host, this machine too (by its addresses, and its "
                   "loopback as host.lapwing.internal). auto is nat where it can be had (root), "
                   "else none. A function's tag lapwing:network=MODE goes before it",
           .choices = "auto|nat|none|host"});
  to.flag("sandbox.network_host_allowed", settings.network_host_allowed,
          {.help = "let functions be tagged lapwing:network=host"});
  to.text("sandbox.network_range", settings.network_range,
          {.help = "IPv4 network for functions, of prefix length 19 or less; empty: one without a "
                   "route here",
           .example = "\"10.200.0.0/16\""});
  to.list("sandbox.network_deny", settings.network_deny,
          {.help = "networks no function reaches, besides loopback, link-local and metadata "
                   "addresses",
           .example = "[\"10.0.0.0/8\"]"});
  to.text("sandbox.endpoint", settings.endpoint,
          {.help = "whether functions reach this server's API: open; closed, but for the Runtime "
                   "API and their own credentials; auto is closed for those whose network is said "
                   "to be none. A function's tag lapwing:endpoint=open|closed goes before it",
           .choices = "auto|open|closed"});
}

}  // namespace

void Settings::visit(SettingVisitor& to) {
  to.flag("sandbox.require_isolation", require_isolation,
          {.help = "refuse to start when anything cannot be enforced"});
  to.text("sandbox.cpu", cpu,
          {.help = "share the machine by weight, or limit by memory size as AWS",
           .choices = "weight|quota"});
  visit_network(*this, to);
  to.number("sandbox.tmp_mib_per_second", tmp_mib_per_second,
            {.help = "how fast an environment may write to /tmp, and read what is not in memory, "
                     "after a burst of 512 MiB; beyond, it is paused now and then. 0: as fast as "
                     "it can",
             .unit = "MiB/s",
             .high = 1'000'000});
  to.number("sandbox.tmp_all_mib_per_second", tmp_all_mib_per_second,
            {.help = "the same for all environments together, of which those that take little are "
                     "not paused. 0: 128 for each processor",
             .unit = "MiB/s",
             .high = 1'000'000,
             .stands_for = tmp_rate_by_default});
  to.number(
      "sandbox.processes_max", processes_max,
      {.help = "processes and threads of all functions; 0: 9/16 of what the machine can have, "
               "and 3/16 more for environments with few",
       .high = 4'194'304,
       .stands_for = processes_by_default});
  to.number("sandbox.connections_max", connections_max,
            {.help = "connections out of all functions, beyond which each may open few more; 0: "
                     "half of what the machine can remember (nf_conntrack_max)",
             .high = 1 << 30,
             .stands_for = connections_by_default});
}

}  // namespace lapwing::sandbox
