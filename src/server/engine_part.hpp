// The engine of an Instance, and what Lambda's control plane asks of it.
//
// Thread-safety: made and stopped by one thread; the rest from any.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/unique_function.hpp"
#include "engine/dispatcher.hpp"
#include "engine/machine_gauge.hpp"
#include "net/worker_pool.hpp"
#include "services/lambda/service.hpp"

namespace lapwing::server {

// What Lambda is given before there is an engine: its steps in the background have threads of their
// own, so that unpacking holds up no operation, and pulls, each of which takes one for as long as a
// registry does, have others.
class EngineOrders final : public lambda::Scaling {
 public:
  EngineOrders(lambda::Snapshots& snapshots, std::size_t step_threads);

  lambda::EngineSide side() { return {steps_, pulls_, *this, snapshots_}; }
  // Before the services start.
  void bind(engine::Dispatcher& dispatcher) { dispatcher_ = &dispatcher; }
  // Steps under way end; what comes later runs on the caller's thread.
  void stop();
  std::size_t steps_waiting() const { return steps_.pool.queued(); }

  void plan(engine::FunctionPlan plan) override { dispatcher_->plan(std::move(plan)); }
  void set_unreserved(const AccountId& account, const Region& region,
                      std::uint32_t limit) override {
    dispatcher_->admission().set_unreserved(account, region, limit);
  }
  std::optional<engine::ProvisionState> provisioned(const std::string& arn,
                                                    const std::string& version) const override {
    return dispatcher_->provisioned(arn, version);
  }

 private:
  // On the caller's thread where the pool is full, so that nothing begun is dropped.
  struct Executor final : lambda::Executor {
    explicit Executor(std::size_t threads) : pool(threads) {}
    void post(UniqueFunction<void()> job) override;
    net::WorkerPool pool;
  };

  lambda::Snapshots& snapshots_;
  engine::Dispatcher* dispatcher_ = nullptr;
  Executor steps_;
  Executor pulls_;
};

struct EnginePart {
  EnginePart(net::LoopGroup& loops, runtime::EnvironmentFactory& environments,
             const engine::EngineOptions& options)
      : dispatcher(loops, environments, gauge, options) {}

  engine::ProcMachineGauge gauge;
  engine::Dispatcher dispatcher;
};

}  // namespace lapwing::server
