#include "engine/shard.hpp"

#include <utility>

#include "net/timeout.hpp"

namespace lapwing::engine {

Shard::Shard(net::Loop& loop, ShardHost host, EngineOptions options)
    : loop_(&loop),
      host_(host),
      options_(options),
      sweep_timer_(loop, [this] { sweep(); }),
      finish_timer_(loop, [this] { serve_hungry(); }),
      line_timer_(loop, [this] { look_at_line(); }),
      held_timer_(loop, [this] { look_at_held(); }),
      tasks_(loop) {}

Shard::~Shard() = default;

void Lease::give_back() {
  if (slot_ != nullptr) shard_->release(*std::exchange(slot_, nullptr));
}

Function& Shard::function_for(const AccountId& account, const Region& region,
                              std::string_view arn) {
  const auto found = functions_.find(arn);
  if (found != functions_.end()) return *found->second;
  auto made = std::make_unique<Function>();
  made->arn = arn;
  made->load.account = host_.admission->account(account, region);
  made->load.stats = &stats_;
  return *functions_.emplace(arn, std::move(made)).first->second;
}

Pool& Shard::tenant_pool(Function& function, const runtime::FunctionVersionPtr& version,
                         std::string_view tenant) {
  std::string key = version->version;
  key += '\0';
  key += tenant;
  Pool*& pool = function.by_tenant[std::move(key)];
  if (pool == nullptr) {
    auto made = std::make_unique<Pool>();
    made->function = &function;
    made->version = version;
    made->is_tenants = true;
    pool = function.pools.emplace_back(std::move(made)).get();
  } else if (pool->version != version) {
    renew(*pool, version);
  }
  return *pool;
}

Pool& Shard::pool_for(const runtime::FunctionVersionPtr& version, std::string_view tenant) {
  Function& function = function_for(version->account, version->region, version->arn);
  if (version->per_tenant) return tenant_pool(function, version, tenant);
  for (const std::unique_ptr<Pool>& pool : function.pools) {
    if (pool->version == version) return *pool;
    if (pool->version->version == version->version) {
      renew(*pool, version);
      return *pool;
    }
  }
  auto made = std::make_unique<Pool>();
  made->function = &function;
  made->version = version;
  return *function.pools.emplace_back(std::move(made));
}

void Shard::renew(Pool& pool, const runtime::FunctionVersionPtr& version) {
  const bool same = runtime::same_environment(*pool.version, *version);
  pool.version = version;
  if (same) return;
  ++pool.shape;
  retire_idle(pool, false);
}

// Provisioned environments were paid for; everything else needs a place.
std::expected<Ticket, Throttle> Shard::admit(Pool& pool) {
  Load& load = pool.function->load;
  if (!admit_request(load, options_, loop_->now())) return std::unexpected(Throttle::kReservedRate);
  if (!pool.idle_provisioned.empty()) return Ticket(load, Ticket::Kind::kProvisioned);
  std::expected<Ticket, Throttle> ticket = admit_on_demand(load, 0);
  if (ticket) return ticket;
  std::uint32_t about_to_leave = 0;
  for (const std::unique_ptr<Pool>& each : pool.function->pools) about_to_leave += finishing(*each);
  return about_to_leave == 0 ? std::move(ticket) : admit_on_demand(load, about_to_leave);
}

// Null when none is idle.
Slot* Shard::take_idle(Pool& pool, Ticket::Kind kind) {
  std::vector<Slot*>& idle = kind == Ticket::Kind::kProvisioned ? pool.idle_provisioned : pool.idle;
  if (idle.empty()) return nullptr;
  Slot* slot = idle.back();
  remove_idle(*slot);
  activate(*slot);
  return slot;
}

// Whether one more environment was counted, which this invocation seems to need.
std::expected<bool, Throttle> Shard::charge_start(Pool& pool) {
  const std::size_t hungry = pool.waiters.size() - pool.content;
  if (options_.scaling_rate == 0 || pool.starting + finishing(pool) > hungry) return false;
  if (!pool.function->load.scaling.take(loop_->now(), options_.scaling_rate, kScalingPeriod)) {
    return std::unexpected(Throttle::kScalingRate);
  }
  return true;
}

Error Shard::refuse(Function& function, Throttle reason) {
  ++function.throttles;
  stats_.throttles[index(reason)].add();
  return throttled(reason);
}

net::Task<Result<runtime::Outcome>> Shard::invoke(runtime::FunctionVersionPtr function,
                                                  runtime::Invocation invocation,
                                                  std::uint64_t held) {
  if (stopping_) co_return fail(make_error(ErrorKind::kUnavailable, "The server is stopping"));
  if (!sweep_timer_.armed()) sweep_timer_.arm_after(kSweepEvery);
  // By whichever way it is invoked: without a tenant there is no environment for it.
  if (function->per_tenant && invocation.tenant_id.empty()) {
    co_return fail(make_error(ErrorKind::kInvalid, "The function is invoked for a tenant only"));
  }
  stats_.invocations.add();
  Pool& pool = pool_for(function, invocation.tenant_id);
  ++pool.function->invocations;
  std::expected<Ticket, Throttle> ticket = held == 0 ? admit(pool) : admit_held(pool, held);
  if (!ticket) co_return fail(refuse(*pool.function, ticket.error()));
  Slot* slot = nullptr;
  const Duration content_for = rather_waits(pool, ticket->kind());
  bool charged = false;
  if (content_for == Duration::zero()) slot = take_idle(pool, ticket->kind());
  if (content_for == Duration::zero() && slot == nullptr) {
    const std::expected<bool, Throttle> start = charge_start(pool);
    if (!start) co_return fail(refuse(*pool.function, start.error()));
    charged = *start;
  }
  if (slot == nullptr) {
    Result<Lease> waited = co_await wait_for_slot(pool, content_for);
    if (!waited) co_return fail(std::move(waited).error());
    slot = &waited->take();
    // One that had become free was as good.
    if (charged && slot->has_run) {
      slot->pool->function->load.scaling.give_back(options_.scaling_rate, kScalingPeriod);
    }
  }
  if (slot->is_provisioned) {
    stats_.provisioned_runs.add();
  } else if (pool.provision.wanted > 0) {
    stats_.spillovers.add();
  }
  auto [sender, receiver] = net::one_shot<runtime::Outcome>(*loop_);
  stats_.busy.add();
  if (slot->is_provisioned) stats_.provisioned_in_use.add();
  tasks_.spawn(drive(*slot, *std::move(ticket), std::move(invocation), std::move(sender)));
  Result<runtime::Outcome> outcome = co_await receiver;
  if (outcome && outcome->kind == runtime::Outcome::Kind::kFunctionError) {
    stats_.function_errors.add();
  }
  if (!outcome || outcome->kind == runtime::Outcome::Kind::kPlatformError) {
    stats_.platform_errors.add();
  }
  co_return outcome;
}

net::Task<Result<Lease>> Shard::wait_for_slot(Pool& pool, Duration content_for) {
  auto [sender, receiver] = net::one_shot<Lease>(*loop_);
  stand_in_line(pool, std::move(sender), content_for);
  // The time counts only while the machine has no room: an environment that is being
  // initialised has its own limit.
  while (true) {
    auto wait = [](net::OneShotReceiver<Lease>& slot) -> net::Task<Result<Lease>> {
      co_return co_await slot;
    };
    Result<Lease> got = co_await net::with_timeout(*loop_, kRoomWaitMax, wait(receiver));
    if (got || got.error().kind() != ErrorKind::kTimeout) co_return got;
    if (pool.starting == 0) co_return fail(refuse(*pool.function, Throttle::kMachine));
  }
}

net::Task<void> Shard::drive(Slot& slot, Ticket ticket, runtime::Invocation invocation,
                             net::OneShotSender<runtime::Outcome> answer) {
  slot.has_run = true;
  const MonoTime begun = loop_->now();
  {
    const Ticket held = std::move(ticket);
    co_await slot.environment->run(std::move(invocation), std::move(answer));
  }
  const MonoTime ended = loop_->now();
  slot.pool->pace.note(ended - begun, ended, !more_than_enough(*slot.pool));
  stats_.busy.sub();
  if (slot.is_provisioned) {
    stats_.provisioned_in_use.sub();
    // Paid for to be warm.
    const bool again = !stopping_ && !slot.is_retired && slot.environment->resumable();
    if (again) co_await slot.environment->initialise();
  }
  release(slot);
}

// After a crash it is kept as on AWS, for the next invocation to start its runtime again. One that
// has never served anybody is of no worth.
bool Shard::can_wait_cold(const Slot& slot) {
  return !slot.is_provisioned && slot.has_run && slot.environment->resumable();
}

void Shard::release(Slot& slot) {
  Pool& pool = *slot.pool;
  const bool current = !stopping_ && !slot.is_retired && slot.shape == pool.shape;
  if (!current) {
    end(slot);
  } else if (!slot.is_provisioned && too_old(slot)) {
    evict(slot, Eviction::kAge);
  } else if (!slot.is_provisioned && gives_way(slot)) {
    evict(slot, Eviction::kFairness);
  } else {
    const bool one_fewer = fewer_are_better(pool);
    while (!one_fewer && !pool.waiters.empty()) {
      net::OneShotSender<Lease> waiter = next_in_line(pool);
      if (waiter.receiver_gone()) continue;
      waiter.send(Lease(*this, slot));
      try_one_more(pool);
      return;
    }
    if (slot.environment->warm() || can_wait_cold(slot)) {
      put_idle(slot);
    } else {
      // Nobody waits for its failure to be repeated; the next invocation starts another.
      end(slot);
    }
  }
  want_slot(pool);
}

}  // namespace lapwing::engine
