// The engine of an Instance, and what the control plane of functions asks of it.
//
// Thread-safety: made and stopped by one thread; the rest from any.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/unique_function.hpp"
#include "engine/control_plane.hpp"
#include "engine/dispatcher.hpp"
#include "engine/machine_gauge.hpp"
#include "http/budget.hpp"
#include "net/worker_pool.hpp"
#include "server/platform.hpp"

namespace lapwing::server {

// What the control plane is given before there is an engine: its steps in the background have
// threads of their own, so that unpacking holds up no operation, and pulls, each of which takes one
// for as long as a registry does, have others.
class EngineOrders final : public engine::Scaling, public engine::Invoker {
 public:
  // Both outlive it.
  EngineOrders(Machine& machine, http::Memory& memory, std::size_t step_threads);

  const engine::EngineSide& side() const { return side_; }
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
  net::Task<Result<runtime::Outcome>> invoke(net::Loop& here, runtime::FunctionVersionPtr function,
                                             runtime::Invocation invocation) override;
  net::Task<std::vector<engine::Reservation>> hold(net::Loop& here,
                                                   runtime::FunctionVersionPtr function,
                                                   std::uint32_t count) override;
  net::Task<Result<runtime::Outcome>> invoke_held(net::Loop& here,
                                                  runtime::FunctionVersionPtr function,
                                                  runtime::Invocation invocation,
                                                  engine::Reservation place) override;

 private:
  // On the caller's thread where the pool is full, so that nothing begun is dropped.
  struct Executor final : engine::Executor {
    explicit Executor(std::size_t threads) : pool(threads) {}
    void post(UniqueFunction<void()> job) override;
    net::WorkerPool pool;
  };

  http::Memory& memory_;
  engine::Dispatcher* dispatcher_ = nullptr;
  Executor steps_;
  Executor pulls_;
  const engine::EngineSide side_;
};

struct EnginePart {
  EnginePart(net::LoopGroup& loops, runtime::EnvironmentFactory& environments,
             const engine::EngineOptions& options)
      : dispatcher(loops, environments, gauge, options) {}

  engine::ProcMachineGauge gauge;
  engine::Dispatcher dispatcher;
};

}  // namespace lapwing::server
