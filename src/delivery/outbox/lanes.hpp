// Lanes: what waits for one addressee, a queue each, so that nobody waits for another's. They are
// there while something waits in them, and cost nothing until it is due.
//
//   lane/ADDRESSEE   events that were not taken yet, or whose destination is not quick
//   dead/ADDRESSEE   events on their way to the addressee's dead-letter queue
//
// Thread-safety: the outbox's loop, but for what says otherwise.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "background/runner.hpp"
#include "base/due_source.hpp"
#include "delivery/outbox/bells.hpp"
#include "delivery/outbox/core.hpp"
#include "delivery/outbox/courier.hpp"
#include "delivery/outbox/ledger.hpp"

namespace lapwing::delivery {

inline constexpr std::string_view kLanePrefix = "lane/";
inline constexpr std::string_view kDeadPrefix = "dead/";

class Lanes;

class Lane final : public Place {
 public:
  Lane(Lanes& lanes, Bells& bells, std::string queue)
      : Place(bells), queue_(std::move(queue)), lanes_(lanes) {}
  void look(const HoldPtr& hold) override;

  const std::string& queue() const { return queue_; }
  std::string_view addressee() const { return std::string_view(queue_).substr(kLanePrefix.size()); }
  bool dead() const { return queue_.starts_with(kDeadPrefix); }
  // Something is in it, or on its way into it.
  bool behind() const { return waiting_.load(std::memory_order_relaxed) > 0; }
  // Its last attempt had no answer in time.
  bool hung() const { return hung_; }

 private:
  friend class Lanes;
  // On the loop. Never below none, whatever was counted: a lane that is always behind would hold
  // up its addressee.
  void take_off(std::uint64_t count) { waiting_ -= std::min<std::uint64_t>(count, waiting_); }
  const std::string queue_;
  Lanes& lanes_;
  std::atomic<std::uint64_t> waiting_{0};  // messages, those under way included
  std::atomic<std::uint64_t> under_way_{0};
  std::atomic<std::uint64_t> purged_{0};  // not yet taken off `waiting_`
  std::size_t under_way_max_ = 1;         // until a shipment says
  double a_second_max_ = 0;
  MonoTime free_at_{};  // where there is a pace: when the next one may be claimed
  bool claiming_ = false;
  bool wanted_ = false;  // there may be more to claim
  bool in_line_ = false;
  bool hung_ = false;
  bool gone_ = false;
  std::string last_failure_;  // with the mutex of all lanes
};
using LanePtr = std::shared_ptr<Lane>;

class Lanes final : public DueSource {
 public:
  Lanes(Core& core, Bells& bells, Courier& courier, Ledger& ledger)
      : core_(core), bells_(bells), courier_(courier), ledger_(ledger) {}

  // What is there, and what a crash held given back. By the thread that starts, before begin().
  Status find();
  void begin(const HoldPtr& hold);
  void close();

  // Null where nothing waits.
  Lane* known(std::string_view addressee) const;
  // What is to go into the addressee's lane, or into its way to the dead-letter queue: once for
  // each `message`, the posting's in its queue.
  void put(Plan& plan, const Posting& posting, store::MessageId message, std::string_view addressee,
           std::uint32_t attempts, Duration delay, const Attempt* last);
  void put_dead(Plan& plan, const Posting& posting, store::MessageId message,
                std::string_view addressee, const Failure& failure);
  // What is told of an event that has died with this attempt, where it has.
  void bury(Plan& plan, const Attempt& attempt) const;
  // After the commit.
  void committed(const Plan& plan);

  void look(Lane& lane, const HoldPtr& hold);

  // Any thread: what waits for the addressee is dropped.
  void forget(std::string_view addressee, background::Task& task);
  std::uint64_t waiting(std::string_view addressee) const;
  Result<std::vector<LaneFacts>> facts(std::size_t max) const;
  Result<Outbox::LanePage> facts_after(const std::string& name, std::size_t max) const;
  void driven_by(background::Task& task) { task_ = &task; }

  // Lanes that wait for their pace, and those to be dropped.
  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

 private:
  struct Item;
  class Load;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  LanePtr lane(std::string_view prefix, std::string_view addressee);
  void restore(const std::string& queue, std::uint64_t waiting);
  std::size_t room(Lane& lane);
  std::size_t paced(Lane& lane, std::size_t wanted);
  net::Task<void> work(LanePtr lane, std::size_t count, HoldPtr hold);
  net::Task<void> attempt(std::unique_ptr<Load> load, HoldPtr hold);
  std::unique_ptr<Load> load(const LanePtr& lane, std::vector<store::Claimed> claimed);
  void settle(Plan& plan, Lane& lane, Item& item);
  // Room has become free: those in line first, then the lane itself.
  void serve_line(const HoldPtr& hold);
  void go_on(Lane& lane, const HoldPtr& hold);
  void drop_if_empty(Lane& lane);
  void learn(Lane& lane, const Shipment& shipment);
  void note(Lane& lane, const Attempt& attempt);

  Core& core_;
  Bells& bells_;
  Courier& courier_;
  Ledger& ledger_;
  background::Task* task_ = nullptr;
  std::vector<std::pair<std::string, std::uint64_t>> found_;
  std::size_t in_all_ = 0;    // under way, or about to be claimed
  std::deque<LanePtr> line_;  // for room
  // Changed on the loop, with the mutex; read there without.
  std::unordered_map<std::string, LanePtr, Hash, std::equal_to<>> lanes_;
  mutable std::mutex mutex_;
  std::set<std::pair<MonoTime, LanePtr>> paced_;  // with the mutex
  std::vector<std::string> forgotten_;            // with the mutex
};

// The name of the group in a queue.
std::string queue_group(const std::string& group);

}  // namespace lapwing::delivery
