// Which of a queue's messages a claim takes, the same in every engine: what can be taken together
// is a unit, and this says in which order units are taken.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "store/queue_types.hpp"

namespace lapwing::store {

struct ClaimUnit {
  std::int64_t due_ns = 0;
  std::vector<MessageId> ids;  // one, or a run of an ordered group
};

// A fair group that has messages to hand out.
struct Lane {
  std::string group;
  std::uint64_t ready = 0;
  std::uint64_t in_flight = 0;
  std::int64_t served_ns = 0;
};

// Indices into `lanes`, one for each message to take: of those that still have some the one with
// the fewest in flight, then the one served longest ago.
inline std::vector<std::size_t> pick_lanes(std::vector<Lane> lanes, std::size_t count) {
  std::vector<std::size_t> out;
  std::int64_t turn = INT64_MAX / 2;  // after every real time
  while (out.size() < count) {
    std::size_t best = lanes.size();
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      if (lanes[i].ready == 0) continue;
      if (best == lanes.size() || std::pair(lanes[i].in_flight, lanes[i].served_ns) <
                                      std::pair(lanes[best].in_flight, lanes[best].served_ns)) {
        best = i;
      }
    }
    if (best == lanes.size()) break;
    out.push_back(best);
    --lanes[best].ready;
    ++lanes[best].in_flight;
    lanes[best].served_ns = turn++;
  }
  return out;
}

// Fair groups and messages without one take turns.
inline std::vector<ClaimUnit> take_turns(std::vector<ClaimUnit> a, std::vector<ClaimUnit> b) {
  if (a.empty() || b.empty()) return a.empty() ? std::move(b) : std::move(a);
  std::vector<ClaimUnit> out;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    if (i < a.size()) out.push_back(std::move(a[i]));
    if (i < b.size()) out.push_back(std::move(b[i]));
  }
  return out;
}

// The queue whose next unit has been due longest; `at` is how far each has been taken.
inline std::size_t longest_due(const std::vector<std::vector<ClaimUnit>>& queues,
                               const std::vector<std::size_t>& at) {
  std::size_t best = queues.size();
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (at[i] == queues[i].size()) continue;
    const auto key = [&](std::size_t q) {
      return std::pair(queues[q][at[q]].due_ns, queues[q][at[q]].ids.front());
    };
    if (best == queues.size() || key(i) < key(best)) best = i;
  }
  return best;
}

}  // namespace lapwing::store
