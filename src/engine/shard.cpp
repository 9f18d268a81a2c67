#include "engine/shard.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "engine/admission.hpp"
#include "net/timeout.hpp"

namespace lapwing::engine {

struct Shard::Slot {
  Pool* pool = nullptr;
  std::unique_ptr<runtime::ExecutionEnvironment> environment;
  std::uint32_t memory_mb = 0;
  bool is_idle = false;
  bool is_active = false;  // starting or running: its memory counts
  MonoTime idle_since{};
  std::list<Slot*>::iterator idle_position;  // in Shard::idle_, while is_idle
};

struct Shard::Pool {
  runtime::FunctionVersionPtr function;  // the newest shape asked for
  std::vector<std::unique_ptr<Slot>> slots;
  std::vector<Slot*> idle;  // back: most recently used
  std::deque<SlotSender> waiters;
  std::uint32_t starting = 0;
};

Shard::Shard(net::Loop& loop, runtime::EnvironmentFactory& factory, EngineOptions options)
    : loop_(&loop),
      factory_(&factory),
      options_(options),
      sweep_timer_(loop, [this] { sweep(); }),
      finish_timer_(loop, [this] { start_waiting_pools(); }),
      tasks_(loop) {}

Shard::~Shard() = default;

Shard::Pool& Shard::pool_for(const runtime::FunctionVersionPtr& function) {
  std::unique_ptr<Pool>& pool = pools_[fmt::format("{}:{}", function->arn, function->version)];
  if (!pool) {
    pool = std::make_unique<Pool>();
    pool->function = function;
  } else if (pool->function != function) {
    const bool same = runtime::same_environment(*pool->function, *function);
    pool->function = function;
    if (!same) retire_idle(*pool, false);
  }
  return *pool;
}

Shard::Slot* Shard::take_idle(Pool& pool) {
  if (pool.idle.empty()) return nullptr;
  Slot* slot = pool.idle.back();
  remove_idle(*slot);
  activate(*slot);
  return slot;
}

net::Task<Result<runtime::Outcome>> Shard::invoke(runtime::FunctionVersionPtr function,
                                                  runtime::Invocation invocation) {
  if (stopping_) co_return fail(make_error(ErrorKind::kUnavailable, "The server is stopping"));
  if (!sweep_timer_.armed()) sweep_timer_.arm_after(kSweepEvery);
  stats_.invocations.fetch_add(1, std::memory_order_relaxed);
  Pool& pool = pool_for(function);
  Slot* slot = take_idle(pool);
  if (slot == nullptr) {
    Result<Slot*> waited = co_await wait_for_slot(pool);
    if (!waited) {
      stats_.throttles.fetch_add(1, std::memory_order_relaxed);
      co_return fail(std::move(waited).error());
    }
    slot = *waited;
  }
  auto [sender, receiver] = net::one_shot<runtime::Outcome>(*loop_);
  stats_.busy.fetch_add(1, std::memory_order_relaxed);
  tasks_.spawn(drive(*slot, std::move(invocation), std::move(sender)));
  Result<runtime::Outcome> outcome = co_await receiver;
  if (outcome && outcome->kind == runtime::Outcome::Kind::kFunctionError) {
    stats_.function_errors.fetch_add(1, std::memory_order_relaxed);
  }
  if (!outcome || outcome->kind == runtime::Outcome::Kind::kPlatformError) {
    stats_.platform_errors.fetch_add(1, std::memory_order_relaxed);
  }
  co_return outcome;
}

net::Task<Result<Shard::Slot*>> Shard::wait_for_slot(Pool& pool) {
  auto [sender, receiver] = net::one_shot<Slot*>(*loop_);
  pool.waiters.push_back(std::move(sender));
  ++waiting_;
  start_wanted(pool);
  // The time counts only while the machine has no room: an environment that is being
  // initialised has its own limit.
  while (true) {
    auto wait = [](net::OneShotReceiver<Slot*>& slot) -> net::Task<Result<Slot*>> {
      co_return co_await slot;
    };
    Result<Slot*> got = co_await net::with_timeout(*loop_, kRoomWaitMax, wait(receiver));
    if (got || got.error().kind() != ErrorKind::kTimeout) co_return got;
    if (pool.starting == 0) {
      co_return fail(throttled("ConcurrentInvocationLimitExceeded"));
    }
  }
}

bool Shard::make_room(std::uint32_t memory_mb) {
  // One environment may always run, however large.
  if (memory_mb_ > 0 && memory_mb_ + memory_mb > options_.memory_mb_max) return false;
  if (alive_ < options_.environments_max) return true;
  if (idle_.empty()) return false;
  end(*idle_.front());
  return true;
}

std::size_t Shard::finishing(const Pool& pool) const {
  const MonoTime latest = loop_->now() - kFinishExpected;
  std::size_t count = 0;
  for (const std::unique_ptr<Slot>& slot : pool.slots) {
    const std::optional<MonoTime> since = slot->environment->answered_since();
    if (since && *since > latest) ++count;
  }
  return count;
}

void Shard::start_wanted(Pool& pool) {
  const std::size_t soon_free = finishing(pool);
  if (soon_free > 0 && !finish_timer_.armed()) finish_timer_.arm_after(kFinishExpected);
  while (pool.starting + soon_free < pool.waiters.size() && starting_ < options_.starts_max &&
         !stopping_) {
    // Waiters whose caller has gone need no environment.
    while (!pool.waiters.empty() && pool.waiters.front().receiver_gone()) {
      pool.waiters.pop_front();
      --waiting_;
    }
    if (pool.starting + soon_free >= pool.waiters.size()) return;
    const std::uint32_t memory_mb = pool.function->memory_mb;
    if (!make_room(memory_mb)) return;
    auto slot = std::make_unique<Slot>();
    slot->pool = &pool;
    slot->memory_mb = memory_mb;
    slot->environment = factory_->make(*loop_, pool.function);
    activate(*slot);
    ++alive_;
    ++starting_;
    ++pool.starting;
    stats_.environments.store(alive_, std::memory_order_relaxed);
    stats_.cold_starts.fetch_add(1, std::memory_order_relaxed);
    tasks_.spawn(start(*slot));
    pool.slots.push_back(std::move(slot));
  }
}

// After room became free. Most of the time nobody waits, and no pool is looked at.
void Shard::start_waiting_pools() {
  if (waiting_ == 0) return;
  for (auto& [key, pool] : pools_) {
    if (!pool->waiters.empty()) start_wanted(*pool);
  }
}

net::Task<void> Shard::start(Slot& slot) {
  co_await slot.environment->initialise();
  --starting_;
  --slot.pool->starting;
  release(slot);
  start_waiting_pools();
}

net::Task<void> Shard::drive(Slot& slot, runtime::Invocation invocation,
                             net::OneShotSender<runtime::Outcome> answer) {
  co_await slot.environment->run(std::move(invocation), std::move(answer));
  stats_.busy.fetch_sub(1, std::memory_order_relaxed);
  release(slot);
}

void Shard::release(Slot& slot) {
  Pool& pool = *slot.pool;
  const bool current =
      !stopping_ && runtime::same_environment(*slot.environment->function(), *pool.function);
  if (!current) {
    end(slot);
    start_wanted(pool);
    return;
  }
  while (!pool.waiters.empty()) {
    SlotSender waiter = std::move(pool.waiters.front());
    pool.waiters.pop_front();
    --waiting_;
    if (waiter.send(&slot)) return;
  }
  if (slot.environment->warm()) {
    put_idle(slot);
    start_waiting_pools();
  } else {
    // Nobody waits for its failure to be repeated; the next invocation starts afresh.
    end(slot);
  }
}

void Shard::activate(Slot& slot) {
  slot.is_active = true;
  memory_mb_ += slot.memory_mb;
}

void Shard::deactivate(Slot& slot) {
  if (!slot.is_active) return;
  slot.is_active = false;
  memory_mb_ -= slot.memory_mb;
}

void Shard::put_idle(Slot& slot) {
  deactivate(slot);
  slot.is_idle = true;
  slot.idle_since = loop_->now();
  slot.idle_position = idle_.insert(idle_.end(), &slot);
  slot.pool->idle.push_back(&slot);
}

void Shard::remove_idle(Slot& slot) {
  slot.is_idle = false;
  idle_.erase(slot.idle_position);
  std::vector<Slot*>& idle = slot.pool->idle;
  idle.erase(std::find(idle.rbegin(), idle.rend(), &slot).base() - 1);
}

void Shard::retire_idle(Pool& pool, bool all) {
  const std::vector<Slot*> idle = pool.idle;
  for (Slot* slot : idle) {
    if (all || !runtime::same_environment(*slot->environment->function(), *pool.function)) {
      end(*slot);
    }
  }
}

void Shard::retire(const std::string& arn) {
  const std::string prefix = arn + ":";
  for (auto it = pools_.lower_bound(prefix); it != pools_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    retire_idle(*it->second, true);
  }
}

void Shard::end(Slot& slot) {
  if (slot.is_idle) remove_idle(slot);
  std::vector<std::unique_ptr<Slot>>& slots = slot.pool->slots;
  const auto found = std::find_if(slots.begin(), slots.end(),
                                  [&](const std::unique_ptr<Slot>& s) { return s.get() == &slot; });
  std::unique_ptr<Slot> owned = std::move(*found);
  slots.erase(found);
  deactivate(*owned);
  --alive_;
  stats_.environments.store(alive_, std::memory_order_relaxed);
  tasks_.spawn(end_task(std::move(owned)));
}

net::Task<void> Shard::end_task(std::unique_ptr<Slot> slot) {
  co_await slot->environment->shutdown();
  slot.reset();
  start_waiting_pools();
}

void Shard::sweep() {
  const MonoTime oldest = loop_->now() - options_.idle_timeout;
  while (!idle_.empty() && idle_.front()->idle_since <= oldest) end(*idle_.front());
  for (auto it = pools_.begin(); it != pools_.end();) {
    const Pool& pool = *it->second;
    it = pool.slots.empty() && pool.waiters.empty() ? pools_.erase(it) : std::next(it);
  }
  if (!pools_.empty() && !stopping_) sweep_timer_.arm_after(kSweepEvery);
}

net::Task<void> Shard::stop() {
  stopping_ = true;
  sweep_timer_.disarm();
  finish_timer_.disarm();
  for (auto& [key, pool] : pools_) {
    waiting_ -= pool->waiters.size();
    pool->waiters.clear();
    retire_idle(*pool, true);
    // The others are busy or starting: release() ends them.
    for (const std::unique_ptr<Slot>& slot : pool->slots) slot->environment->interrupt();
  }
  co_await tasks_.join();
}

}  // namespace lapwing::engine
