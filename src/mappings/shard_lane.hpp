// One of a shard's lanes (ParallelizationFactor): records whose keys lead to it, in their order.
//
// Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "mappings/limits.hpp"
#include "mappings/shard_work.hpp"

namespace lapwing::mappings {

struct ShardLane {
  explicit ShardLane(const StreamRules& rules) : work(rules) {}

  bool fits(const StreamRecord& record, std::size_t size_max) const {
    return open.empty() || (open.size() < size_max &&
                            open_bytes + record.record.size() <= kEventBytesMax - kAroundRecords);
  }
  void add(StreamRecord record) {
    open_bytes += record.record.size() + 1;
    open.push_back(std::move(record));
  }
  void close() {
    if (open.empty()) return;
    work.put(std::exchange(open, {}));
    open_bytes = 0;
  }

  ShardWork work;  // batches that are closed
  std::vector<StreamRecord> open;
  std::size_t open_bytes = 0;
  MonoTime open_until{};  // its window's end, by the server's clock
  bool running = false;
  std::uint32_t failures = 0;  // in a row
  std::uint32_t retried = 0;   // of these, those of a window's last that count
  MonoTime again_at{};         // after a failure, by the server's clock
  // Of the last attempt.
  std::string request_id = {};
  std::string version = {};
  std::string trace = {};
  bool reported = false;
};

}  // namespace lapwing::mappings
