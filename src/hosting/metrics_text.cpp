#include "hosting/metrics_text.hpp"

#include <fmt/core.h>

namespace lapwing::hosting {

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  text_ += fmt::format("# HELP lapwing_{0} {1}\n# TYPE lapwing_{0} {2}\n", name, help, type);
}

void MetricsText::sample(std::string_view name, std::string_view labels, std::uint64_t value) {
  if (labels.empty()) {
    text_ += fmt::format("lapwing_{} {}\n", name, value);
  } else {
    text_ += fmt::format("lapwing_{}{{{}}} {}\n", name, labels, value);
  }
}

}  // namespace lapwing::hosting
