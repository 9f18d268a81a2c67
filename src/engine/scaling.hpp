// What the control plane tells the engine about concurrency, and asks it. server/ puts the
// Dispatcher behind it.
//
// Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "engine/plan.hpp"

namespace lapwing::engine {

class Scaling {
 public:
  virtual ~Scaling() = default;
  // The concurrency of one function from now on.
  virtual void plan(engine::FunctionPlan plan) = 0;
  // What functions without a reservation share from now on.
  virtual void set_unreserved(const AccountId& account, const Region& region,
                              std::uint32_t limit) = 0;
  // How far the environments planned for one version are; nothing when none are.
  virtual std::optional<engine::ProvisionState> provisioned(const std::string& arn,
                                                            const std::string& version) const = 0;
};

}  // namespace lapwing::engine
