// The part of Amazon EC2 that functions in VPCs need: VPCs, subnets, security groups. The only
// header server/ includes from this folder.
//
// Thread-safety: any thread.
#pragma once

#include "aws/service.hpp"
#include "hosting/service.hpp"
#include "services/ec2/core.hpp"
#include "services/ec2/networks.hpp"

namespace lapwing::ec2 {

class Service final : public hosting::Service {
 public:
  explicit Service(const hosting::Dependencies& given);

  void publish(hosting::Ports& ports) override { ports.networks = &networks_; }
  const aws::Service& api() const override { return api_; }

 private:
  Core core_;
  Networks networks_;
  aws::Service api_;
};

}  // namespace lapwing::ec2
