// Shard: places that are held for invocations to come (reservation.hpp).
#include <algorithm>
#include <utility>

#include "engine/reservation.hpp"
#include "engine/shard.hpp"

namespace lapwing::engine {

void Reservation::give_back() noexcept {
  const std::uint64_t id = use();
  if (id == 0) return;
  home_->post([shard = shard_, id] { shard->let_go(id); });
}

std::vector<std::uint64_t> Shard::hold(const runtime::FunctionVersionPtr& function,
                                       std::uint32_t count, Duration longest) {
  std::vector<std::uint64_t> out;
  if (stopping_) return out;
  if (!sweep_timer_.armed()) sweep_timer_.arm_after(kSweepEvery);
  Pool& pool = pool_for(function);
  Load& load = pool.function->load;
  out.resize(std::min<std::size_t>(count, pool.idle_provisioned.size()), 0);
  const MonoTime until = loop_->now() + longest;
  while (out.size() < count) {
    std::expected<Ticket, Throttle> ticket = admit_on_demand(load, 0);
    if (!ticket) break;
    out.push_back(++last_held_);
    held_.emplace(last_held_, Held{*std::move(ticket), until});
  }
  if (!held_.empty() && (!held_timer_.armed() || until < held_timer_.when())) {
    held_timer_.arm_at(until);
  }
  return out;
}

void Shard::let_go(std::uint64_t id) { held_.erase(id); }

// What nobody has used in time.
void Shard::look_at_held() {
  const MonoTime now = loop_->now();
  MonoTime next = MonoTime::max();
  std::erase_if(held_, [&](const auto& each) { return each.second.until <= now; });
  for (const auto& [id, held] : held_) next = std::min(next, held.until);
  if (next != MonoTime::max()) held_timer_.arm_at(next);
}

std::expected<Ticket, Throttle> Shard::admit_held(Pool& pool, std::uint64_t id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return admit(pool);
  Ticket ticket = std::move(found->second.ticket);
  held_.erase(found);
  if (!admit_request(pool.function->load, options_, loop_->now())) {
    return std::unexpected(Throttle::kReservedRate);
  }
  return ticket;
}

}  // namespace lapwing::engine
