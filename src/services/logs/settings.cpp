#include "services/logs/settings.hpp"

#include "base/bytes.hpp"

namespace lapwing::logs {
namespace {

constexpr std::uint64_t kDiskShare = 4;

std::optional<std::uint64_t> all_by_default(const MachineSizes& machine) {
  return machine.disk_mb / kDiskShare;
}

std::optional<std::uint64_t> group_by_default(const MachineSizes& machine) {
  return *all_by_default(machine) / 2;
}

}  // namespace

void Settings::visit(SettingVisitor& to) {
  to.number("logs.mb", mb,
            {.help = "what all log events together may take of the disk; more of function output "
                     "is dropped, and its stream says so; 0: a quarter of the file system",
             .unit = "MiB",
             .high = 1 << 30,
             .stands_for = all_by_default});
  to.number("logs.function_mb", function_mb,
            {.help = "what one log group may hold, likewise; 0: half of logs.mb",
             .unit = "MiB",
             .high = 1 << 30,
             .stands_for = group_by_default});
  to.number(
      "logs.function_mib_per_second", function_mib_per_second,
      {.help = "what one log group may take up a second, likewise, after 16 seconds' worth at "
               "once; 0: any amount",
       .unit = "MiB/s",
       .high = 1 << 20});
}

LogLimits Settings::limits(const os::DiskSpace* disk) const {
  LogLimits out;
  const std::uint64_t whole = disk != nullptr ? disk->look().total / kDiskShare : 0;
  out.bytes = mb != 0 ? static_cast<std::uint64_t>(mb) * kMiB : whole;
  out.group_bytes =
      function_mb != 0 ? static_cast<std::uint64_t>(function_mb) * kMiB : out.bytes / 2;
  out.group_bytes_per_second = static_cast<std::uint64_t>(function_mib_per_second) * kMiB;
  out.disk = disk;
  return out;
}

}  // namespace lapwing::logs
