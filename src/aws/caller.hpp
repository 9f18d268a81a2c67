// Who is calling, as the front door established it.
#pragma once

#include <string>

#include "base/ids.hpp"

namespace lapwing::aws {

struct Caller {
  AccountId account{kDefaultAccount};
  Region region{kDefaultRegion};
  std::string access_key_id;
  std::string principal_arn;
  std::string user_id;
  std::string identity;  // Principal's
  RequestId request_id;
  std::string host;            // as the client addressed us ("localhost:4566")
  bool authenticated = false;  // the signature was verified

  // The request was not signed at all.
  bool is_nobody() const { return access_key_id.empty(); }
};

}  // namespace lapwing::aws
