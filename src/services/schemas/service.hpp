// EventBridge's schema registry. The only header server/ includes from this folder.
//
// Thread-safety: as hosting::Service.
#pragma once

#include "aws/service.hpp"
#include "hosting/service.hpp"
#include "services/schemas/core.hpp"

namespace lapwing::schemas {

class Service final : public hosting::Service {
 public:
  explicit Service(const hosting::Dependencies& given);
  const aws::Service& api() const override { return api_; }

 private:
  Core core_;
  aws::Service api_;
};

}  // namespace lapwing::schemas
