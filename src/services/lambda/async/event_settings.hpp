// What is set of the events of a function: how often and how long they are tried, and where they go
// in the end. Kept by the control plane, asked by the event queue.
//
// Thread-safety: find() from any thread; never blocks on the store.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "services/lambda/async/next_step.hpp"

namespace lapwing::lambda {

struct EventSettings {
  RetryLimits limits;
  std::string role_arn;    // the function's, under which others are told
  std::string on_success;  // ARNs, or empty
  std::string on_failure;
  std::string dead_letters;   // the function's DeadLetterConfig
  bool loop_allowed = false;  // RecursiveLoop
  bool none_may_run = false;  // reserved concurrency 0
};

class EventSettingsSource {
 public:
  virtual ~EventSettingsSource() = default;
  // Of what "qualifier" leads to: a version, an alias, "" for $LATEST.
  virtual EventSettings event_settings(const AccountId& account, const Region& region,
                                       const FunctionName& function,
                                       std::string_view qualifier) const = 0;
};

}  // namespace lapwing::lambda
