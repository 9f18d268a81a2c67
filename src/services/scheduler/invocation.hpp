// One occurrence on its way to its target. It holds all it takes to be sent: a schedule that is
// changed or deleted meanwhile does not change what was due.
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "services/scheduler/schedule.hpp"

namespace lapwing::scheduler {

struct Invocation {
  aws::Scope scope;
  std::string schedule_arn;
  Target target;
  std::string execution_id;  // a UUID
  std::int64_t occurrence_ms = 0;
};

std::string encode(const Invocation& invocation);
Result<Invocation> decode_invocation(std::string_view bytes);

// What is sent at this attempt (from 1): the Input with its variables filled in, or Scheduler's own
// notification where there is none.
std::string payload(const Invocation& invocation, std::uint32_t attempt);

}  // namespace lapwing::scheduler
