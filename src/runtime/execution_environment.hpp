// What the engine needs of an execution environment. `Environment` is the real one; the
// engine's tests have others.
//
// Thread-safety: one loop. initialise(), run() and shutdown() are called one after another.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "net/sync.hpp"
#include "net/task.hpp"
#include "runtime/function_version.hpp"
#include "runtime/invocation.hpp"

namespace lapwing::runtime {

// AWS_LAMBDA_INITIALIZATION_TYPE.
enum class InitializationType { kOnDemand, kProvisioned, kSnapStart };
std::string_view to_string(InitializationType type);  // "provisioned-concurrency"

class ExecutionEnvironment {
 public:
  virtual ~ExecutionEnvironment() = default;
  virtual const FunctionVersionPtr& function() const = 0;
  // A runtime is waiting for work.
  virtual bool warm() const = 0;
  // After a crash or a timeout: not warm, but worth more than a new one, as it has kept /tmp. The
  // next run() starts its runtime again.
  virtual bool resumable() const { return false; }
  // Since when the answer of the current run() is out while the runtime has not yet asked for
  // more: it will be free in a moment. Nothing at any other time.
  virtual std::optional<MonoTime> answered_since() const = 0;
  // The initialisation phase. True when warm; false when the function's own code failed (the
  // next run() repeats it and reports).
  virtual net::Task<bool> initialise() = 0;
  // Takes one invocation through; `answer` gets the outcome as early as possible. Completes
  // when the environment can take the next one.
  virtual net::Task<void> run(Invocation invocation, net::OneShotSender<Outcome> answer) = 0;
  // Kills what runs inside, so that a pending initialise() or run() completes soon, as after
  // a crash. Only shutdown() may follow.
  virtual void interrupt() = 0;
  // Ends it for good and releases everything.
  virtual net::Task<void> shutdown() = 0;
};

// Makes environments for one loop.
class EnvironmentFactory {
 public:
  virtual ~EnvironmentFactory() = default;
  virtual std::unique_ptr<ExecutionEnvironment> make(net::Loop& loop, FunctionVersionPtr function,
                                                     InitializationType type) = 0;
  // An environment of that function is likely to be wanted on that loop. The loop's thread.
  virtual void expect(net::Loop&, const FunctionVersion&) {}
  // Takes that back for all versions of the function of that (unqualified) ARN, which is gone or
  // has changed. The loop's thread.
  virtual void forget(net::Loop&, const std::string&) {}
};

}  // namespace lapwing::runtime
