// Shard: idle environments, and the end of environments.
#include <algorithm>

#include "engine/shard.hpp"

namespace lapwing::engine {

void Shard::activate(Slot& slot) {
  slot.is_active = true;
  ++slot.pool->active;
  memory_mb_ += slot.memory_mb;
}

void Shard::deactivate(Slot& slot) {
  if (!slot.is_active) return;
  slot.is_active = false;
  --slot.pool->active;
  memory_mb_ -= slot.memory_mb;
}

void Shard::put_idle(Slot& slot) {
  deactivate(slot);
  slot.is_idle = true;
  slot.idle_since = loop_->now();
  if (slot.is_provisioned) {
    slot.pool->idle_provisioned.push_back(&slot);
  } else {
    slot.idle_position = idle_.insert(idle_.end(), &slot);
    // One that has to start its runtime first comes after those that need not.
    std::vector<Slot*>& idle = slot.pool->idle;
    idle.insert(slot.environment->warm() ? idle.end() : idle.begin(), &slot);
  }
}

void Shard::remove_idle(Slot& slot) {
  slot.is_idle = false;
  if (!slot.is_provisioned) idle_.erase(slot.idle_position);
  std::vector<Slot*>& idle = slot.is_provisioned ? slot.pool->idle_provisioned : slot.pool->idle;
  idle.erase(std::find(idle.rbegin(), idle.rend(), &slot).base() - 1);
}

void Shard::retire_idle(Pool& pool, bool keep_provisioned) {
  const std::vector<Slot*> idle = pool.idle;
  for (Slot* slot : idle) end(*slot);
  if (keep_provisioned) return;
  const std::vector<Slot*> provisioned = pool.idle_provisioned;
  for (Slot* slot : provisioned) end(*slot);
}

void Shard::retire(const std::string& arn, const std::string& version) {
  const auto found = functions_.find(std::string_view(arn));
  if (found == functions_.end()) return;
  for (const std::unique_ptr<Pool>& pool : found->second->pools) {
    if (pool->version->version != version) continue;
    retire_idle(*pool, true);
    for (const std::unique_ptr<Slot>& slot : pool->slots) {
      if (slot->is_ready && !slot->is_provisioned) slot->is_retired = true;
    }
  }
}

void Shard::evict(Slot& slot, Eviction reason) {
  stats_.evictions[index(reason)].add();
  end(slot);
}

void Shard::end(Slot& slot) {
  retire_provisioned(slot);
  if (slot.is_idle) remove_idle(slot);
  std::vector<std::unique_ptr<Slot>>& slots = slot.pool->slots;
  const auto found = std::find_if(slots.begin(), slots.end(),
                                  [&](const std::unique_ptr<Slot>& s) { return s.get() == &slot; });
  std::unique_ptr<Slot> owned = std::move(*found);
  slots.erase(found);
  deactivate(*owned);
  --alive_;
  if (owned->pool->is_tenants) --owned->pool->function->tenant_environments;
  stats_.environments.set(alive_);
  tasks_.spawn(end_task(std::move(owned)));
}

net::Task<void> Shard::end_task(std::unique_ptr<Slot> slot) {
  co_await slot->environment->shutdown();
  slot.reset();
  serve_hungry();
}

bool Shard::too_old(const Slot& slot) const {
  return loop_->now() - slot.made >= options_.recycle_after;
}

void Shard::sweep() {
  relieve_pressure();
  const MonoTime oldest = loop_->now() - options_.idle_timeout;
  while (!idle_.empty() && idle_.front()->idle_since <= oldest) {
    evict(*idle_.front(), Eviction::kIdle);
  }
  for (auto it = idle_.begin(); it != idle_.end();) {
    Slot& slot = **it++;
    if (too_old(slot)) evict(slot, Eviction::kAge);
  }
  for (const auto& [arn, function] : functions_) {
    for (const std::unique_ptr<Pool>& pool : function->pools) {
      if (pool->provision.wanted == 0) continue;
      look_for_aged(*pool);
      want_slot(*pool);
      say_no_room(*pool);
    }
  }
  erase_unused();
  serve_hungry();
  if (functions_.empty() || stopping_) return;
  sweep_timer_.arm_after(short_of_memory_ ? kSweepUnderPressure : kSweepEvery);
}

void Shard::relieve_pressure() {
  short_of_memory_ = false;
  if (options_.memory_reserve_mb == 0 || host_.machine == nullptr) return;
  const std::optional<std::uint64_t> available = host_.machine->available_mb();
  if (!available || *available >= options_.memory_reserve_mb) return;
  short_of_memory_ = true;
  // What they really give back shows at the next look.
  const std::uint64_t missing_mb = options_.memory_reserve_mb - *available;
  for (std::uint64_t n = missing_mb / kIdleMemoryMb + 1; n > 0 && !idle_.empty(); --n) {
    evict(*idle_.front(), Eviction::kPressure);
  }
}

void Shard::erase_unused() {
  const MonoTime now = loop_->now();
  for (auto it = functions_.begin(); it != functions_.end();) {
    Function& function = *it->second;
    const auto idle = [](const Pool& pool) {
      return pool.slots.empty() && pool.waiters.empty() && pool.provision.wanted == 0 &&
             !pool.is_hungry && !pool.is_crowded;
    };
    std::erase_if(function.by_tenant, [&](const auto& entry) { return idle(*entry.second); });
    std::erase_if(function.pools, [&](const auto& pool) { return idle(*pool); });
    const Load& load = function.load;
    const bool unused = function.pools.empty() && load.in_flight() == 0 && !load.reserved &&
                        load.scaling.full(now) && load.requests.full(now);
    it = unused ? functions_.erase(it) : std::next(it);
  }
}

void Shard::end_idle() {
  for (const auto& [arn, function] : functions_) {
    for (const std::unique_ptr<Pool>& pool : function->pools) retire_idle(*pool, true);
  }
}

net::Task<void> Shard::stop() {
  stopping_ = true;
  sweep_timer_.disarm();
  finish_timer_.disarm();
  line_timer_.disarm();
  held_timer_.disarm();
  held_.clear();
  hungry_.clear();
  crowded_.clear();
  for (const auto& [arn, function] : functions_) {
    for (const std::unique_ptr<Pool>& pool : function->pools) {
      pool->is_hungry = false;
      pool->is_crowded = false;
      pool->content = 0;
      stats_.waiting.sub(pool->waiters.size());
      pool->waiters.clear();
      retire_idle(*pool, false);
      // The others are busy or starting: release() ends them.
      for (const std::unique_ptr<Slot>& slot : pool->slots) slot->environment->interrupt();
    }
  }
  co_await tasks_.join();
}

std::vector<FunctionUsage> Shard::busiest(std::size_t count) const {
  std::vector<FunctionUsage> out;
  out.reserve(functions_.size());
  for (const auto& [arn, function] : functions_) {
    FunctionUsage usage;
    usage.in_flight = function->load.in_flight();
    usage.invocations = function->invocations;
    usage.throttles = function->throttles;
    for (const std::unique_ptr<Pool>& pool : function->pools) {
      usage.environments += pool->slots.size();
      usage.provisioned_ready += pool->provision.ready;
    }
    usage.arn = arn;
    out.push_back(std::move(usage));
  }
  keep_busiest(out, count);
  return out;
}

}  // namespace lapwing::engine
