// The Shutdown phase of an environment: the runtime gets SIGTERM and the first share of the
// time, then the extensions get SHUTDOWN and the rest; what is left is killed by the caller.
// Without extensions there is no time, and nothing is done here.
// Source: AWS Lambda developer guide, "Lambda execution environment lifecycle"; RAPID.
//
// Thread-safety: one loop.
#pragma once

#include <string_view>

#include "base/clock.hpp"
#include "net/loop.hpp"
#include "net/sync.hpp"
#include "net/task.hpp"
#include "runtime/extensions/extension_registry.hpp"

namespace lapwing::runtime {

// What is to be shut down. Its exits set the `changed` event of shut_down().
class ShutdownParty {
 public:
  virtual ~ShutdownParty() = default;
  virtual bool runtime_runs() const = 0;
  virtual void signal_runtime(int signal_number) = 0;
  virtual void kill_extension(std::string_view name) = 0;
  virtual net::Task<void> deliver_telemetry(MonoTime deadline) = 0;
};

// 0, 500 ms with internal extensions only, 2 s with external ones.
Duration shutdown_budget(const ExtensionRegistry& extensions);

net::Task<void> shut_down(net::Loop& loop, net::Event& changed, ShutdownParty& party,
                          ExtensionRegistry& extensions, ShutdownReason reason);

}  // namespace lapwing::runtime
