// Shard: environments kept initialised ahead of invocations.
#include <algorithm>

#include <fmt/core.h>

#include "engine/shard.hpp"

namespace lapwing::engine {
namespace {

std::string board_key(const runtime::FunctionVersion& version) {
  return fmt::format("{}:{}", version.arn, version.version);
}

const ProvisionOrder* order_for(const std::vector<ProvisionOrder>& orders, const Pool& pool) {
  for (const ProvisionOrder& order : orders) {
    if (order.version->version == pool.version->version) return &order;
  }
  return nullptr;
}

}  // namespace

void Shard::plan(const FunctionPlan& plan) {
  if (stopping_) return;
  if (plan.empty() && !functions_.contains(std::string_view(plan.arn))) return;
  if (!sweep_timer_.armed()) sweep_timer_.arm_after(kSweepEvery);
  Function& function = function_for(plan.account, plan.region, plan.arn);
  function.load.reserved = plan.reserved;
  function.load.provisioned = 0;
  for (const std::unique_ptr<Pool>& pool : function.pools) {
    if (pool->provision.wanted == 0 || order_for(plan.provisioned, *pool) != nullptr) continue;
    pool->provision.wanted = 0;
    trim_provisioned(*pool);
    host_.board->erase(board_key(*pool->version));
  }
  for (const ProvisionOrder& order : plan.provisioned) {
    Pool& pool = pool_for(order.version);
    Provision& provision = pool.provision;
    // What did not come up is tried again at once only if the order is another one.
    const bool changed = provision.wanted != order.count;
    provision.wanted = order.count;
    if (changed) {
      provision.trouble = ProvisionState::Trouble::kNone;
      provision.retry_delay = {};
      provision.retry_at = {};
    }
    function.load.provisioned += order.count;
    trim_provisioned(pool);
    publish(pool);
    want_slot(pool);
  }
}

void Shard::started_provisioned(Slot& slot) {
  Pool& pool = *slot.pool;
  Provision& provision = pool.provision;
  if (slot.environment->warm()) {
    ++provision.ready;
    stats_.provisioned_ready.add();
    provision.trouble = ProvisionState::Trouble::kNone;
    provision.retry_delay = {};
    trim_provisioned(pool);
  } else {
    slot.is_ready = false;
    provision.trouble = ProvisionState::Trouble::kInitFailed;
    provision.retry_delay =
        std::clamp(provision.retry_delay * 2, kProvisionRetryMin, kProvisionRetryMax);
    provision.retry_at = loop_->now() + provision.retry_delay;
    retire_provisioned(slot);
  }
  publish(pool);
  release(slot);
}

// Those beyond what is wanted go, oldest first: after a smaller order, and when the
// replacement of an aged one is ready.
void Shard::trim_provisioned(Pool& pool) {
  while (pool.provision.ready > pool.provision.wanted) {
    Slot& slot = *oldest_provisioned(pool);
    if (too_old(slot)) stats_.evictions[index(Eviction::kAge)].add();
    retire_provisioned(slot);
    if (slot.is_idle) end(slot);
  }
  look_for_aged(pool);
}

Slot* Shard::oldest_provisioned(const Pool& pool) const {
  Slot* oldest = nullptr;
  for (const std::unique_ptr<Slot>& slot : pool.slots) {
    if (!slot->is_provisioned || !slot->is_ready || slot->is_retired) continue;
    if (oldest == nullptr || slot->made < oldest->made) oldest = slot.get();
  }
  return oldest;
}

void Shard::look_for_aged(Pool& pool) {
  const Slot* oldest = pool.provision.wanted > 0 ? oldest_provisioned(pool) : nullptr;
  pool.provision.aged = oldest != nullptr && too_old(*oldest);
}

// One is missing, and it is not that others are being started first.
void Shard::say_no_room(Pool& pool) {
  if (!wants_provisioned(pool) || pool.provision.aged || starting_ >= options_.starts_max) return;
  if (pool.provision.trouble == ProvisionState::Trouble::kNoRoom) return;
  pool.provision.trouble = ProvisionState::Trouble::kNoRoom;
  publish(pool);
}

// It counts no more, and ends as soon as it is free.
void Shard::retire_provisioned(Slot& slot) {
  if (!slot.is_provisioned || slot.is_retired) return;
  slot.is_retired = true;
  Provision& provision = slot.pool->provision;
  --provision.alive;
  if (!slot.is_ready) return;
  --provision.ready;
  stats_.provisioned_ready.sub();
  if (provision.wanted > 0) publish(*slot.pool);
}

void Shard::publish(const Pool& pool) {
  const Provision& provision = pool.provision;
  host_.board->set(board_key(*pool.version), {.wanted = provision.wanted,
                                              .ready = std::min(provision.ready, provision.wanted),
                                              .trouble = provision.trouble});
}

}  // namespace lapwing::engine
