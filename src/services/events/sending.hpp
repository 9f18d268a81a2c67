// The sender's side of delivery: what a target gets of an event, when it is tried again, what goes
// to its dead-letter queue. The outbox (delivery/outbox.hpp) asks for it at each attempt.
//
// Source: EventBridge user guide, "Retry policies and dead-letter queues".
//
// Thread-safety: any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "delivery/sender.hpp"
#include "services/events/bus.hpp"
#include "services/events/event.hpp"
#include "services/events/rules.hpp"

namespace lapwing::events {

struct SendingCounts {
  std::atomic<std::uint64_t> invocations{0};
  std::atomic<std::uint64_t> failed_invocations{0};
};

class Sending final : public delivery::Sender {
 public:
  explicit Sending(const Rules& rules) : rules_(rules) {}

  std::optional<delivery::Shipment> shipment(const delivery::Posting& posting,
                                             std::string_view addressee) override;
  std::optional<ports::Parcel> dead_letter(const delivery::Posting& posting,
                                           std::string_view addressee,
                                           const delivery::Failure& failure) override;
  std::string event_of(const delivery::Posting& posting) override;
  void ended(const delivery::Posting& posting, std::string_view addressee,
             const delivery::Failure* failure, Duration age) override;

  const SendingCounts& counts() const { return counts_; }

 private:
  const Rules& rules_;
  SendingCounts counts_;
};

}  // namespace lapwing::events
