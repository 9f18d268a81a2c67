// What the shards of one mapping have together while they are read.
//
// Thread-safety: the mapping's loop, but for what says otherwise.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mappings/limits.hpp"
#include "mappings/pollers.hpp"

namespace lapwing::mappings {

// LastProcessingResult, in AWS's words.
enum class LastResult : std::uint8_t { kNone, kOk, kFailed, kUnreadable };
std::string_view to_string(LastResult result);

struct StreamTeam {
  StreamTeam(std::shared_ptr<PollerShared> all, net::Loop& on, std::string of)
      : shared(std::move(all)),
        needs(shared->needs),
        loop(on),
        id(std::move(of)),
        meter(shared->counts) {}

  const std::shared_ptr<PollerShared> shared;
  const PollerNeeds& needs;
  net::Loop& loop;
  const std::string id;  // the mapping's
  std::shared_ptr<const StreamMapping> mapping;
  std::shared_ptr<Consumer> consumer;
  Meter meter;
  std::uint64_t owner = 0;  // of its checkpoints
  bool lost = false;        // somebody else owns them by now
  bool stopping = false;
  std::atomic<std::uint32_t> at_work{0};  // batches; changed on the loop
  MonoTime paused_until{};                // by the loop's clock: after a throttle
  RoomLine<Woken> line;                   // shards that wait for room
  std::weak_ptr<Woken> poller;
  std::vector<std::string> ended;                   // shards that are done, for the poller
  std::set<std::string> missing;                    // that are not there, likewise
  std::atomic<LastResult> last{LastResult::kNone};  // any thread

  std::mutex watches;  // guards what shards watch by, and this
  bool watches_over = false;

  bool over() const { return stopping || lost || shared->draining; }
  void put_metrics() { meter.put(needs.metrics, needs.clock.wall()); }
  void tell_poller() {
    if (const auto there = poller.lock()) there->wake();
  }
  // One batch has ended.
  void leave_batch() {
    --at_work;
    shared->leave_batch();
    line.wake_first();
  }
  // Room that was not taken; as PollerShared.
  void pass_on() {
    shared->pass_on();
    if (over() || line.size() == 0) return;
    const std::optional<Readiness> ready = consumer->ready();
    if (ready && at_work < std::min(ready->room, kBatchesMost)) line.wake_first();
  }
};

}  // namespace lapwing::mappings
