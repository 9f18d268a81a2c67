// What is told of events that ended, on its way: records to destinations, events to dead-letter
// queues. Lambda's side of its outbox (delivery/).
//
// Both act under the function's execution role. What a destination refuses, or does not take for
// kEventAgeMax, is lost and counted, as on AWS; so is what an outbox can never take.
//
// Thread-safety: as delivery::Sender.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

  // Of an event that ended: one for each who is to be told, as the record may be as large as the
  // event, and a posting holds no two of them.
  static std::vector<delivery::Posting> postings(const Ended& ended, const EventSettings& settings,
                                                 WallTime now);

  // Of a stream's records that a mapping gave up.
  static delivery::Posting posting(const mappings::GivenUpNotice& given_up, WallTime now);

  std::optional<delivery::Shipment> shipment(const delivery::Posting& posting,
                                             std::string_view addressee) override;
  std::optional<ports::Parcel> dead_letter(const delivery::Posting&, std::string_view,
                                           const delivery::Failure&) override {
    return std::nullopt;
  }
  // Its ARN, without what it is told.
  std::string_view shown(std::string_view addressee) const override { return addressee.substr(1); }
  void ended(const delivery::Posting& posting, std::string_view addressee,
             const delivery::Failure* failure, Duration age) override;
  // The outbox can never take it: it is lost.
  void refused(const delivery::Posting& posting, const Error& error);

  const NoticeCounts& counts() const { return counts_; }

 private:
  void lost(const delivery::Posting& posting, std::string_view addressee, std::string_view code,
            std::string_view why);

  Logger& logger_;
  NoticeCounts counts_;
};

}  // namespace lapwing::lambda
