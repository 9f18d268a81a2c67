// Where this process stands in the machine's control groups: version 1, version 2, or both
// side by side ("hybrid"), seen through /proc/self/cgroup and /proc/self/mountinfo.
//
// Thread-safety: plain values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::os {

struct CgroupLayout {
  // v1: controller ("memory", "pids", "cpu"...) -> directory of our own position.
  std::map<std::string, std::string> v1;
  // v2: directory of our own position and of the hierarchy's top; empty when not mounted.
  std::string v2;
  std::string v2_top;
};

// `cgroup` and `mountinfo` are the files' contents.
CgroupLayout parse_cgroup_layout(std::string_view cgroup, std::string_view mountinfo);
Result<CgroupLayout> detect_cgroup_layout();

}  // namespace lapwing::os
