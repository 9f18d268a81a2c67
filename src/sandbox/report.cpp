#include "sandbox/report.hpp"

#include <fmt/core.h>

namespace lapwing::sandbox {

std::string IsolationReport::to_text() const {
  std::string out;
  for (const IsolationFeature& feature : features) {
    out += feature.enforced ? fmt::format("yes  {}: {}\n", feature.name, feature.how)
                            : fmt::format("NO   {}: {}\n", feature.name, feature.remedy);
  }
  return out;
}

}  // namespace lapwing::sandbox
