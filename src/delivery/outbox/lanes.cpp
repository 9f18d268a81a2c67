#include "delivery/outbox/lanes.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "crypto/sha256.hpp"

namespace lapwing::delivery {
namespace {

// Of a lane: who is unsure whether it was written writes it again. With the message, as a posting
// that is sent again (a replay) has the id of the first.
std::string write_id(const Posting& posting, store::MessageId message) {
  return fmt::format("{}-{}", posting.id, message);
}

}  // namespace

std::string queue_group(const std::string& group) {
  return group.size() <= store::kMaxGroupBytes ? group : crypto::sha256_hex(group);
}

void Lane::look(const HoldPtr& hold) { lanes_.look(*this, hold); }

Status Lanes::find() {
  store::Queue& queue = core_.needs.space.queue();
  for (const std::string_view prefix : {kLanePrefix, kDeadPrefix}) {
    std::string after;
    while (true) {
      LAPWING_TRY(const std::vector<std::string> names, queue.names(prefix, after));
      for (const std::string& name : names) {
        LAPWING_CHECK(queue.give_back(name));
        LAPWING_TRY(const store::QueueStats stats, queue.stats(name));
        found_.emplace_back(name, stats.visible + stats.delayed + stats.in_flight);
      }
      if (names.size() < store::kMaxScanLimit) break;
      after = names.back();
    }
  }
  return {};
}

void Lanes::begin(const HoldPtr& hold) {
  for (const auto& [queue, waiting] : found_) {
    const LanePtr made = lane(std::string_view(queue).substr(0, kLanePrefix.size()),
                              std::string_view(queue).substr(kLanePrefix.size()));
    made->waiting_ += waiting;
    look(*made, hold);
  }
  found_ = {};
}

void Lanes::close() {
  for (const auto& [name, lane] : lanes_) {
    lane->subscription.reset();
    lane->gone_ = true;
  }
  line_.clear();
  const std::scoped_lock lock(mutex_);
  lanes_.clear();
  paced_.clear();
}

Lane* Lanes::known(std::string_view addressee) const {
  if (lanes_.empty()) return nullptr;
  std::string name(kLanePrefix);
  name += addressee;
  const auto found = lanes_.find(name);
  return found != lanes_.end() ? found->second.get() : nullptr;
}

LanePtr Lanes::lane(std::string_view prefix, std::string_view addressee) {
  std::string name(prefix);
  name += addressee;
  if (const auto found = lanes_.find(name); found != lanes_.end()) return found->second;
  auto made = std::make_shared<Lane>(*this, bells_, name);
  made->subscription = core_.needs.space.queue().subscribe(name, *made);
  const std::scoped_lock lock(mutex_);
  return lanes_.emplace(std::move(name), std::move(made)).first->second;
}

void Lanes::learn(Lane& lane, const Shipment& shipment) {
  lane.under_way_max_ = std::clamp<std::size_t>(shipment.under_way_max, 1, kLaneParcelsInAll);
  lane.a_second_max_ = std::max(shipment.a_second_max, 0.0);
}

void Lanes::note(Lane& lane, const Attempt& attempt) {
  if (attempt.hung) lane.hung_ = true;
  if (attempt.taken) lane.hung_ = false;
  if (attempt.said.empty()) return;
  const std::scoped_lock lock(mutex_);
  lane.last_failure_ = attempt.said;
}

void Lanes::put(Plan& plan, const Posting& posting, store::MessageId message,
                std::string_view addressee, std::uint32_t attempts, Duration delay,
                const Attempt* last) {
  LanePtr to = lane(kLanePrefix, addressee);
  if (last != nullptr) {
    learn(*to, last->shipment);
    note(*to, *last);
  }
  ++to->waiting_;
  plan.writes.push_back({.lane = to,
                         .request = {.queue = to->queue(),
                                     .payload = pack_waiting(posting, addressee, attempts),
                                     .delay = delay,
                                     .group = queue_group(posting.group),
                                     .dedup_id = write_id(posting, message)}});
  plan.write_bytes += plan.writes.back().request.payload.size();
}

void Lanes::put_dead(Plan& plan, const Posting& posting, store::MessageId message,
                     std::string_view addressee, const Failure& failure) {
  LanePtr to = lane(kDeadPrefix, addressee);
  ++to->waiting_;
  plan.writes.push_back(
      {.lane = to,
       .request = {.queue = to->queue(),
                   .payload = pack_waiting(posting, addressee, 0, &failure, core_.now_ms()),
                   .group = queue_group(posting.group),
                   .dedup_id = write_id(posting, message)}});
  plan.write_bytes += plan.writes.back().request.payload.size();
}

void Lanes::bury(Plan& plan, const Attempt& attempt) const {
  std::optional<DeadEvent> dead = courier_.buried(attempt, plan.dead_bytes);
  if (!dead) return;
  plan.dead_bytes += dead->work.size();
  plan.write_bytes += dead->work.size();
  plan.dead.push_back(*std::move(dead));
}

void Lanes::committed(const Plan& plan) {
  for (const Write& write : plan.writes) {
    if (!write.refused && !write.there) continue;
    write.lane->take_off(1);
    drop_if_empty(*write.lane);
    if (write.there) continue;
    core_.counts.dropped.fetch_add(1, std::memory_order_relaxed);
    core_.needs.logger.error(
        "delivery", "an event does not fit into a lane and was dropped",
        {{"outbox", core_.name}, {"addressee", core_.sender.shown(write.lane->addressee())}});
  }
}

void Lanes::drop_if_empty(Lane& lane) {
  if (lane.gone_ || lane.claiming_ || lane.behind() || lane.under_way_ > 0) return;
  lane.subscription.reset();
  lane.gone_ = true;
  const std::scoped_lock lock(mutex_);
  // Found by its name, it is the map's; `lane` may go with it.
  const auto found = lanes_.find(lane.queue());
  if (found == lanes_.end()) return;
  const LanePtr last = std::move(found->second);
  lanes_.erase(found);
}

void Lanes::forget(std::string_view addressee, background::Task& task) {
  {
    const std::scoped_lock lock(mutex_);
    forgotten_.emplace_back(addressee);
  }
  task.notify();
}

std::uint64_t Lanes::waiting(std::string_view addressee) const {
  const std::scoped_lock lock(mutex_);
  const auto found = lanes_.find(std::string(kLanePrefix).append(addressee));
  return found == lanes_.end() ? 0 : found->second->waiting_.load(std::memory_order_relaxed);
}

Result<std::vector<LaneFacts>> Lanes::facts(std::size_t max) const {
  std::vector<std::pair<LaneFacts, std::string>> all;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [name, lane] : lanes_) {
      const std::uint64_t in_all = lane->waiting_;
      if (in_all == 0) continue;
      const std::uint64_t under_way = std::min<std::uint64_t>(lane->under_way_, in_all);
      all.push_back({{.addressee = std::string(core_.sender.shown(lane->addressee())),
                      .dead_letters = lane->dead(),
                      .waiting = in_all - under_way,
                      .under_way = under_way,
                      .oldest = {},
                      .next_in = {},
                      .last_failure = lane->last_failure_},
                     name});
    }
  }
  const auto size = [](const auto& one) { return one.first.waiting + one.first.under_way; };
  std::ranges::sort(all, [&](const auto& a, const auto& b) {
    return std::pair(size(b), std::string_view(a.second)) <
           std::pair(size(a), std::string_view(b.second));
  });
  if (all.size() > max) all.resize(max);
  std::vector<LaneFacts> out;
  for (auto& [facts, name] : all) {
    LAPWING_TRY(const store::QueueStats stats, core_.needs.space.queue().stats(name));
    facts.oldest = stats.oldest_age;
    out.push_back(std::move(facts));
  }
  return out;
}

