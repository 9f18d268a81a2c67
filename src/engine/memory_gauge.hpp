// How much memory the machine can still give out without swapping.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lapwing::engine {

class MemoryGauge {
 public:
  virtual ~MemoryGauge() = default;
  // In MiB; nothing where the machine does not say.
  virtual std::optional<std::uint64_t> available_mb() const = 0;
};

// MemAvailable of /proc/meminfo.
class ProcMemoryGauge final : public MemoryGauge {
 public:
  explicit ProcMemoryGauge(std::string path = "/proc/meminfo") : path_(std::move(path)) {}
  std::optional<std::uint64_t> available_mb() const override;

 private:
  std::string path_;
};

}  // namespace lapwing::engine
