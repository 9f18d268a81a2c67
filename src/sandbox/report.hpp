// IsolationReport: what this machine lets Lapwing enforce, feature by feature, and what to
// do where it does not. Shown by health and `lapwing doctor`; --require-isolation refuses
// to serve when `complete()` is false.
//
// Thread-safety: plain values.
#pragma once

#include <string>
#include <vector>

namespace lapwing::sandbox {

struct IsolationFeature {
  std::string name;  // "memory limit"
  bool enforced = false;
  std::string how;     // "cgroup v1 memory.limit_in_bytes"
  std::string remedy;  // when not enforced: why, and what would change it
};

struct IsolationReport {
  std::vector<IsolationFeature> features;

  bool complete() const {
    for (const IsolationFeature& feature : features) {
      if (!feature.enforced) return false;
    }
    return true;
  }
  // One line a feature: "yes  memory limit: cgroup v1 ..." / "NO   /tmp size: ... (remedy)".
  std::string to_text() const;
};

}  // namespace lapwing::sandbox
