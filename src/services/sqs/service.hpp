// Amazon SQS. The only header server/ includes from this folder.
//
// Thread-safety: as hosting::Service.
#pragma once

#include <memory>

#include "aws/service.hpp"
#include "hosting/service.hpp"
#include "hosting/space_waker.hpp"
#include "services/sqs/core.hpp"
#include "services/sqs/deliveries.hpp"
#include "services/sqs/settings.hpp"
#include "services/sqs/source.hpp"

namespace lapwing::sqs {

class Service final : public hosting::Service {
 public:
  using Settings = sqs::Settings;

  explicit Service(const hosting::Dependencies& given)
      : Service(given, given.read<sqs::Settings>()) {}
  Service(const hosting::Dependencies& given, const sqs::Settings& settings);

  const aws::Service& api() const override { return api_; }
  void publish(hosting::Ports& ports) override;
  Status start() override;
  void drain() override {
    if (core_.parts) core_.parts->polls.drain();
  }
  void stop() override;
  void metrics(hosting::MetricsText& text) const override {
    text.add("sqs_polls_waiting", "gauge", "Long polls that wait.", waiting_polls());
  }

  Result<journal::EventPage> events(const journal::EventAsk& ask) override;
  Result<std::size_t> replay(std::string_view event) override;

  // Long polls that wait now.
  std::size_t waiting_polls() const { return core_.parts ? core_.parts->polls.waiting() : 0; }

 private:
  hosting::Dependencies given_;
  Core core_;
  Deliveries deliveries_;
  Source source_;
  aws::Service api_;
  std::unique_ptr<hosting::SpaceWaker> waker_;
};

}  // namespace lapwing::sqs
