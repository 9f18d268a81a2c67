// Shard: the pools of execution environments that live on one loop.
//
// A pool is the environments of one function version: a stack of idle ones (most recently
// used first) and a queue of invocations that wait. An invocation that finds none idle
// starts one, unless one has just answered and is about to be free; whichever is free first, that
// one or another that finished, takes the oldest waiter. At the limit of environments the one idle
// longest, of any function, makes room; when none is idle, or the memory of those at work is at its
// limit, the invocation waits.
//
// A function that changed gets new environments: idle ones of the old shape end at once,
// busy ones when they are done.
//
// Thread-safety: the loop's thread, except stats().
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/limits.hpp"
#include "net/loop.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "net/timer.hpp"
#include "runtime/execution_environment.hpp"

namespace lapwing::engine {

struct ShardStats {
  std::atomic<std::uint64_t> invocations{0};
  std::atomic<std::uint64_t> function_errors{0};
  std::atomic<std::uint64_t> platform_errors{0};
  std::atomic<std::uint64_t> throttles{0};
  std::atomic<std::uint64_t> cold_starts{0};
  std::atomic<std::uint64_t> environments{0};  // alive now
  std::atomic<std::uint64_t> busy{0};          // running an invocation now
};

class Shard {
 public:
  // `options` holds this shard's part of the machine.
  Shard(net::Loop& loop, runtime::EnvironmentFactory& factory, EngineOptions options);
  ~Shard();

  // kThrottled when the machine had no room for kRoomWaitMax, kUnavailable while stopping.
  net::Task<Result<runtime::Outcome>> invoke(runtime::FunctionVersionPtr function,
                                             runtime::Invocation invocation);
  // The function is gone or changed: its idle environments end now, busy ones when done.
  void retire(const std::string& arn);
  // Ends every environment, busy ones too; completes when all are gone. invoke() fails from
  // here on.
  net::Task<void> stop();

  const ShardStats& stats() const { return stats_; }

 private:
  struct Pool;
  struct Slot;
  using SlotSender = net::OneShotSender<Slot*>;

  Pool& pool_for(const runtime::FunctionVersionPtr& function);
  Slot* take_idle(Pool& pool);
  net::Task<Result<Slot*>> wait_for_slot(Pool& pool);
  void start_wanted(Pool& pool);
  void start_waiting_pools();
  // Environments that have answered and will be free in a moment.
  std::size_t finishing(const Pool& pool) const;
  bool make_room(std::uint32_t memory_mb);
  net::Task<void> start(Slot& slot);
  net::Task<void> drive(Slot& slot, runtime::Invocation invocation,
                        net::OneShotSender<runtime::Outcome> answer);
  void release(Slot& slot);
  void activate(Slot& slot);
  void deactivate(Slot& slot);
  void put_idle(Slot& slot);
  void remove_idle(Slot& slot);
  void retire_idle(Pool& pool, bool all);
  void end(Slot& slot);
  net::Task<void> end_task(std::unique_ptr<Slot> slot);
  void sweep();

  net::Loop* loop_;
  runtime::EnvironmentFactory* factory_;
  EngineOptions options_;
  ShardStats stats_;
  std::map<std::string, std::unique_ptr<Pool>> pools_;  // by function ARN and version
  std::list<Slot*> idle_;                               // of all pools, longest idle first
  std::uint64_t memory_mb_ = 0;                         // of starting and running environments
  std::uint32_t alive_ = 0;
  std::uint32_t starting_ = 0;
  std::size_t waiting_ = 0;  // invocations in the pools' queues
  bool stopping_ = false;
  net::Timer sweep_timer_;
  net::Timer finish_timer_;  // looks again when an expected one did not come free
  net::TaskGroup tasks_;
};

}  // namespace lapwing::engine
