// Amazon EventBridge Scheduler. The only header server/ includes from this folder.
//
// Thread-safety: as hosting::Service.
#pragma once

#include <string>

#include "aws/service.hpp"
#include "hosting/service.hpp"
#include "services/scheduler/core.hpp"

namespace lapwing::scheduler {

class Service final : public hosting::Service {
 public:
  explicit Service(const hosting::Dependencies& given)
      : Service(given, std::string(kZoneDirectory)) {}
  // Time zones from elsewhere than the machine's.
  Service(const hosting::Dependencies& given, const std::string& zones);
  ~Service() override;

  const aws::Service& api() const override { return api_; }
  Status start() override;
  void drain() override;
  void stop() override;
  void metrics(hosting::MetricsText& text) const override;
  Result<journal::EventPage> events(const journal::EventAsk& ask) override;
  Result<std::size_t> replay(std::string_view event) override;

 private:
  Status read_beginning();

  hosting::Dependencies given_;
  Core core_;
  aws::Service api_;
};

}  // namespace lapwing::scheduler
