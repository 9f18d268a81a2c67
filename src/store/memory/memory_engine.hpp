// The engine that keeps everything in memory: for unit tests of services and for servers
// that are asked to keep nothing. The same contract as the durable ones, durability apart.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.hpp"
#include "store/engine.hpp"

namespace lapwing::store {

struct MemoryOptions {
  std::uint64_t feed_history = kFeedHistory;  // commits
};

// `clock` outlives the engine.
std::unique_ptr<Engine> make_memory_engine(const Clock& clock, MemoryOptions options = {});

}  // namespace lapwing::store
