#include "server/engine_part.hpp"

#include <memory>
#include <utility>

#include "server/limits.hpp"

namespace lapwing::server {

EngineOrders::EngineOrders(lambda::Snapshots& snapshots, std::size_t step_threads)
    : snapshots_(snapshots), steps_(step_threads), pulls_(kPullThreads) {}

void EngineOrders::Executor::post(UniqueFunction<void()> job) {
  auto shared = std::make_shared<UniqueFunction<void()>>(std::move(job));
  if (!pool.submit([shared] { (*shared)(); })) (*shared)();
}

void EngineOrders::stop() {
  steps_.pool.stop();
  pulls_.pool.stop();
}

}  // namespace lapwing::server
