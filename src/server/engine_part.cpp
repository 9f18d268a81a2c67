#include "server/engine_part.hpp"

#include <memory>
#include <utility>

#include "net/loop.hpp"
#include "server/admission.hpp"
#include "server/limits.hpp"

namespace lapwing::server {

EngineOrders::EngineOrders(Machine& machine, http::Memory& memory, std::size_t step_threads)
    : memory_(memory),
      steps_(step_threads),
      pulls_(kPullThreads),
      side_{steps_, pulls_, *this, machine, *this, machine.catalogue(), machine.network_modes()} {}

net::Task<Result<runtime::Outcome>> EngineOrders::invoke(net::Loop& here,
                                                         runtime::FunctionVersionPtr function,
                                                         runtime::Invocation invocation) {
  return invoke_held(here, std::move(function), std::move(invocation), {});
}

net::Task<std::vector<engine::Reservation>> EngineOrders::hold(net::Loop& here,
                                                               runtime::FunctionVersionPtr function,
                                                               std::uint32_t count) {
  return dispatcher_->hold(here, std::move(function), count, engine::kHoldMax);
}

net::Task<Result<runtime::Outcome>> EngineOrders::invoke_held(net::Loop& here,
                                                              runtime::FunctionVersionPtr function,
                                                              runtime::Invocation invocation,
                                                              engine::Reservation place) {
  http::CallerId caller = invocation.caller;
  caller.part = 0;  // payloads are the caller's, whichever function they are for
  LAPWING_CO_TRY([[maybe_unused]] const http::Charge payload,
                 payload_room(memory_, caller, invocation.payload.size()));
  co_return co_await dispatcher_->invoke(here, std::move(function), std::move(invocation),
                                         std::move(place));
}

void EngineOrders::Executor::post(UniqueFunction<void()> job) {
  auto shared = std::make_shared<UniqueFunction<void()>>(std::move(job));
  if (!pool.submit([shared] { (*shared)(); })) (*shared)();
}

void EngineOrders::stop() {
  steps_.pool.stop();
  pulls_.pool.stop();
}

}  // namespace lapwing::server
