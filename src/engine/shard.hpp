// Shard: the pools of execution environments that live on one loop.
//
// A pool is the environments of one function version: a stack of idle ones (most recently
// used first) and a queue of invocations that wait. An invocation that finds none idle
// starts one, unless one has just answered and is about to be free; whichever is free first, that
// one or another that finished, takes the oldest waiter. At the limit of environments the one idle
// longest, of any function, makes room; when none is idle, or the memory of those at work is at its
// limit, the invocation waits.
//
// Where many of a quick function are at work already, and make each other slower, a further
// invocation waits a few milliseconds for one of them, though others are idle or could be started,
// and one after the other of those at work falls idle; once they are no slower than one alone, one
// after the other is at work again. An invocation that finds all of them at work, which seldom
// happens, waits for one of them, too, before another is started. Those who wait so are *content*;
// all others are hungry for an environment.
//
// Pools that want an environment and cannot have one stand in a line and are served in turn,
// one environment each, so a flood for one function does not keep another from its first. A
// function that has none and has waited for kFairPatience gets the place of an environment
// that becomes free, though its own function has more waiting.
//
// Of a function with tenant isolation each tenant has a pool of its own, and no environment is ever
// handed from one to another. All its tenants together have a limit; there the environment idle
// longest of any of them makes room.
//
// A function that changed gets new environments: idle ones of the old shape end at once,
// busy ones when they are done.
//
// Provisioned environments are started ahead, kept however long they are idle, replaced when
// they die or grow old, and never make room for others.
//
// Thread-safety: the loop's thread, except stats().
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "engine/admission.hpp"
#include "engine/limits.hpp"
#include "engine/machine_gauge.hpp"
#include "engine/plan.hpp"
#include "engine/pool.hpp"
#include "engine/stats.hpp"
#include "net/loop.hpp"
#include "net/sync.hpp"
#include "net/task_group.hpp"
#include "net/timer.hpp"
#include "runtime/execution_environment.hpp"

namespace lapwing::engine {

// What shards share; everything outlives them.
struct ShardHost {
  runtime::EnvironmentFactory* factory = nullptr;
  Admission* admission = nullptr;
  ProvisionBoard* board = nullptr;
  const MachineGauge* machine = nullptr;
};

class Shard {
 public:
  // `options` holds this shard's part of the machine.
  Shard(net::Loop& loop, ShardHost host, EngineOptions options);
  ~Shard();

  // kThrottled (TooManyRequestsException with its Reason), kUnavailable while stopping.
  // `held`: the place for it, of hold(); 0: none is.
  net::Task<Result<runtime::Outcome>> invoke(runtime::FunctionVersionPtr function,
                                             runtime::Invocation invocation,
                                             std::uint64_t held = 0);
  // Places for so many invocations of it, or as many as there are, for so long at most
  // (reservation.hpp). 0 is the id of one that needs none.
  std::vector<std::uint64_t> hold(const runtime::FunctionVersionPtr& function, std::uint32_t count,
                                  Duration longest);
  void let_go(std::uint64_t id);
  // The server is about to stop: what is idle ends now, while requests in flight may finish.
  void end_idle();
  // This version of the function is gone or changed: its idle environments end now, busy ones
  // when done. Provisioned ones go by plan().
  void retire(const std::string& arn, const std::string& version);
  // The concurrency of a function, instead of what was planned before.
  void plan(const FunctionPlan& plan);
  // Ends every environment, busy ones too; completes when all are gone. invoke() fails from
  // here on.
  net::Task<void> stop();

  const ShardStats& stats() const { return stats_; }
  // The `count` functions with the most in flight.
  std::vector<FunctionUsage> busiest(std::size_t count) const;

 private:
  friend class Lease;

  // shard.cpp: the way of an invocation
  Function& function_for(const AccountId& account, const Region& region, std::string_view arn);
  // `tenant`: where environments are of one tenant each.
  Pool& pool_for(const runtime::FunctionVersionPtr& version, std::string_view tenant = {});
  Pool& tenant_pool(Function& function, const runtime::FunctionVersionPtr& version,
                    std::string_view tenant);
  void renew(Pool& pool, const runtime::FunctionVersionPtr& version);
  std::expected<Ticket, Throttle> admit(Pool& pool);
  std::expected<Ticket, Throttle> admit_held(Pool& pool, std::uint64_t id);  // holding.cpp
  void look_at_held();
  Slot* take_idle(Pool& pool, Ticket::Kind kind);
  std::expected<bool, Throttle> charge_start(Pool& pool);
  net::Task<Result<Lease>> wait_for_slot(Pool& pool, Duration content_for);
  net::Task<void> drive(Slot& slot, Ticket ticket, runtime::Invocation invocation,
                        net::OneShotSender<runtime::Outcome> answer);
  void release(Slot& slot);
  static bool can_wait_cold(const Slot& slot);
  Error refuse(Function& function, Throttle reason);

