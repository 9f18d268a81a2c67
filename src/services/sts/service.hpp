// Security Token Service: who am I, and sessions. The only header server/ includes from this
// folder.
//
// Thread-safety: any thread.
#pragma once

#include "hosting/service.hpp"
#include "services/sts/core.hpp"

namespace lapwing::sts {

class Service final : public hosting::Service {
 public:
  explicit Service(const hosting::Dependencies& given);

  // An error where nobody mints sessions or knows roles.
  Status start() override;
  const aws::Service& api() const override { return service_; }

 private:
  Core core_;
  aws::Service service_;
};

}  // namespace lapwing::sts
