// Amazon EventBridge (rules and buses). The only header server/ includes from this folder.
//
// Thread-safety: as hosting::Service.
#pragma once

#include "aws/service.hpp"
#include "hosting/service.hpp"
#include "services/events/bus_deliveries.hpp"
#include "services/events/core.hpp"
#include "services/events/own_events.hpp"

namespace lapwing::events {

class Service final : public hosting::Service {
 public:
  explicit Service(const hosting::Dependencies& given);

  const aws::Service& api() const override { return api_; }
  void publish(hosting::Ports& ports) override;
  Status start() override;
  void drain() override {
    if (core_.parts) core_.parts->drain();
  }
  void stop() override {
    if (core_.parts) core_.parts->stop();
  }
  void metrics(hosting::MetricsText& text) const override;
  Result<journal::EventPage> events(const journal::EventAsk& ask) override;
  Result<std::size_t> replay(std::string_view event) override;

 private:
  hosting::Dependencies given_;
  Core core_;
  BusDeliveries buses_;
  ApiDeliveries apis_;
  OwnEvents own_;
  aws::Service api_;
};

}  // namespace lapwing::events
