// Shard: who gets an environment next.
#include <algorithm>
#include <iterator>

#include "engine/shard.hpp"

namespace lapwing::engine {
namespace {

// How many of the line are looked at when an environment may give way: those in front have
// waited longest, and this is on the way of every invocation while the machine is full.
constexpr int kLookedAt = 8;
// The smallest MemorySize.
constexpr std::uint32_t kSmallestMb = 128;

}  // namespace

std::uint32_t Shard::finishing(const Pool& pool) const {
  const MonoTime latest = loop_->now() - kFinishExpected;
  std::uint32_t count = 0;
  for (const std::unique_ptr<Slot>& slot : pool.slots) {
    const std::optional<MonoTime> since = slot->environment->answered_since();
    if (since && *since > latest) ++count;
  }
  return count;
}

Duration Shard::rather_waits(Pool& pool, Ticket::Kind kind) {
  const std::uint32_t at_work = pool.active - pool.starting;
  pool.pace.arrived(pool.idle.empty() && at_work > 0);
  if (kind == Ticket::Kind::kProvisioned) return {};
  // One for each: a second one in line for the same would have to wait for two.
  if (pool.idle.empty() && pool.waiters.size() < at_work) {
    return pool.pace.patience(options_.start_patience);
  }
  const bool enough = options_.running_enough > 0 && at_work >= options_.running_enough;
  // Nobody overtakes those who are content to wait.
  const bool waits = enough && (pool.content > 0 || is_crowded(pool));
  return waits ? pool.pace.wait_for(pool.waiters.size()) : Duration::zero();
}

bool Shard::is_crowded(const Pool& pool) {
  // Where others have more at work, it is they who make it slower: it keeps its part.
  const bool most = 2 * std::uint64_t{pool.active - pool.starting} >= stats_.busy.get();
  return most && pool.pace.crowded() && processors_are_short();
}

bool Shard::more_than_enough(const Pool& pool) const {
  return options_.running_enough > 0 && pool.active - pool.starting > options_.running_enough;
}

bool Shard::fewer_are_better(Pool& pool) {
  const bool content = !pool.waiters.empty() && pool.waiters.front().content_until != MonoTime{};
  if (!content || !more_than_enough(pool)) return false;
  return ++pool.ends % kFewerEvery == 0 && is_crowded(pool);
}

// Of those at work one has ended and gone on with the next: whether a further one helps is seen by
// giving it to the one after that.
void Shard::try_one_more(Pool& pool) {
  if (pool.content == 0 || pool.idle.empty()) return;
  if (++pool.ends % kMoreEvery == 0 && !is_crowded(pool)) hand_out_one(pool);
}

void Shard::hand_out_one(Pool& pool) {
  net::OneShotSender<Lease> waiter = next_in_line(pool);
  if (waiter.receiver_gone()) return;
  Slot& slot = *pool.idle.back();
  remove_idle(slot);
  activate(slot);
  waiter.send(Lease(*this, slot));
}

bool Shard::processors_are_short() {
  const MonoTime now = loop_->now();
  const Duration since = now - processors_looked_;
  if (since < kProcessorsLookEvery || host_.machine == nullptr) return short_of_processors_;
  const Duration waits = host_.machine->processor_waits().value_or(Duration::zero());
  short_of_processors_ = waits - processor_waits_ >= since / 2;
  processors_looked_ = now;
  processor_waits_ = waits;
  return short_of_processors_;
}

void Shard::stand_in_line(Pool& pool, net::OneShotSender<Lease> sender, Duration content_for) {
  stats_.waiting.add();
  const MonoTime now = loop_->now();
  if (content_for == Duration::zero()) {
    pool.waiters.push_back({std::move(sender), now});
    return want_slot(pool);
  }
  const MonoTime until = now + content_for;
  pool.waiters.push_back({std::move(sender), now, until});
  ++pool.content;
  if (!std::exchange(pool.is_crowded, true)) crowded_.push_back(&pool);
  if (!line_timer_.armed() || until < line_timer_.when()) line_timer_.arm_at(until);
}

net::OneShotSender<Lease> Shard::next_in_line(Pool& pool) {
  Waiter waiter = std::move(pool.waiters.front());
  pool.waiters.pop_front();
  if (waiter.content_until != MonoTime{}) --pool.content;
  stats_.waiting.sub();
  return std::move(waiter.sender);
}

// Gives idle ones to those who have waited long enough; until when the others will.
MonoTime Shard::hand_out_idle(Pool& pool) {
  MonoTime next = MonoTime::max();
  const MonoTime now = loop_->now();
  const bool moves = pool.pace.moves(now) && is_crowded(pool);
  std::size_t ahead = 0;
  std::size_t waited = 0;
  for (Waiter& waiter : pool.waiters) {
    const std::size_t before = ahead++;
    if (waiter.content_until == MonoTime{}) continue;
    const bool over = waiter.content_until <= now;
    if (over && moves && now - waiter.since < kContentMax) {
      // There are more of them than was expected, and it is their turn soon.
      waiter.content_until = now + pool.pace.wait_for(before);
    } else if (over && ++waited > kMoreAtOnce) {
      waiter.content_until = now + kMoreAgain;
    }
    if (waiter.content_until > now) {
      next = std::min(next, waiter.content_until);
    } else if (pool.idle.empty() && !charge_start(pool)) {
      // May not have another one: there is still the one at work.
      waiter.content_until = now + kScalingRetry;
      next = std::min(next, waiter.content_until);
    } else {
      waiter.content_until = {};
      --pool.content;
    }
  }
  while (!pool.waiters.empty() && pool.waiters.front().content_until == MonoTime{} &&
         !pool.idle.empty()) {
    hand_out_one(pool);
  }
  return next;
}

void Shard::look_at_line() {
  MonoTime next = MonoTime::max();
  const std::vector<Pool*> crowded = std::exchange(crowded_, {});
  for (Pool* pool : crowded) {
    next = std::min(next, hand_out_idle(*pool));
    pool->is_crowded = pool->content > 0;
    if (pool->is_crowded) crowded_.push_back(pool);
    want_slot(*pool);
  }
  if (next != MonoTime::max()) line_timer_.arm_at(next);
}

bool Shard::wants_on_demand(Pool& pool) {
  // Waiters whose caller has gone need no environment.
  while (!pool.waiters.empty() && pool.waiters.front().sender.receiver_gone()) next_in_line(pool);
  const std::size_t hungry = pool.waiters.size() - pool.content;
  if (hungry <= pool.starting) return false;
  const std::uint32_t soon_free = finishing(pool);
  if (soon_free > 0 && !finish_timer_.armed()) finish_timer_.arm_after(kFinishExpected);
  return hungry > pool.starting + soon_free;
}

bool Shard::wants_provisioned(const Pool& pool) const {
  const Provision& provision = pool.provision;
  if (provision.wanted == 0) return false;
  return provision.alive < provision.wanted + (provision.aged ? 1 : 0) &&
         loop_->now() >= provision.retry_at;
}

// Nobody waits but for what is being started.
bool Shard::is_covered(const Pool& pool) const {
  return pool.waiters.size() - pool.content <= pool.starting && !wants_provisioned(pool);
}

void Shard::want_slot(Pool& pool) {
  if (!pool.is_hungry && !is_covered(pool)) {
    pool.is_hungry = true;
    hungry_.push_back(&pool);
  }
  serve_hungry();
}

bool Shard::no_room_at_all() const {
  if (starting_ >= options_.starts_max) return true;
  if (memory_mb_ > 0 && memory_mb_ + kSmallestMb > options_.memory_mb_max) return true;
  return alive_ >= options_.environments_max && idle_.empty();
}

// In turn, one each: who got one goes to the end of the line, and who could not
// have one keeps its place.
void Shard::serve_hungry() {
  if (hungry_.empty() || serving_ || stopping_) return;
  serving_ = true;
  for (auto it = hungry_.begin(); it != hungry_.end() && !no_room_at_all();) {
    Pool& pool = **it;
    const auto next = std::next(it);
    if (start_one(pool)) {
      hungry_.splice(hungry_.end(), hungry_, it);
      it = next == hungry_.end() ? it : next;
    } else if (is_covered(pool)) {
      pool.is_hungry = false;
      hungry_.erase(it);
      it = next;
    } else {
      it = next;
    }
  }
  serving_ = false;
}

bool Shard::start_one(Pool& pool) {
  const bool provisioned = !wants_on_demand(pool);
  if (provisioned && !wants_provisioned(pool)) return false;
  if (pool.is_tenants && !make_tenant_room(*pool.function)) return false;
  if (!make_room(pool.version->memory_mb)) return false;
  tasks_.spawn(start(make_slot(pool, provisioned)));
  return true;
}

bool Shard::make_room(std::uint32_t memory_mb) {
  // One environment may always run, however large.
  if (memory_mb_ > 0 && memory_mb_ + memory_mb > options_.memory_mb_max) return false;
  const bool is_short = short_of_memory_ && alive_ > 0;
  if (alive_ < options_.environments_max && !is_short) return true;
  if (idle_.empty()) return false;
  evict(*idle_.front(), is_short ? Eviction::kPressure : Eviction::kRoom);
  return true;
}

bool Shard::make_tenant_room(const Function& function) {
  if (function.tenant_environments < options_.tenant_environments_max) return true;
  const auto longest = std::ranges::find_if(
      idle_, [&](const Slot* slot) { return slot->pool->function == &function; });
  if (longest == idle_.end()) return false;
  evict(**longest, Eviction::kRoom);
  return true;
}

Slot& Shard::make_slot(Pool& pool, bool provisioned) {
  auto made = std::make_unique<Slot>();
  Slot& slot = *made;
  slot.pool = &pool;
  slot.memory_mb = pool.version->memory_mb;
  slot.shape = pool.shape;
  slot.made = loop_->now();
  slot.is_provisioned = provisioned;
  slot.environment = host_.factory->make(*loop_, pool.version,
                                         provisioned ? runtime::InitializationType::kProvisioned
                                                     : runtime::InitializationType::kOnDemand);
  activate(slot);
  ++alive_;
  if (pool.is_tenants) ++pool.function->tenant_environments;
  ++starting_;
  ++(provisioned ? pool.provision.alive : pool.starting);
  stats_.environments.set(alive_);
  (provisioned ? stats_.provisioned_starts : stats_.cold_starts).add();
  pool.slots.push_back(std::move(made));
  return slot;
}

net::Task<void> Shard::start(Slot& slot) {
  co_await slot.environment->initialise();
  slot.pool->pace.started(loop_->now() - slot.made);
  --starting_;
  slot.is_ready = true;
  if (slot.is_provisioned) {
    started_provisioned(slot);
  } else {
    --slot.pool->starting;
    release(slot);
  }
  serve_hungry();
}

// An environment that becomes free while its own function has more waiting gives its place
// to one that has none, or far fewer, and has been patient.
bool Shard::gives_way(const Slot& slot) const {
  const Pool& pool = *slot.pool;
  if (hungry_.empty() || pool.waiters.empty() || starting_ >= options_.starts_max) return false;
  // Started for somebody who waits: to end it unused would help nobody.
  if (!slot.has_run) return false;
  const MonoTime patient_since = loop_->now() - kFairPatience;
  int left = kLookedAt;
  for (const Pool* other : hungry_) {
    if (left-- == 0) return false;
    if (other == &pool || other->waiters.empty()) continue;
    if (other->active > 0 && other->active + 1 >= pool.active) continue;
    const std::uint64_t others_mb = memory_mb_ - slot.memory_mb;
    const bool fits =
        others_mb == 0 || others_mb + other->version->memory_mb <= options_.memory_mb_max;
    if (fits && other->waiters.front().since <= patient_since) return true;
  }
  return false;
}

}  // namespace lapwing::engine
