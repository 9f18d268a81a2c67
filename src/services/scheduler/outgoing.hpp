// The sender's side of delivery: what a target gets of an occurrence, when it is tried again, what
// goes to the dead-letter queue. Everything goes under the schedule's role.
//
// Source: Scheduler user guide, "Configuring a dead-letter queue", "Using templated targets".
//
// Thread-safety: any thread.
#pragma once

#include <optional>
#include <string_view>

#include "delivery/posting.hpp"
#include "delivery/sender.hpp"
#include "services/scheduler/invocation.hpp"

namespace lapwing::scheduler {

// Of one occurrence; its age counts from `due_ms`.
delivery::Posting posting_of(const Invocation& invocation, std::int64_t due_ms);

class Outgoing final : public delivery::Sender {
 public:
  std::optional<delivery::Shipment> shipment(const delivery::Posting& posting,
                                             std::string_view addressee) override {
    return shipment_at(posting, addressee, 1);
  }
  std::optional<delivery::Shipment> shipment_at(const delivery::Posting& posting,
                                                std::string_view addressee,
                                                std::uint32_t attempt) override;
  std::optional<ports::Parcel> dead_letter(const delivery::Posting& posting,
                                           std::string_view addressee,
                                           const delivery::Failure& failure) override;
};

}  // namespace lapwing::scheduler
