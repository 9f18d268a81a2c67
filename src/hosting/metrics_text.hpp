// Prometheus text (version 0.0.4): families of samples under the prefix lapwing_.
//
// Sets of labels are bounded by those who write them: what is labelled is counted ahead (reasons,
// operations of a model) or cut off (the busiest functions).
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lapwing::hosting {

class MetricsText {
 public:
  void add(std::string_view name, std::string_view type, std::string_view help,
           std::uint64_t value) {
    family(name, type, help);
    sample(name, {}, value);
  }
  // Followed by its samples.
  void family(std::string_view name, std::string_view type, std::string_view help);
  // `labels` as they stand between the braces; nothing without.
  void sample(std::string_view name, std::string_view labels, std::uint64_t value);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace lapwing::hosting
