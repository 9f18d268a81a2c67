// TelemetryHub: the telemetry stream of one environment and who is subscribed to it.
//
// Until the initialisation ends extensions may subscribe, and what happened before is kept
// for them, within bounds; close() ends that. Publishing never waits: what consumers do not
// take is dropped by their deliveries.
//
// Thread-safety: one loop.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "net/sync.hpp"
#include "net/task.hpp"
#include "net/task_group.hpp"
#include "runtime/telemetry/telemetry_delivery.hpp"
#include "runtime/telemetry/telemetry_event.hpp"

namespace lapwing::runtime {

class TelemetryHub {
 public:
  TelemetryHub(net::Loop& loop, SandboxConnector& connector);
  ~TelemetryHub();

  enum class Subscribed { kNew, kAlready };
  // By an extension's name. kDenied: closed; kInvalid: subscribed to the other API, or to too
  // much.
  Result<Subscribed> subscribe(std::string_view extension, TelemetrySubscription subscription);
  // No subscriptions from here on.
  void close();

  // Whether publishing such an event could reach anybody.
  bool wants(TelemetryCategory category) const;
  void publish(const TelemetryEvent& event);

  // Everything was delivered.
  bool idle() const;
  // Delivers what waits without regard to its time; completes when done, or at the deadline.
  net::Task<void> drain(MonoTime deadline);
  // Delivers no more.
  void stop() { tasks_.cancel_all(); }
  // While the sandbox is frozen.
  void pause();
  void resume();

 private:
  struct Subscriber {
    std::string extension;
    std::unique_ptr<TelemetryDelivery> delivery;
  };
  void remember(const TelemetryEvent& event);

  net::Loop* loop_;
  SandboxConnector* connector_;
  bool open_ = true;
  std::deque<TelemetryEvent> early_;  // for those who subscribe later, while open
  std::size_t early_bytes_ = 0;
  TelemetryBuffer::Dropped early_dropped_;
  std::vector<Subscriber> subscribers_;
  net::Event changed_;
  net::TaskGroup tasks_;  // last: the deliveries run in it
};

}  // namespace lapwing::runtime
