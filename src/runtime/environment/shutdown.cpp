#include "runtime/environment/shutdown.hpp"

#include <signal.h>

#include "net/timer.hpp"
#include "runtime/limits.hpp"

namespace lapwing::runtime {

Duration shutdown_budget(const ExtensionRegistry& extensions) {
  if (extensions.empty()) return Duration::zero();
  return extensions.has_external() ? kShutdownExternal : kShutdownInternal;
}

net::Task<void> shut_down(net::Loop& loop, net::Event& changed, ShutdownParty& party,
                          ExtensionRegistry& extensions, ShutdownReason reason) {
  const Duration budget = shutdown_budget(extensions);
  if (budget == Duration::zero()) co_return;
  const MonoTime deadline = loop.now() + budget;
  const WallTime wall_deadline = loop.clock().wall() + budget;
  const MonoTime runtime_deadline = loop.now() + budget * 3 / 10;
  net::Timer timer(loop, [&changed] { changed.set(); });

  party.signal_runtime(SIGTERM);
  timer.arm_at(runtime_deadline);
  while (party.runtime_runs() && loop.now() < runtime_deadline) {
    changed.reset();
    co_await changed.wait();
  }
  party.signal_runtime(SIGKILL);
  // What is known of the last invocation reaches the extensions before their end does.
  co_await party.deliver_telemetry(runtime_deadline);

  extensions.give_shutdown(reason, unix_ms(wall_deadline));
  for (const ExtensionRegistry::Extension* one : extensions.running_external()) {
    if (!one->wants_shutdown) party.kill_extension(one->name);
  }
  timer.arm_at(deadline);
  while (!extensions.running_external().empty() && loop.now() < deadline) {
    changed.reset();
    co_await changed.wait();
  }
}

}  // namespace lapwing::runtime
