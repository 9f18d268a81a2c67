// What may be set of CloudWatch Logs.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>

#include "base/settings.hpp"
#include "os/disk_space.hpp"
#include "services/logs/budget.hpp"

namespace lapwing::logs {

struct Settings {
  std::int64_t mb = 0;
  std::int64_t function_mb = 0;
  std::int64_t function_mib_per_second = 16;

  void visit(SettingVisitor& to);
  // On this disk; without one only what was said is a limit.
  LogLimits limits(const os::DiskSpace* disk) const;
};

}  // namespace lapwing::logs
