// Dispatcher: the way of an invocation from whoever asks to an execution environment.
//
// Every function version has a home: one loop, on whose shard its environments live. A
// caller on another loop hands the invocation over and gets the outcome back by message; on
// the same loop nothing but a few coroutine steps lies between.
//
// Thread-safety: invoke() on any loop of the group; retire(), stop() and totals() from any
// thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/admission.hpp"
#include "engine/limits.hpp"
#include "engine/shard.hpp"
#include "net/loop_group.hpp"
#include "runtime/execution_environment.hpp"

namespace lapwing::engine {

struct EngineTotals {
  std::uint64_t invocations = 0;
  std::uint64_t function_errors = 0;
  std::uint64_t platform_errors = 0;
  std::uint64_t throttles = 0;
  std::uint64_t cold_starts = 0;
  std::uint64_t environments = 0;
  std::uint64_t busy = 0;
};

class Dispatcher {
 public:
  Dispatcher(net::LoopGroup& loops, runtime::EnvironmentFactory& factory, EngineOptions options);
  // stop() first, or the loops stopped.
  ~Dispatcher();

  // Synchronous invocation. Errors: kThrottled (TooManyRequestsException), kUnavailable.
  net::Task<Result<runtime::Outcome>> invoke(net::Loop& here, runtime::FunctionVersionPtr function,
                                             runtime::Invocation invocation);
  // The function of that ARN changed or is gone.
  void retire(const std::string& arn);
  // Ends every environment; blocks until they are gone. Not on a loop's thread.
  void stop();

  Admission& admission() { return admission_; }
  EngineTotals totals() const;

 private:
  std::size_t home_of(const std::string& arn) const;

  net::LoopGroup* loops_;
  Admission admission_;
  std::atomic<std::uint64_t> refused_{0};
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace lapwing::engine
