// An event that waits for its function to be run: what an asynchronous invocation is until it ends.
//
// Thread-safety: plain values; pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace lapwing::lambda {

struct Event {
  std::string request_id;  // the same at every attempt
  AccountId account;
  Region region;
  FunctionName function;
  std::string qualifier;         // as it was invoked: a version, an alias, or empty
  std::string invoked_arn;       // with the qualifier, where one was given
  std::string trace;             // X-Amzn-Trace-Id, complete
  std::string payload;           // JSON
  std::string tenant_id;         // of a function with tenant isolation; else empty
  std::int64_t accepted_ms = 0;  // since the epoch, by the server's clock: its age counts from it
  std::uint32_t failures = 0;    // attempts that the function did not end well
  // Not kept with it: a second one with the same within five minutes is not taken.
  std::string once = {};
};

// The queue of a function's events, in Lambda's space. All versions and aliases share it.
std::string queue_of(const AccountId& account, const Region& region, const FunctionName& function);
inline constexpr std::string_view kEventQueues = "async/";

// An event with nothing but account, region and function: those of a queue.
Result<Event> named_by(std::string_view queue);

std::string encode(const Event& event);
// Account, region and name are those of the queue.
Result<Event> decode_event(std::string_view queue, std::string_view bytes);

}  // namespace lapwing::lambda
