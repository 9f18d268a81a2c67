// Dispatcher: the way of an invocation from the caller to an execution environment.
//
// Every function version has a home: one loop, on whose shard its environments live. A
// caller on another loop hands the invocation over and gets the outcome back by message; on
// the same loop nothing but a few coroutine steps lies between.
//
// Thread-safety: invoke() and busiest() on any loop of the group; the rest from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/admission.hpp"
#include "engine/limits.hpp"
#include "engine/reservation.hpp"
#include "engine/shard.hpp"
#include "net/loop_group.hpp"
#include "runtime/execution_environment.hpp"

namespace lapwing::engine {

class Dispatcher {
 public:
  // All outlive the dispatcher.
  Dispatcher(net::LoopGroup& loops, runtime::EnvironmentFactory& factory,
             const MachineGauge& machine, EngineOptions options);
  // stop() first, or the loops stopped.
  ~Dispatcher();

  // Synchronous invocation. Errors: kThrottled (TooManyRequestsException), kUnavailable.
  net::Task<Result<runtime::Outcome>> invoke(net::Loop& here, runtime::FunctionVersionPtr function,
                                             runtime::Invocation invocation,
                                             Reservation place = {});
  // Places for so many invocations, or as many as there are, for so long at most.
  net::Task<std::vector<Reservation>> hold(net::Loop& here, runtime::FunctionVersionPtr function,
                                           std::uint32_t count, Duration longest);
  // That version of the function of that (unqualified) ARN changed or is gone.
  void retire(const std::string& arn, const std::string& version);
  // That version can be invoked now, and probably will be: a start of it may be made cheap.
  void expect(runtime::FunctionVersionPtr function);
  // The concurrency of a function from now on. Takes effect in the order of the calls; before
  // the loops run too.
  void plan(FunctionPlan plan);
  // How far the order for one version is; nothing without one.
  std::optional<ProvisionState> provisioned(const std::string& arn,
                                            const std::string& version) const;
  // Before stop(), while requests in flight may still finish: what is idle is told to end, so
  // that its extensions have their time. Any thread.
  void end_idle();
  // Ends every environment; blocks until they are gone. Not on a loop's thread.
  void stop();

  Admission& admission() { return admission_; }
  EngineTotals totals() const;
  // The `count` functions with the most in flight, busiest first.
  net::Task<std::vector<FunctionUsage>> busiest(net::Loop& here, std::size_t count);

 private:
  std::size_t home_of(const std::string& arn) const;

  net::LoopGroup* loops_;
  runtime::EnvironmentFactory* factory_;
  Admission admission_;
  ProvisionBoard board_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace lapwing::engine
