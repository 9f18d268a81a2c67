// TelemetryDelivery: takes the batches of one subscription to its destination inside the
// sandbox: over HTTP, one JSON array a request, or over TCP, one JSON text a line.
//
// A batch that cannot be delivered is tried again, ever more slowly, until it can; meanwhile
// events gather in the buffer, which drops what is too much. Once the consumer takes events
// again it is told how many were lost (platform.logsDropped). A batch whose answer did not
// come may arrive twice.
//
// Thread-safety: one loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "http/client.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/sync.hpp"
#include "net/task.hpp"
#include "net/timer.hpp"
#include "runtime/telemetry/telemetry_buffer.hpp"
#include "runtime/telemetry/telemetry_event.hpp"
#include "runtime/telemetry/telemetry_subscription.hpp"

namespace lapwing::runtime {

// Connects to a port of the sandbox's loopback address.
class SandboxConnector {
 public:
  virtual ~SandboxConnector() = default;
  virtual net::Task<Result<net::Stream>> connect(std::uint16_t port, MonoTime deadline) = 0;
};

class TelemetryDelivery {
 public:
  TelemetryDelivery(net::Loop& loop, SandboxConnector& connector,
                    TelemetrySubscription subscription);

  const TelemetrySubscription& subscription() const { return subscription_; }
  // If the subscription is for it.
  void add(const TelemetryEvent& event);
  void note_dropped(const TelemetryBuffer::Dropped& dropped) { buffer_.note_dropped(dropped); }
  // Does not wait for the batch's time.
  void flush();
  // Nothing waits and nothing is under way.
  bool idle() const { return buffer_.empty() && batch_.empty(); }
  // While the sandbox is frozen nothing is tried.
  void pause() { awake_.reset(); }
  void resume() { awake_.set(); }

  // Runs forever; destroying it is how it ends. `changed` is set when it falls idle.
  net::Task<void> run(net::Event& changed);

 private:
  net::Task<void> wait_until_due();
  net::Task<Status> attempt();
  net::Task<Status> post();
  net::Task<Status> write_lines();
  void tell_dropped();

  net::Loop* loop_;
  SandboxConnector* connector_;
  TelemetrySubscription subscription_;
  TelemetryBuffer buffer_;
  std::vector<std::string> batch_;  // under way
  net::Event woken_;
  net::Event awake_;
  net::Timer due_;
  http::Client client_;
  net::Stream lines_;  // of a TCP destination
};

}  // namespace lapwing::runtime