  // starting.cpp: who gets an environment next
  // How long an invocation that has just come is content to wait for one at work; zero: not.
  Duration rather_waits(Pool& pool, Ticket::Kind kind);
  bool is_crowded(const Pool& pool);
  bool more_than_enough(const Pool& pool) const;
  // Whether one that was at work should fall idle, though invocations are content to wait for it.
  bool fewer_are_better(Pool& pool);
  void try_one_more(Pool& pool);
  void hand_out_one(Pool& pool);  // one idle, to the next in line
  bool processors_are_short();
  void stand_in_line(Pool& pool, net::OneShotSender<Lease> sender, Duration content_for);
  net::OneShotSender<Lease> next_in_line(Pool& pool);
  void look_at_line();
  MonoTime hand_out_idle(Pool& pool);
  std::uint32_t finishing(const Pool& pool) const;
  bool wants_on_demand(Pool& pool);
  bool wants_provisioned(const Pool& pool) const;
  bool is_covered(const Pool& pool) const;
  void want_slot(Pool& pool);
  void serve_hungry();
  bool no_room_at_all() const;
  bool start_one(Pool& pool);
  bool make_room(std::uint32_t memory_mb);
  // Among the environments of the function's tenants; the one idle longest gives way.
  bool make_tenant_room(const Function& function);
  Slot& make_slot(Pool& pool, bool provisioned);
  net::Task<void> start(Slot& slot);
  bool gives_way(const Slot& slot) const;

  // upkeep.cpp: the end of environments
  void activate(Slot& slot);
  void deactivate(Slot& slot);
  void put_idle(Slot& slot);
  void remove_idle(Slot& slot);
  void retire_idle(Pool& pool, bool keep_provisioned);
  void evict(Slot& slot, Eviction reason);
  void end(Slot& slot);
  net::Task<void> end_task(std::unique_ptr<Slot> slot);
  void sweep();
  void relieve_pressure();
  bool too_old(const Slot& slot) const;
  void erase_unused();

  // provisioning.cpp: environments kept ahead
  void started_provisioned(Slot& slot);
  void trim_provisioned(Pool& pool);
  void retire_provisioned(Slot& slot);
  Slot* oldest_provisioned(const Pool& pool) const;
  void look_for_aged(Pool& pool);
  void say_no_room(Pool& pool);
  void publish(const Pool& pool);

  struct Held {
    Ticket ticket;
    MonoTime until;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>{}(key);
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return a == b; }
  };

  net::Loop* loop_;
  ShardHost host_;
  EngineOptions options_;
  ShardStats stats_;
  std::unordered_map<std::string, std::unique_ptr<Function>, Hash, Equal> functions_;  // by ARN
  std::unordered_map<std::uint64_t, Held> held_;                                       // by id
  std::uint64_t last_held_ = 0;
  std::list<Slot*> idle_;        // of all pools, longest idle first; provisioned ones not
  std::list<Pool*> hungry_;      // want an environment; the next to be served first
  std::vector<Pool*> crowded_;   // have content waiters
  std::uint64_t memory_mb_ = 0;  // of starting and running environments
  std::uint32_t alive_ = 0;
  std::uint32_t starting_ = 0;
  bool short_of_memory_ = false;
  bool short_of_processors_ = false;
  MonoTime processors_looked_{};  // and what the machine said then
  Duration processor_waits_{};
  bool serving_ = false;  // in serve_hungry()
  bool stopping_ = false;
  net::Timer sweep_timer_;
  net::Timer finish_timer_;  // looks again when an expected one did not come free
  net::Timer line_timer_;    // when the first content waiter no longer is
  net::Timer held_timer_;    // when a place was held for too long
  net::TaskGroup tasks_;
};

}  // namespace lapwing::engine
