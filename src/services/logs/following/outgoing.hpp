// The sender's side of delivery: where a subscription's events go as its filter stands now, in
// which form, on whose behalf. What was not taken is tried again for 24 hours.
//
// A function gets them from the service itself, let by its resource policy; a stream under the
// filter's role, or its Logs destination's.
//
// Thread-safety: any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "delivery/posting.hpp"
#include "delivery/sender.hpp"
#include "ports/destination.hpp"
#include "services/logs/following/records.hpp"

namespace lapwing::logs {

// Of a posting: the stream's uid, a line end, what is gzipped.
std::string posting_event(std::string_view stream_uid, std::string_view gzipped);

class Outgoing final : public delivery::Sender {
 public:
  // Null: nothing is anywhere.
  explicit Outgoing(const ports::Destinations* destinations) : destinations_(destinations) {}

  void set(const SubscriptionFilter& filter);
  void forget(const std::string& filter_uid);
  void set(const LogDestination& destination);
  void forget_destination(const std::string& arn);
  std::optional<LogDestination> destination(std::string_view arn) const;

  const ports::Destination* find(std::string_view target) const {
    return destinations_ == nullptr ? nullptr : destinations_->find(target);
  }
  // On whose behalf a function gets a filter's events: the one of the service's two names that its
  // policy lets, else the region's.
  ports::OnBehalf as_service(const SubscriptionFilter& filter) const;

  std::optional<delivery::Shipment> shipment(const delivery::Posting& posting,
                                             std::string_view addressee) override;
  std::optional<ports::Parcel> dead_letter(const delivery::Posting&, std::string_view,
                                           const delivery::Failure&) override {
    return std::nullopt;
  }

 private:
  const ports::Destinations* destinations_;
  mutable std::mutex mutex_;
  std::map<std::string, SubscriptionFilter, std::less<>> filters_;  // by uid
  std::map<std::string, LogDestination, std::less<>> destinations_by_arn_;
};

}  // namespace lapwing::logs
