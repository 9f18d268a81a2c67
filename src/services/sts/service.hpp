// Security Token Service: who am I. The only header server/ includes from this folder.
//
// Thread-safety: any thread.
#pragma once

#include "aws/service.hpp"
#include "base/log.hpp"

namespace lapwing::sts {

class Service {
 public:
  // Both outlive the service.
  Service(text::PatternCache& patterns, Logger& logger);

  const aws::Service& aws() const { return service_; }

 private:
  aws::Service service_;
};

}  // namespace lapwing::sts
