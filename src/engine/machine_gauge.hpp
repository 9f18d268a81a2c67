// What the machine says of itself: how much memory it can still give out without swapping, and
// whether its processors are what is waited for.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace lapwing::engine {

class MachineGauge {
 public:
  virtual ~MachineGauge() = default;
  // In MiB; nothing where the machine does not say.
  virtual std::optional<std::uint64_t> available_mb() const = 0;
  // For how long, since it started, something or other could not run for want of a processor;
  // nothing where the machine does not say.
  virtual std::optional<Duration> processor_waits() const = 0;
};

// MemAvailable of /proc/meminfo, and `some` of /proc/pressure/cpu.
class ProcMachineGauge final : public MachineGauge {
 public:
  explicit ProcMachineGauge(std::string memory = "/proc/meminfo",
                            std::string pressure = "/proc/pressure/cpu")
      : memory_(std::move(memory)), pressure_(std::move(pressure)) {}
  std::optional<std::uint64_t> available_mb() const override;
  std::optional<Duration> processor_waits() const override;

 private:
  std::string memory_;
  std::string pressure_;
};

}  // namespace lapwing::engine
