// What the shards of one mapping have together while they are read.
//
// Thread-safety: the mapping's loop, but for what says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

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
  std::vector<std::string> missing;                 // that are not there, likewise
  std::atomic<LastResult> last{LastResult::kNone};  // any thread

  std::mutex watches;  // guards what shards watch by, and this
  bool watches_over = false;

  bool over() const { return stopping || lost || shared->draining; }
  void put_metrics() { meter.put(needs.metrics, needs.clock.wall()); }
  void tell_poller() {
    if (const auto there = poller.lock()) there->wake();
  }
  // One batch has ended.
  void leave_room() {
    --at_work;
    --shared->at_work;
    shared->leave_room(0);
    line.wake_all();
  }
};

}  // namespace lapwing::mappings
