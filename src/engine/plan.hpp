// Concurrency as the control plane orders it, function by function, and how far what it
// ordered is.
//
// Thread-safety: FunctionPlan a plain value; ProvisionBoard any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "runtime/function_version.hpp"

namespace lapwing::engine {

// One version and the number of environments to be kept initialised for it.
struct ProvisionOrder {
  runtime::FunctionVersionPtr version;
  std::uint32_t count = 0;
};

struct FunctionPlan {
  AccountId account;
  Region region;
  std::string arn;                        // unqualified
  std::optional<std::uint32_t> reserved;  // concurrency, over all versions
  std::vector<ProvisionOrder> provisioned;

  bool empty() const { return !reserved && provisioned.empty(); }
};

struct ProvisionState {
  std::uint32_t wanted = 0;
  std::uint32_t ready = 0;
  // The last environment that was started for it did not come up: its code fails, or the
  // machine has no room. Tried again with growing pauses.
  enum class Trouble { kNone, kInitFailed, kNoRoom } trouble = Trouble::kNone;
};

// Where shards write and the control plane reads. Keys are "ARN:VERSION".
class ProvisionBoard {
 public:
  void set(const std::string& key, const ProvisionState& state);
  void erase(const std::string& key);
  std::optional<ProvisionState> find(const std::string& key) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ProvisionState> states_;
};

}  // namespace lapwing::engine
