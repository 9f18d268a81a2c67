// What may be set of sandboxes and of what is reached out of them.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.hpp"

namespace lapwing::sandbox {

struct Settings {
  bool require_isolation = false;
  std::string cpu = "weight";
  std::string network = "auto";
  bool network_host_allowed = false;
  std::string network_range;  // "": one is chosen
  std::vector<std::string> network_deny;
  std::string endpoint = "auto";
  std::int64_t tmp_mib_per_second = 256;
  std::int64_t tmp_all_mib_per_second = 0;
  std::int64_t processes_max = 0;
  std::int64_t connections_max = 0;

  void visit(SettingVisitor& to);
};

}  // namespace lapwing::sandbox
