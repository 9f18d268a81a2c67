// Between the control plane of functions (services/lambda) and the process that runs them. Neither
// includes the other: each is given the other's half of this.
//
// Thread-safety: any thread, but where something is said.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/unique_function.hpp"
#include "engine/executor.hpp"
#include "engine/reservation.hpp"
#include "engine/scaling.hpp"
#include "engine/snapshots.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "runtime/function_version.hpp"
#include "runtime/invocation.hpp"
#include "runtime/language/catalogue.hpp"

namespace lapwing::engine {

// Runs a function for those who are no HTTP request: its payload counts among all that are at work.
class Invoker {
 public:
  virtual ~Invoker() = default;
  // As Dispatcher::invoke, on the loop given; kThrottled also where too many payloads are at work.
  virtual net::Task<Result<runtime::Outcome>> invoke(net::Loop& here,
                                                     runtime::FunctionVersionPtr function,
                                                     runtime::Invocation invocation) = 0;
  // Places for so many runs, or as many as there are now, for kHoldMax at most: nobody else gets
  // them meanwhile.
  virtual net::Task<std::vector<Reservation>> hold(net::Loop& here,
                                                   runtime::FunctionVersionPtr function,
                                                   std::uint32_t count) {
    (void)here, (void)function;
    co_return std::vector<Reservation>(count);
  }
  virtual net::Task<Result<runtime::Outcome>> invoke_held(net::Loop& here,
                                                          runtime::FunctionVersionPtr function,
                                                          runtime::Invocation invocation,
                                                          Reservation place) {
    (void)place;
    return invoke(here, std::move(function), std::move(invocation));
  }
};

// Takes events for functions that nobody waits for: it is on disk when it answers, and run, and run
// again, later (services/lambda/async).
class Events {
 public:
  virtual ~Events() = default;
  // Errors: kUnavailable where the disk is full; those of the store.
  virtual net::Task<Status> accept(net::Loop& here, runtime::FunctionVersionPtr function,
                                   runtime::Invocation invocation) = 0;
};

// What the control plane is given. All outlive it.
struct EngineSide {
  Executor& steps;
  Executor& pulls;  // of images: each step may take as long as a registry does
  Scaling& scaling;
  Snapshots& snapshots;
  Invoker& invoker;
  // What this machine has to run functions with; null: nothing is refused for that.
  const runtime::Catalogue* catalogue = nullptr;
  // Values of the tag lapwing:network, and why they are refused; "" where they are not.
  std::map<std::string, std::string> network_modes = {{"none", ""}};
};

// The functions there are, as those who run them ask.
class Functions {
 public:
  virtual ~Functions() = default;

  // What an invocation of name:qualifier runs; a weighted alias is drawn again by every call. Never
  // blocks on the store. Errors as AWS answers them: not found, Pending, Failed.
  virtual Result<runtime::FunctionVersionPtr> resolve(const AccountId& account,
                                                      const Region& region, std::string_view name,
                                                      std::string_view qualifier) const = 0;
  // A version by what FunctionVersion calls it; null while it is not active, and of what is none.
  virtual runtime::FunctionVersionPtr find_version(const AccountId& account, const Region& region,
                                                   const FunctionName& name,
                                                   std::string_view version) const = 0;

  // Called, on the thread of the change, with the function's ARN and version when the
  // environments made from it are of no more use: it is gone, or looks different to its code.
  // Said before the service starts.
  using Retired = UniqueFunction<void(const std::string& arn, const std::string& version)>;
  virtual void on_retired(Retired callback) = 0;
  // Called likewise when a function or version can be invoked that could not, or looks
  // different to its code; not for what was there at the start.
  using Ready = UniqueFunction<void(const runtime::FunctionVersionPtr& function)>;
  virtual void on_ready(Ready callback) = 0;
};

}  // namespace lapwing::engine
