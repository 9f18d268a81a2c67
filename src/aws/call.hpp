// One call of one operation, as every stage of the pipeline and the operation itself see it.
#pragma once

#include <cstdint>
#include <string>

#include "aws/allowance.hpp"
#include "aws/caller.hpp"
#include "base/clock.hpp"

namespace lapwing::aws {

// How the call came.
enum class Origin : std::uint8_t {
  kClient,    // over HTTP, from outside
  kFunction,  // over HTTP, out of a sandbox
  kService,   // from a service of ours, on behalf of the caller
};

struct Call {
  Caller caller;
  Origin origin = Origin::kClient;
  MonoTime deadline = MonoTime::max();  // by Clock::mono(); nobody waits for the answer afterwards
  std::string trace_id = {};            // X-Amzn-Trace-Id as it was sent, or empty
  Allowance* allowance = nullptr;       // null: nothing is counted
  unsigned depth = 0;                   // how many calls of services this one is within
};

}  // namespace lapwing::aws
