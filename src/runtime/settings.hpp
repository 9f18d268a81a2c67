// What may be set of interpreters, starts, snapshots and streamed answers.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.hpp"

namespace lapwing::runtime {

struct Settings {
  bool strict = false;
  std::vector<std::string> prefixes;
  std::int64_t init_timeout_ms = 10'000;
  bool standby = true;
  std::string templates = "account";
  std::int64_t standby_ready = 4;
  std::int64_t standby_max = 16;
  std::int64_t standby_expected_max = 256;
  std::int64_t standby_memory_mb = 1024;
  std::int64_t snapshots_mb = 10'240;
  std::int64_t stream_mib_max = 200;
  std::int64_t stream_kib_per_second = 2'048;
  std::int64_t stream_burst_kib = 6'144;

  void visit(SettingVisitor& to);
};

}  // namespace lapwing::runtime