// By the queues that there are, a page of them: the loop is not held up by reading them all.
Result<Outbox::LanePage> Lanes::facts_after(const std::string& name, std::size_t max) const {
  store::Queue& queue = core_.needs.space.queue();
  Outbox::LanePage out;
  for (const std::string_view prefix : {kDeadPrefix, kLanePrefix}) {
    // "dead/" comes before "lane/".
    if (!name.empty() && std::string_view(name).substr(0, prefix.size()) > prefix) continue;
    const bool within = name.starts_with(prefix);
    const std::size_t left = max - out.lanes.size();
    LAPWING_TRY(const std::vector<std::string> names,
                queue.names(prefix, within ? name : std::string(), left));
    for (const std::string& each : names) {
      LAPWING_TRY(const store::QueueStats stats, queue.stats(each));
      LAPWING_TRY(const auto next_in, queue.next_due(std::span<const std::string>(&each, 1)));
      LaneFacts facts{.addressee = std::string(
                          core_.sender.shown(std::string_view(each).substr(prefix.size()))),
                      .dead_letters = prefix == kDeadPrefix,
                      .waiting = stats.visible + stats.delayed,
                      .under_way = stats.in_flight,
                      .oldest = stats.oldest_age,
                      .next_in = stats.visible + stats.delayed > 0 ? next_in : std::nullopt,
                      .last_failure = {}};
      const std::scoped_lock lock(mutex_);
      const auto found = lanes_.find(each);
      if (found != lanes_.end()) facts.last_failure = found->second->last_failure_;
      out.lanes.push_back(std::move(facts));
    }
    if (names.size() == left) {
      out.next = names.empty() ? std::string(name) : names.back();
      return out;
    }
  }
  return out;
}

Result<std::optional<MonoTime>> Lanes::next_due() {
  const std::scoped_lock lock(mutex_);
  if (!forgotten_.empty()) return core_.needs.clock.mono();
  if (paced_.empty()) return std::nullopt;
  return paced_.begin()->first;
}

Status Lanes::run_due() {
  std::vector<std::string> forgotten;
  {
    const MonoTime now = core_.needs.clock.mono();
    const std::scoped_lock lock(mutex_);
    while (!paced_.empty() && paced_.begin()->first <= now) {
      bells_.ring(paced_.begin()->second);
      paced_.erase(paced_.begin());
    }
    forgotten = forgotten_;
  }
  for (const std::string& addressee : forgotten) {
    for (const std::string_view prefix : {kLanePrefix, kDeadPrefix}) {
      std::string name(prefix);
      name += addressee;
      LAPWING_TRY(const std::uint64_t removed, core_.needs.space.queue().purge(name));
      const std::scoped_lock lock(mutex_);
      const auto found = lanes_.find(name);
      if (removed == 0 || found == lanes_.end()) continue;
      found->second->purged_ += removed;
      bells_.ring(found->second);
    }
    const std::scoped_lock lock(mutex_);
    std::erase(forgotten_, addressee);
  }
  return {};
}

}  // namespace lapwing::delivery
