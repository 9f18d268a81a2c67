// AWS Identity and Access Management: its records. Nothing is evaluated yet. The only header
// server/ includes from this folder.
//
// Thread-safety: any thread.
#pragma once

#include "aws/service.hpp"
#include "hosting/service.hpp"
#include "services/iam/core.hpp"

namespace lapwing::iam {

class Service final : public hosting::Service {
 public:
  explicit Service(const hosting::Dependencies& given);

  const aws::Service& api() const override { return api_; }

 private:
  Core core_;
  aws::Service api_;
};

}  // namespace lapwing::iam
