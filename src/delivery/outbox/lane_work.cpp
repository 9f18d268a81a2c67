// Lanes at work: what is claimed, when, and what becomes of it.
#include <algorithm>
#include <iterator>
#include <utility>

#include "delivery/outbox/lanes.hpp"

namespace lapwing::delivery {
namespace {

// How far ahead of its pace a lane may be.
constexpr Duration kBurst = std::chrono::milliseconds(100);

// Between two of them: more than nothing, as it is divided by, and no longer than a day, whatever
// number a policy says.
Duration interval(double a_second) {
  using Exact = std::chrono::duration<double, Duration::period>;
  const Exact wanted = std::chrono::duration<double>(1 / a_second);
  const Exact most = std::chrono::hours(24);
  return std::max(std::chrono::duration_cast<Duration>(std::min(wanted, most)), Duration(1));
}

}  // namespace

// One claimed message.
struct Lanes::Item {
  store::Claimed claimed;
  Waiting waiting;
  Attempt attempt;
  bool readable = false;
  bool ready = false;  // to be delivered
};

// What one attempt has in its hands: given back, in memory, when it goes.
class Lanes::Load {
 public:
  Load(Lanes& lanes, LanePtr of) : lane(std::move(of)), lanes_(lanes) {}
  ~Load() {
    for (const auto& item : items) {
      if (item != nullptr) lanes_.ledger_.forget(item->claimed.receipt);
    }
    lanes_.in_all_ -= items.size();
    lane->under_way_ -= items.size();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  const LanePtr lane;
  std::vector<std::unique_ptr<Item>> items;

 private:
  Lanes& lanes_;
};

void Lanes::look(Lane& lane, const HoldPtr& hold) {
  if (lane.gone_) return;
  if (const std::uint64_t purged = lane.purged_.exchange(0); purged > 0) {
    lane.take_off(purged);
  }
  if (!lane.behind()) return drop_if_empty(lane);
  lane.wanted_ = true;
  if (lane.claiming_ || core_.draining) return;
  const std::size_t count = room(lane);
  if (count == 0) return;
  lane.claiming_ = true;
  lane.wanted_ = false;
  in_all_ += count;
  core_.tasks.spawn(work(std::static_pointer_cast<Lane>(lane.shared_from_this()), count, hold));
}

std::size_t Lanes::room(Lane& lane) {
  if (in_all_ >= kLaneParcelsInAll) {
    if (!std::exchange(lane.in_line_, true)) {
      line_.push_back(std::static_pointer_cast<Lane>(lane.shared_from_this()));
    }
    return 0;
  }
  const std::size_t most = in_all_ >= kLaneParcelsInAll / 2 ? 1 : lane.under_way_max_;
  if (lane.under_way_ >= most) return 0;  // one that ends looks again
  return paced(lane, std::min(most - lane.under_way_, kLaneParcelsInAll - in_all_));
}

std::size_t Lanes::paced(Lane& lane, std::size_t wanted) {
  if (lane.a_second_max_ <= 0) return wanted;
  const Duration step = interval(lane.a_second_max_);
  const MonoTime now = core_.needs.clock.mono();
  const Duration::rep ahead = kBurst / step;
  lane.free_at_ = std::max(lane.free_at_, now - step * std::max<Duration::rep>(ahead - 1, 0));
  if (lane.free_at_ > now) {
    {
      const std::scoped_lock lock(mutex_);
      paced_.emplace(lane.free_at_, std::static_pointer_cast<Lane>(lane.shared_from_this()));
    }
    if (task_ != nullptr) task_->notify();
    return 0;
  }
  return std::min(wanted, static_cast<std::size_t>((now - lane.free_at_) / step) + 1);
}

net::Task<void> Lanes::work(LanePtr lane, std::size_t count, HoldPtr hold) {
  // Whatever way it ends: what was not claimed is room for others.
  struct Claiming {
    Lanes& lanes;
    Lane& lane;
    std::size_t count;
    ~Claiming() {
      lane.claiming_ = false;
      lanes.in_all_ -= count;
    }
  };
  std::unique_ptr<Load> whole;
  {
    Claiming claiming{*this, *lane, count};
    const auto plan = std::make_shared<Plan>();
    plan->claim = store::ClaimRequest{
        .queues = {lane->queue()}, .max = count, .visibility = kClaim, .bytes_max = kBatchBytes};
    plan->singly = true;
    if (!co_await ledger_.commit(plan, hold)) co_return;
    if (plan->claimed.size() == count) lane->wanted_ = true;
    claiming.count -= plan->claimed.size();
    whole = load(lane, std::move(plan->claimed));
  }
  if (lane->a_second_max_ > 0) {
    lane->free_at_ += interval(lane->a_second_max_) * whole->items.size();
  }
  serve_line(hold);  // what was kept free for this claim, and not taken
  // Each by itself where it may take long; a quick destination gets all in one call.
  for (auto& item : whole->items) {
    if (!item->ready || item->attempt.destination->quick()) continue;
    auto alone = std::make_unique<Load>(*this, lane);
    alone->items.push_back(std::move(item));
    core_.tasks.spawn(attempt(std::move(alone), hold));
  }
  std::erase_if(whole->items, [](const auto& item) { return item == nullptr; });
  if (lane->wanted_) look(*lane, hold);
  if (whole->items.empty()) {
    whole.reset();
    go_on(*lane, hold);
    co_return;
  }
  co_await attempt(std::move(whole), std::move(hold));
}

std::unique_ptr<Lanes::Load> Lanes::load(const LanePtr& lane, std::vector<store::Claimed> claimed) {
  auto out = std::make_unique<Load>(*this, lane);
  for (store::Claimed& each : claimed) {
    ++lane->under_way_;
    Item& item = *out->items.emplace_back(std::make_unique<Item>());
    item.claimed = std::move(each);
    auto waiting = unpack_waiting(item.claimed.payload);
    item.claimed.payload.clear();
    if (!waiting || waiting->failure.has_value() != lane->dead()) {
      core_.needs.logger.error(
          "delivery", "what waits in a lane cannot be read",
          {{"outbox", core_.name}, {"addressee", core_.sender.shown(lane->addressee())}});
      continue;
    }
    item.readable = true;
    item.waiting = *std::move(waiting);
    item.attempt.posting = &item.waiting.posting;
    item.attempt.addressee = lane->addressee();
    item.attempt.before = item.waiting.attempts + item.claimed.attempt - 1;
    if (lane->dead()) item.attempt.dead = &item.waiting;
    item.ready = courier_.prepare(item.attempt);
    if (!lane->dead() && item.attempt.destination != nullptr) {
      learn(*lane, item.attempt.shipment);
    }
  }
  return out;
}

net::Task<void> Lanes::attempt(std::unique_ptr<Load> load, HoldPtr hold) {
  const LanePtr lane = load->lane;
  std::vector<Attempt*> ready;
  bool quick = true;
  for (const auto& item : load->items) {
    if (!item->ready) continue;
    ready.push_back(&item->attempt);
    quick = quick && item->attempt.destination->quick();
  }
  if (!ready.empty()) {
    co_await courier_.deliver(std::move(ready), quick ? kQuickAttemptMax : kAttemptMax);
  }
  const auto plan = std::make_shared<Plan>();
  for (const auto& item : load->items) settle(*plan, *lane, *item);
  const bool kept = co_await ledger_.commit(plan, hold);
  if (kept) {
    for (const Settlement& one : plan->settlements) {
      if (one.left) lane->take_off(1);
      if (one.left || one.lane == nullptr) continue;
      one.lane->take_off(1);
      drop_if_empty(*one.lane);
    }
  }
  load.reset();
  go_on(*lane, hold);
}

void Lanes::settle(Plan& plan, Lane& lane, Item& item) {
  Settlement& one = plan.settlements.emplace_back();
  one.id = item.claimed.receipt.id;
  one.receipt = item.claimed.receipt;
  if (!item.readable) {
    one.kind = Settlement::Kind::kRelease;
    one.delay = kUnreadableAgain;
    return;
  }
  const Attempt& attempt = item.attempt;
  note(lane, attempt);
  bury(plan, attempt);
  if (attempt.verdict == Verdict::kDone) return;
  if (attempt.verdict == Verdict::kAgain) {
    one.kind = Settlement::Kind::kRelease;
    one.delay = attempt.delay;
    return;
  }
  one.kind = Settlement::Kind::kMove;
  one.lane = this->lane(kDeadPrefix, lane.addressee());
  one.to = one.lane->queue();
  one.payload =
      pack_waiting(*attempt.posting, attempt.addressee, 0, &*attempt.failure, core_.now_ms());
  ++one.lane->waiting_;
}

void Lanes::serve_line(const HoldPtr& hold) {
  while (in_all_ < kLaneParcelsInAll && !line_.empty()) {
    const LanePtr first = std::move(line_.front());
    line_.pop_front();
    first->in_line_ = false;
    look(*first, hold);
  }
}

void Lanes::go_on(Lane& lane, const HoldPtr& hold) {
  serve_line(hold);
  if (lane.wanted_) look(lane, hold);
  drop_if_empty(lane);
}

}  // namespace lapwing::delivery
