// For tests: what was logged.
//
// Thread-safety: any thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"

namespace lapwing::testing {

class CapturedLog final : public LogOutput {
 public:
  void write(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    lines_.clear();
  }
  // All of it.
  std::string text() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (const std::string& line : lines_) out += line;
    return out;
  }
  // The last line that holds this; empty where none does.
  std::string line_with(std::string_view what) const {
    const std::lock_guard lock(mutex_);
    for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
      if (line->contains(what)) return *line;
    }
    return {};
  }
  // How many hold both.
  std::size_t count(std::string_view what, std::string_view and_what = {}) const {
    const std::lock_guard lock(mutex_);
    std::size_t out = 0;
    for (const std::string& line : lines_) {
      if (line.contains(what) && line.contains(and_what)) ++out;
    }
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace lapwing::testing
