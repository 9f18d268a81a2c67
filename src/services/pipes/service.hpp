// Amazon EventBridge Pipes. The only header server/ includes from this folder.
//
// Thread-safety: as hosting::Service.
#pragma once

#include "aws/service.hpp"
#include "hosting/service.hpp"
#include "services/pipes/core.hpp"
#include "services/pipes/works.hpp"

namespace lapwing::pipes {

class Service final : public hosting::Service {
 public:
  explicit Service(const hosting::Dependencies& given);
  ~Service() override { stop(); }

  const aws::Service& api() const override { return api_; }
  Status start() override { return works_.start(); }
  void drain() override { works_.drain(); }
  void stop() override { works_.stop(); }
  void metrics(hosting::MetricsText& text) const override { works_.metrics(text); }
  Result<journal::EventPage> events(const journal::EventAsk& ask) override {
    return works_.events(ask);
  }

 private:
  Works works_;
  Core core_;
  aws::Service api_;
};

}  // namespace lapwing::pipes
