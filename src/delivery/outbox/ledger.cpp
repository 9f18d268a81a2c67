#include "delivery/outbox/ledger.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "store/await.hpp"

namespace lapwing::delivery {
namespace {

using store::Claimed;
using store::ClaimResult;
using store::Txn;

// What the store will answer each time.
bool is_final(const Error& error) {
  return error.kind() == ErrorKind::kTooLarge || error.kind() == ErrorKind::kInvalid;
}

Status settle_one(Txn& txn, Settlement& one) {
  one.left = false;
  switch (one.kind) {
    case Settlement::Kind::kComplete:
      LAPWING_CHECK(txn.complete(one.receipt));
      break;
    case Settlement::Kind::kRelease:
      return txn.release(one.receipt, one.delay);
    case Settlement::Kind::kMove:
      LAPWING_CHECK(txn.move(one.receipt, one.to, {.payload = one.payload, .as_new = true}));
      break;
  }
  one.left = true;
  return {};
}

Status claim_next(Txn& txn, Plan& plan) {
  if (!plan.singly) {
    LAPWING_TRY(ClaimResult got, txn.claim(*plan.claim));
    plan.claimed = std::move(got.messages);
    return {};
  }
  store::ClaimRequest one = *plan.claim;
  one.max = 1;
  std::uint64_t bytes = 0;
  while (plan.claimed.size() < plan.claim->max && bytes < plan.claim->bytes_max) {
    LAPWING_TRY(ClaimResult got, txn.claim(one));
    if (got.messages.empty()) break;
    bytes += got.messages[0].payload.size();
    plan.claimed.push_back(std::move(got.messages[0]));
  }
  return {};
}

// On the writer's thread, perhaps more than once.
Status run(Txn& txn, Plan& plan, const DeadEvents& dead) {
  plan.claimed.clear();
  std::size_t settled = 0;
  for (Settlement& one : plan.settlements) {
    const Status done = settle_one(txn, one);
    settled += done ? 1 : 0;
    std::atomic_ref(one.settled).store(done.has_value());
    // Purged, or claimed again: it is not ours to settle.
    if (!done && done.error().kind() != ErrorKind::kConflict) return done;
  }
  // None of them is there any more: the try before has been committed after all.
  bool again = plan.unsure && settled == 0 && !plan.settlements.empty();
  for (Write& write : plan.writes) {
    write.refused = false;
    if (again) continue;
    const auto done = txn.enqueue(write.request);
    if (done && !plan.unsure) write.there = done->duplicate;
    // Likewise, of one that settles nothing: what it writes is there.
    again = again || (plan.unsure && done && done->duplicate && !write.there);
    if (done) continue;
    if (!is_final(done.error())) return fail(done.error());
    write.refused = true;
  }
  if (!again) LAPWING_CHECK(dead.add(txn, plan.dead));
  return plan.claim ? claim_next(txn, plan) : Status{};
}

}  // namespace

net::Task<bool> Ledger::commit(std::shared_ptr<Plan> plan, HoldPtr& hold) {
  bool told = false;
  while (true) {
    for (Settlement& one : plan->settlements) {
      const auto found = under_way_.find(one.id);
      if (found == under_way_.end()) continue;
      if (found->second.end != nullptr && found->second.end != &one) continue;  // claimed again
      one.receipt = found->second.receipt;
      found->second.end = &one;
    }
    auto done = co_await store::transact_on(
        core_.loop, core_.needs.space.store(),
        [plan, &dead = core_.dead](Txn& txn) { return run(txn, *plan, dead); });
    if (done) break;
    plan->unsure = plan->unsure || done.error().kind() == ErrorKind::kUnknown;
    if (core_.draining) co_return false;
    if (!std::exchange(told, true)) {
      core_.needs.logger.warn("delivery", "the store refuses the outbox; it tries again",
                              {{"outbox", core_.name}, {"error", done.error().to_log()}});
    }
    hold.reset();
    co_await core_.loop.sleep(kStoreRetry);
    if (core_.draining) co_return false;
  }
  for (Settlement& one : plan->settlements) {
    const auto found = under_way_.find(one.id);
    if (found != under_way_.end() && found->second.end == &one) under_way_.erase(found);
  }
  if (!plan->dead.empty()) core_.dead.added();
  adopt(plan->claimed);
  co_return true;
}

void Ledger::adopt(std::vector<Claimed>& claimed) {
  std::erase_if(claimed, [this](const Claimed& each) {
    const auto [at, fresh] =
        under_way_.try_emplace(each.receipt.id, UnderWay{each.receipt, each.receipt});
    if (fresh) return false;
    UnderWay& known = at->second;
    if (known.end != nullptr && std::atomic_ref(known.end->settled).load()) {
      known = {each.receipt, each.receipt};
      return false;
    }
    known.receipt = each.receipt;
    return true;
  });
}

void Ledger::forget(const store::Receipt& claimed) {
  const auto found = under_way_.find(claimed.id);
  if (found != under_way_.end() && found->second.first == claimed) under_way_.erase(found);
}

}  // namespace lapwing::delivery
