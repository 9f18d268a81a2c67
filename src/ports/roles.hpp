// Roles of IAM, as those see them who act under one: Lambda for its functions, STS for sessions,
// Scheduler for its schedules.
// Implemented by services/iam.
//
// Thread-safety: any thread, event loops too: nothing is read from the store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lapwing::ports {

struct Role {
  // Whether there is one. Where there is none, the id is one of the right shape, the same for the
  // same ARN, and the rest is as a new role has it.
  bool known = false;
  std::string id;  // "AROA..."
  std::int32_t max_session_s = 3600;
  bool trusts_lambda = false;  // its trust document names lambda.amazonaws.com
  bool trusts_scheduler = false;
  bool trusts_pipes = false;
};

class Roles {
 public:
  virtual ~Roles() = default;
  // By its ARN.
  virtual Result<Role> find(std::string_view arn) = 0;
  // Whether nobody may act under a role that is not known, as on AWS: the operator says it.
  virtual bool known_only() const { return false; }
};

}  // namespace lapwing::ports
