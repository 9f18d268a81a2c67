// What is told of events that ended, on its way: records to destinations, events to dead-letter
// queues. Lambda's side of its outbox (delivery/).
//
// Both act under the function's execution role. What a destination refuses, or does not take for
// kEventAgeMax, is lost and counted, as on AWS.
//
// Thread-safety: as delivery::Sender.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/sender.hpp"
#include "mappings/stream_mapping.hpp"
#include "services/lambda/async/event_settings.hpp"
#include "services/lambda/async/invocation_record.hpp"

namespace lapwing::lambda {

struct NoticeCounts {
  std::atomic<std::uint64_t> destination_failures{0};
  std::atomic<std::uint64_t> dead_letter_errors{0};
};

class Notices final : public delivery::Sender {
 public:
  explicit Notices(Logger& logger) : logger_(logger) {}

  // Of an event that ended; none where nobody is to be told.
  static std::optional<delivery::Posting> posting(const Ended& ended, const EventSettings& settings,
                                                  const std::string& role_arn, WallTime now);

  // Of a stream's records that a mapping gave up.
  static delivery::Posting posting(const mappings::GivenUpNotice& given_up, WallTime now);

  std::optional<delivery::Shipment> shipment(const delivery::Posting& posting,
                                             std::string_view addressee) override;
  std::optional<ports::Parcel> dead_letter(const delivery::Posting&, std::string_view,
                                           const delivery::Failure&) override {
    return std::nullopt;
  }
  void ended(const delivery::Posting& posting, std::string_view addressee,
             const delivery::Failure* failure, Duration age) override;

  const NoticeCounts& counts() const { return counts_; }

 private:
  Logger& logger_;
  NoticeCounts counts_;
};

}  // namespace lapwing::lambda
