// Security Token Service: who am I. The only header server/ includes from this folder.
//
// Thread-safety: any thread.
#pragma once

#include "aws/service.hpp"
#include "services/sts/core.hpp"

namespace lapwing::sts {

class Service {
 public:
  // Outlives the service.
  explicit Service(const aws::Pipeline& pipeline);

  const aws::Service& aws() const { return service_; }

 private:
  Core core_;
  aws::Service service_;
};

}  // namespace lapwing::sts
