// Input that nobody should send, made from a service's model: each constraint of each operation
// broken alone, and all together, values of other types, unknown and repeated members, nesting
// without end, bytes that are no UTF-8, the largest texts that reach a service.
//
//   Host<sqs::Service> host;
//   EXPECT_EQ(send_bad_input(host), "");
//
// Sent in each protocol that the service speaks and the server reads without a path (JSON, query);
// for others through perform(). What comes back is a refusal in the protocol's form (4xx, or 501
// for what is not built) or an answer, never another failure and never silence, and a refusal has
// changed no record.
//
// Thread-safety: one thread, the host's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/function_ref.hpp"
#include "hosting/testing/host.hpp"

namespace lapwing::hosting::testing {

struct BadInput {
  // By member's name: what is given for it where it is not what is broken, as JSON. Others have the
  // least that their shape allows.
  std::map<std::string, std::string> good = {};
  // Members that may be anything, as in the real service.
  std::vector<std::string> unchecked = {};
};

// What was answered wrongly, a line each, up to a screenful; empty: nothing. `before` is called
// before each operation, to make what the inputs name.
std::string send_bad_input(HostBase& host, const BadInput& how, FunctionRef<void()> before);
std::string send_bad_input(HostBase& host, const BadInput& how = {});

}  // namespace lapwing::hosting::testing
