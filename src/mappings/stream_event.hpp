// What a function is given of a stream's records, and what it answers of a tumbling window.
//
//   {"Records":[...]}
//   {"Records":[...],"window":{"start":"...","end":"..."},"state":{...},"shardId":"...",
//    "eventSourceARN":"...","isFinalInvokeForWindow":false,"isWindowTerminatedEarly":false}
//
// Facts: Lambda developer guide, "Implementing stateful Kinesis stream processing".
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "mappings/shard_work.hpp"

namespace lapwing::mappings {

struct WindowFacts {
  std::int64_t start_ms = 0;  // since the epoch
  Duration length{};
  std::string_view state;  // JSON; empty: none yet
  std::string_view shard;
  std::string_view stream_arn;
  bool final = false;
  bool early = false;
};

// Of which window a record is: they are aligned with the epoch.
std::int64_t window_start_ms(std::int64_t arrived_ms, Duration length);

// `window` null: there are none.
std::string stream_event(const std::vector<StreamRecord>& records, const WindowFacts* window);

// The "state" of an answer, as JSON; none where it has none that is an object.
std::optional<std::string> state_of(std::string_view answer);

}  // namespace lapwing::mappings
