// Roles of IAM, as those see them who act under one: Lambda for its functions, STS for sessions,
// Scheduler for its schedules.
// Implemented by services/iam.
//
// Thread-safety: any thread, event loops too: nothing is read from the store.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace lapwing::ports {

struct Role {
  // Whether there is one. Where there is none, the id is one of the right shape, the same for the
  // same ARN, and the rest is as a new role has it.
  bool known = false;
  std::string id = {};  // "AROA..."
  std::int32_t max_session_s = 3600;
  // The services whom its trust document lets assume it, in order; "*": everybody.
  std::vector<std::string> trusted_services = {};

  bool trusts(std::string_view service) const;  // "lambda.amazonaws.com"
};

// Who acts under the role in a session of this name: what its credentials stand for, and what a
// service calls others as. The session's ARN has no path.
aws::Principal role_session(const Role& role, std::string_view role_arn, const AccountId& account,
                            std::string_view session);

class Roles {
 public:
  virtual ~Roles() = default;
  // By its ARN.
  virtual Result<Role> find(std::string_view arn) = 0;
  // Whether nobody may act under a role that is not known, as on AWS: the operator says it.
  virtual bool known_only() const { return false; }
};

}  // namespace lapwing::ports
